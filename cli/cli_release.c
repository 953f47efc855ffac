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

/* What is asked for, as it stands on the command line. */
struct asking {
    const char *at;
    const char *why;
    const char *with[20];
    size_t n_with;
    bool hotfix, unrehearsed, dry_run, yes, wait;
};

static int read_options(struct invoke *invoke, struct asking *a)
{
    const char *with;

    a->at = cli_command_option(invoke, "--at");
    a->why = cli_command_option(invoke, "-m");
    while (a->n_with < 20 && (with = cli_command_option(invoke, "--with")) != NULL)
        a->with[a->n_with++] = with;
    a->hotfix = cli_command_flag(invoke, "--hotfix");
    a->unrehearsed = cli_command_flag(invoke, "--unrehearsed");
    a->dry_run = cli_command_flag(invoke, "--dry-run");
    a->yes = cli_command_flag(invoke, "--yes");
    a->wait = cli_command_flag(invoke, "--wait");
    if (!a->hotfix && a->unrehearsed)
        return cli_command_usage(invoke, "--unrehearsed names what a --hotfix passes");
    if (a->n_with > 0 && a->why == NULL)
        return cli_command_usage(invoke, "who names what was stopped says why: -m WHY");
    if (a->hotfix && a->at != NULL)
        return cli_command_usage(invoke, "a hotfix goes now: --at is for a release that waits");
    if (a->hotfix && a->why == NULL)
        return cli_command_usage(invoke, "a hotfix needs a reason: -m WHY");
    return 0;
}

static int ask(struct invoke *invoke, struct arena *arena, const struct asking *a, long long number,
               bool dry_run, struct client_answer *ret_answer)
{
    struct json_out out;
    struct buf body;
    int status = 0;

    buf_init(&body, 65536);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (invoke->argc > 2)
        json_add_str(&out, "environment", invoke->argv[2]);
    if (a->at != NULL)
        json_add_str(&out, "at", a->at);
    if (a->why != NULL)
        json_add_str(&out, "reason", a->why);
    if (dry_run)
        json_add_bool(&out, "dry_run", true);
    if (a->unrehearsed)
        json_add_bool(&out, "unrehearsed", true);
    if (a->n_with > 0) {
        json_begin_array(&out, "with");
        for (size_t i = 0; i < a->n_with && status == 0; i++) {
            long long pull = 0, release = 0;
            if (a->with[i][0] == 'r' && cli_command_release_number(a->with[i], &release) == 0) {
                json_add_str(&out, NULL, a->with[i]); /* it has no pull request */
                continue;
            }
            if (cli_repo_pull_number(a->with[i], &pull) < 0)
                status = cli_command_usage(invoke, "\"%s\" is not a pull request such as #449",
                                           a->with[i]);
            json_add_int(&out, NULL, pull);
        }
        json_end_array(&out);
    }
    json_end_object(&out);
    if (status == 0)
        status = client_ask(invoke->client, "POST",
                            cli_repo_path(arena, invoke->argv[0], number,
                                          a->hotfix ? "/hotfix" : "/release"),
                            buf_str(&body), ret_answer);
    buf_deinit(&body);
    return status;
}

/* What it passes and what it does not, before anything is asked for. */
static void print_passes(struct arena *arena, const struct client_answer *answer)
{
    const struct cJSON *passes = json_array(answer->json, "passes");
    const struct cJSON *lacks = json_array(answer->json, "lacks");

    if (json_count(passes) > 0) {
        printf("passes:\n");
        cli_repo_causes(arena, passes);
    }
    if (json_count(lacks) > 0) {
        printf("still waits for:\n");
        cli_repo_causes(arena, lacks);
    }
}

/* What would come of it, and when. */
static void print_trial(const struct invoke *invoke, struct arena *arena, const struct asking *a,
                        const struct client_answer *answer, long long number)
{
    const char *start = json_str(answer->json, "start_text");

    printf("%s r%lld would be asked for%s%s%s\n", invoke->argv[0], number,
           a->hotfix ? " as a hotfix" : "", start != NULL ? ", for " : "; no time is known for it",
           cli_repo_clean(arena, start));
    print_passes(arena, answer);
    if (a->dry_run)
        printf("Nothing was saved (--dry-run).\n");
}

/* Danger asks where somebody can answer; --yes answers. */
static int confirm(struct invoke *invoke, const struct asking *a, long long number)
{
    char question[200];

    snprintf(question, sizeof(question), "Bring out r%lld of %.120s as a hotfix?", number,
             invoke->argv[0]);
    return cli_repo_confirm(a->yes, question,
                            "a hotfix passes what others wait for, and nobody can be asked");
}

static void print_wish(struct invoke *invoke, struct arena *arena, const struct asking *a,
                       const struct client_answer *answer, long long number)
{
    const struct cJSON *wish = json_object(answer->json, "wish");
    const char *start = json_str(wish, "start_text");
    int64_t replaced = 0;

    printf("%s r%lld is asked for in %s%s%s%s\n", invoke->argv[0], number,
           json_str(wish, "environment"), a->hotfix ? " as a hotfix" : "",
           start != NULL ? ", at " : "", start != NULL ? cli_repo_clean(arena, start) : "");
    if (json_int(wish, "replaces", &replaced))
        printf("in place of r%" PRId64 ", which was asked for before\n", replaced);
}

int cli_release(struct invoke *invoke)
{
    struct client_answer answer;
    struct asking a = {.at = NULL};
    struct arena arena;
    const char *environment;
    long long number;
    int status = read_options(invoke, &a);

    if (status == 0)
        status = cli_repo_words(invoke, &number);
    if (status != 0)
        return status;
    arena_init(&arena);
    if (a.hotfix || a.dry_run) {
        status = ask(invoke, &arena, &a, number, true, &answer);
        if (status == 0) {
            if (invoke->json && a.dry_run)
                printf("%s\n", answer.text);
            else if (!invoke->json)
                print_trial(invoke, &arena, &a, &answer, number);
            client_answer_deinit(&answer);
        }
        if (status == 0 && !a.dry_run)
            status = confirm(invoke, &a, number);
    }
    if (status == 0 && !a.dry_run)
        status = ask(invoke, &arena, &a, number, false, &answer);
    if (status == 0 && !a.dry_run) {
        environment = arena_str(&arena, json_str(json_object(answer.json, "wish"), "environment"));
        if (invoke->json)
            printf("%s\n", answer.text);
        else
            print_wish(invoke, &arena, &a, &answer, number);
        client_answer_deinit(&answer);
        fflush(stdout);
        if (a.wait)
            status = wait_for_end(invoke, &arena, number, environment);
    }
    arena_deinit(&arena);
    return status;
}
