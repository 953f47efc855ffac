/* slipway adopt: take the rewritten branch as the new line. */
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/cli_command.h"
#include "cli/cli_repo.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"

int cli_adopt(struct invoke *invoke)
{
    const char *why = cli_command_option(invoke, "-m");
    const char *tip = cli_command_option(invoke, "--tip");
    struct client_answer answer;
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
    status = cli_repo_ask(invoke, "POST", cli_repo_act_path(&arena, invoke->argv[0], "adopt"), &out,
                          &answer);
    if (status == 0) {
        if (!invoke->json)
            printf("%s follows %.12s from now on; releases that are not on its line are left out\n",
                   invoke->argv[0], json_str(answer.json, "tip"));
        client_answer_deinit(&answer);
    }
    buf_deinit(&body);
    arena_deinit(&arena);
    return status;
}
