/* slipway cancel: take back what was asked for and is not cut yet. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/cli_command.h"
#include "cli/cli_repo.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"

int cli_cancel(struct invoke *invoke)
{
    const char *why = cli_command_option(invoke, "-m");
    struct client_answer answer;
    struct json_out out;
    struct arena arena;
    struct buf body;
    int status = cli_repo_words(invoke, NULL);

    if (status != 0)
        return status;
    arena_init(&arena);
    buf_init(&body, 65536);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (invoke->argc > 1)
        json_add_str(&out, "environment", invoke->argv[1]);
    if (why != NULL)
        json_add_str(&out, "reason", why);
    status = cli_repo_ask(invoke, "DELETE", cli_repo_act_path(&arena, invoke->argv[0], "wish"),
                          &out, &answer);
    if (status == 0) {
        int64_t number = 0;
        json_int(answer.json, "release", &number);
        if (!invoke->json)
            printf("%s r%" PRId64 " is no longer asked for in %s\n", invoke->argv[0], number,
                   json_str(answer.json, "environment"));
        client_answer_deinit(&answer);
    }
    buf_deinit(&body);
    arena_deinit(&arena);
    return status;
}
