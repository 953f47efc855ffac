/* slipway adopt: take the rewritten branch as the new line. */
#include <stdio.h>
#include <string.h>

#include "cli/cli_act.h"
#include "cli/cli_command.h"
#include "cli/cli_repo.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"

static void tell(const struct invoke *invoke, struct arena *arena, const struct cJSON *answer)
{
    bool dry = false;

    (void)arena;
    json_bool(answer, "dry_run", &dry);
    printf(
        "%s %s %.12s from now on, not %.12s; releases that are not on its line are left out of what"
        " goes out, its commits get the next numbers\n",
        invoke->argv[0], dry ? "would follow" : "follows", json_str(answer, "tip"),
        json_str(answer, "before"));
}

int cli_adopt(struct invoke *invoke)
{
    const char *why = cli_command_option(invoke, "-m");
    const char *tip = cli_command_option(invoke, "--tip");
    struct cli_act act = cli_act_words(invoke);
    struct json_out out;
    struct arena arena;
    struct buf body;
    int status = cli_repo_words(invoke, NULL);

    if (status != 0)
        return status;
    if (why == NULL)
        return cli_command_usage(invoke, "say why the branch was rewritten: -m WHY");
    arena_init(&arena);
    buf_init(&body, 65536);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_add_str(&out, "reason", why);
    if (tip != NULL)
        json_add_str(&out, "tip", tip);
    json_end_object(&out);
    act.path = cli_repo_act_path(&arena, invoke->argv[0], "adopt");
    act.body = buf_str(&body);
    act.question = "Take it as the new line?";
    act.danger = "what was released from the old line is left behind, and nobody can be asked";
    act.tell = tell;
    status = cli_act(invoke, &arena, &act);
    buf_deinit(&body);
    arena_deinit(&arena);
    return status;
}
