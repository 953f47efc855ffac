/* holidays_read: lists of holidays; config_holidays: a list over the rule (F8). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/buf.h"
#include "lib/calendar/holidays_read.h"
#include "lib/calendar/interval.h"
#include "lib/config/config_holidays.h"
#include "lib/config/config_read.h"

static struct arena arena;

/* "DATE NAME, DATE NAME", or the error. */
static const char *told(const char *bytes, size_t len)
{
    struct almanac_holiday *items = NULL;
    struct err err = ERR_INIT;
    const char *text = "";
    size_t n = 0;

    if (holidays_read(bytes, len, &arena, &items, &n, &err) < 0)
        return arena_str(&arena, err.text);
    for (size_t i = 0; i < n; i++) {
        int64_t year;
        int month, day;
        timestamp_civil_from_days(items[i].day, &year, &month, &day);
        text = arena_printf(&arena, "%s%s%d-%02d-%02d %s", text, i > 0 ? ", " : "", (int)year,
                            month, day, items[i].name);
    }
    return text;
}

static void expect(const char *bytes, const char *says)
{
    assert_string_equal(told(bytes, strlen(bytes)), says);
}

static void lists_are_read_by_day_each_day_once(void **state)
{
    (void)state;
    expect("2026-11-23,勤労感謝の日\n# a remark\n\n2026-11-03 文化の日\r\n2026-11-03,again\n"
           "2026-12-25",
           "2026-11-03 文化の日, 2026-11-23 勤労感謝の日, 2026-12-25 ");
    /* As the Cabinet Office of Japan writes it, with a head and years long past. */
    expect("国民の祝日・休日月日,国民の祝日・休日名称\n1955/1/1,元日\n2026/11/3,文化の日\n",
           "1955-01-01 元日, 2026-11-03 文化の日");
    expect("\xef\xbb\xbf"
           "2026-11-03;Culture Day\n",
           "2026-11-03 Culture Day");
    expect(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:a\r\nSUMMARY:Golden\r\n"
        "DTSTART;VALUE=DATE:20270503\r\nDTEND;VALUE=DATE:20270505\r\nEND:VEVENT\r\n"
        "BEGIN:VEVENT\r\nUID:b\r\nSUMMARY:A meeting\r\nDTSTART:20270510T100000\r\n"
        "DTEND:20270510T110000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        "2027-05-03 Golden, 2027-05-04 Golden");
    /* As Exchange writes what lasts all day. */
    expect(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:a\r\nSUMMARY:Golden\r\n"
        "DTSTART;TZID=Asia/Tokyo:20270503T000000\r\nDTEND;TZID=Asia/Tokyo:20270505T000000\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n",
        "2027-05-03 Golden, 2027-05-04 Golden");
    expect("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:b\r\n"
           "DTSTART:20270510T100000\r\nDTEND:20270510T110000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
           "no event of whole days is in it (2020 to 2037): nothing would be a holiday");
    expect("", "");
}

static void what_cannot_be_read_is_told_with_its_line(void **state)
{
    struct buf many;

    (void)state;
    expect("head\n2026-02-30,x\n", "line 2: there is no day 2026-02-30");
    expect("head\nhead\n", "line 2: a line such as 2026-11-23,NAME is expected");
    expect("2026-11-3x,a\n", "line 1: a line such as 2026-11-23,NAME is expected");
    expect("2026-11-23x\n", "line 1: a line such as 2026-11-23,NAME is expected");
    expect("23.11.2026,a\n", "line 1: a line such as 2026-11-23,NAME is expected");
    assert_non_null(strstr(told("2026-11-23,\x8b\xce\n", 14), "iconv -f CP932 -t UTF-8"));
    assert_non_null(strstr(told("2026-11-23,a\0b", 14), "no text in UTF-8"));
    expect(
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART;VALUE=DATE:20260101\r\n"
        "RRULE:FREQ=YEARLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        "line 5: this rule repeats without an end; give it UNTIL or COUNT, or write it as a freeze "
        "with `days`");
    buf_init(&many, 1 << 20);
    for (int i = 0; i <= HOLIDAYS_READ_MAX; i++)
        buf_addf(&many, "%d-01-01,a\n", 2000 + i % 30);
    expect(buf_str(&many), "line 5001: more than 5000 holidays");
    buf_deinit(&many);
    buf_init(&many, 4 << 20);
    for (int i = 0; i < 100000; i++)
        buf_adds(&many, "2026-11-23,a very long name\n");
    assert_string_equal(told(buf_str(&many), many.len), "the list has 2 MiB; at most 1 are read");
    buf_deinit(&many);
}

/* A law moves Culture Day of 2027 to the Friday after: 2027 follows the list, 2028 the rule. */
static void F8_a_list_holds_in_the_years_that_it_names_and_the_rule_in_all_others(void **state)
{
    static const char yaml[] =
        "version: 1\ngithub: { webhook-secret-files: [s] }\ncalendars: { jp: { holidays: jp }, all: {} }\n"
        "repos: { acme/shop: { mirror: https://h/r.git, environments: { live: { on: merge, "
        "roles: { web: { agent: { hosts: [a] } } } } }, jobs: { web: { runs-on: [web], "
        "steps: [{ run: x }] } } } }\n";
    static const char list[] = "2027-01-01,元日\n2027-11-05,文化の日\n2050-01-01,far\n";
    struct almanac_holiday *items = NULL;
    struct err err = ERR_INIT;
    struct problems problems;
    struct config *config;
    const char *before;
    unsigned years = 0;
    size_t n = 0;

    (void)state;
    problems_init(&problems, &arena);
    assert_int_equal(config_read_bytes(yaml, strlen(yaml), "/", &config, &problems, &err), 0);
    before = config->text;
    assert_int_equal(holidays_read(list, strlen(list), &arena, &items, &n, &err), 0);
    n = config_holidays_years(items, n, &years);
    assert_int_equal(n, 2);
    assert_int_equal(years, ALMANAC_YEAR_BIT(2027));
    config_holidays_put(config, items, n, years);
    assert_string_equal(interval_day_off(&config->calendars[0],
                                         timestamp_days_from_civil(2027, 11, 5), LANGUAGE_JA),
                        "文化の日");
    assert_null(interval_day_off(&config->calendars[0], timestamp_days_from_civil(2027, 11, 3),
                                 LANGUAGE_JA));
    assert_string_equal(interval_day_off(&config->calendars[0],
                                         timestamp_days_from_civil(2028, 11, 3), LANGUAGE_JA),
                        "文化の日");
    assert_true(interval_day_counts(&config->calendars[1], timestamp_days_from_civil(2027, 11, 5)));
    /* Another configuration is in force than the files alone say: a cut under the old one is undone. */
    assert_string_not_equal(config->text, before);
    assert_string_equal(config->read_text, before);
    config_free(config);
}

static int up(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int down(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lists_are_read_by_day_each_day_once, up, down),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_told_with_its_line, up, down),
        cmocka_unit_test_setup_teardown(
            F8_a_list_holds_in_the_years_that_it_names_and_the_rule_in_all_others, up, down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
