/* slipway cancel: end what goes out, or take back what was asked for. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/cli_command.h"
#include "cli/cli_repo.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

struct asking {
    const char *why;
    bool wish, dry_run, yes;
};

static int ask(struct invoke *invoke, struct arena *arena, const struct asking *a, bool dry_run,
               struct client_answer *ret_answer)
{
    struct json_out out;
    struct buf body;
    int status;

    buf_init(&body, 65536);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (invoke->argc > 1)
        json_add_str(&out, "environment", invoke->argv[1]);
    if (a->why != NULL)
        json_add_str(&out, "reason", a->why);
    if (a->wish)
        json_add_bool(&out, "wish", true);
    json_end_object(&out);
    status = client_ask(invoke->client, "POST",
                        cli_repo_act_path(arena, invoke->argv[0],
                                          dry_run ? "cancel?dry-run=1" : "cancel"),
                        buf_str(&body), ret_answer);
    buf_deinit(&body);
    return status;
}

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
    if (dry)
        printf("Nothing was saved (--dry-run).\n");
}

/* What only waits is taken back without a question; what hosts run is not. */
static int confirm(struct invoke *invoke, struct arena *arena, const struct asking *a,
                   const struct cJSON *answer)
{
    const char *state = json_str(answer, "state");

    if (state == NULL || str_eq(state, "waiting"))
        return 0;
    if (!a->yes && !invoke->json)
        tell(invoke, arena, answer);
    return cli_repo_confirm(a->yes, "End this deployment?",
                            "hosts are asked to kill what they run, and nobody can be asked");
}

int cli_cancel(struct invoke *invoke)
{
    struct asking a = {.why = cli_command_option(invoke, "-m"),
                       .wish = cli_command_flag(invoke, "--wish"),
                       .dry_run = cli_command_flag(invoke, "--dry-run"),
                       .yes = cli_command_flag(invoke, "--yes")};
    struct client_answer answer;
    struct arena arena;
    int status = cli_repo_words(invoke, NULL);

    if (status != 0)
        return status;
    arena_init(&arena);
    status = ask(invoke, &arena, &a, true, &answer);
    if (status == 0 && !a.dry_run) {
        status = confirm(invoke, &arena, &a, answer.json);
        client_answer_deinit(&answer);
        if (status == 0)
            status = ask(invoke, &arena, &a, false, &answer);
    }
    if (status == 0) {
        if (invoke->json)
            printf("%s\n", answer.text);
        else
            tell(invoke, &arena, answer.json);
        client_answer_deinit(&answer);
    }
    arena_deinit(&arena);
    return status;
}
