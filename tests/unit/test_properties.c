/*
 * Properties of the rules of time, over worlds made from seeds (tests/support/small_world.h): here some thousands with
 * sanitizers, and 100,000 by the program `properties`, which is the same without them.
 * SLIPWAY_CASES=N plays more, SLIPWAY_SEED=N begins there; SLIPWAY_DEEP=1 plays a million.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/base/str.h"
#include "tests/support/small_world.h"

#define CHECKED 1500 /* with sanitizers */
#define CASES 100000

static char wrong[SMALL_PROPERTIES][600];
static struct small_report report;

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *value = getenv(name);

    return value != NULL ? strtoull(value, NULL, 10) : otherwise;
}

static int play_all(void **state)
{
    uint64_t first = number_of("SLIPWAY_SEED", 1);
    uint64_t n = number_of("SLIPWAY_SEED", 0) != 0 ? 1 : CHECKED;
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (uint64_t seed = first; seed < first + n; seed++) {
        for (int i = 0; i < SMALL_PROPERTIES; i++)
            report.wrong[i] = NULL;
        small_world_play(seed, &arena, &report);
        for (int i = 0; i < SMALL_PROPERTIES; i++)
            if (report.wrong[i] != NULL && wrong[i][0] == '\0')
                snprintf(wrong[i], sizeof(wrong[i]), "%s", report.wrong[i]);
        arena_reset(&arena);
    }
    arena_deinit(&arena);
    return 0;
}

static void expect(enum small_property property)
{
    if (wrong[property][0] != '\0')
        fail_msg("%s: %s", small_property_names[property], wrong[property]);
}

static void F4_the_forecast_equals_the_simulation_by_event(void **state)
{
    (void)state;
    expect(SMALL_FORECAST);
}

static void W4_the_order_in_which_facts_arrive_does_not_change_the_end(void **state)
{
    (void)state;
    expect(SMALL_ORDER);
}

static void C1_at_most_one_deployment_is_open_per_environment(void **state)
{
    (void)state;
    expect(SMALL_ONE_OPEN);
}

static void F6_an_edit_never_fires(void **state)
{
    (void)state;
    expect(SMALL_EDIT);
}

static void I8_each_occurrence_is_decided_once(void **state)
{
    (void)state;
    expect(SMALL_ONCE);
}

static void nothing_waits_without_a_cause(void **state)
{
    (void)state;
    expect(SMALL_CAUSE);
}

static void I12_every_wait_ends_or_names_a_person(void **state)
{
    (void)state;
    expect(SMALL_END);
}

static void a_plan_is_asked_again_later_and_not_at_once(void **state)
{
    (void)state;
    expect(SMALL_HOLDS);
}

/* A property of worlds in which nothing happens holds, too. */
static void the_worlds_are_worth_it(void **state)
{
    (void)state;
    if (getenv("SLIPWAY_SEED") != NULL)
        skip();
    assert_true(report.n_starts > 2 * CHECKED);
    assert_true(report.n_foreseen > CHECKED / 2);
    assert_true(report.n_edits > CHECKED / 4);
    assert_true(report.n_waits > 10 * CHECKED);
}

static void all_of_it_holds_a_hundred_thousand_times(void **state)
{
    uint64_t cases =
        number_of("SLIPWAY_CASES", str_eq(getenv("SLIPWAY_DEEP"), "1") ? 10 * CASES : CASES);
    char line[256];

    (void)state;
    if (getenv("SLIPWAY_SEED") != NULL)
        skip();
    snprintf(line, sizeof(line), SLIPWAY_BUILD_DIR "/tests/unit/properties %llu",
             (unsigned long long)cases);
    print_message("%s\n", line);
    assert_int_equal(system(line), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(F4_the_forecast_equals_the_simulation_by_event),
        cmocka_unit_test(W4_the_order_in_which_facts_arrive_does_not_change_the_end),
        cmocka_unit_test(C1_at_most_one_deployment_is_open_per_environment),
        cmocka_unit_test(F6_an_edit_never_fires),
        cmocka_unit_test(I8_each_occurrence_is_decided_once),
        cmocka_unit_test(nothing_waits_without_a_cause),
        cmocka_unit_test(I12_every_wait_ends_or_names_a_person),
        cmocka_unit_test(a_plan_is_asked_again_later_and_not_at_once),
        cmocka_unit_test(the_worlds_are_worth_it),
        cmocka_unit_test(all_of_it_holds_a_hundred_thousand_times),
    };
    return cmocka_run_group_tests(tests, play_all, NULL);
}
