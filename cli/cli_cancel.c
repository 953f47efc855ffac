/* slipway cancel: end what goes out, or take back what was asked for. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli_act.h"
#include "cli/cli_command.h"
#include "cli/cli_repo.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

static void tell(const struct invoke *invoke, struct arena *arena, const struct cJSON *answer)
{
    const char *environment = json_str(answer, "environment");
    const char *state = json_str(answer, "state");
    int64_t number = 0;
    bool dry = false;

    json_int(answer, "release", &number);
    json_bool(answer, "dry_run", &dry);
    if (state == NULL) {
        printf("%s r%" PRId64 " %s asked for in %s\n", invoke->argv[0], number,
               dry ? "would no longer be" : "is no longer", environment);
    } else if (str_eq(state, "waiting")) {
        printf("%s r%" PRId64 ", which waits for its start in %s, %s cancelled\n", invoke->argv[0],
               number, environment, dry ? "would be" : "is");
    } else {
        printf("%s r%" PRId64 " in %s %s ended, as %s\n", invoke->argv[0], number, environment,
               dry ? "would be" : "is being", json_str(answer, "ends"));
        for (const struct cJSON *r = json_first(json_array(answer, "running")); r != NULL;
             r = json_next(r)) {
            const char *database = json_str(r, "database");
            printf("  %s runs %s%s\n", cli_repo_clean(arena, json_str(r, "host")),
                   json_str(r, "job"),
                   database != NULL
                       ? ": a migrate job that is killed ends as unknown, and holds its database"
                         " until a person decides"
                       : "");
        }
    }
}

/* What only waits is taken back without a question; what hosts run is not. */
static bool only_waits(const struct cJSON *answer)
{
    const char *state = json_str(answer, "state");

    return state == NULL || str_eq(state, "waiting");
}

static void write_body(const struct invoke *invoke, struct json_out *out, const char *why,
                       bool wish)
{
    json_begin_object(out, NULL);
    if (invoke->argc > 1)
        json_add_str(out, "environment", invoke->argv[1]);
    if (why != NULL)
        json_add_str(out, "reason", why);
    if (wish)
        json_add_bool(out, "wish", true);
    json_end_object(out);
}

int cli_cancel(struct invoke *invoke)
{
    const char *why = cli_command_option(invoke, "-m");
    bool wish = cli_command_flag(invoke, "--wish");
    struct cli_act act = cli_act_words(invoke);
    struct json_out out;
    struct arena arena;
    struct buf body;
    int status = cli_repo_words(invoke, NULL);

    if (status != 0)
        return status;
    arena_init(&arena);
    buf_init(&body, 65536);
    json_out_init(&out, &body);
    write_body(invoke, &out, why, wish);
    act.path = cli_repo_act_path(&arena, invoke->argv[0], "cancel");
    act.body = buf_str(&body);
    act.question = "End this deployment?";
    act.danger = "hosts are asked to kill what they run, and nobody can be asked";
    act.tell = tell;
    act.harmless = only_waits;
    status = cli_act(invoke, &arena, &act);
    buf_deinit(&body);
    arena_deinit(&arena);
    return status;
}
