/* watermark: from when on a source is looked at, and up to when it is known to be seen (W5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/rules/watermark.h"

#define NOW INT64_C(1795000000000)
#define HOUR (INT64_C(60) * 60 * 1000)
#define DAY (24 * HOUR)

static void W5_a_walk_reaches_back_further_than_the_last_one_ended(void **state)
{
    (void)state;
    for (int64_t away = 0; away < 2 * DAY; away += HOUR) {
        time_ms mark = watermark_after(NOW - away);
        assert_true(watermark_since(mark, NOW, WATERMARK_LIST_KEPT_MS) < mark);
        assert_true(watermark_since(mark, NOW, WATERMARK_LIST_KEPT_MS) >= mark - HOUR);
        assert_false(watermark_has_gap(mark, NOW, WATERMARK_LIST_KEPT_MS));
    }
}

static void W5_what_may_be_on_its_way_lies_behind_the_watermark(void **state)
{
    (void)state;
    assert_true(watermark_after(NOW) == NOW - WATERMARK_FRESH_MS);
}

static void W5_nothing_before_the_first_sight_is_missed(void **state)
{
    (void)state;
    assert_true(watermark_since(0, NOW, WATERMARK_LIST_KEPT_MS) == NOW - WATERMARK_OVERLAP_MS);
    assert_false(watermark_has_gap(0, NOW, WATERMARK_LIST_KEPT_MS));
}

static void W5_a_list_is_not_asked_for_what_it_has_forgotten_and_that_is_known(void **state)
{
    time_ms mark = NOW - 4 * DAY;

    (void)state;
    assert_true(watermark_since(mark, NOW, WATERMARK_LIST_KEPT_MS) == NOW - 3 * DAY);
    assert_true(watermark_has_gap(mark, NOW, WATERMARK_LIST_KEPT_MS));
    assert_true(watermark_since(mark, NOW, 0) == mark - WATERMARK_OVERLAP_MS);
}

static void W5_a_mark_ahead_of_the_clock_hides_nothing_that_is_new(void **state)
{
    (void)state;
    assert_true(watermark_since(NOW + DAY, NOW, 0) == NOW - WATERMARK_OVERLAP_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(W5_a_walk_reaches_back_further_than_the_last_one_ended),
        cmocka_unit_test(W5_what_may_be_on_its_way_lies_behind_the_watermark),
        cmocka_unit_test(W5_nothing_before_the_first_sight_is_missed),
        cmocka_unit_test(W5_a_list_is_not_asked_for_what_it_has_forgotten_and_that_is_known),
        cmocka_unit_test(W5_a_mark_ahead_of_the_clock_hides_nothing_that_is_new),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
