/* slipway release: bring a release to an environment. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/cli_command.h"
#include "cli/cli_repo.h"
#include "cli/table.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/str.h"

#define WAIT_US 500000

/* The newest deployment of the release there: its state, NULL if there is none yet. */
static const char *state_in(const struct cJSON *json, const char *environment)
{
    for (const struct cJSON *d = json_first(json_array(json, "deployments")); d != NULL;
         d = json_next(d))
        if (environment == NULL || str_eq(environment, json_str(d, "environment")))
            return json_str(d, "state");
    return NULL;
}

static int wait_for_end(struct invoke *invoke, struct arena *arena, long long number,
                        const char *environment)
{
    for (;;) {
        struct client_answer answer;
        const char *state;
        int status = client_ask(invoke->client, "GET",
                                cli_repo_path(arena, invoke->argv[0], number, ""), NULL, &answer);
        if (status != 0)
            return status;
        state = arena_str(arena, state_in(answer.json, environment));
        client_answer_deinit(&answer);
        if (str_eq(state, "succeeded")) {
            printf("r%lld is live\n", number);
            return COMMAND_DONE;
        }
        if (str_eq(state, "attention") || str_eq(state, "failed") || str_eq(state, "cancelled"))
            return cli_command_error(COMMAND_FAILED,
                                     arena_printf(arena, "slipway show %s r%lld", invoke->argv[0],
                                                  number),
                                     "the deployment of r%lld is in state %s", number, state);
        usleep(WAIT_US);
    }
}

int cli_release(struct invoke *invoke)
{
    const char *why = cli_command_option(invoke, "-m");
    bool wait = cli_command_flag(invoke, "--wait");
    struct client_answer answer;
    struct json_out out;
    struct arena arena;
    struct buf body;
    const char *environment;
    long long number;
    int status = cli_repo_words(invoke, &number);

    if (status != 0)
        return status;
    arena_init(&arena);
    buf_init(&body, 65536);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (invoke->argc > 2)
        json_add_str(&out, "environment", invoke->argv[2]);
    if (why != NULL)
        json_add_str(&out, "reason", why);
    json_end_object(&out);
    status = client_ask(invoke->client, "POST",
                        cli_repo_path(&arena, invoke->argv[0], number, "/release"), buf_str(&body),
                        &answer);
    if (status == 0) {
        environment = arena_str(&arena, json_str(json_object(answer.json, "wish"), "environment"));
        if (invoke->json)
            printf("%s\n", answer.text);
        else
            printf("%s r%lld is asked for in %s\n", invoke->argv[0], number, environment);
        client_answer_deinit(&answer);
        fflush(stdout);
        if (wait)
            status = wait_for_end(invoke, &arena, number, environment);
    }
    buf_deinit(&body);
    arena_deinit(&arena);
    return status;
}
