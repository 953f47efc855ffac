/* slipway hosts: machines that run commands; below them where one misses what is live. */
#include <stdio.h>

#include "cli/ago.h"
#include "cli/client.h"
#include "cli/cli_command.h"
#include "cli/cli_repo.h"
#include "cli/table.h"
#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

/* "barred, drained": two facts. */
static const char *state_text(struct arena *arena, const struct cJSON *host)
{
    const char *state = json_str(host, "state");
    bool drained = false;

    json_bool(host, "drained", &drained);
    return drained && !str_eq(state, "drained") ? arena_printf(arena, "%s, drained", state) : state;
}

static void print_misses(struct arena *arena, const struct cJSON *host)
{
    for (const struct cJSON *m = json_first(json_array(host, "misses")); m != NULL;
         m = json_next(m))
        printf("%s %s: %s\n", json_str(m, "repository"), json_str(m, "environment"),
               cli_repo_clean(arena, json_str(m, "text")));
}

int cli_hosts(struct invoke *invoke)
{
    static const char *const heads[] = {"HOST", "STATE", "LAST HEARD", "AGENT", "ID"};
    time_ms now = clock_now(clock_system());
    struct client_answer answer;
    struct table table;
    struct arena arena;
    int status = cli_command_options_end(invoke);

    if (status == 0)
        status = client_ask(invoke->client, "GET", "/api/v1/hosts", NULL, &answer);
    if (status != 0)
        return status;
    arena_init(&arena);
    table_init(&table, &arena, 5, heads);
    for (const struct cJSON *h = json_first(json_array(answer.json, "hosts")); h != NULL;
         h = json_next(h)) {
        const char *cells[] = {json_str(h, "name"), state_text(&arena, h),
                               ago_text(&arena, json_str(h, "seen_at"), now), json_str(h, "agent"),
                               json_str(h, "id")};
        table_row(&table, cells);
    }
    if (invoke->json)
        printf("%s\n", answer.text);
    else
        table_print(&table);
    for (const struct cJSON *h = json_first(json_array(answer.json, "hosts"));
         h != NULL && !invoke->json; h = json_next(h))
        print_misses(&arena, h);
    client_answer_deinit(&answer);
    arena_deinit(&arena);
    return COMMAND_DONE;
}
