/*
 * progress: jobs as barriers, ramps, budgets, tracks, unknown outcomes (P1-P4, M1-M6, I11).
 *
 * A small world of hosts answers the plan's moves, at random or as told; the rules are checked after
 * every move. `world_drive` applies moves as the flow does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "lib/base/timestamp.h"
#include "lib/rules/migrate.h"
#include "lib/rules/progress.h"
#include "lib/rules/verdict.h"

#define NOW ((time_ms)1800000000000)
#define HOSTS 6
#define JOBS 3

struct world {
    struct deployment deployment;
    struct job jobs[JOBS];
    struct invocation invocations[64];
    size_t n_invocations;
    struct attempt attempts[8];
    size_t n_attempts;
    struct host hosts[HOSTS];
    char names[HOSTS][8];
    time_ms now;
    struct arena arena;
    struct progress_plan plan;
};

static struct invocation *world_invoke(struct world *w, int job, int host)
{
    struct invocation *inv = &w->invocations[w->n_invocations];

    *inv = (struct invocation){.job_number = job,
                               .host = w->names[host],
                               .details = "Pending",
                               .start_by = w->now + 600000,
                               .exit_code = -1};
    snprintf(inv->command_id, sizeof(inv->command_id), "command-%zu", w->n_invocations++);
    strcpy(inv->host_id, w->hosts[host].id);
    return inv;
}

/* fetch on all, migrate on one, web rolling one at a time. */
static void world_init(struct world *w)
{
    memset(w, 0, sizeof(*w));
    arena_init(&w->arena);
    w->now = NOW;
    w->deployment.state = DEPLOYMENT_DEPLOYING;
    w->jobs[0] = (struct job){.number = 0, .name = "fetch", .max_parallel = HOSTS};
    w->jobs[1] = (struct job){.number = 1,
                              .name = "migrate",
                              .needs = {0},
                              .n_needs = 1,
                              .max_parallel = 1,
                              .database = "shop"};
    w->jobs[2] = (struct job){
        .number = 2, .name = "web", .needs = {1}, .n_needs = 1, .max_parallel = 1, .ramp = true};
    for (int j = 0; j < JOBS; j++)
        w->jobs[j].start_within_ms = 120000;
    for (int h = 0; h < HOSTS; h++) {
        snprintf(w->names[h], sizeof(w->names[h]), "web-%d", h);
        snprintf(w->hosts[h].id, sizeof(w->hosts[h].id), "mi-%017d", h);
        w->hosts[h].name = w->names[h];
        w->hosts[h].seen_at = w->now;
        w->hosts[h].protocol = HOST_PROTOCOL_PERMIT;
        world_invoke(w, 0, h);
    }
    for (int h = 0; h < HOSTS; h++)
        world_invoke(w, 2, h);
}

static void world_deinit(struct world *w)
{
    arena_deinit(&w->arena);
}

static void world_look(struct world *w)
{
    struct progress_facts f = {.deployment = &w->deployment,
                               .jobs = w->jobs,
                               .n_jobs = JOBS,
                               .invocations = w->invocations,
                               .n_invocations = w->n_invocations,
                               .attempts = w->attempts,
                               .n_attempts = w->n_attempts,
                               .hosts = w->hosts,
                               .n_hosts = HOSTS,
                               .heard_since = NOW};

    progress_make(&f, w->now, &w->arena, &w->plan);
}

static void world_apply(struct world *w, const struct progress_move *m)
{
    struct job *job = m->job != NULL ? &w->jobs[m->job->number] : NULL;
    struct invocation *inv =
        m->invocation != NULL ? &w->invocations[m->invocation - w->invocations] : NULL;

    switch (m->kind) {
    case PROGRESS_JOB_START:
        job->state = JOB_RUNNING;
        break;
    case PROGRESS_RELEASE:
        inv->released_at = w->now;
        break;
    case PROGRESS_RETRY:
        strcpy(world_invoke(w, inv->job_number, 0)->host_id, inv->host_id);
        w->invocations[w->n_invocations - 1].host = inv->host;
        break;
    case PROGRESS_UNDELIVERED:
        inv->status = INVOCATION_TIMED_OUT;
        inv->details = "DeliveryTimedOut";
        break;
    case PROGRESS_LOST:
        inv->status = INVOCATION_UNKNOWN;
        inv->details = "Unknown";
        break;
    case PROGRESS_LEAVE_OUT:
        inv->status = INVOCATION_CANCELLED;
        inv->details = "Terminated";
        break;
    case PROGRESS_CANCEL:
        inv->status = INVOCATION_CANCELLING;
        inv->details = "Cancelling";
        inv->cancel_at = w->now;
        break;
    case PROGRESS_ATTEMPT_PLAN: {
        struct attempt *a = &w->attempts[w->n_attempts++];
        *a =
            (struct attempt){.job_number = job->number, .n = (int64_t)w->n_attempts, .changed = -1};
        strcpy(a->command_id, world_invoke(w, job->number, 0)->command_id);
        break;
    }
    case PROGRESS_ATTEMPT_MOVE: {
        struct attempt *a = &w->attempts[m->attempt - w->attempts];
        a->state = m->attempt_state;
        if (attempt_settles(a->state))
            a->settled_at = w->now;
        break;
    }
    case PROGRESS_ATTEMPT_ALARM:
        w->attempts[m->attempt - w->attempts].alarmed_at = w->now;
        break;
    case PROGRESS_JOB_END:
        job->state = m->job_state;
        job->cause = m->cause;
        break;
    case PROGRESS_DEPLOYMENT_END:
        w->deployment.state = m->deployment_state;
        w->deployment.cause = m->cause;
        break;
    }
}

/* Look and apply until nothing moves. */
static void world_settle(struct world *w)
{
    for (int i = 0; i < 100; i++) {
        world_look(w);
        if (w->plan.n_moves == 0)
            return;
        for (size_t k = 0; k < w->plan.n_moves; k++)
            world_apply(w, &w->plan.moves[k]);
    }
    fail_msg("the plan never comes to rest");
}

static bool is_out(const struct invocation *inv)
{
    return inv->released_at != 0 && !invocation_has_ended(inv->status) &&
           inv->status != INVOCATION_UNKNOWN;
}

static size_t out_in(const struct world *w, int job)
{
    size_t n = 0;

    for (size_t i = 0; i < w->n_invocations; i++)
        n += w->invocations[i].job_number == job && is_out(&w->invocations[i]);
    return n;
}

static void answer(struct world *w, struct invocation *inv, enum invocation_status status)
{
    inv->offered_at = inv->acknowledged_at = inv->heard_at = w->now;
    inv->status = status;
    inv->details = invocation_statuses[status].text;
}

/* Every command that is out ends so. */
static void answer_all(struct world *w, int job, enum invocation_status status)
{
    for (size_t i = 0; i < w->n_invocations; i++)
        if (w->invocations[i].job_number == job && is_out(&w->invocations[i]))
            answer(w, &w->invocations[i], status);
}

static void a_job_is_a_barrier_and_the_migration_runs_on_one_host(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    world_settle(&w);
    assert_int_equal(out_in(&w, 0), HOSTS);
    assert_int_equal(w.n_attempts, 0);
    answer_all(&w, 0, INVOCATION_SUCCESS);
    world_settle(&w);
    assert_int_equal(w.n_attempts, 1);
    assert_int_equal(out_in(&w, 1), 1);
    assert_int_equal(out_in(&w, 2), 0);
    answer_all(&w, 1, INVOCATION_SUCCESS);
    world_settle(&w);
    assert_int_equal(w.jobs[1].state, JOB_SUCCEEDED);
    for (int h = 0; h < HOSTS; h++) {
        assert_int_equal(out_in(&w, 2), 1); /* max-parallel: 1 */
        answer_all(&w, 2, INVOCATION_SUCCESS);
        world_settle(&w);
    }
    assert_int_equal(w.deployment.state, DEPLOYMENT_SUCCEEDED);
    world_deinit(&w);
}

static void P2_max_errors_zero_stops_at_the_first(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    w.jobs[1].state = JOB_SUCCEEDED;
    w.jobs[0].state = JOB_SUCCEEDED;
    answer_all(&w, 0, INVOCATION_SUCCESS);
    for (int h = 0; h < HOSTS; h++)
        answer(&w, &w.invocations[h], INVOCATION_SUCCESS);
    world_settle(&w);
    answer_all(&w, 2, INVOCATION_FAILED);
    world_settle(&w);
    assert_int_equal(w.deployment.state, DEPLOYMENT_ATTENTION);
    assert_non_null(strstr(w.deployment.cause, "web-0"));
    for (int h = 1; h < HOSTS; h++)
        assert_string_equal(w.invocations[HOSTS + h].details, "Terminated");
    world_deinit(&w);
}

static void P2_max_errors_three_stops_at_the_fourth(void **state)
{
    struct world w;
    int failed = 0;

    (void)state;
    world_init(&w);
    w.jobs[0].max_errors = 3;
    w.jobs[0].max_parallel = 1;
    world_settle(&w);
    while (out_in(&w, 0) > 0) {
        answer_all(&w, 0, INVOCATION_FAILED);
        failed++;
        world_settle(&w);
    }
    assert_int_equal(failed, 4);
    assert_int_equal(w.deployment.state, DEPLOYMENT_ATTENTION);
    assert_int_equal(w.n_attempts, 0);
    world_deinit(&w);
}

static void P1_errors_within_the_budget_are_not_a_success_of_the_deployment(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    w.jobs[0].max_errors = 1;
    world_settle(&w);
    answer(&w, &w.invocations[2], INVOCATION_FAILED);
    answer_all(&w, 0, INVOCATION_SUCCESS);
    world_settle(&w);
    assert_int_equal(w.jobs[0].state, JOB_SUCCEEDED);
    answer_all(&w, 1, INVOCATION_SUCCESS);
    world_settle(&w);
    for (int i = 0; i < HOSTS; i++) {
        answer_all(&w, 2, INVOCATION_SUCCESS);
        world_settle(&w);
    }
    /* The host that failed to fetch is left out of what follows. */
    assert_string_equal(w.invocations[HOSTS + 2].details, "Terminated");
    assert_int_equal(w.deployment.state, DEPLOYMENT_ATTENTION);
    world_deinit(&w);
}

static void P3_one_host_first_then_doubling(void **state)
{
    const struct job job = {.max_parallel = 10, .ramp = true};
    const struct job flat = {.max_parallel = 10};
    const size_t expected[] = {1, 2, 2, 4, 4, 4, 4, 8, 8, 8, 8, 8, 8, 8, 8, 10};

    (void)state;
    for (size_t n = 0; n < sizeof(expected) / sizeof(*expected); n++)
        assert_int_equal(progress_allowed(&job, n), expected[n]);
    assert_int_equal(progress_allowed(&flat, 0), 10);
}

static void I11_jobs_that_run_together_share_a_host_one_after_the_other(void **state)
{
    struct world w;
    size_t released = 0;

    (void)state;
    world_init(&w);
    w.jobs[0].state = w.jobs[2].state = JOB_RUNNING;
    w.jobs[2].max_parallel = HOSTS;
    w.jobs[2].ramp = false;
    world_look(&w);
    for (size_t i = 0; i < w.plan.n_moves; i++)
        released += w.plan.moves[i].kind == PROGRESS_RELEASE;
    assert_int_equal(released, HOSTS); /* one for each host, though both jobs would have a place */
    world_deinit(&w);
}

static void
I11_a_host_that_may_still_run_an_earlier_deployment_gets_nothing_and_is_not_waited_for_long(
    void **state)
{
    struct invocation earlier = {.status = INVOCATION_UNKNOWN};
    struct progress_facts f;
    struct world w;

    (void)state;
    world_init(&w);
    w.jobs[0].state = JOB_RUNNING;
    w.jobs[0].started_at = w.now;
    strcpy(earlier.host_id, w.hosts[2].id);
    f = (struct progress_facts){.deployment = &w.deployment,
                                .jobs = w.jobs,
                                .n_jobs = JOBS,
                                .invocations = w.invocations,
                                .n_invocations = w.n_invocations,
                                .earlier = &earlier,
                                .n_earlier = 1,
                                .hosts = w.hosts,
                                .n_hosts = HOSTS,
                                .heard_since = NOW};
    progress_make(&f, w.now, &w.arena, &w.plan);
    assert_int_equal(w.plan.n_moves, HOSTS - 1);
    for (size_t i = 0; i < w.plan.n_moves; i++) {
        assert_int_equal(w.plan.moves[i].kind, PROGRESS_RELEASE);
        assert_string_not_equal(w.plan.moves[i].invocation->host_id, w.hosts[2].id);
        world_apply(&w, &w.plan.moves[i]);
    }
    answer_all(&w, 0, INVOCATION_SUCCESS);
    progress_make(&f, w.now, &w.arena, &w.plan);
    assert_int_equal(w.plan.n_moves, 0);
    assert_int_equal(w.plan.next_change, w.now + w.jobs[0].start_within_ms);
    progress_make(&f, w.plan.next_change, &w.arena, &w.plan);
    assert_int_equal(w.plan.n_moves, 1);
    assert_int_equal(w.plan.moves[0].kind, PROGRESS_UNDELIVERED);
    assert_string_equal(w.plan.moves[0].invocation->host_id, w.hosts[2].id);
    assert_non_null(w.plan.moves[0].cause);
    world_deinit(&w);
}

static void M5_what_is_unknown_in_one_job_does_not_keep_another_job_waiting_for_ever(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    w.jobs[0].state = w.jobs[2].state = JOB_RUNNING;
    w.jobs[2].max_parallel = HOSTS;
    w.jobs[2].ramp = false;
    for (int h = 0; h < HOSTS; h++) {
        w.invocations[h].released_at = w.now;
        w.invocations[h].status = h == 0 ? INVOCATION_UNKNOWN : INVOCATION_SUCCESS;
    }
    for (int i = 0; i < 3; i++) {
        world_settle(&w);
        answer_all(&w, 2, INVOCATION_SUCCESS);
    }
    world_settle(&w);
    assert_int_equal(w.deployment.state, DEPLOYMENT_ATTENTION);
    assert_int_equal(w.invocations[HOSTS].status, INVOCATION_CANCELLED); /* nobody was told of it */
    world_deinit(&w);
}

static void a_host_that_never_took_its_command_counts_as_an_error(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    world_settle(&w);
    for (int h = 1; h < HOSTS; h++)
        answer(&w, &w.invocations[h], INVOCATION_SUCCESS);
    world_settle(&w);
    assert_int_equal(w.plan.next_change, NOW + 120000);
    w.now += 120000;
    world_settle(&w);
    assert_string_equal(w.invocations[0].details, "DeliveryTimedOut");
    assert_int_equal(w.deployment.state, DEPLOYMENT_ATTENTION);
    world_deinit(&w);
}

static void handed_out_and_never_acknowledged_is_unknown_and_not_a_failure(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    world_settle(&w);
    w.invocations[0].offered_at = NOW;
    for (int h = 1; h < HOSTS; h++)
        answer(&w, &w.invocations[h], INVOCATION_SUCCESS);
    w.now += 599999;
    world_settle(&w);
    assert_int_equal(w.invocations[0].status, INVOCATION_PENDING);
    w.now++;
    world_settle(&w);
    assert_int_equal(w.invocations[0].status, INVOCATION_UNKNOWN);
    assert_int_equal(w.deployment.state, DEPLOYMENT_ATTENTION);
    world_deinit(&w);
}

/* It polls, so that it can say what became of it; whoever is gone cannot. */
static void M5_a_host_that_polls_is_asked_before_its_command_is_unknown(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    world_settle(&w);
    for (int h = 2; h < HOSTS; h++)
        answer(&w, &w.invocations[h], INVOCATION_SUCCESS);
    w.invocations[0].offered_at = w.invocations[1].offered_at = NOW;
    w.invocations[0].redeliver_at = w.invocations[1].redeliver_at = NOW;
    w.now += 629999;
    w.hosts[0].seen_at = w.now;
    world_settle(&w);
    assert_int_equal(w.invocations[0].status, INVOCATION_PENDING);
    assert_int_equal(w.invocations[1].status, INVOCATION_UNKNOWN);
    w.now++;
    world_settle(&w);
    assert_int_equal(w.invocations[0].status, INVOCATION_UNKNOWN);
    world_deinit(&w);
}

static void M5_a_silent_migrate_job_is_unknown_and_nothing_else_moves(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    world_settle(&w);
    answer_all(&w, 0, INVOCATION_SUCCESS);
    world_settle(&w);
    answer_all(&w, 1, INVOCATION_IN_PROGRESS);
    world_settle(&w);
    assert_int_equal(w.attempts[0].state, ATTEMPT_RUNNING);
    w.now += HOST_UNKNOWN_AFTER_MS - 1;
    world_settle(&w);
    assert_int_equal(w.attempts[0].state, ATTEMPT_RUNNING);
    w.now++;
    world_settle(&w);
    assert_int_equal(w.attempts[0].state, ATTEMPT_UNKNOWN);
    assert_int_equal(w.attempts[0].settled_at, 0);
    assert_int_equal(w.deployment.state, DEPLOYMENT_ATTENTION);
    assert_int_equal(out_in(&w, 2), 0);
    assert_int_equal(w.n_attempts, 1);
    /* A true end that comes later is applied while nobody has decided. */
    answer(&w, &w.invocations[2 * HOSTS], INVOCATION_SUCCESS);
    world_settle(&w);
    assert_int_equal(w.attempts[0].state, ATTEMPT_SUCCEEDED);
    assert_int_equal(w.deployment.state, DEPLOYMENT_ATTENTION);
    world_deinit(&w);
}

static void M6_a_failed_migrate_job_touches_no_other_host(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    world_settle(&w);
    answer_all(&w, 0, INVOCATION_SUCCESS);
    world_settle(&w);
    answer_all(&w, 1, INVOCATION_FAILED);
    world_settle(&w);
    assert_int_equal(w.attempts[0].state, ATTEMPT_FAILED);
    assert_int_equal(w.attempts[0].settled_at, 0);
    assert_int_equal(w.n_attempts, 1);
    assert_int_equal(w.deployment.state, DEPLOYMENT_ATTENTION);
    for (int h = 0; h < HOSTS; h++)
        assert_int_equal(w.invocations[HOSTS + h].released_at, 0);
    world_deinit(&w);
}

static void M2_a_migrate_job_that_provably_never_began_is_tried_again_but_not_for_ever(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    world_settle(&w);
    answer_all(&w, 0, INVOCATION_SUCCESS);
    world_settle(&w);
    for (int i = 0; i < 5 && w.deployment.state == DEPLOYMENT_DEPLOYING; i++) {
        answer_all(&w, 1, INVOCATION_FAILED);
        w.invocations[w.n_invocations - 1].details = "NotStarted";
        world_settle(&w);
    }
    assert_int_equal(w.n_attempts, 3);
    assert_int_equal(w.deployment.state, DEPLOYMENT_ATTENTION);
    for (size_t i = 0; i < w.n_attempts; i++)
        assert_int_equal(w.attempts[i].state, ATTEMPT_NOT_STARTED);
    world_deinit(&w);
}

/* Each host that cannot answer lets the next one be asked, and none is asked in vain for ever. */
static void M5_a_probe_asks_whoever_can_answer(void **state)
{
    struct host hosts[6] = {{.name = "a"}, {.name = "b"}, {.name = "c"},
                            {.name = "d"}, {.name = "e"}, {.name = "f"}};
    struct migrate_witness w[6];
    const char *asked = "";
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (int i = 0; i < 6; i++) {
        hosts[i].seen_at = NOW;
        hosts[i].protocol = HOST_PROTOCOL_PERMIT;
        w[i] = (struct migrate_witness){.host = &hosts[i]};
    }
    hosts[0].protocol = 0; /* Amazon's agent */
    w[1].lacks_document = true;
    w[2].lacks_ground = true;
    w[3].is_own = true;
    hosts[4].state = HOST_BARRED;
    hosts[5].drained_at = NOW;
    for (int i = 0; i < 5; i++) {
        const struct migrate_witness *chosen = migrate_choose_witness(w, 6, NOW);

        assert_non_null(chosen);
        w[chosen - w].asked_at = NOW + i;
        asked = arena_printf(&arena, "%s%s", asked, chosen->host->name);
    }
    assert_string_equal(asked, "fdcfd");
    assert_null(migrate_choose_witness(w, 2, NOW));
    assert_null(migrate_choose_witness(w, 6, NOW + HOST_SILENT_AFTER_MS));
    arena_deinit(&arena);
}

static uint64_t seed = 88172645463325252u;
static unsigned random_below(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed % n);
}

static void check_rules(const struct world *w)
{
    size_t running_migrations = 0;

    for (size_t i = 0; i < w->n_invocations; i++) {
        const struct invocation *a = &w->invocations[i];
        if (a->job_number == 1 && (is_out(a) || a->status == INVOCATION_UNKNOWN))
            running_migrations++;
        for (size_t k = i + 1; k < w->n_invocations; k++) {
            const struct invocation *b = &w->invocations[k];
            bool both = (is_out(a) || a->status == INVOCATION_UNKNOWN) && is_out(b);
            if (both && strcmp(a->host_id, b->host_id) == 0)
                fail_msg("I11: two commands of one track on %s", a->host_id);
        }
    }
    assert_true(running_migrations <= 1);
    assert_true(out_in(w, 0) <= (size_t)w->jobs[0].max_parallel);
    assert_true(out_in(w, 2) <= (size_t)w->jobs[2].max_parallel);
    for (size_t i = 0; i < w->n_invocations; i++)
        if (w->invocations[i].job_number == 2 && w->invocations[i].released_at != 0)
            assert_int_equal(w->jobs[1].state, JOB_SUCCEEDED);
}

/* Whatever the hosts answer, in whatever order: it comes to an end, and no rule is broken. */
static void any_answers_in_any_order_come_to_an_end(void **state)
{
    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct world w;
        world_init(&w);
        w.jobs[0].max_parallel = 1 + random_below(HOSTS);
        w.jobs[0].max_errors = random_below(3);
        w.jobs[2].max_parallel = 1 + random_below(HOSTS);
        w.jobs[2].max_errors = random_below(3);
        for (int i = 0; i < 400 && w.deployment.state == DEPLOYMENT_DEPLOYING; i++) {
            struct invocation *inv = &w.invocations[random_below((unsigned)w.n_invocations)];
            world_look(&w);
            if (w.plan.n_moves > 0)
                world_apply(&w, &w.plan.moves[random_below((unsigned)w.plan.n_moves)]);
            if (is_out(inv)) {
                static const enum invocation_status ends[] = {
                    INVOCATION_IN_PROGRESS, INVOCATION_SUCCESS, INVOCATION_SUCCESS,
                    INVOCATION_SUCCESS,     INVOCATION_SUCCESS, INVOCATION_FAILED};
                answer(&w, inv, ends[random_below(6)]);
            }
            if (random_below(50) == 0)
                w.now += random_below(400000);
            check_rules(&w);
            arena_reset(&w.arena);
        }
        world_settle(&w);
        for (int i = 0; i < 40 && w.deployment.state == DEPLOYMENT_DEPLOYING; i++) {
            for (int j = 0; j < JOBS; j++)
                answer_all(&w, j, INVOCATION_SUCCESS);
            world_settle(&w);
            w.now += 700000;
        }
        assert_int_not_equal(w.deployment.state, DEPLOYMENT_DEPLOYING);
        world_deinit(&w);
    }
}

/* timeout-minutes is an alarm: once, from the minute on, while it runs or nobody knows; it is never an end. */
static void M5_the_alarm_sounds_once_and_only_while_it_may_run(void **state)
{
    struct attempt a = {.state = ATTEMPT_RUNNING};
    struct invocation inv = {.status = INVOCATION_IN_PROGRESS, .began_at = 1000};

    (void)state;
    for (int s = 0; s < ATTEMPT_STATES_COUNT; s++) {
        bool sounds = s == ATTEMPT_RUNNING || s == ATTEMPT_UNKNOWN;

        a.state = (enum attempt_state)s;
        assert_int_equal(migrate_alarm_at(&a, &inv, 60000), sounds ? 61000 : 0);
    }
    a.state = ATTEMPT_RUNNING;
    a.alarmed_at = 1;
    assert_int_equal(migrate_alarm_at(&a, &inv, 60000), 0);
    a.alarmed_at = 0;
    a.settled_at = 1;
    assert_int_equal(migrate_alarm_at(&a, &inv, 60000), 0);
    a.settled_at = 0;
    inv.began_at = 0; /* it has a permit, and nobody said that it began */
    assert_int_equal(migrate_alarm_at(&a, &inv, 60000), 0);
}

/* A fleet --------------------------------------------------------------------------------------- */

#define FLEET 10000

/* Each host of ten thousand is looked at once, not once beside each other one: that would be some minutes. */
static void ten_thousand_hosts_are_looked_at_one_by_one(void **state)
{
    static struct invocation invocations[2 * FLEET];
    static struct host hosts[FLEET];
    static const struct deployment deployment = {.state = DEPLOYMENT_DEPLOYING};
    static const struct job jobs[2] = {
        {.number = 0, .name = "fetch", .max_parallel = FLEET, .state = JOB_SUCCEEDED},
        {.number = 1,
         .name = "web",
         .max_parallel = FLEET,
         .start_within_ms = 120000,
         .state = JOB_RUNNING}};
    struct progress_facts f = {.deployment = &deployment,
                               .jobs = jobs,
                               .n_jobs = 2,
                               .invocations = invocations,
                               .n_invocations = (size_t)2 * FLEET,
                               .hosts = hosts,
                               .n_hosts = FLEET,
                               .heard_since = NOW};
    struct progress_plan plan;
    struct arena arena;
    clock_t began;

    (void)state;
    arena_init(&arena);
    for (size_t h = 0; h < FLEET; h++) {
        snprintf(hosts[h].id, sizeof(hosts[h].id), "mi-%017zx", h * 7919 % FLEET);
        for (size_t j = 0; j < 2; j++) {
            struct invocation *inv = &invocations[j * FLEET + h];

            *inv = (struct invocation){.job_number = (int)j,
                                       .host = "h",
                                       .details = j == 0 ? "Success" : "Pending",
                                       .status = j == 0 ? INVOCATION_SUCCESS : INVOCATION_PENDING,
                                       .start_by = NOW + 600000};
            memcpy(inv->host_id, hosts[h].id, sizeof(inv->host_id));
        }
    }
    began = clock();
    progress_make(&f, NOW, &arena, &plan);
    assert_int_equal(plan.n_moves, FLEET);
    for (size_t i = 0; i < FLEET; i++)
        invocations[FLEET + i].released_at = NOW; /* and while they are under way */
    progress_make(&f, NOW, &arena, &plan);
    assert_int_equal(plan.n_moves, 0);
    assert_int_equal(plan.next_change, NOW + 120000);
    assert_true(clock() - began < (clock_t)5 * CLOCKS_PER_SEC);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_a_barrier_and_the_migration_runs_on_one_host),
        cmocka_unit_test(P2_max_errors_zero_stops_at_the_first),
        cmocka_unit_test(P2_max_errors_three_stops_at_the_fourth),
        cmocka_unit_test(P1_errors_within_the_budget_are_not_a_success_of_the_deployment),
        cmocka_unit_test(P3_one_host_first_then_doubling),
        cmocka_unit_test(I11_jobs_that_run_together_share_a_host_one_after_the_other),
        cmocka_unit_test(
            I11_a_host_that_may_still_run_an_earlier_deployment_gets_nothing_and_is_not_waited_for_long),
        cmocka_unit_test(M5_what_is_unknown_in_one_job_does_not_keep_another_job_waiting_for_ever),
        cmocka_unit_test(a_host_that_never_took_its_command_counts_as_an_error),
        cmocka_unit_test(handed_out_and_never_acknowledged_is_unknown_and_not_a_failure),
        cmocka_unit_test(M5_a_host_that_polls_is_asked_before_its_command_is_unknown),
        cmocka_unit_test(M5_a_silent_migrate_job_is_unknown_and_nothing_else_moves),
        cmocka_unit_test(M6_a_failed_migrate_job_touches_no_other_host),
        cmocka_unit_test(M5_a_probe_asks_whoever_can_answer),
        cmocka_unit_test(
            M2_a_migrate_job_that_provably_never_began_is_tried_again_but_not_for_ever),
        cmocka_unit_test(any_answers_in_any_order_come_to_an_end),
        cmocka_unit_test(M5_the_alarm_sounds_once_and_only_while_it_may_run),
        cmocka_unit_test(ten_thousand_hosts_are_looked_at_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
