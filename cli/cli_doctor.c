/* slipway doctor: the server's checks, with what to do. Exit 1 if one fails. */
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/cli_command.h"
#include "lib/base/arena.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

int cli_doctor(struct invoke *invoke)
{
    struct client_answer answer;
    struct arena arena;
    bool failed = false;
    int status = cli_command_options_end(invoke);

    if (status == 0)
        status = client_ask(invoke->client, "GET", "/api/v1/doctor", NULL, &answer);
    if (status != 0)
        return status;
    arena_init(&arena);
    if (invoke->json)
        printf("%s\n", answer.text);
    for (const struct cJSON *c = json_first(json_array(answer.json, "checks")); c != NULL;
         c = json_next(c)) {
        const char *state = json_str(c, "state");
        const char *text = json_str(c, "text");
        const char *fix = json_str(c, "fix");
        failed = failed || str_eq(state, "fail");
        if (invoke->json)
            continue;
        printf("%-5s %-14s %s\n", state, json_str(c, "name"),
               text == NULL ? "" : str_clean(&arena, text, strlen(text), 500));
        if (fix != NULL && fix[0] != '\0')
            printf("%20s -> %s\n", "", str_clean(&arena, fix, strlen(fix), 500));
    }
    client_answer_deinit(&answer);
    arena_deinit(&arena);
    return failed ? COMMAND_FAILED : COMMAND_DONE;
}
