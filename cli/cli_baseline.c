/* slipway baseline: declare what is live where Slipway did not bring it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/cli_command.h"
#include "cli/cli_repo.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/names.h"

int cli_baseline(struct invoke *invoke)
{
    const char *why = cli_command_option(invoke, "-m");
    struct client_answer answer;
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
    status = cli_repo_ask(invoke, "POST",
                          cli_repo_act_path(&arena, invoke->argv[0],
                                            arena_printf(&arena, "environments/%s/baseline",
                                                         invoke->argv[1])),
                          &out, &answer);
    if (status == 0) {
        int64_t number = 0;
        json_int(answer.json, "release", &number);
        if (!invoke->json)
            printf("%s r%" PRId64 " (%.12s) counts as live in %s from now on\n", invoke->argv[0],
                   number, json_str(answer.json, "sha"), invoke->argv[1]);
        client_answer_deinit(&answer);
    }
    buf_deinit(&body);
    arena_deinit(&arena);
    return status;
}
