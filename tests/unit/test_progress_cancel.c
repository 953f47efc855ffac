/* progress_cancel: what runs is asked to end, nothing more begins, and it comes to an end from any state (P5, P6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/rules/progress_cancel.h"

#define NOW INT64_C(1763962200000)
#define HOSTS 3

struct world {
    struct deployment deployment;
    struct job jobs[2];
    struct invocation invocations[2 * HOSTS];
    struct attempt attempts[1];
    struct progress_facts facts;
    struct arena arena;
};

/* fetch and web on three hosts, as they were cut. */
static void init(struct world *w)
{
    memset(w, 0, sizeof(*w));
    arena_init(&w->arena);
    w->deployment = (struct deployment){.state = DEPLOYMENT_DEPLOYING,
                                        .cancel_at = NOW,
                                        .cancel_by = "ana",
                                        .cancel_reason = "prices are wrong"};
    w->jobs[0] = (struct job){.number = 0, .name = "fetch", .state = JOB_RUNNING};
    w->jobs[1] = (struct job){.number = 1, .name = "web", .touches = true, .state = JOB_RUNNING};
    for (int i = 0; i < 2 * HOSTS; i++) {
        w->invocations[i] =
            (struct invocation){.job_number = i / HOSTS, .host = "web", .details = "Pending"};
        snprintf(w->invocations[i].host_id, sizeof(w->invocations[i].host_id), "mi-%d", i % HOSTS);
        snprintf(w->invocations[i].command_id, sizeof(w->invocations[i].command_id), "c-%d", i);
    }
    w->facts = (struct progress_facts){.deployment = &w->deployment,
                                       .jobs = w->jobs,
                                       .n_jobs = 2,
                                       .invocations = w->invocations,
                                       .n_invocations = 2 * HOSTS,
                                       .attempts = w->attempts};
}

static void is(struct invocation *inv, enum invocation_status status)
{
    inv->status = status;
    inv->details = invocation_statuses[status].text;
    inv->released_at = inv->offered_at = inv->acknowledged_at = inv->began_at = NOW - 1000;
}

static struct progress_plan look(struct world *w, time_ms now)
{
    struct progress_plan plan;

    progress_make(&w->facts, now, &w->arena, &plan);
    return plan;
}

static void apply(struct world *w, const struct progress_move *m, time_ms now)
{
    struct invocation *inv =
        m->invocation != NULL ? &w->invocations[m->invocation - w->invocations] : NULL;

    if (m->kind == PROGRESS_LEAVE_OUT) {
        assert_int_equal(inv->offered_at, 0);
        inv->status = INVOCATION_CANCELLED;
        inv->details = "Terminated";
    } else if (m->kind == PROGRESS_CANCEL) {
        assert_int_not_equal(inv->offered_at, 0);
        inv->status = INVOCATION_CANCELLING;
        inv->cancel_at = now;
    } else if (m->kind == PROGRESS_LOST) {
        inv->status = INVOCATION_UNKNOWN;
    } else if (m->kind == PROGRESS_ATTEMPT_ALARM) {
        w->attempts[m->attempt - w->attempts].alarmed_at = now;
    } else if (m->kind == PROGRESS_JOB_END) {
        w->jobs[m->job->number].state = m->job_state;
    } else {
        assert_int_equal(m->kind, PROGRESS_DEPLOYMENT_END);
        w->deployment.state = m->deployment_state;
    }
}

static void settle(struct world *w, time_ms now)
{
    for (int i = 0; i < 20; i++) {
        struct progress_plan plan = look(w, now);
        if (plan.n_moves == 0)
            return;
        for (size_t k = 0; k < plan.n_moves; k++)
            apply(w, &plan.moves[k], now);
    }
    fail_msg("it does not come to rest");
}

static void P6_what_was_never_handed_out_is_cancelled_at_once(void **state)
{
    struct world w;

    (void)state;
    init(&w);
    w.invocations[0].released_at = NOW - 10; /* released, and nobody came for it */
    settle(&w, NOW);
    assert_int_equal(w.deployment.state, DEPLOYMENT_CANCELLED);
    assert_int_equal(w.jobs[0].state, JOB_CANCELLED);
    for (int i = 0; i < 2 * HOSTS; i++)
        assert_int_equal(w.invocations[i].status, INVOCATION_CANCELLED);
    arena_deinit(&w.arena);
}

static void P6_what_runs_is_cancelling_until_it_is_said_or_five_minutes_are_over(void **state)
{
    struct progress_plan plan;
    struct world w;

    (void)state;
    init(&w);
    is(&w.invocations[0], INVOCATION_SUCCESS);
    is(&w.invocations[3], INVOCATION_IN_PROGRESS);
    is(&w.invocations[4], INVOCATION_PENDING); /* handed out, not acknowledged */
    settle(&w, NOW);
    assert_int_equal(w.invocations[3].status, INVOCATION_CANCELLING);
    assert_int_equal(w.invocations[4].status, INVOCATION_CANCELLING);
    assert_int_equal(w.deployment.state, DEPLOYMENT_DEPLOYING);
    plan = look(&w, NOW + 1000);
    assert_int_equal(plan.n_moves, 0);
    assert_int_equal(plan.next_change, NOW + PROGRESS_CANCEL_UNKNOWN_MS);
    /* A server that was down in between waits its own five minutes. */
    w.facts.heard_since = NOW + 60000;
    settle(&w, NOW + PROGRESS_CANCEL_UNKNOWN_MS);
    assert_int_equal(w.invocations[3].status, INVOCATION_CANCELLING);
    is(&w.invocations[4], INVOCATION_CANCELLED);
    settle(&w, NOW + 60000 + PROGRESS_CANCEL_UNKNOWN_MS);
    assert_int_equal(w.invocations[3].status, INVOCATION_UNKNOWN);
    assert_int_equal(w.deployment.state, DEPLOYMENT_FAILED);
    arena_deinit(&w.arena);
}

static void P5_it_failed_if_something_was_touched_else_it_is_cancelled(void **state)
{
    struct world w;

    (void)state;
    init(&w);
    w.deployment.state = DEPLOYMENT_ATTENTION;
    w.jobs[0].state = JOB_FAILED;
    w.jobs[1].state = JOB_WAITING;
    for (int i = 0; i < HOSTS; i++)
        is(&w.invocations[i], i == 0 ? INVOCATION_FAILED : INVOCATION_SUCCESS);
    settle(&w, NOW);
    assert_int_equal(w.deployment.state, DEPLOYMENT_CANCELLED); /* fetched code is not in use */
    assert_int_equal(w.jobs[0].state, JOB_FAILED);
    arena_deinit(&w.arena);

    init(&w);
    is(&w.invocations[3], INVOCATION_FAILED);
    w.invocations[3].details = "NotStarted";
    settle(&w, NOW);
    assert_int_equal(w.deployment.state, DEPLOYMENT_CANCELLED); /* it provably never began */
    arena_deinit(&w.arena);

    init(&w);
    is(&w.invocations[3], INVOCATION_UNKNOWN);
    settle(&w, NOW);
    assert_int_equal(w.deployment.state, DEPLOYMENT_FAILED);
    arena_deinit(&w.arena);
}

/* A database that may have been changed is no `cancelled`; the attempt waits for a person, the deployment does not. */
static void M5_an_attempt_that_began_makes_it_failed(void **state)
{
    struct world w;

    (void)state;
    init(&w);
    w.jobs[0].database = "shop";
    w.facts.n_attempts = 1;
    strcpy(w.attempts[0].command_id, "c-0");
    w.attempts[0].state = ATTEMPT_UNKNOWN;
    is(&w.invocations[0], INVOCATION_CANCELLED);
    settle(&w, NOW);
    assert_int_equal(w.deployment.state, DEPLOYMENT_FAILED);
    arena_deinit(&w.arena);
}

static void from_any_state_it_comes_to_an_end_and_nothing_more_begins(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 3000; seed++) {
        struct world w;
        time_ms now = NOW;
        srand(seed);
        init(&w);
        for (int i = 0; i < 2; i++)
            w.jobs[i].state = (enum job_state)(rand() % JOB_STATES_COUNT);
        if (rand() % 2 == 0)
            w.deployment.state = DEPLOYMENT_ATTENTION;
        for (int i = 0; i < 2 * HOSTS; i++)
            if (rand() % 3 != 0)
                is(&w.invocations[i], (enum invocation_status)(rand() % INVOCATION_STATUSES_COUNT));
        for (int i = 0; i < 2 * HOSTS; i++)
            if (w.invocations[i].status == INVOCATION_CANCELLING)
                w.invocations[i].cancel_at = now;
        for (int i = 0; i < 10 && deployment_is_open(w.deployment.state); i++) {
            settle(&w, now);
            for (int k = 0; k < 2 * HOSTS; k++)
                if (w.invocations[k].status == INVOCATION_CANCELLING && rand() % 2 == 0)
                    is(&w.invocations[k], INVOCATION_CANCELLED);
            now += PROGRESS_CANCEL_UNKNOWN_MS;
        }
        assert_false(deployment_is_open(w.deployment.state));
        arena_deinit(&w.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(P6_what_was_never_handed_out_is_cancelled_at_once),
        cmocka_unit_test(P6_what_runs_is_cancelling_until_it_is_said_or_five_minutes_are_over),
        cmocka_unit_test(P5_it_failed_if_something_was_touched_else_it_is_cancelled),
        cmocka_unit_test(M5_an_attempt_that_began_makes_it_failed),
        cmocka_unit_test(from_any_state_it_comes_to_an_end_and_nothing_more_begins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
