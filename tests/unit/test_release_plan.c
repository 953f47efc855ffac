/* release_plan: which release goes next, and what is to be done now (C1, C2, C7, F6, F7). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/timestamp.h"
#include "lib/rules/release_plan.h"

#define MINUTE (60 * 1000)
#define NOW ((time_ms)1800000000000)
#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

static struct plan_release release(int64_t number, bool proven)
{
    static char names[100][8];
    struct plan_release r = {.number = number, .sha = "4f2c9e1", .seen_at = NOW - 60 * MINUTE};

    snprintf(names[number], sizeof(names[number]), "r%d", (int)number);
    r.name = names[number];
    r.needs[0] = (struct gate_need){.environment = "stage", .proven = proven};
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
    f.wish = (struct plan_wish){.release = &r[0], .wished_at = NOW};
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
    f.wish = (struct plan_wish){.release = &r[0], .wished_at = NOW - 1};
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
                           .from_number = 1,
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
    struct deployment d = {.state = DEPLOYMENT_WAITING,
                           .from_number = 1,
                           .rows_expected = 3,
                           .start_at = NOW};
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

/* Undoing the cut decides its time; the plan does not decide it beside that (I8). */
static void F6_a_missed_occurrence_with_a_cut_is_left_to_the_cut(void **state)
{
    struct plan_release r[] = {release(2, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_SCHEDULE, r, 1);
    struct plan_occurrence missed[] = {at(NOW - 20 * MINUTE)};
    struct deployment d = {.state = DEPLOYMENT_WAITING,
                           .trigger = DEPLOYMENT_ON_SCHEDULE,
                           .release_number = 2,
                           .from_number = 1,
                           .occurrence_date = "2027-01-15",
                           .occurrence_time = "15:00:00",
                           .start_at = NOW - 20 * MINUTE,
                           .start_until = NOW - 5 * MINUTE};
    struct release_plan p;

    (void)state;
    f.missed = missed;
    f.n_missed = 1;
    f.open = &d;
    f.open_release = &r[0];
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_UNDO);
    assert_int_equal(p.n_decisions, 0);
}

/* Pins and go-lives ------------------------------------------------------------------------------ */

static void C2_a_pin_is_what_goes_at_its_start_and_nothing_else(void **state)
{
    struct plan_release r[] = {release(2, true), release(3, true), release(4, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_SCHEDULE, r, LENGTH(r));
    struct release_plan p;

    (void)state;
    f.current = at(NOW);
    f.wish = (struct plan_wish){.release = &r[1], .who = "ana", .wished_at = NOW - 1, .at = NOW};
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_CUT);
    assert_int_equal(p.target->number, 3);
    assert_true(p.wish);
    assert_int_equal(p.start_until, NOW + 15 * MINUTE);
    r[1].needs[0].proven =
        false; /* not ready: what was asked for waits, no other one goes for it */
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_WAIT);
    assert_int_equal(p.target->number, 3);
}

static void C2_starts_before_the_pin_bring_what_is_older(void **state)
{
    struct plan_release r[] = {release(2, true), release(3, true), release(4, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_SCHEDULE, r, LENGTH(r));
    struct release_plan p;
    struct verdict v;

    (void)state;
    f.current = at(NOW);
    f.next = at(NOW + 60 * MINUTE);
    f.wish = (struct plan_wish){.release = &r[1],
                                .who = "ana",
                                .wished_at = NOW - 1,
                                .at = NOW + 120 * MINUTE};
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_CUT);
    assert_int_equal(p.target->number, 2);
    assert_false(p.wish);
    v = release_plan_judge(&f, &p, 4, NOW);
    assert_string_equal(verdict_cause(&v, CAUSE_PINNED)->what, "r3");
    assert_string_equal(verdict_cause(&v, CAUSE_PINNED)->who, "ana");
    /* With nothing older, the pin is what people are told. */
    f.releases = &r[1];
    f.n_releases = 2;
    f.live_number = 2;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_WAIT);
    assert_int_equal(p.target->number, 3);
    assert_int_equal(p.start_at, NOW + 120 * MINUTE);
    assert_string_equal(p.decisions[0].decision, "skipped");
    assert_int_equal(p.next_change, NOW + GATE_SOURCE_FRESH_MS);
}

static void C2_a_pin_whose_start_passed_ends_and_says_so(void **state)
{
    struct plan_release r[] = {release(2, true), release(3, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_SCHEDULE, r, LENGTH(r));
    struct release_plan p;

    (void)state;
    f.wish = (struct plan_wish){.release = &r[0], .wished_at = NOW - 60 * MINUTE, .at = NOW};
    f.next = at(NOW + 60 * MINUTE);
    f.current = at(NOW);
    release_plan_make(&f, NOW + 15 * MINUTE - 1, &p);
    assert_int_equal(p.wish_ends, PLAN_GOES_ON);
    assert_int_equal(p.next_change, NOW + 15 * MINUTE);
    f.current = (struct plan_occurrence){.due_at = 0};
    release_plan_make(&f, NOW + 15 * MINUTE, &p);
    assert_int_equal(p.wish_ends, PLAN_PASSED);
    assert_int_equal(p.target->number, 3); /* the rules again */
    f.live_number = 2;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.wish_ends, PLAN_LIVE);
    r[0].off_line = true;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.wish_ends, PLAN_OFF_LINE);
}

static void F4_a_go_live_waits_for_its_time_and_is_not_lost_behind_it(void **state)
{
    struct plan_release r[] = {release(2, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_RELEASE, r, 1);
    struct release_plan p;

    (void)state;
    f.wish = (struct plan_wish){.release = &r[0], .wished_at = NOW - 1, .at = NOW + MINUTE};
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_WAIT);
    assert_int_equal(p.start_at, NOW + MINUTE);
    assert_int_equal(p.next_change, NOW + MINUTE);
    release_plan_make(&f, NOW + MINUTE, &p);
    assert_int_equal(p.action, PLAN_CUT);
    f.gate.source_seen_at = NOW + 900 * MINUTE;
    release_plan_make(&f, NOW + 900 * MINUTE, &p);
    assert_int_equal(p.wish_ends, PLAN_GOES_ON);
    assert_int_equal(p.action, PLAN_CUT);
    f.wish.at = 0; /* no more than without one */
    release_plan_make(&f, NOW + 900 * MINUTE, &p);
    assert_int_equal(p.action, PLAN_CUT);
}

static void C1_a_person_brings_out_what_failed(void **state)
{
    static const enum deployment_trigger on[] = {DEPLOYMENT_ON_MERGE, DEPLOYMENT_ON_RELEASE,
                                                 DEPLOYMENT_ON_SCHEDULE};

    (void)state;
    for (size_t i = 0; i < LENGTH(on); i++) {
        struct plan_release r[] = {release(2, true)};
        struct release_facts f = facts_on(on[i], r, 1);
        struct release_plan p;
        r[0].failed = true;
        f.current = at(NOW);
        release_plan_make(&f, NOW, &p);
        assert_int_equal(p.action, PLAN_WAIT);
        assert_non_null(verdict_cause(&p.verdict, CAUSE_FAILED_BEFORE));
        f.wish = (struct plan_wish){.release = &r[0], .wished_at = NOW, .at = on[i] == 2 ? NOW : 0};
        release_plan_make(&f, NOW, &p);
        assert_int_equal(p.action, PLAN_CUT);
    }
}

static void C1_a_newer_release_that_holds_it_brings_out_what_failed(void **state)
{
    struct plan_release r[] = {release(2, true), release(3, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_MERGE, r, LENGTH(r));
    struct release_plan p;

    (void)state;
    r[0].failed = true;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_CUT);
    assert_int_equal(p.target->number, 3);
}

/* Barriers ---------------------------------------------------------------------------------------- */

static struct plan_barrier barrier(int64_t number, int64_t pull, time_ms until)
{
    return (struct plan_barrier){.number = number,
                                 .pull = pull,
                                 .name = "#449",
                                 .who = "mika",
                                 .why = "sale",
                                 .until = until};
}

static void C3_the_release_stops_before_a_barrier_and_says_who_owns_it(void **state)
{
    struct plan_release r[] = {release(2, true), release(3, true), release(4, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_MERGE, r, LENGTH(r));
    struct plan_barrier b = barrier(3, 449, NOW + MINUTE);
    const struct cause *c;
    struct release_plan p;

    (void)state;
    f.barriers = &b;
    f.n_barriers = 1;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_CUT);
    assert_int_equal(p.target->number, 2);
    c = verdict_cause(&p.newest_verdict, CAUSE_BARRIER);
    assert_string_equal(c->what, "#449");
    assert_string_equal(c->who, "mika");
    assert_int_equal(c->until, NOW + MINUTE);
    assert_int_equal(p.next_change, NOW + MINUTE);
    release_plan_make(&f, NOW + MINUTE, &p);
    assert_int_equal(p.target->number, 4);
    f.live_number = 3; /* it is out: nothing to keep back */
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.target->number, 4);
}

/* More than fit are asked about: one that the act does not name, or that nobody lifts, is among those that do. */
static void R4_the_one_that_is_not_named_binds_behind_very_many_that_are(void **state)
{
    struct plan_barrier b[RELEASE_PLAN_BARRIERS_MAX + 2];
    int64_t with[RELEASE_PLAN_BARRIERS_MAX + 2];
    struct gate_barrier list[RELEASE_PLAN_BARRIERS_MAX];
    struct plan_release r[] = {release(2, true), release(3, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_RELEASE, r, LENGTH(r));
    struct plan_wish wish = {.release = &r[1], .with = with, .n_with = LENGTH(b) - 1};

    (void)state;
    for (size_t i = 0; i < LENGTH(b); i++) {
        with[i] = (int64_t)i + 1;
        b[i] = barrier(3, with[i], NOW + MINUTE);
        b[i].rolled_back = true;
    }
    f.barriers = b;
    f.n_barriers = LENGTH(b);
    assert_int_equal(release_plan_barriers(&f, &r[1], &wish, list), LENGTH(list));
    assert_false(list[0].named);
    assert_true(list[1].named);
    b[LENGTH(b) - 2].until = VERDICT_NEVER;
    wish.n_with = 0;
    assert_int_equal(release_plan_barriers(&f, &r[1], &wish, list), LENGTH(list));
    assert_int_equal(list[0].until, VERDICT_NEVER);
    assert_int_equal(list[1].until, NOW + MINUTE);
}

static void C3_a_barrier_that_ends_before_the_start_is_none(void **state)
{
    struct plan_release r[] = {release(2, true), release(3, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_SCHEDULE, r, LENGTH(r));
    struct plan_barrier b = barrier(3, 449, NOW + 60 * MINUTE);
    struct release_plan p;

    (void)state;
    f.barriers = &b;
    f.n_barriers = 1;
    f.next = at(NOW + 60 * MINUTE);
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.target->number, 3);
    b.until++;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.target->number, 2);
}

static void C3_a_barrier_that_comes_after_the_cut_undoes_it(void **state)
{
    struct plan_release r[] = {release(2, true), release(3, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_SCHEDULE, r, LENGTH(r));
    struct plan_barrier b = barrier(3, 449, NOW + 60 * MINUTE);
    struct deployment d = {.state = DEPLOYMENT_WAITING,
                           .release_number = 3,
                           .from_number = 1,
                           .start_at = NOW + 5 * MINUTE,
                           .start_until = NOW + 20 * MINUTE};
    struct release_plan p;

    (void)state;
    f.open = &d;
    f.open_release = &r[1];
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_WAIT);
    f.barriers = &b;
    f.n_barriers = 1;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_UNDO);
    b.until = d.start_at; /* over by then */
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_WAIT);
}

static void C5_a_pull_request_and_its_revert_are_no_barrier(void **state)
{
    struct plan_release r[] = {release(2, true), release(3, true), release(4, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_MERGE, r, LENGTH(r));
    struct plan_barrier b = barrier(3, 449, VERDICT_NEVER);
    struct release_plan p;

    (void)state;
    f.barriers = &b;
    f.n_barriers = 1;
    b.reverted_in = 4;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.target->number, 4);
    r[2].needs[0].proven = false; /* between the two it is still in */
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.target->number, 2);
}

static void C3_an_environment_that_others_need_never_coalesces_across_a_barrier(void **state)
{
    struct plan_release r[] = {release(2, true), release(3, true), release(4, true),
                               release(5, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_MERGE, r, LENGTH(r));
    struct plan_barrier b = barrier(4, 449, NOW + 60 * MINUTE);
    struct release_plan p;

    (void)state;
    f.apart = &b;
    f.n_apart = 1;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.target->number, 3);
    assert_string_equal(verdict_cause(&p.newest_verdict, CAUSE_SEPARATE)->what, "r2");
    r[1].needs[0].proven = r[0].needs[0].proven =
        false; /* they may still come: it waits for them */
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_WAIT);
    assert_int_equal(p.target->number, 3);
    r[1].needs[0].passed_by = r[0].needs[0].passed_by = true; /* they will not */
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.target->number, 5);
    r[1].needs[0].proven = r[0].needs[0].proven = true;
    f.live_number = 3; /* proven by itself */
    f.releases = &r[2];
    f.n_releases = 2;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.target->number, 5);
}

static void C3_a_failed_release_below_a_barrier_holds_nobody_up(void **state)
{
    struct plan_release r[] = {release(2, true), release(3, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_MERGE, r, LENGTH(r));
    struct plan_barrier b = barrier(3, 449, NOW + 60 * MINUTE);
    struct release_plan p;

    (void)state;
    f.apart = &b;
    f.n_apart = 1;
    r[0].failed = true;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.target->number, 3);
}

/* Hotfix ------------------------------------------------------------------------------------------ */

static void a_hotfix_goes_before_its_time_and_names_what_it_passed(void **state)
{
    struct plan_release r[] = {release(2, false), release(3, false)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_SCHEDULE, r, LENGTH(r));
    struct plan_barrier b = barrier(3, 449, VERDICT_NEVER);
    const int64_t with[] = {449};
    struct release_plan p;

    (void)state;
    f.next = at(NOW + 60 * MINUTE);
    f.barriers = &b;
    f.n_barriers = 1;
    f.hotfix = (struct plan_wish){.release = &r[1], .wished_at = NOW, .hotfix = true};
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_WAIT);
    assert_int_equal(p.verdict.n_causes, 1);
    assert_int_equal(p.verdict.causes[0].kind, CAUSE_BARRIER);
    f.hotfix.with = with;
    f.hotfix.n_with = 1;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_CUT);
    assert_true(p.hotfix);
    assert_int_equal(p.target->number, 3);
    assert_non_null(verdict_cause(&p.passed, CAUSE_BARRIER));
    assert_non_null(verdict_cause(&p.passed, CAUSE_NEEDS));
    assert_int_equal(verdict_cause(&p.passed, CAUSE_SCHEDULE)->until, NOW + 60 * MINUTE);
}

static void T26_the_pass_of_a_hotfix_belongs_to_its_deployment(void **state)
{
    struct plan_release r[] = {release(2, true), release(3, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_MERGE, r, LENGTH(r));
    struct interval freeze = {.from = NOW, .to = NOW + 60 * MINUTE};
    struct deployment d = {.state = DEPLOYMENT_WAITING,
                           .release_number = 2,
                           .from_number = 1,
                           .start_at = NOW,
                           .start_until = NOW + 15 * MINUTE};
    struct release_plan p;

    (void)state;
    f.gate.freezes = &freeze;
    f.gate.n_freezes = 1;
    f.open = &d;
    f.open_release = &r[0];
    f.open_wish = (struct plan_wish){.release = &r[0], .wished_at = NOW, .hotfix = true};
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_START);
    assert_int_equal(p.passed.n_causes, 1);
    /* The next one has no wish of its own: it waits like any other. */
    f.open = NULL;
    f.live_number = 2;
    f.releases = &r[1];
    f.n_releases = 1;
    f.open_wish = (struct plan_wish){.release = NULL};
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_WAIT);
    assert_non_null(verdict_cause(&p.verdict, CAUSE_FREEZE));
    assert_int_equal(p.passed.n_causes, 0);
}

static void T26_a_hotfix_that_could_not_start_for_an_hour_ends(void **state)
{
    struct plan_release r[] = {release(2, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_RELEASE, r, 1);
    struct release_plan p;

    (void)state;
    f.hotfix = (struct plan_wish){.release = &r[0], .wished_at = NOW, .hotfix = true};
    f.gate.unsettled_database = "shop";
    release_plan_make(&f, NOW + RELEASE_PLAN_HOTFIX_MS - 1, &p);
    assert_int_equal(p.hotfix_ends, PLAN_GOES_ON);
    assert_int_equal(p.next_change, NOW + RELEASE_PLAN_HOTFIX_MS);
    release_plan_make(&f, NOW + RELEASE_PLAN_HOTFIX_MS, &p);
    assert_int_equal(p.hotfix_ends, PLAN_PASSED);
    assert_false(p.hotfix);
}

static void a_hotfix_goes_before_a_cut_that_waits(void **state)
{
    struct plan_release r[] = {release(2, true), release(3, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_SCHEDULE, r, LENGTH(r));
    struct deployment d = {.state = DEPLOYMENT_WAITING,
                           .release_number = 2,
                           .from_number = 1,
                           .start_at = NOW + 5 * MINUTE,
                           .start_until = NOW + 20 * MINUTE};
    struct release_plan p;

    (void)state;
    f.open = &d;
    f.open_release = &r[0];
    f.hotfix = (struct plan_wish){.release = &r[1], .wished_at = NOW, .hotfix = true};
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_UNDO);
    d.state = DEPLOYMENT_DEPLOYING; /* but not before one that runs */
    f.gate.open_deployment = "r2";
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_WAIT);
    assert_non_null(verdict_cause(&p.verdict, CAUSE_OPEN_DEPLOYMENT));
}

static void C7_a_cut_is_undone_when_what_is_live_was_declared_anew(void **state)
{
    struct plan_release r[] = {release(4, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_MERGE, r, 1);
    struct deployment d = {.state = DEPLOYMENT_WAITING, .release_number = 4, .start_at = NOW};
    struct release_plan p;

    (void)state;
    f.open = &d;
    f.open_release = &r[0];
    f.live_number = 0;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_START);
    f.live_number = 3;
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_UNDO);
}

static void C6_a_cut_of_a_release_off_the_line_is_undone(void **state)
{
    struct plan_release r[] = {release(4, true)};
    struct release_facts f = facts_on(DEPLOYMENT_ON_MERGE, r, 1);
    struct deployment d = {.state = DEPLOYMENT_WAITING,
                           .release_number = 4,
                           .from_number = 1,
                           .start_at = NOW};
    struct release_plan p;

    (void)state;
    r[0].off_line = true;
    f.n_releases = 0;
    f.open = &d;
    f.open_release = &r[0];
    release_plan_make(&f, NOW, &p);
    assert_int_equal(p.action, PLAN_UNDO);
}

/* Properties -------------------------------------------------------------------------------------- */

static uint64_t seed = 88172645463325252u;
static int64_t any(int64_t range)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (int64_t)(seed % (uint64_t)range);
}

static time_ms any_time(void)
{
    return NOW + (any(41) - 20) * MINUTE;
}

struct world {
    struct plan_release r[5];
    struct plan_barrier here[2], apart[2];
    struct interval freeze;
    struct deployment open;
    int64_t with[1];
    struct release_facts f;
};

static void any_barriers(struct plan_barrier *list)
{
    list[0] = barrier(2 + any(5), 449, any_time());
    list[1] = barrier(list[0].number + any(3), 450, any(4) == 0 ? VERDICT_NEVER : any_time());
    list[0].reverted_in = any(4) == 0 ? list[0].number + 1 : 0;
}

static void any_world(struct world *w)
{
    struct release_facts *f = &w->f;

    *f = facts_on((enum deployment_trigger)any(DEPLOYMENT_TRIGGERS_COUNT), w->r, LENGTH(w->r));
    for (size_t i = 0; i < LENGTH(w->r); i++) {
        w->r[i] = release((int64_t)i + 2, any(3) != 0);
        w->r[i].failed = any(5) == 0;
        w->r[i].seen_at = NOW - (30 - (time_ms)i) * MINUTE;
    }
    any_barriers(w->here);
    any_barriers(w->apart);
    f->barriers = w->here;
    f->n_barriers = (size_t)any(3);
    f->apart = w->apart;
    f->n_apart = (size_t)any(3);
    f->gate.source_seen_at = NOW;
    w->freeze = (struct interval){.from = any_time()};
    w->freeze.to = w->freeze.from + 10 * MINUTE;
    f->gate.freezes = &w->freeze;
    f->gate.n_freezes = (size_t)any(2);
    f->cut_off_ms = any(2) * 5 * MINUTE;
    if (any(2) == 0)
        f->current = at(NOW - any(15) * MINUTE);
    f->next = at(NOW + f->cut_off_ms + (1 + any(20)) * MINUTE);
    if (any(3) == 0)
        f->wish = (struct plan_wish){.release = &w->r[any(5)],
                                     .wished_at = NOW - MINUTE,
                                     .at = any(2) == 0 ? f->next.due_at : any_time()};
    if (any(5) == 0)
        f->hotfix = (struct plan_wish){.release = &w->r[any(5)],
                                       .wished_at = NOW - MINUTE,
                                       .hotfix = true,
                                       .with = w->with,
                                       .n_with = (size_t)any(2)};
    w->with[0] = 449;
    if (any(4) == 0) {
        w->open = (struct deployment){.state = DEPLOYMENT_WAITING,
                                      .release_number = 3,
                                      .from_number = 1,
                                      .start_at = any_time(),
                                      .start_until = NOW + 20 * MINUTE};
        f->open = &w->open;
        f->open_release = &w->r[1];
    }
}

/* As long as the facts stay, and its cut is not due, nothing changes before `next_change`. */
static void a_plan_is_constant_until_its_next_change(void **state)
{
    (void)state;
    for (int round = 0; round < 100000; round++) {
        struct release_plan first, later;
        struct world w = {.with = {0}};
        time_ms end, probe;
        any_world(&w);
        release_plan_make(&w.f, NOW, &first);
        assert_true(first.next_change > NOW);
        end = first.next_change == VERDICT_NEVER ? NOW + 60 * MINUTE : first.next_change;
        probe = NOW + any(end - NOW);
        release_plan_make(&w.f, probe, &later);
        if (later.action != first.action || later.target != first.target ||
            later.wish_ends != first.wish_ends || later.hotfix_ends != first.hotfix_ends)
            fail_msg("round %d: at %+lld ms", round, (long long)(probe - NOW));
    }
}

/* Whatever the rules choose by themselves: proven, not failed, and no barrier in it. */
static void nothing_unfit_goes_by_itself(void **state)
{
    int cuts = 0;

    (void)state;
    for (int round = 0; round < 100000; round++) {
        struct world w = {.with = {0}};
        struct release_plan p;
        any_world(&w);
        w.f.hotfix.release = NULL;
        w.f.open = NULL;
        release_plan_make(&w.f, NOW, &p);
        if (p.action != PLAN_CUT)
            continue;
        cuts++;
        assert_true(p.target->needs[0].proven);
        assert_true(p.wish || !p.target->failed);
        for (size_t i = 0; i < w.f.n_barriers; i++) {
            const struct plan_barrier *b = &w.here[i];
            time_ms start = p.start_at > NOW ? p.start_at : NOW;
            assert_false(b->number <= p.target->number && start < b->until &&
                         !(b->reverted_in != 0 && b->reverted_in <= p.target->number));
        }
    }
    assert_true(cuts > 1000);
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
        cmocka_unit_test(F6_a_missed_occurrence_with_a_cut_is_left_to_the_cut),
        cmocka_unit_test(C2_a_pin_is_what_goes_at_its_start_and_nothing_else),
        cmocka_unit_test(C2_starts_before_the_pin_bring_what_is_older),
        cmocka_unit_test(C2_a_pin_whose_start_passed_ends_and_says_so),
        cmocka_unit_test(F4_a_go_live_waits_for_its_time_and_is_not_lost_behind_it),
        cmocka_unit_test(C1_a_person_brings_out_what_failed),
        cmocka_unit_test(C1_a_newer_release_that_holds_it_brings_out_what_failed),
        cmocka_unit_test(C3_the_release_stops_before_a_barrier_and_says_who_owns_it),
        cmocka_unit_test(R4_the_one_that_is_not_named_binds_behind_very_many_that_are),
        cmocka_unit_test(C3_a_barrier_that_ends_before_the_start_is_none),
        cmocka_unit_test(C3_a_barrier_that_comes_after_the_cut_undoes_it),
        cmocka_unit_test(C5_a_pull_request_and_its_revert_are_no_barrier),
        cmocka_unit_test(C3_an_environment_that_others_need_never_coalesces_across_a_barrier),
        cmocka_unit_test(C3_a_failed_release_below_a_barrier_holds_nobody_up),
        cmocka_unit_test(a_hotfix_goes_before_its_time_and_names_what_it_passed),
        cmocka_unit_test(T26_the_pass_of_a_hotfix_belongs_to_its_deployment),
        cmocka_unit_test(T26_a_hotfix_that_could_not_start_for_an_hour_ends),
        cmocka_unit_test(a_hotfix_goes_before_a_cut_that_waits),
        cmocka_unit_test(C7_a_cut_is_undone_when_what_is_live_was_declared_anew),
        cmocka_unit_test(C6_a_cut_of_a_release_off_the_line_is_undone),
        cmocka_unit_test(a_plan_is_constant_until_its_next_change),
        cmocka_unit_test(nothing_unfit_goes_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
