/* slipway not-before: keep a pull request back until a time, let it go again, list those that are kept. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/cli_command.h"
#include "cli/cli_repo.h"
#include "cli/table.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"

static int list(struct invoke *invoke, struct arena *arena)
{
    static const char *const heads[] = {"PULL REQUEST", "ENVIRONMENT", "NOT BEFORE", "WHO", "WHY"};
    struct client_answer answer;
    struct table table;
    int status = client_ask(invoke->client, "GET",
                            cli_repo_act_path(arena, invoke->argv[0], "barriers"), NULL, &answer);

    if (status != 0)
        return status;
    table_init(&table, arena, 5, heads);
    for (const struct cJSON *b = json_first(json_array(answer.json, "barriers")); b != NULL;
         b = json_next(b)) {
        const char *until = json_str(b, "not_before_text");
        int64_t number = 0;
        json_int(b, "pull", &number);
        {
            const char *cells[] = {arena_printf(arena, "#%" PRId64 " %s", number,
                                                json_str(b, "title")),
                                   json_str(b, "environment"),
                                   until != NULL ? until : "until it is cleared",
                                   json_str(b, "who"), json_str(b, "reason")};
            table_row(&table, cells);
        }
    }
    if (invoke->json)
        printf("%s\n", answer.text);
    else
        table_print(&table);
    client_answer_deinit(&answer);
    return 0;
}

static int change(struct invoke *invoke, struct arena *arena, bool clear, const char *environment,
                  const char *why)
{
    struct client_answer answer;
    struct json_out out;
    struct buf body;
    long long number;
    int status;

    if (cli_repo_pull_number(invoke->argv[1], &number) < 0)
        return cli_command_usage(invoke, "\"%s\" is not a pull request such as #449",
                                 invoke->argv[1]);
    if (!clear && why == NULL)
        return cli_command_usage(invoke, "say why it is kept back: -m WHY");
    buf_init(&body, 65536);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (environment != NULL)
        json_add_str(&out, "environment", environment);
    if (!clear && invoke->argc > 2)
        json_add_str(&out, "not_before", invoke->argv[2]);
    if (why != NULL)
        json_add_str(&out, "reason", why);
    status = cli_repo_ask(invoke, clear ? "DELETE" : "POST",
                          cli_repo_act_path(arena, invoke->argv[0],
                                            arena_printf(arena, "pulls/%lld/barrier", number)),
                          &out, &answer);
    if (status == 0) {
        const struct cJSON *b = json_object(answer.json, "barrier");
        const char *until = json_str(b, "not_before_text");
        if (!invoke->json && clear)
            printf("%s #%lld may go out again\n", invoke->argv[0], number);
        else if (!invoke->json)
            printf("%s #%lld does not go to %s %s%s\n", invoke->argv[0], number,
                   json_str(b, "environment"), until != NULL ? "before " : "until it is cleared",
                   until != NULL ? cli_repo_clean(arena, until) : "");
        client_answer_deinit(&answer);
    }
    buf_deinit(&body);
    return status;
}

int cli_not_before(struct invoke *invoke)
{
    const char *why = cli_command_option(invoke, "-m");
    const char *environment = cli_command_option(invoke, "--environment");
    bool clear = cli_command_flag(invoke, "--clear");
    struct arena arena;
    int status = cli_repo_words(invoke, NULL);

    if (status != 0)
        return status;
    arena_init(&arena);
    status =
        invoke->argc < 2 ? list(invoke, &arena) : change(invoke, &arena, clear, environment, why);
    arena_deinit(&arena);
    return status;
}
