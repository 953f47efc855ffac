/* rules_retry: what is tried again and what stands against it, over all states of a job and its hosts (P4, P5, I11). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/rules/rules_retry.h"

#define NOW INT64_C(1795446000000)
#define TIMEOUT 600000
#define HOSTS 2

struct world {
    struct deployment deployment;
    struct job job;
    struct invocation hosts[HOSTS];
    struct attempt attempt;
    struct progress_facts facts;
    struct arena arena;
};

static struct world *make(struct world *w, enum job_state job, const enum invocation_status *status)
{
    memset(w, 0, sizeof(*w));
    arena_init(&w->arena);
    w->deployment.state = DEPLOYMENT_ATTENTION;
    w->job = (struct job){.name = "web", .touches = true, .state = job, .timeout_ms = TIMEOUT};
    for (int i = 0; i < HOSTS; i++) {
        w->hosts[i] = (struct invocation){.host = i == 0 ? "web-1" : "web-2",
                                          .status = status[i],
                                          .offered_at = NOW - 1000,
                                          .began_at = NOW - 1000};
        (void)snprintf(w->hosts[i].host_id, sizeof(w->hosts[i].host_id), "mi-%d", i + 1);
    }
    w->facts = (struct progress_facts){.deployment = &w->deployment,
                                       .jobs = &w->job,
                                       .n_jobs = 1,
                                       .invocations = w->hosts,
                                       .n_invocations = HOSTS,
                                       .attempts = &w->attempt};
    return w;
}

static bool is_again(const struct rules_retry *r, const struct invocation *inv)
{
    for (size_t i = 0; i < r->n_again; i++)
        if (r->again[i] == inv)
            return true;
    return false;
}

/* What the rule says of one host, by itself: nothing, a new command, or that it may still run. */
enum said { LEFT_ALONE, AGAIN, MAY_RUN };

static enum said said_of(enum invocation_status status, time_ms now)
{
    switch (status) {
    case INVOCATION_FAILED:
    case INVOCATION_TIMED_OUT:
    case INVOCATION_CANCELLED:
        return AGAIN;
    case INVOCATION_UNKNOWN:
        return now < NOW - 1000 + TIMEOUT ? MAY_RUN : AGAIN;
    default: /* it succeeded, or its turn comes by itself */
        return LEFT_ALONE;
    }
}

static void expect(struct world *w, const char *leave_out, time_ms now)
{
    struct rules_retry r = rules_retry_judge(&w->facts, leave_out, now, &w->arena);
    size_t first = leave_out != NULL ? 1 : 0, again = 0;
    bool may_run = false;

    for (size_t i = first; i < HOSTS; i++) {
        may_run = may_run || said_of(w->hosts[i].status, now) == MAY_RUN;
        again += said_of(w->hosts[i].status, now) == AGAIN;
    }
    if (may_run) {
        assert_int_equal(r.answer, RULES_RETRY_STILL_RUNS);
        assert_int_equal(r.until, NOW - 1000 + TIMEOUT);
        return;
    }
    assert_int_equal(r.answer, RULES_RETRY_GOES);
    assert_int_equal(r.n_again, again);
    for (size_t i = 0; i < HOSTS; i++)
        assert_true(is_again(&r, &w->hosts[i]) ==
                    (i >= first && said_of(w->hosts[i].status, now) == AGAIN));
    assert_int_equal(r.n_reopen, w->job.state == JOB_FAILED || w->job.state == JOB_CANCELLED ||
                                     (w->job.state == JOB_SUCCEEDED && again > 0));
}

static void P4_over_all_states_of_a_job_and_two_hosts(void **state)
{
    struct world w;

    (void)state;
    for (int job = 0; job < JOB_STATES_COUNT; job++)
        for (int a = 0; a < INVOCATION_STATUSES_COUNT; a++)
            for (int b = 0; b < INVOCATION_STATUSES_COUNT; b++) {
                const enum invocation_status status[] = {(enum invocation_status)a,
                                                         (enum invocation_status)b};
                expect(make(&w, (enum job_state)job, status), NULL, NOW);
                expect(&w, NULL, NOW + TIMEOUT);
                expect(&w, "web-1", NOW);
                expect(&w, "web-1", NOW + TIMEOUT);
                arena_deinit(&w.arena);
            }
}

static const enum invocation_status one_failed[] = {INVOCATION_FAILED, INVOCATION_SUCCESS};

static void P5_only_what_has_stopped_is_tried_again(void **state)
{
    struct world w;

    (void)state;
    make(&w, JOB_FAILED, one_failed);
    for (int s = 0; s < DEPLOYMENT_STATES_COUNT; s++) {
        w.deployment.state = (enum deployment_state)s;
        assert_int_equal(rules_retry_judge(&w.facts, NULL, NOW, &w.arena).answer,
                         s == DEPLOYMENT_ATTENTION ? RULES_RETRY_GOES : RULES_RETRY_NOT_STOPPED);
    }
    w.deployment.state = DEPLOYMENT_ATTENTION;
    w.deployment.cancel_at = NOW; /* and is not being ended */
    assert_int_equal(rules_retry_judge(&w.facts, NULL, NOW, &w.arena).answer,
                     RULES_RETRY_NOT_STOPPED);
    arena_deinit(&w.arena);
}

static void M6_an_attempt_that_nobody_settled_comes_first_in_every_state(void **state)
{
    struct world w;

    (void)state;
    make(&w, JOB_FAILED, one_failed);
    w.facts.n_attempts = 1;
    w.attempt.database = "shop";
    for (int s = 0; s < ATTEMPT_STATES_COUNT; s++) {
        w.attempt.state = (enum attempt_state)s;
        w.attempt.settled_at = 0;
        assert_int_equal(rules_retry_judge(&w.facts, NULL, NOW, &w.arena).answer,
                         RULES_RETRY_UNSETTLED);
        assert_int_equal(rules_retry_judge(&w.facts, "web-1", NOW, &w.arena).answer,
                         RULES_RETRY_UNSETTLED);
        w.attempt.settled_at = NOW;
        assert_int_equal(rules_retry_judge(&w.facts, NULL, NOW, &w.arena).answer, RULES_RETRY_GOES);
    }
    arena_deinit(&w.arena);
}

/* A migrate job is never tried again by this: M7. */
static void M7_its_own_hosts_are_left_alone(void **state)
{
    struct rules_retry r;
    struct world w;

    (void)state;
    make(&w, JOB_FAILED, one_failed);
    w.job.database = "shop";
    r = rules_retry_judge(&w.facts, NULL, NOW, &w.arena);
    assert_int_equal(r.n_again, 0);
    arena_deinit(&w.arena);
}

static void P5_who_is_left_out_is_one_of_its_hosts_and_not_the_last(void **state)
{
    static const char *const left_out[] = {"mi-2"};
    struct world w;

    (void)state;
    make(&w, JOB_FAILED, one_failed);
    assert_int_equal(rules_retry_judge(&w.facts, "web-9", NOW, &w.arena).answer,
                     RULES_RETRY_NO_SUCH_HOST);
    w.facts.left_out = left_out;
    w.facts.n_left_out = 1;
    assert_int_equal(rules_retry_judge(&w.facts, "web-2", NOW, &w.arena).answer,
                     RULES_RETRY_NO_SUCH_HOST);
    assert_int_equal(rules_retry_judge(&w.facts, "web-1", NOW, &w.arena).answer,
                     RULES_RETRY_NOBODY_LEFT);
    assert_int_equal(rules_retry_judge(&w.facts, NULL, NOW, &w.arena).answer, RULES_RETRY_GOES);
    arena_deinit(&w.arena);
}

/* Only the last try of a host counts: what was tried again before is over. */
static void P4_a_try_that_was_followed_by_another_is_not_tried_again(void **state)
{
    struct rules_retry r;
    struct world w;

    (void)state;
    make(&w, JOB_FAILED, one_failed);
    (void)snprintf(w.hosts[1].host_id, sizeof(w.hosts[1].host_id), "mi-1");
    w.hosts[1].host = "web-1";
    r = rules_retry_judge(&w.facts, NULL, NOW, &w.arena);
    assert_int_equal(r.answer, RULES_RETRY_GOES);
    assert_int_equal(r.n_again, 0);
    arena_deinit(&w.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(P4_over_all_states_of_a_job_and_two_hosts),
        cmocka_unit_test(P5_only_what_has_stopped_is_tried_again),
        cmocka_unit_test(M6_an_attempt_that_nobody_settled_comes_first_in_every_state),
        cmocka_unit_test(M7_its_own_hosts_are_left_alone),
        cmocka_unit_test(P5_who_is_left_out_is_one_of_its_hosts_and_not_the_last),
        cmocka_unit_test(P4_a_try_that_was_followed_by_another_is_not_tried_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
