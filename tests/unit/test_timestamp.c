/* timestamp: texts of instants and durations, days of the civil calendar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"

#define FIRST INT64_C(-62167219200000)
#define LAST INT64_C(253402300799999)

static void each_day_of_three_thousand_years_agrees_with_the_c_library(void **state)
{
    (void)state;
    for (int64_t day = -500000; day < 600000; day++) {
        time_t t = (time_t)(day * 86400);
        int64_t year;
        int month, d;
        struct tm tm;
        gmtime_r(&t, &tm);
        timestamp_civil_from_days(day, &year, &month, &d);
        if (year != tm.tm_year + 1900 || month != tm.tm_mon + 1 || d != tm.tm_mday ||
            timestamp_weekday(day) != tm.tm_wday ||
            timestamp_days_from_civil(year, month, d) != day ||
            !timestamp_civil_exists((int)year, month, d))
            fail_msg("day %lld", (long long)day);
    }
}

static void days_that_do_not_exist_are_known(void **state)
{
    (void)state;
    assert_true(timestamp_civil_exists(2024, 2, 29));
    assert_true(timestamp_civil_exists(2000, 2, 29));
    assert_false(timestamp_civil_exists(2023, 2, 29));
    assert_false(timestamp_civil_exists(1900, 2, 29));
    assert_false(timestamp_civil_exists(2024, 4, 31));
    assert_false(timestamp_civil_exists(2024, 0, 1));
    assert_false(timestamp_civil_exists(2024, 13, 1));
    assert_false(timestamp_civil_exists(2024, 1, 0));
    assert_false(timestamp_civil_exists(2024, 1, 32));
}

static void format_and_parse_are_each_others_inverse(void **state)
{
    (void)state;
    for (int64_t t = FIRST; t <= LAST; t += INT64_C(86399999) * 97 + 12345) {
        char text[TIMESTAMP_SIZE];
        time_ms back;
        timestamp_format(t, text);
        assert_int_equal(strlen(text), 24);
        assert_int_equal(timestamp_parse_rfc3339(text, &back), 0);
        assert_true(back == t);
    }
}

static void instants_look_as_the_api_promises(void **state)
{
    static const struct {
        time_ms t;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {INT64_C(1795500000000), "2026-11-24T06:00:00.000Z"},
        {FIRST, "0000-01-01T00:00:00.000Z"},
        {LAST, "9999-12-31T23:59:59.999Z"},
        {INT64_MIN, "0000-01-01T00:00:00.000Z"}, /* beyond: the nearest, still 24 letters */
        {INT64_MAX, "9999-12-31T23:59:59.999Z"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char text[TIMESTAMP_SIZE];
        timestamp_format(cases[i].t, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void rfc_3339_in_its_forms_is_read(void **state)
{
    static const struct {
        const char *text;
        time_ms t;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01t00:00:00z", 0},
        {"1970-01-01 00:00:00Z", 0},
        {"1970-01-01T09:00:00+09:00", 0},
        {"1969-12-31T19:00:00-05:00", 0},
        {"1970-01-01T00:00:00-00:00", 0},
        {"1970-01-01T00:00:00.5Z", 500},
        {"1970-01-01T00:00:00.0019Z", 1},
        {"1970-01-01T00:00:00.123456789Z", 123},
        {"1985-04-12T23:20:50.52Z", INT64_C(482196050520)},   /* RFC 3339, 5.8 */
        {"1996-12-19T16:39:57-08:00", INT64_C(851042397000)}, /* RFC 3339, 5.8 */
        {"1990-12-31T23:59:60Z", INT64_C(662688000000)},      /* RFC 3339, 5.8: leap second */
        {"1990-12-31T15:59:60-08:00", INT64_C(662688000000)},
        {"1937-01-01T12:00:27.87+00:20", INT64_C(-1041337172130)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        time_ms t = 42;
        assert_int_equal(timestamp_parse_rfc3339(cases[i].text, &t), 0);
        assert_true(t == cases[i].t);
    }
}

static void what_is_not_rfc_3339_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "2026",
        "2026-11-24",
        "2026-11-24T06:00:00",
        "2026-11-24T06:00Z",
        "2026-11-24T06:00:00.Z",
        "2026-11-24T24:00:00Z",
        "2026-11-24T06:60:00Z",
        "2026-11-24T06:00:61Z",
        "2026-02-29T06:00:00Z",
        "2026-13-01T06:00:00Z",
        "2026-11-24T06:00:00+24:00",
        "2026-11-24T06:00:00+0900",
        "2026-11-24T06:00:00+09",
        "2026-11-24T06:00:00Z ",
        " 2026-11-24T06:00:00Z",
        "26-11-24T06:00:00Z",
        "02026-11-24T06:00:00Z",
        "2026-11-24T6:00:00Z",
        "-026-11-24T06:00:00Z",
        "0000-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    };
    time_ms t = 42;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        if (timestamp_parse_rfc3339(cases[i], &t) != ERR_INVALID || t != 42)
            fail_msg("read: %s", cases[i]);
    assert_int_equal(timestamp_parse_rfc3339(NULL, &t), ERR_INVALID);
}

static void each_beginning_of_a_timestamp_is_refused(void **state)
{
    const char *whole = "2026-11-24T06:00:00.000+09:00";
    char part[40];
    time_ms t;

    (void)state;
    for (size_t n = 0; n < strlen(whole); n++) {
        snprintf(part, sizeof(part), "%.*s", (int)n, whole);
        assert_int_equal(timestamp_parse_rfc3339(part, &t), ERR_INVALID);
    }
}

static void durations_have_a_unit_and_an_end(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"30s", 30000},
        {"10m", 600000},
        {"2h", 7200000},
        {"7d", 604800000},
        {"1500ms", 1500},
        {"0s", 0},
        {"400d", INT64_C(34560000000)},
    };
    static const char *const refused[] = {
        "",
        "10",
        "m",
        "-1m",
        "+1m",
        "1 m",
        "1m ",
        "1.5h",
        "401d",
        "9601h",
        "1w",
        "1M",
        "1m30s",
        "99999999999999999999d",
        "9223372036854775807ms",
    };
    int64_t ms = 42;

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
        if (timestamp_parse_duration(refused[i], &ms) != ERR_INVALID || ms != 42)
            fail_msg("read: %s", refused[i]);
    assert_int_equal(timestamp_parse_duration(NULL, &ms), ERR_INVALID);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(timestamp_parse_duration(cases[i].text, &ms), 0);
        assert_true(ms == cases[i].ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_day_of_three_thousand_years_agrees_with_the_c_library),
        cmocka_unit_test(days_that_do_not_exist_are_known),
        cmocka_unit_test(format_and_parse_are_each_others_inverse),
        cmocka_unit_test(instants_look_as_the_api_promises),
        cmocka_unit_test(rfc_3339_in_its_forms_is_read),
        cmocka_unit_test(what_is_not_rfc_3339_is_refused),
        cmocka_unit_test(each_beginning_of_a_timestamp_is_refused),
        cmocka_unit_test(durations_have_a_unit_and_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
