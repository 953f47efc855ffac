/* Japan's public holidays by rule, against npm @holiday-jp/holiday_jp on every day from 2016 to 2050 (F8). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/timestamp.h"
#include "lib/calendar/holiday_jp.h"

static void F8_every_day_from_2016_to_2050_agrees_with_another_implementation(void **state)
{
    FILE *oracle = popen("node " SLIPWAY_SOURCE_DIR "/tests/support/holiday_jp_oracle.mjs", "r");
    int64_t day = timestamp_days_from_civil(2016, 1, 1);
    char name[128];
    int y, m, d, n = 0;

    (void)state;
    assert_non_null(oracle);
    while (fscanf(oracle, "%d-%d-%d %127[^\n]", &y, &m, &d, name) == 4) {
        int64_t holiday = timestamp_days_from_civil(y, m, d);
        const char *ours = holiday_jp_name(holiday, LANGUAGE_JA);
        for (; day < holiday; day++)
            if (holiday_jp_name(day, LANGUAGE_JA) != NULL)
                fail_msg("before %d-%02d-%02d: a holiday %s too many", y, m, d,
                         holiday_jp_name(day, LANGUAGE_JA));
        day = holiday + 1;
        if (ours == NULL)
            fail_msg("%d-%02d-%02d is %s", y, m, d, name);
        /* It calls days in lieu and days between holidays by the same word, and adds a reason to others. */
        if (strstr(name, "休日") == NULL && strncmp(ours, name, strlen(ours)) != 0)
            fail_msg("%d-%02d-%02d is %s, not %s", y, m, d, name, ours);
        n++;
    }
    assert_int_equal(pclose(oracle), 0);
    assert_true(n > 600);
    for (; day <= timestamp_days_from_civil(2050, 12, 31); day++)
        assert_null(holiday_jp_name(day, LANGUAGE_JA));
}

static void days_have_a_name_in_both_languages(void **state)
{
    int64_t between = timestamp_days_from_civil(2026, 9, 22);

    (void)state;
    assert_string_equal(holiday_jp_name(between, LANGUAGE_JA), "国民の休日");
    assert_string_equal(holiday_jp_name(between, LANGUAGE_EN), "Citizens' Holiday");
    assert_string_equal(holiday_jp_name(timestamp_days_from_civil(2026, 5, 6), LANGUAGE_EN),
                        "Substitute Holiday");
    assert_null(holiday_jp_name(timestamp_days_from_civil(2026, 11, 24), LANGUAGE_EN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(F8_every_day_from_2016_to_2050_agrees_with_another_implementation),
        cmocka_unit_test(days_have_a_name_in_both_languages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
