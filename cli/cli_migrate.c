/* slipway migrate: who holds which database, and what a person decides about it (migrate.md 7). */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/cli_command.h"
#include "cli/cli_repo.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

#define PROBE_WAITS 200 /* half a second each: a probe is called off after three minutes */

/* Showing ---------------------------------------------------------------------------------------- */

static void print_probe(struct arena *arena, const struct cJSON *p)
{
    int64_t pending = -1, holders = -1;
    bool clean = false;

    (void)json_int(p, "pending", &pending);
    (void)json_int(p, "holders", &holders);
    (void)json_bool(p, "clean", &clean);
    if (json_str(p, "ended_at") == NULL) {
        printf("  probe: asked by %s, no answer yet\n", json_str(p, "asked_by"));
        return;
    }
    printf("  probe on %s: ", json_str(p, "host") != NULL ? json_str(p, "host") : "no host");
    if (pending >= 0)
        printf("%" PRId64 " pending", pending);
    else
        printf("pending not known");
    if (holders >= 0)
        printf(", %" PRId64 " in the database", holders);
    else
        printf(", who is in the database is not known");
    printf("%s", clean ? " (clean)" : "");
    if (json_str(p, "note") != NULL)
        printf("; %s", cli_repo_clean(arena, json_str(p, "note")));
    printf("\n");
}

static void print_choices(struct arena *arena, const struct cJSON *attempt)
{
    for (const struct cJSON *c = json_first(json_array(attempt, "choices")); c != NULL;
         c = json_next(c)) {
        bool may = false;

        (void)json_bool(c, "may", &may);
        printf("  %s %s%s%s\n", may ? "can:" : "not:", json_str(c, "act"), may ? "" : " - ",
               may ? "" : cli_repo_clean(arena, json_str(c, "why")));
    }
}

static void print_evidence(struct arena *arena, const struct cJSON *attempt)
{
    const struct cJSON *e = json_object(attempt, "evidence");
    size_t n = json_count(json_array(e, "output")), k = 0;

    if (e == NULL)
        return;
    printf("  boot at the permit %s, now %s; lock: %s\n",
           json_str(e, "boot_at_permit") != NULL ? json_str(e, "boot_at_permit") : "-",
           json_str(e, "boot_now") != NULL ? json_str(e, "boot_now") : "-",
           json_str(e, "lock") != NULL ? json_str(e, "lock") : "-");
    for (const struct cJSON *w = json_first(json_array(e, "approved_by")); w != NULL;
         w = json_next(w))
        printf("  approved by %s\n", cli_repo_clean(arena, json_string_value(w)));
    for (const struct cJSON *t = json_first(json_array(e, "told")); t != NULL; t = json_next(t)) {
        int64_t record = 0;

        (void)json_int(t, "record", &record);
        printf("  told: %s, record %" PRId64 " %s\n", json_str(t, "state"), record,
               cli_repo_clean(arena, json_str(t, "reason")));
    }
    for (const struct cJSON *l = json_first(json_array(e, "output")); l != NULL; l = json_next(l))
        if (k++ + 20 >= n) /* all of it with --json */
            printf("  | %s\n", cli_repo_clean(arena, json_string_value(l)));
}

static void print_attempt(struct arena *arena, const struct cJSON *a)
{
    bool settled = false;
    int64_t epoch = 0;

    (void)json_bool(a, "settled", &settled);
    (void)json_int(a, "epoch", &epoch);
    printf("epoch %" PRId64 ": %s\n", epoch, cli_repo_clean(arena, json_str(a, "text")));
    if (json_str(a, "reason") != NULL)
        printf("  because: %s\n", cli_repo_clean(arena, json_str(a, "reason")));
    if (json_str(a, "voided_by") != NULL)
        printf("  voided by %s, it counts no more: %s\n",
               cli_repo_clean(arena, json_str(a, "voided_by")),
               cli_repo_clean(arena, json_str(a, "void_reason")));
    if (json_str(a, "late") != NULL)
        printf("  later its host told: %s\n", json_str(a, "late"));
    if (json_str(a, "alarm_text") != NULL)
        printf("! %s\n", cli_repo_clean(arena, json_str(a, "alarm_text")));
    if (settled)
        return;
    if (json_str(a, "alarm_text") == NULL && json_str(a, "estimate_text") != NULL)
        printf("  %s\n", cli_repo_clean(arena, json_str(a, "estimate_text")));
    for (const struct cJSON *p = json_first(json_array(a, "probes")); p != NULL; p = json_next(p))
        print_probe(arena, p);
    if (json_str(a, "ask") != NULL)
        printf("  decided by: %s\n", cli_repo_clean(arena, json_str(a, "ask")));
    print_evidence(arena, a);
    print_choices(arena, a);
}

static void print_database(struct arena *arena, const struct cJSON *d)
{
    int64_t epoch = 0;
    bool held = false;

    (void)json_int(d, "epoch", &epoch);
    (void)json_bool(d, "held", &held);
    printf("%s  epoch %" PRId64 "%s\n", json_str(d, "database"), epoch, held ? "  HELD" : "");
    if (json_str(d, "fenced_at") != NULL)
        printf("It stands: %s. Next: slipway fence advance %s -m WHY\n",
               cli_repo_clean(arena, json_str(d, "fence")), json_str(d, "database"));
    if (json_str(d, "hidden") != NULL)
        printf("%s\n", cli_repo_clean(arena, json_str(d, "hidden")));
    for (const struct cJSON *a = json_first(json_array(d, "attempts")); a != NULL; a = json_next(a))
        print_attempt(arena, a);
}

/* The path of a database's own status: '/' and '.' need no escape in a query. */
static const char *status_path(struct arena *arena, const char *database)
{
    return database == NULL ? "/api/v1/migrate"
                            : arena_printf(arena, "/api/v1/migrate?database=%s", database);
}

static bool is_database(const char *word)
{
    return word[0] != '\0' &&
           word[strspn(word,
                       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-")] ==
               '\0';
}

static int words(struct invoke *invoke)
{
    int status = cli_command_options_end(invoke);

    if (status == 0 && invoke->argc > 0 && !is_database(invoke->argv[0]))
        status = cli_command_usage(invoke, "\"%s\" is not the name of a database", invoke->argv[0]);
    return status;
}

int cli_migrate_status(struct invoke *invoke)
{
    struct client_answer answer;
    struct arena arena;
    int status = words(invoke);

    if (status != 0)
        return status;
    arena_init(&arena);
    status =
        client_ask(invoke->client, "GET",
                   status_path(&arena, invoke->argc > 0 ? invoke->argv[0] : NULL), NULL, &answer);
    if (status == 0) {
        if (invoke->json)
            printf("%s\n", answer.text);
        else if (json_count(json_array(answer.json, "databases")) == 0)
            printf("no migrate job has run yet\n");
        for (const struct cJSON *d = json_first(json_array(answer.json, "databases"));
             d != NULL && !invoke->json; d = json_next(d))
            print_database(&arena, d);
        client_answer_deinit(&answer);
    }
    arena_deinit(&arena);
    return status;
}

/* Deciding --------------------------------------------------------------------------------------- */

struct deciding {
    const char *verb;
    const char *outcome; /* mark */
    bool unprobed;
    long long epoch;  /* of the attempt that was looked at; 0 = of whichever is there */
    long long since;  /* forget; 0 = none */
    const char *repo; /* forget, NULL */
    const char *why;  /* NULL: none is needed */
};

/* `done`: what is said of it where the server says nothing more; NULL = nothing is. */
static int decide(struct invoke *invoke, const struct deciding *d, const char *done)
{
    struct client_answer answer;
    struct json_out out;
    struct arena arena;
    struct buf body;
    int status;

    arena_init(&arena);
    buf_init(&body, 65536);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_add_str(&out, "database", invoke->argv[0]);
    if (d->why != NULL)
        json_add_str(&out, "reason", d->why);
    if (d->outcome != NULL)
        json_add_str(&out, "outcome", d->outcome);
    if (d->unprobed)
        json_add_bool(&out, "unprobed", true);
    if (d->epoch > 0)
        json_add_int(&out, "epoch", d->epoch);
    if (d->since > 0)
        json_add_int(&out, "since", d->since);
    if (d->repo != NULL)
        json_add_str(&out, "repository", d->repo);
    status = cli_repo_ask(invoke, "POST", arena_printf(&arena, "/api/v1/migrate/%s", d->verb), &out,
                          &answer);
    if (status == 0) {
        const char *follows = json_str(answer.json, "follows");

        if (done != NULL && !invoke->json)
            printf("%s: %s\n", invoke->argv[0],
                   follows != NULL ? cli_repo_clean(&arena, follows) : done);
        client_answer_deinit(&answer);
    }
    buf_deinit(&body);
    arena_deinit(&arena);
    return status;
}

/* Which attempt was looked at: another one may be there by now. */
static int read_epoch(struct invoke *invoke, struct deciding *d)
{
    const char *epoch = cli_command_option(invoke, "--epoch");

    return epoch == NULL || (epoch[0] != 'r' && cli_command_release_number(epoch, &d->epoch) == 0)
               ? 0
               : cli_command_usage(invoke, "\"%s\" is no epoch; slipway migrate status shows them",
                                   epoch);
}

static int with_reason(struct invoke *invoke, struct deciding *d, const char *done)
{
    int status = read_epoch(invoke, d);

    if (status != 0)
        return status;

    d->why = cli_command_option(invoke, "-m");
    status = words(invoke);
    if (status == 0 && d->why == NULL)
        status = cli_command_usage(invoke, "say why: -m WHY");
    if (status == 0)
        status = decide(invoke, d, done);
    return status;
}

int cli_migrate_mark(struct invoke *invoke)
{
    struct deciding d = {.verb = "mark"};

    d.unprobed = cli_command_flag(invoke, "--unprobed");
    d.outcome = invoke->argc > 1 ? invoke->argv[1] : NULL;
    return with_reason(invoke, &d, "settled");
}

int cli_migrate_retry(struct invoke *invoke)
{
    struct deciding d = {.verb = "retry"};

    d.unprobed = cli_command_flag(invoke, "--unprobed");
    return with_reason(invoke, &d, "settled");
}

int cli_migrate_abandon(struct invoke *invoke)
{
    struct deciding d = {.verb = "abandon"};

    return with_reason(invoke, &d, "settled");
}

int cli_migrate_forget(struct invoke *invoke)
{
    const char *since = cli_command_option(invoke, "--since");
    struct deciding d = {.verb = "forget", .repo = cli_command_option(invoke, "--repo")};

    if (since == NULL || cli_command_release_number(since, &d.since) < 0)
        return cli_command_usage(invoke, "from which release on: --since r128");
    return with_reason(invoke, &d, "forgotten; those releases migrate again");
}

/* Asking ----------------------------------------------------------------------------------------- */

/* The newest probe of the newest attempt once it has ended; 0, or the exit status. */
static int show_answer(struct invoke *invoke, struct arena *arena, bool *ret_ended)
{
    const struct cJSON *attempt, *probe;
    struct client_answer answer;
    int status =
        client_ask(invoke->client, "GET", status_path(arena, invoke->argv[0]), NULL, &answer);

    if (status != 0)
        return status;
    attempt = json_first(json_array(json_first(json_array(answer.json, "databases")), "attempts"));
    probe = json_first(json_array(attempt, "probes"));
    *ret_ended = probe != NULL && json_str(probe, "ended_at") != NULL;
    if (*ret_ended && invoke->json)
        printf("%s\n", answer.text);
    else if (*ret_ended) {
        print_probe(arena, probe);
        printf("%s\n", cli_repo_clean(arena, json_str(attempt, "text")));
        print_choices(arena, attempt);
    }
    client_answer_deinit(&answer);
    return 0;
}

int cli_migrate_probe(struct invoke *invoke)
{
    struct deciding d = {.verb = "probe", .why = cli_command_option(invoke, "-m")};
    bool json = invoke->json, ended = false;
    struct arena arena;
    int status = words(invoke);

    invoke->json = false;
    if (status == 0)
        status = decide(invoke, &d, NULL);
    invoke->json = json;
    arena_init(&arena);
    for (int i = 0; status == 0 && !ended && i < PROBE_WAITS * 2; i++) {
        if (i > 0)
            (void)poll(NULL, 0, 500);
        status = show_answer(invoke, &arena, &ended);
    }
    arena_deinit(&arena);
    if (status == 0 && !ended)
        return cli_command_error(COMMAND_NOT_NOW, "slipway migrate status",
                                 "no answer to the probe of %s yet", invoke->argv[0]);
    return status;
}
