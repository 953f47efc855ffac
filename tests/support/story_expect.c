/* story_expect: see story_expect.h. */
#include "tests/support/story_expect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/client.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/store/db.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_pull_request.h"
#include "lib/store/store_repository.h"

/* Asking the API --------------------------------------------------------------------------------- */

struct asked {
    struct client *client;
    struct client_answer answer;
    const char *text; /* the whole answer, for failures */
};

static struct asked ask(struct story *s, const char *path)
{
    const char *socket = arena_printf(&s->arena, "%s/cli.sock", s->folder);
    struct asked a = {.client = client_new(socket, NULL, NULL)};

    assert_int_equal(client_ask(a.client, "GET", path, NULL, &a.answer), 0);
    a.text = a.answer.text;
    return a;
}

static void done(struct asked *a)
{
    client_answer_deinit(&a->answer);
    client_free(a->client);
}

static const struct cJSON *named(const struct cJSON *array, const char *key, const char *name)
{
    for (const struct cJSON *i = json_first(array); i != NULL; i = json_next(i))
        if (str_eq(json_str(i, key), name))
            return i;
    return NULL;
}

static const struct cJSON *environment_of(const struct asked *a, const char *repository,
                                          const char *environment)
{
    const struct cJSON *repo =
        named(json_array(a->answer.json, "repositories"), "name", repository);
    const struct cJSON *e = named(json_array(repo, "environments"), "name", environment);

    if (e == NULL)
        fail_msg("the board has no %s %s: %s", repository, environment, a->text);
    return e;
}

static int64_t release_of(const struct cJSON *object)
{
    int64_t number = 0;

    (void)json_int(object, "release", &number);
    return number;
}

void story_expect_live(struct story *s, const char *repository, const char *environment,
                       int64_t number)
{
    struct asked a = ask(s, "/api/v1/status");
    const struct cJSON *e = environment_of(&a, repository, environment);
    int64_t live = release_of(json_object(e, "live"));

    if (live != number)
        fail_msg("r%lld is live in %s, expected r%lld: %s", (long long)live, environment,
                 (long long)number, a.text);
    done(&a);
}

void story_expect_open(struct story *s, const char *repository, const char *environment,
                       int64_t number, const char *state)
{
    struct asked a = ask(s, "/api/v1/status");
    const struct cJSON *open = json_object(environment_of(&a, repository, environment), "open");

    if (release_of(open) != number || !str_eq(json_str(open, "state"), state))
        if (state != NULL || open != NULL)
            fail_msg("open in %s is not r%lld %s: %s", environment, (long long)number,
                     state != NULL ? state : "(nothing)", a.text);
    done(&a);
}

void story_expect_next(struct story *s, const char *repository, const char *environment,
                       int64_t number, const char *when)
{
    struct asked a = ask(s, "/api/v1/status");
    const struct cJSON *next = json_object(environment_of(&a, repository, environment), "next");
    char expected[TIMESTAMP_SIZE] = "";

    if (when != NULL)
        timestamp_format(story_time(s, when), expected);
    if (release_of(next) != number ||
        (number != 0 && !str_eq(json_str(next, "start_at"), when != NULL ? expected : NULL) &&
         (when != NULL || json_str(next, "start_at") != NULL)))
        fail_msg("next in %s is not r%lld at %s: %s", environment, (long long)number,
                 when != NULL ? expected : "no time", a.text);
    done(&a);
}

void story_expect_shown(struct story *s, const char *repository, const char *environment,
                        const char *word)
{
    struct asked a = ask(s, "/api/v1/status");
    const char *is = json_str(environment_of(&a, repository, environment), "state");

    if (!str_eq(is, word))
        fail_msg("%s shows %s, expected %s: %s", environment, is, word, a.text);
    done(&a);
}

static void expect_cause(const struct asked *a, const struct cJSON *verdict, const char *cause,
                         const char *text)
{
    const struct cJSON *found = named(json_array(verdict, "causes"), "cause", cause);

    if (found == NULL || (text != NULL && strstr(json_str(found, "text"), text) == NULL))
        fail_msg("no cause %s with \"%s\" in: %s", cause, text != NULL ? text : "", a->text);
}

void story_expect_waits(struct story *s, const char *repository, const char *environment,
                        const char *cause, const char *text)
{
    struct asked a = ask(s, "/api/v1/status");

    expect_cause(&a, json_object(environment_of(&a, repository, environment), "next"), cause, text);
    done(&a);
}

void story_expect_lacks(struct story *s, const char *repository, int64_t number,
                        const char *environment, const char *cause, const char *text)
{
    struct asked a = ask(s, arena_printf(&s->arena, "/api/v1/repos/%s/releases/%lld", repository,
                                         (long long)number));
    const struct cJSON *own = NULL;

    /* The one that goes next has a verdict there, too. */
    for (const struct cJSON *v = json_first(json_array(a.answer.json, "verdicts")); v != NULL;
         v = json_next(v))
        if (str_eq(json_str(v, "environment"), environment) && release_of(v) == number)
            own = v;
    if (own == NULL)
        fail_msg("r%lld says nothing of itself for %s: %s", (long long)number, environment, a.text);
    expect_cause(&a, own, cause, text);
    done(&a);
}

/* Asking the store ------------------------------------------------------------------------------- */

static int64_t repository_id(struct story *s, const char *repository)
{
    struct err err = ERR_INIT;
    struct repository row;

    if (store_repository_by_name(s->db, &s->arena, repository, &row, &err) < 0)
        fail_msg("%s", err.text);
    return row.id;
}

/* False: it never had one. */
static bool last_of(struct story *s, const char *repository, const char *environment,
                    int64_t number, struct deployment *ret_deployment)
{
    struct deployment *all;
    struct err err = ERR_INIT;
    size_t n;

    if (store_deployment_of_release(s->db, &s->arena, repository_id(s, repository), number, &all,
                                    &n, &err) < 0)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i].environment, environment) == 0) {
            *ret_deployment = all[i];
            return true;
        }
    return false;
}

void story_expect_last(struct story *s, const char *repository, const char *environment,
                       int64_t number, const char *state)
{
    struct deployment d;
    const char *is = last_of(s, repository, environment, number, &d)
                         ? deployment_states[d.state].text
                         : "never deployed";

    if (!str_eq(is, state != NULL ? state : "never deployed"))
        fail_msg("r%lld in %s is %s, expected %s", (long long)number, environment, is,
                 state != NULL ? state : "never deployed");
}

void story_expect_started(struct story *s, const char *repository, const char *environment,
                          int64_t number, const char *when)
{
    char is[TIMESTAMP_SIZE], expected[TIMESTAMP_SIZE];
    struct deployment d;

    if (!last_of(s, repository, environment, number, &d))
        fail_msg("r%lld was never deployed to %s", (long long)number, environment);
    timestamp_format(d.started_at, is);
    timestamp_format(story_time(s, when), expected);
    assert_string_equal(is, expected);
}

/* The first column of the first row; "" = no row, or NULL. */
static const char *value(struct story *s, const struct statement *statement, const char *a,
                         const char *b, const char *c)
{
    struct err err = ERR_INIT;
    struct db_rows *rows;
    const char *text = NULL;
    int rc = db_query(s->db, statement, &rows, &err, "ttt", a, b, c);

    if (rc == 0) {
        rc = db_next(rows, &err);
        text = rc > 0 ? db_text(rows, &s->arena, 0) : NULL;
        db_end(rows);
    }
    if (rc < 0)
        fail_msg("%s", err.text);
    return text != NULL ? text : "";
}

static const struct statement decision = {"decision",
                                          "SELECT decision FROM occurrences WHERE environment = $1"
                                          " AND local_date || ' ' || local_time = $2 AND $3 = ''"};

void story_expect_decision(struct story *s, const char *environment, const char *occurrence,
                           const char *wanted)
{
    assert_string_equal(value(s, &decision, environment, occurrence, ""),
                        wanted != NULL ? wanted : "");
}

static const struct statement attempt = {
    "attempt", "SELECT state FROM attempts WHERE database = $1 AND $2 = $3 ORDER BY epoch DESC"};

void story_expect_attempt(struct story *s, const char *database, const char *state)
{
    assert_string_equal(value(s, &attempt, database, "", ""), state != NULL ? state : "");
}

void story_expect_pull(struct story *s, const char *repository, int number, const char *state,
                       int64_t release)
{
    int64_t id = repository_id(s, repository), in = 0;
    struct pull_in_release *items;
    struct pull_request pull;
    struct err err = ERR_INIT;
    size_t n = 0;

    if (store_pull_request_by_number(s->db, &s->arena, id, number, &pull, &err) < 0 ||
        store_pull_request_in_range(s->db, &s->arena, id, 0, 1000, 1000, &items, &n, &err) < 0)
        fail_msg("#%d: %s", number, err.text);
    for (size_t i = 0; i < n; i++)
        in = items[i].pull.number == number ? items[i].release_number : in;
    assert_string_equal(pull_request_states[pull.state].text, state);
    assert_int_equal(in, release);
}

static const struct statement counts = {
    "counts", "SELECT CASE $1 WHEN 'deliveries' THEN (SELECT count(*) FROM deliveries)"
              " WHEN 'deployments' THEN (SELECT count(*) FROM deployments)"
              " WHEN 'alarms' THEN (SELECT count(*) FROM journal WHERE act = 'attempt.alarm')"
              " WHEN 'attempts' THEN (SELECT count(*) FROM attempts)"
              " WHEN 'pull_requests' THEN (SELECT count(*) FROM pull_requests)"
              " WHEN 'configs' THEN (SELECT count(*) FROM configs)"
              " WHEN 'people' THEN (SELECT count(*) FROM people)"
              " WHEN 'releases' THEN (SELECT count(*) FROM releases)"
              " WHEN 'repeats' THEN (SELECT count(*) FROM deliveries WHERE repeat_of IS NOT NULL)"
              " END WHERE $2 = $3"};

void story_expect_count(struct story *s, const char *table, int64_t n)
{
    assert_string_equal(value(s, &counts, table, "", ""),
                        arena_printf(&s->arena, "%lld", (long long)n));
}

static const struct statement told = {
    "told", "SELECT detail || ' ' || coalesce(reason, '') FROM journal WHERE act = $1"
            " AND subject = $2 AND $3 = '' ORDER BY id DESC"};

void story_expect_told(struct story *s, const char *act, const char *subject, const char *text)
{
    const char *line = value(s, &told, act, subject, "");

    if (strstr(line, text) == NULL)
        fail_msg("the last %s of %s has no \"%s\": %s", act, subject, text, line);
}

void story_expect_untold(struct story *s, const char *act, const char *subject)
{
    const char *line = value(s, &told, act, subject, "");

    if (line[0] != '\0')
        fail_msg("%s of %s was told: %s", act, subject, line);
}

void story_expect_board(struct story *s, const char *key, const char *text)
{
    struct asked a = ask(s, "/api/v1/status");
    const char *is = json_str(json_object(a.answer.json, key), "text");

    if (text == NULL ? is != NULL : is == NULL || strstr(is, text) == NULL)
        fail_msg("the board's %s is not \"%s\": %s", key, text != NULL ? text : "", a.text);
    done(&a);
}

void story_expect_host(struct story *s, const char *host, const char *state)
{
    struct asked a = ask(s, "/api/v1/hosts");
    const char *is = json_str(named(json_array(a.answer.json, "hosts"), "name", host), "state");

    if (!str_eq(is, state))
        fail_msg("%s is %s, expected %s", host, is != NULL ? is : "not there", state);
    done(&a);
}

/* Asking the hosts ------------------------------------------------------------------------------- */

void story_expect_starts(struct story *s, const char *host, const char *job, int64_t number,
                         size_t times)
{
    size_t n = story_host_starts(story_host(s, host), job, number);

    if (n != times)
        fail_msg("%s started %s of r%lld %zu times, expected %zu", host, job, (long long)number, n,
                 times);
}

static const struct story_host_run *run_of(struct story *s, const char *host, const char *job,
                                           int64_t number)
{
    const struct story_host *h = story_host(s, host);

    for (size_t i = 0; i < h->n_runs; i++)
        if (strcmp(h->runs[i].job, job) == 0 && h->runs[i].release == number &&
            h->runs[i].starts > 0)
            return &h->runs[i];
    fail_msg("%s never ran %s of r%lld", host, job, (long long)number);
    return NULL;
}

void story_expect_one_by_one(struct story *s, const char *job, int64_t number, const char *first,
                             const char *second)
{
    const struct story_host_run *a = run_of(s, first, job, number);
    const struct story_host_run *b = run_of(s, second, job, number);

    if (a->stage != STORY_HOST_ENDED || b->started_at < a->ended_at)
        fail_msg("%s began %s before %s had ended", second, job, first);
}
