/* release_plan: which release goes next, and what is to be done now (C1, C2, C7, F6, F7). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/timestamp.h"
#include "lib/rules/release_plan.h"

#define MINUTE (60 * 1000)
#define NOW ((time_ms)1800000000000)
#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

static struct plan_release release(int64_t number, bool proven)
{
    struct plan_release r = {.number = number, .sha = "4f2c9e1", .seen_at = NOW - 60 * MINUTE};

    r.needs[0] = (struct gate_need){.environment = "stage", .proven = proven, .rehearsed = proven};
    r.n_needs = 1;
    return r;
}

static struct release_facts facts_on(enum deployment_trigger on,
                                     const struct plan_release *releases, size_t n)
{
    return (struct release_facts){.on = on,
                                  .grace_ms = 15 * MINUTE,
                                  .live_number = 1,
                                  .releases = releases,
                                  .n_releases = n,
                                  .gate = {.source_seen_at = NOW, .start_within_ms = 2 * MINUTE}};
}

static struct plan_occurrence at(time_ms due)
{
    return (struct plan_occurrence){.date = "2027-01-15", .time = "15:00:00", .due_at = due};
}

static void C1_the_newest_that_is_proven_goes_and_the_newest_says_what_it_lacks(void **state)
{
    struct plan_release r[] = {release(2, true), release(3, true), release(4, false)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_MERGE, r, LENGTH(r));
    struct release_plan p;

    (void)state;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_CUT);
    assert_int_equal(p.target->number, 3);
    assert_int_equal(p.newest->number, 4);
    assert_int_equal(p.newest_verdict.causes[0].kind, CAUSE_NEEDS);
}

static void C1_a_release_that_failed_is_no_candidate_by_itself(void **state)
{
    struct plan_release r[] = {release(2, true), release(3, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_MERGE, r, LENGTH(r));
    struct release_plan p;

    (void)state;
    r[1].failed = true;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.target->number, 2);
    r[0].failed = true;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_WAIT);
    assert_non_null(verdict_cause(&p.verdict, CAUSE_FAILED_BEFORE));
}

static void C7_r1_never_goes_by_itself(void **state)
{
    struct plan_release r[] = {release(1, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_MERGE, r, 1);
    struct release_plan p;

    (void)state;
    f.live_number = 0;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_WAIT);
    assert_null(p.target);
    f.on = DEPLOYMENT_ON_RELEASE;
    f.wished = &r[0];
    f.wished_at = NOW;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_CUT);
}

static void F7_on_release_waits_until_somebody_asks(void **state)
{
    struct plan_release r[] = {release(2, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_RELEASE, r, 1);
    struct release_plan p;

    (void)state;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_WAIT);
    assert_int_equal(p.verdict.causes[0].kind, CAUSE_NOT_ASKED);
    f.wished = &r[0];
    f.wished_at = NOW - 1;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_CUT);
    r[0].needs[0].proven = false;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_WAIT);
    assert_int_equal(p.verdict.causes[0].kind, CAUSE_NEEDS);
}

static void F7_on_schedule_it_starts_at_its_time_and_not_before(void **state)
{
    struct plan_release r[] = {release(2, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_SCHEDULE, r, 1);
    struct release_plan p;

    (void)state;
    f.next = at(NOW + MINUTE);
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_WAIT);
    assert_int_equal(p.start_at, NOW + MINUTE);
    assert_int_equal(p.next_change, NOW + MINUTE);
    f.current = at(NOW);
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_CUT);
    assert_int_equal(p.start_until, NOW + 15 * MINUTE);
}

static void a_release_seen_after_the_cut_is_for_the_next_occurrence(void **state)
{
    struct plan_release r[] = {release(2, true), release(3, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_SCHEDULE, r, LENGTH(r));
    struct release_plan p;

    (void)state;
    r[1].seen_at = NOW + 1;
    f.current = at(NOW);
    f.next = at(NOW + 60 * MINUTE);
    release_plan_make(&f, NOW + 2, &p);
    assert_int_equal(p.action, PLAN_CUT);
    assert_int_equal(p.target->number, 2);
    r[0].seen_at = NOW + 1;
    release_plan_make(&f, NOW + 2, &p);
    assert_int_equal(p.action, PLAN_WAIT);
    assert_string_equal(p.decisions[0].decision, "skipped");
    assert_int_equal(p.start_at, NOW + 60 * MINUTE);
}

static void cut_off_freezes_the_release_before_the_start(void **state)
{
    struct plan_release r[] = {release(2, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_SCHEDULE, r, 1);
    struct release_plan p;

    (void)state;
    f.cut_off_ms = 10 * MINUTE;
    f.current = at(NOW + 10 * MINUTE);
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_CUT);
    assert_int_equal(p.start_at, NOW + 10 * MINUTE);
    assert_false(p.verdict.go);
}

static void C2_a_cut_that_did_not_start_in_its_grace_is_undone(void **state)
{
    struct plan_release r[] = {release(2, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_SCHEDULE, r, 1);
    struct deployment d = {.state = DEPLOYMENT_WAITING,
                           .trigger = DEPLOYMENT_ON_SCHEDULE,
                           .release_number = 2,
                           .rows_expected = 3,
                           .start_at = NOW,
                           .start_until = NOW + 15 * MINUTE};
    struct gate_hold hold = {.who = "ana", .why = "stock", .until = VERDICT_NEVER};
    struct release_plan p;

    (void)state;
    f.open = &d;
    f.open_release = &r[0];
    f.open_rows = 3;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_START);
    f.gate.holds = &hold;
    f.gate.n_holds = 1;
    release_plan_make(&f, NOW + MINUTE, &p);
    assert_int_equal(p.action, PLAN_WAIT);
    assert_int_equal(p.next_change, NOW + GATE_SOURCE_FRESH_MS);
    f.gate.source_seen_at = NOW + 15 * MINUTE;
    release_plan_make(&f, NOW + 15 * MINUTE, &p);
    assert_int_equal(p.action, PLAN_UNDO);
}

static void a_cut_under_another_configuration_or_half_written_is_undone(void **state)
{
    struct plan_release r[] = {release(2, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_MERGE, r, 1);
    struct deployment d = {.state = DEPLOYMENT_WAITING, .rows_expected = 3, .start_at = NOW};
    struct release_plan p;

    (void)state;
    f.open = &d;
    f.open_release = &r[0];
    f.open_rows = 2;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_UNDO);
    f.open_rows = 3;
    f.config_changed = true;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_UNDO);
}

static void C1_at_most_one_deployment_is_open(void **state)
{
    struct plan_release r[] = {release(2, true), release(3, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_MERGE, r, LENGTH(r));
    struct deployment d = {.release_number = 2};
    struct release_plan p;

    (void)state;
    f.open = &d;
    f.open_release = &r[0];
    f.after_failure_next = true;
    d.state = DEPLOYMENT_DEPLOYING;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_WAIT);
    d.state = DEPLOYMENT_ATTENTION;
    f.open_unsettled = true;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_WAIT);
    f.open_unsettled = false;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_GIVE_UP);
    f.after_failure_next = false;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_WAIT);
}

static void F6_a_missed_occurrence_is_decided_once_and_never_made_up_for(void **state)
{
    struct plan_release r[] = {release(2, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_SCHEDULE, r, 1);
    struct plan_occurrence missed[] = {at(NOW - 120 * MINUTE), at(NOW - 20 * MINUTE)};
    struct release_plan p;

    (void)state;
    r[0].seen_at = NOW - 30 * MINUTE;
    f.missed = missed;
    f.n_missed = 2;
    f.next = at(NOW + MINUTE);
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_WAIT);
    assert_int_equal(p.n_decisions, 2);
    assert_string_equal(p.decisions[0].decision, "skipped");
    assert_string_equal(p.decisions[1].decision, "deferred");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(C1_the_newest_that_is_proven_goes_and_the_newest_says_what_it_lacks),
        cmocka_unit_test(C1_a_release_that_failed_is_no_candidate_by_itself),
        cmocka_unit_test(C7_r1_never_goes_by_itself),
        cmocka_unit_test(F7_on_release_waits_until_somebody_asks),
        cmocka_unit_test(F7_on_schedule_it_starts_at_its_time_and_not_before),
        cmocka_unit_test(a_release_seen_after_the_cut_is_for_the_next_occurrence),
        cmocka_unit_test(cut_off_freezes_the_release_before_the_start),
        cmocka_unit_test(C2_a_cut_that_did_not_start_in_its_grace_is_undone),
        cmocka_unit_test(a_cut_under_another_configuration_or_half_written_is_undone),
        cmocka_unit_test(C1_at_most_one_deployment_is_open),
        cmocka_unit_test(F6_a_missed_occurrence_is_decided_once_and_never_made_up_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
