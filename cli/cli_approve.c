/* slipway approve: a person approves a release for an environment, or takes that back. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli_command.h"
#include "cli/cli_repo.h"
#include "cli/client.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

static const char *why_not(const char *key)
{
    if (str_eq(key, "own"))
        return "you made some of it";
    if (str_eq(key, "no-account"))
        return "nobody knows whose account at GitHub you are";
    return "it is of the other lane";
}

/* "#7 code 1 of 1", and why an approval does not count for one. */
static void print_changes(struct arena *arena, const struct cJSON *answer)
{
    for (const struct cJSON *c = json_first(json_array(answer, "changes")); c != NULL;
         c = json_next(c)) {
        int64_t has = 0, needs = 0;
        bool counts = false;

        json_int(c, "has", &has);
        json_int(c, "needs", &needs);
        json_bool(c, "counts", &counts);
        if (needs == 0)
            continue;
        printf("  %s: %s %" PRId64 " of %" PRId64 "%s%s%s\n",
               cli_repo_clean(arena, json_str(c, "change")), json_str(c, "lane"), has, needs,
               counts ? "" : " (yours does not count: ",
               counts ? "" : why_not(json_str(c, "why_not")), counts ? "" : ")");
    }
}

static void print_answer(struct arena *arena, const struct cJSON *answer, bool withdraw)
{
    const struct cJSON *approval = json_object(answer, "approval");
    const char *who = json_str(approval, "login");
    const char *start = json_str(answer, "start_text");
    bool approved = false, dry = false;
    int64_t number = 0;

    json_int(approval, "release", &number);
    json_bool(answer, "approved", &approved);
    json_bool(answer, "dry_run", &dry);
    printf("%s%s by %s: r%" PRId64 " (%.7s) for %s\n", dry ? "would be " : "",
           withdraw ? "taken back" : "approved",
           cli_repo_clean(arena, who != NULL ? who : json_str(approval, "who")), number,
           json_str(answer, "sha"), json_str(approval, "environment"));
    print_changes(arena, answer);
    if (approved && start != NULL)
        printf("It goes %s\n", cli_repo_clean(arena, start));
    if (json_count(json_array(answer, "lacks")) > 0) {
        printf("It waits for:\n");
        cli_repo_causes(arena, json_array(answer, "lacks"));
    }
}

int cli_approve(struct invoke *invoke)
{
    const char *why = cli_command_option(invoke, "-m");
    bool withdraw = cli_command_flag(invoke, "--withdraw");
    bool dry = cli_command_flag(invoke, "--dry-run");
    struct client_answer answer;
    struct json_out out;
    struct arena arena;
    struct buf body;
    long long number;
    int status = cli_repo_words(invoke, &number);

    if (status != 0)
        return status;
    arena_init(&arena);
    buf_init(&body, 4096);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (invoke->argc > 2)
        json_add_str(&out, "environment", invoke->argv[2]);
    if (why != NULL)
        json_add_str(&out, "reason", why);
    status = cli_repo_ask(invoke, withdraw ? "DELETE" : "POST",
                          cli_repo_path(&arena, invoke->argv[0], number,
                                        dry ? "/approval?dry-run=1" : "/approval"),
                          &out, &answer);
    if (status == 0) {
        if (!invoke->json)
            print_answer(&arena, answer.json, withdraw);
        client_answer_deinit(&answer);
    }
    buf_deinit(&body);
    arena_deinit(&arena);
    return status;
}
