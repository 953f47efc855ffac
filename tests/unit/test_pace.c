/* How many commands a host takes (threats.md T37). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/pace.h"

#define NOW 1795334400000
#define HOUR 3600000

static void T37_a_limit_is_two_numbers_in_bounds(void **state)
{
    static const char *const odd[] = {
        "",          "12000",          "9 + 1200/h",     "12000 + 9/h",
        "12000+12",  "12000 + 1200/d", "12000 - 1200/h", " 12000 + 1200/h",
        "-1 + 10/h", "1000001 + 10/h", "10 + 1000001/h", "12000 + 1200/h "};
    struct pace_limit limit;

    (void)state;
    assert_true(pace_parse(PACE_STANDARD, &limit));
    assert_int_equal(limit.at_once, 12000);
    assert_int_equal(limit.per_hour, 1200);
    assert_true(pace_parse("10+10/h", &limit));
    assert_true(pace_parse("1000000 + 1000000/h", &limit));
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
        assert_false(pace_parse(odd[i], &limit));
}

/* What people ask for: a backlog of ten thousand, and on the next day another one, on top of a deploy each five minutes. */
static void T37_what_is_wanted_is_never_stopped(void **state)
{
    struct pace pace = {.at = 0};
    time_ms now = NOW;

    (void)state;
    assert_true(pace_parse(PACE_STANDARD, &pace.limit));
    for (int day = 0; day < 3; day++) {
        for (int i = 0; i < 10000; i++, now += 20) {
            assert_true(pace_room(&pace, now) >= 4);
            pace_take(&pace, now);
        }
        for (int i = 0; i < 287; i++, now += HOUR / 12) {
            for (int n = 0; n < 20; n++) {
                assert_true(pace_room(&pace, now) >= 4);
                pace_take(&pace, now);
            }
        }
    }
}

static void T37_what_runs_wild_is_held_to_its_hours(void **state)
{
    struct pace pace = {.at = 0};
    int64_t taken = 0;

    (void)state;
    assert_true(pace_parse("50 + 100/h", &pace.limit));
    for (time_ms now = NOW; now < NOW + 10 * HOUR; now += 100) {
        if (pace_room(&pace, now) > 0) {
            pace_take(&pace, now);
            taken++;
        }
    }
    assert_in_range(taken, 50 + 999, 50 + 1000);
}

/* Rest gives back what was taken, and no more than that. */
static void T37_a_rest_fills_it_and_no_further(void **state)
{
    struct pace pace = {.at = 0};

    (void)state;
    assert_true(pace_parse("50 + 100/h", &pace.limit));
    for (int i = 0; i < 50; i++)
        pace_take(&pace, NOW);
    assert_int_equal(pace_room(&pace, NOW), 0);
    assert_int_equal(pace_room(&pace, NOW + HOUR / 100 - 1), 0);
    assert_int_equal(pace_room(&pace, NOW + HOUR / 100), 1);
    assert_int_equal(pace_room(&pace, NOW + HOUR / 2), 50);
    assert_int_equal(pace_room(&pace, NOW + (time_ms)1000000 * HOUR), 50);
}

/* Neither way: one that goes back gives nothing, and the host is not held until the old time is reached again. */
static void T37_a_clock_that_is_set_stops_nobody_for_long(void **state)
{
    struct pace pace = {.at = 0};

    (void)state;
    assert_true(pace_parse("50 + 100/h", &pace.limit));
    for (int i = 0; i < 60; i++) /* also more than there was room for */
        pace_take(&pace, NOW);
    assert_int_equal(pace_room(&pace, NOW - 1000 * (time_ms)HOUR), 0);
    assert_int_equal(pace_room(&pace, NOW - 999 * (time_ms)HOUR), 50);
}

static void T37_without_a_limit_there_is_none(void **state)
{
    struct pace pace = {.at = 0};

    (void)state;
    pace_take(&pace, NOW);
    assert_int_equal(pace_room(&pace, NOW), PACE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(T37_a_limit_is_two_numbers_in_bounds),
        cmocka_unit_test(T37_what_is_wanted_is_never_stopped),
        cmocka_unit_test(T37_what_runs_wild_is_held_to_its_hours),
        cmocka_unit_test(T37_a_rest_fills_it_and_no_further),
        cmocka_unit_test(T37_a_clock_that_is_set_stops_nobody_for_long),
        cmocka_unit_test(T37_without_a_limit_there_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
