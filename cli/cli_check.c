/* slipway check: somebody has looked at a release or a pull request: ok, or it needs a fix. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli_command.h"
#include "cli/cli_repo.h"
#include "cli/client.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/names.h"

/* What is looked at, as it stands on the command line. */
struct looking {
    const char *needs_fix; /* the reason; NULL = ok */
    const char *head;      /* that was looked at, NULL */
    const char *environment;
    long long number;
    bool pull, dry_run;
};

static int read_words(struct invoke *invoke, struct looking *l)
{
    bool ok = cli_command_flag(invoke, "--ok");
    int status;

    l->needs_fix = cli_command_option(invoke, "--ng");
    l->head = cli_command_option(invoke, "--head");
    l->dry_run = cli_command_flag(invoke, "--dry-run");
    status = cli_command_options_end(invoke);
    if (status != 0)
        return status;
    if (ok == (l->needs_fix != NULL))
        return cli_command_usage(invoke, "say --ok, or --ng with what needs a fix");
    if (!names_is_repo(invoke->argv[0]))
        return cli_command_usage(invoke, "\"%s\" is not the name of a repository (owner/name)",
                                 invoke->argv[0]);
    l->pull = invoke->argv[1][0] != 'r';
    l->environment = invoke->argc > 2 ? invoke->argv[2] : NULL;
    if (l->pull ? cli_repo_pull_number(invoke->argv[1], &l->number) < 0
                : cli_command_release_number(invoke->argv[1], &l->number) < 0)
        return cli_command_usage(invoke,
                                 "\"%s\" is neither a release such as r128 nor a pull "
                                 "request such as #412",
                                 invoke->argv[1]);
    if (l->pull && l->environment != NULL)
        return cli_command_usage(invoke, "a pull request is checked for all environments");
    if (!l->pull && l->head != NULL)
        return cli_command_usage(invoke, "--head goes with a pull request: a release never moves");
    return 0;
}

static void print_answer(struct arena *arena, const struct looking *l, const char *repo,
                         const struct cJSON *answer)
{
    const struct cJSON *check = json_object(answer, "check");

    printf("%s %s%lld (%.7s) %s %s\n", repo, l->pull ? "#" : "r", l->number, json_str(check, "sha"),
           l->dry_run ? "would be" : "is",
           l->needs_fix == NULL ? "checked: ok" : "sent back: it needs a fix");
    for (const struct cJSON *w = json_first(json_array(answer, "waits")); w != NULL;
         w = json_next(w)) {
        int64_t number = 0;

        json_int(w, "release", &number);
        printf("%s, r%" PRId64 "%s\n", json_str(w, "environment"), number,
               json_count(json_array(w, "causes")) > 0 ? " waits for:" : " waits for nothing more");
        cli_repo_causes(arena, json_array(w, "causes"));
    }
}

int cli_check(struct invoke *invoke)
{
    struct looking l = {.number = 0};
    struct client_answer answer;
    struct json_out out;
    struct arena arena;
    struct buf body;
    int status = read_words(invoke, &l);

    if (status != 0)
        return status;
    arena_init(&arena);
    buf_init(&body, 4096);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_add_bool(&out, "ok", l.needs_fix == NULL);
    if (l.environment != NULL)
        json_add_str(&out, "environment", l.environment);
    if (l.needs_fix != NULL)
        json_add_str(&out, "reason", l.needs_fix);
    if (l.head != NULL)
        json_add_str(&out, "head", l.head);
    status = cli_repo_ask(invoke, "POST",
                          cli_repo_act_path(&arena, invoke->argv[0],
                                            arena_printf(&arena, "%s/%lld/check%s",
                                                         l.pull ? "pulls" : "releases", l.number,
                                                         l.dry_run ? "?dry-run=1" : "")),
                          &out, &answer);
    if (status == 0) {
        if (!invoke->json)
            print_answer(&arena, &l, invoke->argv[0], answer.json);
        client_answer_deinit(&answer);
    }
    buf_deinit(&body);
    arena_deinit(&arena);
    return status;
}
