/* slipway baseline: declare what is live where Slipway did not bring it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli_act.h"
#include "cli/cli_command.h"
#include "cli/cli_repo.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/names.h"

static void tell(const struct invoke *invoke, struct arena *arena, const struct cJSON *answer)
{
    int64_t number = 0, before = 0;
    bool dry = false, known = json_int(answer, "before", &before);

    json_bool(answer, "dry_run", &dry);
    json_int(answer, "release", &number);
    printf("%s r%" PRId64 " (%.12s) %s as live in %s from now on; until now it was %s\n",
           invoke->argv[0], number, json_str(answer, "sha"), dry ? "would count" : "counts",
           invoke->argv[1], known ? arena_printf(arena, "r%" PRId64, before) : "not known");
}

int cli_baseline(struct invoke *invoke)
{
    const char *why = cli_command_option(invoke, "-m");
    struct cli_act act = cli_act_words(invoke);
    struct json_out out;
    struct arena arena;
    struct buf body;
    int status = cli_repo_words(invoke, NULL);

    if (status != 0)
        return status;
    if (why == NULL)
        return cli_command_usage(invoke, "say why you know: -m WHY");
    if (!names_is_word(invoke->argv[1]))
        return cli_command_usage(invoke, "\"%s\" is not the name of an environment",
                                 invoke->argv[1]);
    arena_init(&arena);
    buf_init(&body, 65536);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_add_str(&out, "sha", invoke->argv[2]);
    json_add_str(&out, "reason", why);
    json_end_object(&out);
    act.path = cli_repo_act_path(&arena, invoke->argv[0],
                                 arena_printf(&arena, "environments/%s/baseline", invoke->argv[1]));
    act.body = buf_str(&body);
    act.question = "Is that what its hosts run?";
    act.danger = "what goes out next is counted from there, and nobody can be asked";
    act.tell = tell;
    status = cli_act(invoke, &arena, &act);
    buf_deinit(&body);
    arena_deinit(&arena);
    return status;
}
