/* soonest: the first instant that time and people's stops allow; what waits for something else moves nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/rules/soonest.h"

#define NOW ((time_ms)1000000)
#define MINUTE ((time_ms)60000)
#define SEEN .source_seen_at = NOW

static time_ms at(const struct gate_facts *facts)
{
    time_ms t = 0;

    return soonest_start(facts, NOW, &t) ? t : -t;
}

static void without_stops_it_is_its_start(void **state)
{
    struct gate_facts f = {.start_at = NOW + MINUTE, .start_until = NOW + 2 * MINUTE, SEEN};

    (void)state;
    assert_int_equal(at(&f), NOW + MINUTE);
    f.start_at = NOW - MINUTE; /* due already: its own time, not the time of asking */
    assert_int_equal(at(&f), NOW - MINUTE);
    f.start_until = NOW;
    assert_int_equal(at(&f), -NOW);
}

static void F7_a_stop_that_ends_inside_the_grace_moves_it_to_its_end(void **state)
{
    const struct gate_hold hold = {.who = "ana", .why = "x", .until = NOW + 3 * MINUTE};
    struct gate_facts f = {.start_at = NOW + MINUTE,
                           .start_until = NOW + 5 * MINUTE,
                           .holds = &hold,
                           .n_holds = 1,
                           SEEN};

    (void)state;
    assert_int_equal(at(&f), NOW + 3 * MINUTE);
    f.start_until = NOW + 3 * MINUTE; /* the end is not included (F3) */
    assert_int_equal(at(&f), -(NOW + 3 * MINUTE));
}

static void a_hold_without_an_end_leaves_no_promise(void **state)
{
    const struct gate_hold hold = {.who = "ana", .why = "x", .until = VERDICT_NEVER};
    const struct gate_facts f = {
        .start_at = NOW, .start_until = VERDICT_NEVER, .holds = &hold, .n_holds = 1, SEEN};

    (void)state;
    assert_int_equal(at(&f), -VERDICT_NEVER);
}

static void F3_freezes_and_windows_are_passed_one_after_the_other(void **state)
{
    const struct interval windows[] = {{.from = NOW, .to = NOW + 10 * MINUTE},
                                       {.from = NOW + 20 * MINUTE, .to = NOW + 30 * MINUTE}};
    const struct interval freezes[] = {
        {.from = NOW - MINUTE, .to = NOW + 8 * MINUTE, .name = "a"},
        {.from = NOW + 7 * MINUTE, .to = NOW + 22 * MINUTE, .name = "b"},
        {.from = NOW + 22 * MINUTE, .to = NOW + 23 * MINUTE, .name = "c"}};
    const struct gate_facts f = {.start_at = NOW,
                                 .start_until = VERDICT_NEVER,
                                 .windows = windows,
                                 .limited = true,
                                 .n_windows = 2,
                                 .freezes = freezes,
                                 .n_freezes = 3,
                                 SEEN};

    (void)state;
    assert_int_equal(at(&f), NOW + 23 * MINUTE);
}

static void a_freeze_to_come_does_not_move_what_starts_before_it(void **state)
{
    const struct interval freeze = {.from = NOW + 2 * MINUTE, .to = NOW + 9 * MINUTE, .name = "a"};
    struct gate_facts f = {.start_at = NOW + MINUTE,
                           .start_until = VERDICT_NEVER,
                           .freezes = &freeze,
                           .n_freezes = 1,
                           SEEN};

    (void)state;
    assert_int_equal(at(&f), NOW + MINUTE);
    f.start_at = NOW + 2 * MINUTE;
    assert_int_equal(at(&f), NOW + 9 * MINUTE);
}

static void what_waits_for_a_proof_a_host_or_a_person_keeps_its_promise(void **state)
{
    const struct gate_need need = {.environment = "stage"};
    const struct gate_host host = {.name = "web-1"};
    const struct gate_lack lack = {.kind = CAUSE_APPROVAL, .what = "#7"};
    const struct gate_facts f = {.start_at = NOW + MINUTE,
                                 .start_until = NOW + 2 * MINUTE,
                                 .needs = &need,
                                 .n_needs = 1,
                                 .hosts = &host,
                                 .n_hosts = 1,
                                 .lacks = &lack,
                                 .n_lacks = 1,
                                 .failed_before = true,
                                 .source_seen_at = 0};

    (void)state;
    assert_int_equal(at(&f), NOW + MINUTE);
}

static void a_barrier_moves_what_is_behind_it(void **state)
{
    const struct gate_barrier barrier = {.pull = "#449", .until = NOW + 4 * MINUTE};
    const struct gate_facts f = {
        .start_at = NOW, .start_until = VERDICT_NEVER, .barriers = &barrier, .n_barriers = 1, SEEN};

    (void)state;
    assert_int_equal(at(&f), NOW + 4 * MINUTE);
}

static uint64_t seed = 88172645463325252u;
static time_ms any(time_ms range)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (time_ms)(seed % (uint64_t)range);
}

/* For the gate alone; and the start is one at which nothing of time stands against it. */
static void F3_adding_a_freeze_never_makes_a_start_earlier(void **state)
{
    (void)state;
    for (int round = 0; round < 100000; round++) {
        struct interval windows[4], freezes[4];
        struct gate_facts f = {.start_at = NOW + any(20 * MINUTE) - 10 * MINUTE,
                               .start_until = NOW + any(60 * MINUTE),
                               .limited = any(2) == 0,
                               .windows = windows,
                               .n_windows = (size_t)any(5),
                               .freezes = freezes,
                               .n_freezes = (size_t)any(4),
                               SEEN};
        time_ms before = 0, after = 0;
        bool was, is;
        for (int i = 0; i < 4; i++) {
            windows[i] = (struct interval){.from = NOW + any(60 * MINUTE) - 20 * MINUTE};
            windows[i].to = windows[i].from + 1 + any(20 * MINUTE);
            freezes[i] = (struct interval){.from = NOW + any(60 * MINUTE) - 20 * MINUTE};
            freezes[i].to = freezes[i].from + 1 + any(20 * MINUTE);
        }
        was = soonest_start(&f, NOW, &before);
        f.n_freezes++;
        is = soonest_start(&f, NOW, &after);
        if (is && !was)
            fail_msg("round %d: a freeze made a start possible", round);
        if (is && after < before)
            fail_msg("round %d: a freeze made a start earlier", round);
        if (is && after >= NOW) {
            struct verdict v = gate_judge(&f, after);
            assert_null(verdict_cause(&v, CAUSE_FREEZE));
            assert_null(verdict_cause(&v, CAUSE_WINDOW));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_stops_it_is_its_start),
        cmocka_unit_test(F7_a_stop_that_ends_inside_the_grace_moves_it_to_its_end),
        cmocka_unit_test(a_hold_without_an_end_leaves_no_promise),
        cmocka_unit_test(F3_freezes_and_windows_are_passed_one_after_the_other),
        cmocka_unit_test(a_freeze_to_come_does_not_move_what_starts_before_it),
        cmocka_unit_test(what_waits_for_a_proof_a_host_or_a_person_keeps_its_promise),
        cmocka_unit_test(a_barrier_moves_what_is_behind_it),
        cmocka_unit_test(F3_adding_a_freeze_never_makes_a_start_earlier),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
