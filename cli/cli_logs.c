/* slipway logs: what the hosts printed. */
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

#define FOLLOW_US                                                                                  \
    50000 /* with the 50 ms each of supervisor and agent: output is seen within 200 ms */

/* Foreign output: line by line, cleaned, behind the host's name. */
static void print_chunk(struct arena *arena, const struct cJSON *chunk)
{
    const char *text = json_str(chunk, "text");

    while (text != NULL && *text != '\0') {
        size_t n = strcspn(text, "\n");
        printf("%s %s | %s\n", json_str(chunk, "host"), json_str(chunk, "step"),
               str_clean(arena, text, n, 4000));
        text += n + (text[n] == '\n');
    }
}

int cli_logs(struct invoke *invoke)
{
    const char *host = cli_command_option(invoke, "--host");
    const char *environment = cli_command_option(invoke, "--environment");
    bool follow = cli_command_flag(invoke, "-f") || cli_command_flag(invoke, "--follow");
    const char *after = "0";
    struct arena arena;
    long long number;
    bool running = true;
    int status = cli_repo_words(invoke, &number);

    if (status == 0 && ((host != NULL && !names_is_word(host)) ||
                        (environment != NULL && !names_is_word(environment))))
        status = cli_command_usage(invoke, "--host and --environment want a name");
    arena_init(&arena);
    while (status == 0 && running) {
        struct client_answer answer;
        const char *query =
            arena_printf(&arena, "/logs?host=%s&environment=%s&after=%s", host != NULL ? host : "",
                         environment != NULL ? environment : "", after);
        size_t n;
        status = client_ask(invoke->client, "GET",
                            cli_repo_path(&arena, invoke->argv[0], number, query), NULL, &answer);
        if (status != 0)
            break;
        n = json_count(json_array(answer.json, "chunks"));
        if (invoke->json)
            printf("%s\n", answer.text);
        for (const struct cJSON *c = json_first(json_array(answer.json, "chunks"));
             c != NULL && !invoke->json; c = json_next(c))
            print_chunk(&arena, c);
        if (json_str(answer.json, "next") != NULL)
            after = arena_str(&arena, json_str(answer.json, "next"));
        running = false;
        json_bool(answer.json, "running", &running);
        running = running && (follow || n > 0);
        client_answer_deinit(&answer);
        fflush(stdout);
        if (running && n == 0)
            usleep(FOLLOW_US);
    }
    arena_deinit(&arena);
    return status;
}
