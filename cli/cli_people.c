/* slipway people ls, accept. */
#include <stdio.h>
#include <string.h>

#include "cli/ago.h"
#include "cli/cli_act.h"
#include "cli/cli_command.h"
#include "cli/client.h"
#include "cli/table.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

static const char *id_text(struct arena *arena, const struct cJSON *person, const char *key)
{
    int64_t id;

    return json_int(person, key, &id) ? arena_printf(arena, "%lld", (long long)id) : "";
}

static void add_rows(struct table *table, struct arena *arena, const struct cJSON *people)
{
    time_ms now = clock_now(clock_system());

    for (const struct cJSON *p = json_first(people); p != NULL; p = json_next(p)) {
        const char *cells[] = {json_str(p, "login"),
                               id_text(arena, p, "id"),
                               json_str(p, "bound_by"),
                               ago_text(arena, json_str(p, "bound_at"), now),
                               id_text(arena, p, "refused_id"),
                               ago_text(arena, json_str(p, "refused_at"), now)};
        table_row(table, cells);
    }
}

int cli_people_ls(struct invoke *invoke)
{
    static const char *const heads[] = {"LOGIN", "ID", "BOUND BY", "BOUND", "REFUSED", "SEEN"};
    bool refused = cli_command_flag(invoke, "--refused");
    const char *after = "";
    struct table table;
    struct arena arena;
    int status = cli_command_options_end(invoke);

    arena_init(&arena);
    table_init(&table, &arena, 6, heads);
    while (status == 0 && after != NULL) {
        struct client_answer answer;
        const char *next;
        status = client_ask(invoke->client, "GET",
                            arena_printf(&arena, "/api/v1/people?after=%s", after), NULL, &answer);
        if (status != 0)
            break;
        next = json_str(answer.json, "next");
        after = next == NULL || refused ? NULL : arena_str(&arena, next);
        if (invoke->json)
            printf("%s\n", answer.text);
        else
            add_rows(&table, &arena, json_array(answer.json, refused ? "refused" : "people"));
        if (!invoke->json && after == NULL)
            table_print(&table);
        client_answer_deinit(&answer);
    }
    arena_deinit(&arena);
    return status;
}

static void tell(const struct invoke *invoke, struct arena *arena, const struct cJSON *answer)
{
    const char *before = id_text(arena, answer, "before_id");
    bool dry = false;

    (void)invoke;
    json_bool(answer, "dry_run", &dry);
    printf("%s %s the account %s%s%s\n", json_str(answer, "login"), dry ? "would mean" : "means",
           id_text(arena, answer, "id"), before[0] != '\0' ? "; until now it was " : "", before);
}

int cli_people_accept(struct invoke *invoke)
{
    const char *why = cli_command_option(invoke, "-m");
    const char *id = cli_command_option(invoke, "--id");
    struct cli_act act = cli_act_words(invoke);
    struct json_out out;
    struct arena arena;
    struct buf body;
    int64_t number = 0;
    int status = cli_command_options_end(invoke);

    if (status == 0 && id != NULL && (str_parse_int64(id, &number) < 0 || number <= 0))
        status = cli_command_usage(invoke, "--id: \"%s\" is not the number of an account", id);
    if (status == 0 &&
        strspn(invoke->argv[0], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789-_") != strlen(invoke->argv[0]))
        status = cli_command_usage(invoke, "\"%s\" is not a login of GitHub's", invoke->argv[0]);
    if (status != 0)
        return status;
    arena_init(&arena);
    buf_init(&body, 4096);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (number != 0)
        json_add_int(&out, "id", number);
    if (why != NULL)
        json_add_str(&out, "reason", why);
    json_end_object(&out);
    act.path = arena_printf(&arena, "/api/v1/people/%s/accept", invoke->argv[0]);
    act.body = buf_str(&body);
    act.question = "Is that the person whom the configuration means?";
    act.danger =
        "the account gets what the configuration gives to the login, and nobody can be asked";
    act.tell = tell;
    status = cli_act(invoke, &arena, &act);
    buf_deinit(&body);
    arena_deinit(&arena);
    return status;
}
