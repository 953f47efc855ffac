/* slipway retry: what stopped is tried again, perhaps without one of its hosts. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/cli_command.h"
#include "cli/cli_repo.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"

/* What had ended is asked for by its name. */
static void tell_wish(const struct invoke *invoke, struct arena *arena, const struct cJSON *answer)
{
    const char *start = json_str(json_object(answer, "wish"), "start_text");
    int64_t number = 0;
    bool dry = false;

    json_bool(answer, "dry_run", &dry);
    json_int(answer, "release", &number);
    printf("%s r%" PRId64 " had ended in %s; it %s asked for again%s%s\n", invoke->argv[0], number,
           json_str(answer, "environment"), dry ? "would be" : "is", start != NULL ? ", for " : "",
           cli_repo_clean(arena, start));
}

static void tell(const struct invoke *invoke, struct arena *arena, const struct cJSON *answer)
{
    const char *out = json_str(answer, "leaves_out");
    int64_t number = 0;
    bool dry = false;

    json_bool(answer, "dry_run", &dry);
    json_int(answer, "release", &number);
    printf("%s r%" PRId64 " in %s %s on%s%s\n", invoke->argv[0], number,
           json_str(answer, "environment"), dry ? "would go" : "goes",
           out != NULL ? ", without " : "", out != NULL ? cli_repo_clean(arena, out) : "");
    for (const struct cJSON *a = json_first(json_array(answer, "again")); a != NULL;
         a = json_next(a))
        printf("  %s on %s again (it was %s)\n", json_str(a, "job"),
               cli_repo_clean(arena, json_str(a, "host")), json_str(a, "was"));
    if (dry)
        printf("Nothing was saved (--dry-run).\n");
}

int cli_retry(struct invoke *invoke)
{
    const char *why = cli_command_option(invoke, "-m");
    const char *host = cli_command_option(invoke, "--leave-out");
    bool dry = cli_command_flag(invoke, "--dry-run");
    struct client_answer answer;
    struct json_out out;
    struct arena arena;
    struct buf body;
    int status = cli_repo_words(invoke, NULL);

    if (status == 0 && invoke->argc > 2)
        status = cli_command_usage(invoke, "\"%s\" is one word too many", invoke->argv[2]);
    if (status != 0)
        return status;
    arena_init(&arena);
    buf_init(&body, 65536);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (invoke->argc > 1)
        json_add_str(&out, "environment", invoke->argv[1]);
    if (host != NULL)
        json_add_str(&out, "leave_out", host);
    if (why != NULL)
        json_add_str(&out, "reason", why);
    status =
        cli_repo_ask(invoke, "POST",
                     cli_repo_act_path(&arena, invoke->argv[0], dry ? "retry?dry-run=1" : "retry"),
                     &out, &answer);
    if (status == 0) {
        if (!invoke->json && json_object(answer.json, "wish") != NULL)
            tell_wish(invoke, &arena, answer.json);
        else if (!invoke->json)
            tell(invoke, &arena, answer.json);
        client_answer_deinit(&answer);
    }
    buf_deinit(&body);
    arena_deinit(&arena);
    return status;
}
