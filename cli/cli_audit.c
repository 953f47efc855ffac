/* slipway audit: the journal, newest first; or whether its chain holds. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli_command.h"
#include "cli/cli_moved.h"
#include "cli/client.h"
#include "cli/table.h"
#include "lib/base/arena.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

#define LINE_MAX_BYTES 600

static void add_row(struct table *table, const struct cJSON *row)
{
    int64_t id = 0;
    const char *at = json_str(row, "at");

    json_int(row, "id", &id);
    {
        const char *cells[] = {arena_printf(table->arena, "%" PRId64, id),
                               at != NULL ? arena_str(table->arena, at) : NULL,
                               json_str(row, "actor"),
                               json_str(row, "way"),
                               json_str(row, "act"),
                               json_str(row, "subject"),
                               json_str(row, "reason")};
        table_row(table, cells);
    }
}

/* The newest rows, or, with `since`, all of them back to it. */
static int list(struct invoke *invoke, struct arena *arena, const char *since)
{
    static const char *const heads[] = {"ROW", "WHEN", "WHO", "WAY", "ACT", "WHAT", "WHY"};
    int64_t before = 0;
    int status = 0;

    do {
        struct client_answer answer;
        struct table table;
        const char *path = cli_moved_path(arena, "/api/v1/audit", "since", since);

        if (before != 0)
            path = cli_moved_path(arena, path, "before", arena_printf(arena, "%" PRId64, before));
        status = client_ask(invoke->client, "GET", path, NULL, &answer);
        if (status != 0)
            return status;
        table_init(&table, arena, 7, heads);
        for (const struct cJSON *r = json_first(json_array(answer.json, "rows")); r != NULL;
             r = json_next(r))
            add_row(&table, r);
        if (invoke->json)
            printf("%s\n", answer.text);
        else
            table_print(&table);
        before = 0;
        json_int(answer.json, "next", &before);
        client_answer_deinit(&answer);
    } while (since != NULL && before != 0);
    return status;
}

static int tell(int64_t row, int64_t bad, const char *hash)
{
    if (bad != 0) {
        printf("The journal does not hold at row %" PRId64
               ": it was changed, or a row before it is missing. Rows up to %" PRId64
               " are whole.\n",
               bad, row);
        return COMMAND_FAILED;
    }
    printf("The journal's chain holds over %" PRId64 " rows; the newest has the hash %s\n", row,
           hash);
    return COMMAND_DONE;
}

static int verify(struct invoke *invoke, struct arena *arena)
{
    int64_t row = 0, bad = 0;
    const char *hash = "-";
    bool done = false;

    while (!done && bad == 0) {
        struct client_answer answer;
        int status = client_ask(invoke->client, "GET",
                                arena_printf(arena, "/api/v1/audit/verify?after=%" PRId64, row),
                                NULL, &answer);

        if (status != 0)
            return status;
        json_int(answer.json, "row", &row);
        json_int(answer.json, "bad", &bad);
        done = !json_bool(answer.json, "done", &done) || done;
        if (json_str(answer.json, "hash") != NULL)
            hash = str_clean(arena, json_str(answer.json, "hash"),
                             strlen(json_str(answer.json, "hash")), LINE_MAX_BYTES);
        if (invoke->json)
            printf("%s\n", answer.text);
        client_answer_deinit(&answer);
    }
    return invoke->json ? (bad != 0 ? COMMAND_FAILED : COMMAND_DONE) : tell(row, bad, hash);
}

int cli_audit(struct invoke *invoke)
{
    const char *since = cli_command_option(invoke, "--since");
    bool check = cli_command_flag(invoke, "--verify");
    struct arena arena;
    int status = cli_command_options_end(invoke);

    if (status == 0 && check && since != NULL)
        status = cli_command_usage(invoke, "a chain is verified from its first row: no --since");
    if (status != 0)
        return status;
    arena_init(&arena);
    status = check ? verify(invoke, &arena) : list(invoke, &arena, since);
    arena_deinit(&arena);
    return status;
}
