/* record_pace: answers come before reading, and no delivery waits for that for long (W2, 0198). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/flow/record_pace.h"

#define WALL 1800000000000 /* some instant, ms */

/* A batch of `read` that is read in `took` ms and written in a second, in which `came` others come and whose oldest is `age`
 * ms old. */
static int64_t rest_after(size_t read, uint64_t came, int64_t took, int64_t age)
{
    struct record_pace pace = {.read = 0};

    record_pace_begin(&pace, 5000, 70);
    record_pace_read(&pace, 5000 + took, read);
    record_pace_end(&pace, 6000 + took, 70 + came, WALL - age, WALL);
    return record_pace_rest(&pace, 6000 + took);
}

static void W2_reading_rests_while_deliveries_come_half_as_quickly_as_they_are_read(void **state)
{
    (void)state;
    for (size_t read = 1; read <= RECORD_PACE_MAX; read++)
        for (uint64_t came = 0; came <= 2 * RECORD_PACE_MAX; came++)
            assert_int_equal(rest_after(read, came, 10, 0), 2 * came >= read ? 60 : 0);
}

static void W2_when_no_more_come_the_rest_is_read_without_a_pause(void **state)
{
    (void)state;
    assert_int_equal(rest_after(RECORD_PACE_MAX, 0, 20, 0), 0);
    assert_int_equal(rest_after(1, 0, 20, 0), 0);
}

static void W2_what_waited_for_ten_seconds_waits_no_more_for_answers_to_others(void **state)
{
    (void)state;
    assert_int_equal(rest_after(100, 100, 20, 1000), 108);
    assert_int_equal(rest_after(100, 100, 20, 5000), 60);
    assert_int_equal(rest_after(2, 60, 60000, 9000), 100);
    assert_int_equal(rest_after(100, 100, 20, 10000), 0);
    assert_int_equal(rest_after(100, 100, 20, 86400000), 0);
    assert_int_equal(rest_after(100, 100, 20, -5000), 60);    /* the clock was set back ... */
    assert_int_equal(rest_after(100, 100, 20, -86400000), 0); /* ... and its age is not known */
}

static void W2_a_batch_of_large_bodies_rests_for_a_second_and_no_longer(void **state)
{
    (void)state;
    assert_int_equal(rest_after(2, 60, 166, 0), 996);
    assert_int_equal(rest_after(2, 60, 167, 0), 1000);
    assert_int_equal(rest_after(2, 60, 60000, 0), 1000);
}

static void W2_a_rest_ends_by_itself_and_a_batch_that_is_not_pressed_adds_none(void **state)
{
    struct record_pace pace = {.read = 0};

    (void)state;
    record_pace_begin(&pace, 5000, 0);
    record_pace_read(&pace, 5010, 50);
    record_pace_end(&pace, 5012, 50, WALL, WALL);
    assert_int_equal(record_pace_rest(&pace, 5012), 60);
    assert_int_equal(record_pace_rest(&pace, 5071), 1);
    assert_int_equal(record_pace_rest(&pace, 5072), 0);
    record_pace_begin(&pace, 5072, 60);
    record_pace_read(&pace, 5082, 50);
    record_pace_end(&pace, 5083, 60, WALL, WALL);
    assert_int_equal(record_pace_rest(&pace, 5083), 0);
}

static void W2_a_batch_is_somewhat_more_than_the_last_and_all_that_fits_behind_a_rest(void **state)
{
    struct record_pace pace = {.read = 0};

    (void)state;
    assert_int_equal(record_pace_wanted(&pace), 16);
    for (size_t read = 1; read <= RECORD_PACE_MAX; read++) {
        record_pace_begin(&pace, 5000, 0);
        record_pace_read(&pace, 5010, read);
        record_pace_end(&pace, 5011, 0, WALL, WALL);
        assert_true(record_pace_wanted(&pace) >= 16);
        assert_true(record_pace_wanted(&pace) <= RECORD_PACE_MAX);
        assert_true(record_pace_wanted(&pace) > read || read == RECORD_PACE_MAX);
        record_pace_end(&pace, 5011, read, WALL, WALL);
        assert_int_equal(record_pace_wanted(&pace), RECORD_PACE_MAX);
        /* No rest, since the oldest has waited: what is listed and not read costs as much as what is. */
        record_pace_end(&pace, 5011, read, WALL - 10000, WALL);
        assert_true(read > 200 || record_pace_wanted(&pace) < RECORD_PACE_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(W2_reading_rests_while_deliveries_come_half_as_quickly_as_they_are_read),
        cmocka_unit_test(W2_when_no_more_come_the_rest_is_read_without_a_pause),
        cmocka_unit_test(W2_what_waited_for_ten_seconds_waits_no_more_for_answers_to_others),
        cmocka_unit_test(W2_a_batch_of_large_bodies_rests_for_a_second_and_no_longer),
        cmocka_unit_test(W2_a_rest_ends_by_itself_and_a_batch_that_is_not_pressed_adds_none),
        cmocka_unit_test(W2_a_batch_is_somewhat_more_than_the_last_and_all_that_fits_behind_a_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
