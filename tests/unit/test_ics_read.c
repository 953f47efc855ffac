/* ics_read: freezes from an iCalendar file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/calendar/ics_read.h"

#define HEAD "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n"
#define TAIL "END:VCALENDAR\r\n"
#define EVENT(lines) "BEGIN:VEVENT\r\nUID:a\r\nSUMMARY:x\r\n" lines "END:VEVENT\r\n"

/* "day/second-day/second" of local ones, "from-to" in seconds of the others. */
static const char *told(struct arena *arena, const struct almanac_event *events, size_t n)
{
    const char *text = "";

    for (size_t i = 0; i < n; i++) {
        const struct almanac_event *e = &events[i];
        int64_t year[2];
        int month[2], day[2];
        timestamp_civil_from_days(e->from.day, &year[0], &month[0], &day[0]);
        timestamp_civil_from_days(e->to.day, &year[1], &month[1], &day[1]);
        text = e->local ? arena_printf(arena, "%s[%s %d-%02d-%02d+%d %d-%02d-%02d+%d]", text,
                                       e->name, (int)year[0], month[0], day[0], e->from.second,
                                       (int)year[1], month[1], day[1], e->to.second)
                        : arena_printf(arena, "%s[%s %lld %lld]", text, e->name,
                                       (long long)e->from_at / 1000, (long long)e->to_at / 1000);
    }
    return text;
}

static void expect(const char *ics, const char *expected)
{
    struct almanac_event *events = NULL;
    struct err err = ERR_INIT;
    struct arena arena;
    size_t n = 0;

    arena_init(&arena);
    if (ics_read(ics, strlen(ics), &arena, &events, &n, &err) < 0)
        assert_string_equal(err.text, expected);
    else
        assert_string_equal(told(&arena, events, n), expected);
    arena_deinit(&arena);
}

static void F3_an_all_day_end_is_not_included(void **state)
{
    (void)state;
    expect(HEAD EVENT("DTSTART;VALUE=DATE:20261225\r\nDTEND;VALUE=DATE:20261227\r\n") TAIL,
           "[x 2026-12-25+0 2026-12-27+0]");
    expect(HEAD EVENT("DTSTART;VALUE=DATE:20261225\r\n") TAIL, "[x 2026-12-25+0 2026-12-26+0]");
}

static void what_has_a_zone_is_absolute_and_what_has_none_is_local(void **state)
{
    (void)state;
    expect(HEAD EVENT("DTSTART:20261225T180000\r\nDTEND:20261226T090000\r\n") TAIL,
           "[x 2026-12-25+64800 2026-12-26+32400]");
    expect(HEAD EVENT("DTSTART:20261225T180000Z\r\nDURATION:PT2H\r\n") TAIL,
           "[x 1798221600 1798228800]");
    expect(HEAD EVENT("DTSTART;TZID=Asia/Tokyo:20261226T030000\r\nDTEND;TZID=Asia/Tokyo:"
                      "20261226T050000\r\n") TAIL,
           "[x 1798221600 1798228800]");
}

static void a_rule_with_an_end_is_unrolled_with_what_was_left_out_and_changed(void **state)
{
    (void)state;
    expect(HEAD EVENT("DTSTART:20261204T180000\r\nDTEND:20261204T200000\r\n"
                      "RRULE:FREQ=WEEKLY;COUNT=4\r\nEXDATE:20261211T180000\r\n")
               EVENT("RECURRENCE-ID:20261218T180000\r\nDTSTART:20261219T180000\r\n"
                     "DTEND:20261219T200000\r\n") TAIL,
           "[x 2026-12-04+64800 2026-12-04+72000][x 2026-12-25+64800 2026-12-25+72000]"
           "[x 2026-12-19+64800 2026-12-19+72000]");
    /* One instance that was called off. */
    expect(HEAD EVENT("DTSTART;VALUE=DATE:20261204\r\nRRULE:FREQ=DAILY;UNTIL=20261205\r\n")
               EVENT("RECURRENCE-ID;VALUE=DATE:20261205\r\nDTSTART;VALUE=DATE:20261205\r\n"
                     "STATUS:CANCELLED\r\n") TAIL,
           "[x 2026-12-04+0 2026-12-05+0]");
}

static void what_cannot_be_taken_is_told_with_what_to_do(void **state)
{
    (void)state;
    expect("", "this is no iCalendar file (BEGIN:VCALENDAR is expected, once)");
    expect("hello", "this is no iCalendar file (BEGIN:VCALENDAR is expected, once)");
    expect(
        HEAD EVENT("DTSTART:20261225T180000Z\r\nRRULE:FREQ=DAILY\r\n") TAIL,
        "line 8: this rule repeats without an end; give it UNTIL or COUNT, or write it as a freeze "
        "with `days`");
    expect(
        HEAD EVENT("DTSTART:20261225T180000Z\r\nRRULE:FREQ=MINUTELY;COUNT=5\r\n") TAIL,
        "line 8: this rule repeats more often than daily; write it as one event or as a freeze with "
        "`days`");
    expect(HEAD EVENT("DTSTART:20261225T180000Z\r\nRRULE:FREQ=DAILY;COUNT=100000\r\n") TAIL,
           "event \"x\" repeats more than 5000 times");
    expect(HEAD EVENT("DTEND:20261225T180000Z\r\n") TAIL,
           "event \"x\" has no DTSTART that can be read");
    expect(HEAD EVENT("DTSTART:20261225T180000Z\r\nDTEND:20261225T170000Z\r\n") TAIL,
           "event \"x\" ends before it begins");
    expect(HEAD EVENT("DTSTART:19600101T180000Z\r\nRRULE:FREQ=DAILY;UNTIL=20270101\r\n") TAIL,
           "event \"x\" repeats since 1960; let it begin in 1970 or later");
}

/* libical would drop each of these lines, and read the rest. */
static void what_would_be_dropped_in_silence_is_told_with_its_line(void **state)
{
    static const struct {
        const char *lines;
        const char *says;
    } rows[] = {
        {"DTSTART;VALUE=DATE:20260230\r\n", "line 7: DTSTART: there is no day 2026-02-30"},
        {"DTSTART:20261225T250000\r\n", "line 7: DTSTART: there is no time 25:00:00"},
        {"DTSTART:christmas\r\n", "line 7: DTSTART \"christmas\": a date such as 20261225 or "
                                  "20261225T180000Z is expected"},
        {"DTSTART:20261225T180000\r\nRRULE:FREQ=DAYLY;COUNT=3\r\n",
         "line 8: the rule \"FREQ=DAYLY;COUNT=3\" cannot be read: FREQ= DAILY, WEEKLY, MONTHLY or "
         "YEARLY is expected"},
        {"DTSTART:20261225T180000\r\nRRULE:FREQ=DAILY;COUNT=x\r\n",
         "line 8: COUNT=x: a number from 1 on is expected"},
        {"DTSTART:20261225T180000\r\nRRULE:FREQ=DAILY;UNTIL=20270229\r\n",
         "line 8: RRULE: there is no day 2027-02-29"},
        {"DTSTART:20261225T180000\r\nEXDATE:20261226T180000,20261301T180000\r\n",
         "line 8: EXDATE: there is no day 2026-13-01"},
        {"DTSTART;TZID=Mars/Phobos:20261225T180000\r\n",
         "line 7: no time zone \"Mars/Phobos\" is known here, and the file does not define it; an "
         "IANA name such as Asia/Tokyo is expected"},
        {"DTSTART;VALUE=DATE:2026\r\n 0230\r\n", "line 7: DTSTART: there is no day 2026-02-30"},
        {"X-A;B=\"c:d;e\":f\r\nDTSTART:20260230\r\n",
         "line 8: DTSTART: there is no day 2026-02-30"},
        {"DTSTART:20261225T180000\r\nRDATE;VALUE=PERIOD:20261226T180000/PT2H\r\n",
         "line 8: RDATE with a period cannot be read; write it as an event of its own"},
        {"DTSTART:20261225T180000\r\nRECURRENCE-ID;RANGE=THISANDFUTURE:20261224T180000\r\n",
         "line 8: a change of this and all later ones (RANGE) cannot be read; end the old event with "
         "UNTIL and write the later ones as another event"},
        {"END:VALARM\r\n", "line 7: END:VALARM ends nothing that has begun"},
        {"BEGIN:VALARM\r\n", "line 8: END:VEVENT ends nothing that has begun"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct arena arena;
        arena_init(&arena);
        expect(arena_printf(&arena, HEAD EVENT("%s") TAIL, rows[i].lines), rows[i].says);
        arena_deinit(&arena);
    }
    expect(HEAD "BEGIN:VEVENT\r\n", "the file ends inside of VEVENT: END:VEVENT is missing");
}

static void a_zone_that_the_file_defines_itself_is_known(void **state)
{
    (void)state;
    expect(HEAD "BEGIN:VTIMEZONE\r\nTZID:Tokyo Standard Time\r\nBEGIN:STANDARD\r\n"
                "DTSTART:16010101T000000\r\nTZOFFSETFROM:+0900\r\nTZOFFSETTO:+0900\r\n"
                "END:STANDARD\r\nEND:VTIMEZONE\r\n" EVENT(
                    "DTSTART;TZID=\"Tokyo Standard Time\":20261226T030000\r\n"
                    "DTEND;TZID=Tokyo Standard Time:20261226T050000\r\n") TAIL,
           "[x 1798221600 1798228800]");
}

static void a_rule_that_began_before_our_years_counts_in_them(void **state)
{
    (void)state;
    expect(HEAD EVENT("DTSTART;VALUE=DATE:20191224\r\nRRULE:FREQ=YEARLY;UNTIL=20211231\r\n") TAIL,
           "[x 2020-12-24+0 2020-12-25+0][x 2021-12-24+0 2021-12-25+0]");
    expect(HEAD EVENT("DTSTART;VALUE=DATE:20191224\r\n") TAIL, "");
}

static void fifty_megabytes_are_refused_before_they_are_read(void **state)
{
    size_t len = (size_t)50 << 20;
    char *bytes = malloc(len);
    struct almanac_event *events;
    struct err err = ERR_INIT;
    struct arena arena;
    size_t n;

    (void)state;
    assert_non_null(bytes);
    memset(bytes, 'x', len);
    arena_init(&arena);
    assert_int_equal(ics_read(bytes, len, &arena, &events, &n, &err), ERR_INVALID);
    assert_string_equal(err.text, "the file has 50 MiB; at most 2 are read");
    arena_deinit(&arena);
    free(bytes);
}

static void more_events_than_can_be_meant_are_refused(void **state)
{
    struct almanac_event *events;
    struct err err = ERR_INIT;
    struct arena arena;
    struct buf text;
    size_t n;

    (void)state;
    arena_init(&arena);
    buf_init(&text, ICS_READ_BYTES_MAX);
    buf_adds(&text, HEAD);
    for (int i = 0; i <= ICS_READ_EVENTS_MAX; i++)
        buf_addf(&text, "BEGIN:VEVENT\r\nUID:%d\r\nDTSTART;VALUE=DATE:20261225\r\nEND:VEVENT\r\n",
                 i);
    buf_adds(&text, TAIL);
    assert_int_equal(ics_read(buf_str(&text), text.len, &arena, &events, &n, &err), ERR_INVALID);
    assert_string_equal(err.text, "more than 5000 events");
    buf_deinit(&text);
    arena_deinit(&arena);
}

/* Each of these froze nothing, or another time than was meant. */
static void F3_what_calendar_programs_write_freezes_what_they_show(void **state)
{
    (void)state;
    /* RDATE has the zone that it says: 11:00 in Tokyo. */
    expect(HEAD EVENT("DTSTART;TZID=Asia/Tokyo:20261127T110000\r\nDTEND;TZID=Asia/Tokyo:"
                      "20261127T130000\r\nRDATE;TZID=Asia/Tokyo:20261201T110000\r\n") TAIL,
           "[x 1795744800 1795752000][x 1796090400 1796097600]");
    /* An end that is the same day is that day. */
    expect(HEAD EVENT("DTSTART;VALUE=DATE:20261204\r\nDTEND;VALUE=DATE:20261204\r\n") TAIL,
           "[x 2026-12-04+0 2026-12-05+0]");
    /* UNTIL as a date has the whole day in it ... */
    expect(HEAD EVENT("DTSTART:20261203T110000\r\nDTEND:20261203T120000\r\n"
                      "RRULE:FREQ=DAILY;UNTIL=20261204\r\n") TAIL,
           "[x 2026-12-03+39600 2026-12-03+43200][x 2026-12-04+39600 2026-12-04+43200]");
    /* ... and as Exchange writes it for all-day events, the midnight of Tokyo or of New York. */
    expect(HEAD EVENT("DTSTART;VALUE=DATE:20261203\r\nRRULE:FREQ=DAILY;UNTIL=20261203T150000Z\r\n")
               TAIL,
           "[x 2026-12-03+0 2026-12-04+0][x 2026-12-04+0 2026-12-05+0]");
    expect(HEAD EVENT("DTSTART;VALUE=DATE:20261203\r\nRRULE:FREQ=DAILY;UNTIL=20261204T050000Z\r\n")
               TAIL,
           "[x 2026-12-03+0 2026-12-04+0][x 2026-12-04+0 2026-12-05+0]");
    expect(HEAD EVENT("DTSTART;VALUE=DATE:20261203\r\nRRULE:FREQ=DAILY;UNTIL=20261203T235959Z\r\n")
               TAIL,
           "[x 2026-12-03+0 2026-12-04+0]");
    /* 18:00 in Tokyo is 09:00 UTC: the one of 3 December is not behind UNTIL, the one of the 4th is. */
    expect(HEAD EVENT("DTSTART;TZID=Asia/Tokyo:20261203T180000\r\nDURATION:PT1H\r\n"
                      "RRULE:FREQ=DAILY;UNTIL=20261203T090000Z\r\n") TAIL,
           "[x 1796288400 1796292000]");
}

/* A changed instance is found in whatever zone its old time is told. */
static void a_changed_instance_is_found_by_its_old_time_in_any_zone(void **state)
{
    const char *moved =
        "[x 1796374800 1796378400]"; /* from 3 December, 18:00 in Tokyo, to the 4th */

    (void)state;
    expect(HEAD EVENT("DTSTART;TZID=Asia/Tokyo:20261203T180000\r\nDURATION:PT1H\r\n"
                      "RRULE:FREQ=WEEKLY;COUNT=1\r\n")
               EVENT("RECURRENCE-ID:20261203T090000Z\r\nDTSTART;TZID=Asia/Tokyo:20261204T180000\r\n"
                     "DURATION:PT1H\r\n") TAIL,
           moved);
    expect(HEAD EVENT("DTSTART;TZID=Asia/Tokyo:20261203T180000\r\nDURATION:PT1H\r\n"
                      "RRULE:FREQ=WEEKLY;COUNT=1\r\n")
               EVENT("RECURRENCE-ID;TZID=Asia/Tokyo:20261203T180000\r\nDTSTART:20261204T090000Z\r\n"
                     "DURATION:PT1H\r\n") TAIL,
           moved);
    /* It lasts all day now. */
    expect(HEAD EVENT("DTSTART;TZID=Asia/Tokyo:20261203T180000\r\nDURATION:PT1H\r\n"
                      "RRULE:FREQ=WEEKLY;COUNT=1\r\n")
               EVENT("RECURRENCE-ID;TZID=Asia/Tokyo:20261203T180000\r\n"
                     "DTSTART;VALUE=DATE:20261205\r\n") TAIL,
           "[x 2026-12-05+0 2026-12-06+0]");
    /* What is left out has a zone of its own, too. */
    expect(HEAD EVENT("DTSTART;TZID=Asia/Tokyo:20261203T180000\r\nDURATION:PT1H\r\n"
                      "RRULE:FREQ=DAILY;COUNT=3\r\nEXDATE:20261204T090000Z\r\n"
                      "EXDATE;VALUE=DATE:20261205\r\n") TAIL,
           "[x 1796288400 1796292000]");
}

/* Neither takes longer than a moment: libical would look for such days through twenty thousand years, for each event. */
static void rules_that_cost_without_end_are_refused(void **state)
{
    struct almanac_event *events;
    struct err err = ERR_INIT;
    struct arena arena;
    struct buf text;
    size_t n;

    (void)state;
    arena_init(&arena);
    buf_init(&text, ICS_READ_BYTES_MAX);
    buf_adds(&text, HEAD);
    for (int i = 0; i < 2000; i++)
        buf_addf(&text, "BEGIN:VEVENT\r\nDTSTART:20261225T180000Z\r\nRRULE:FREQ=DAILY;COUNT=2;"
                        "BYMONTH=2;BYMONTHDAY=30\r\nEND:VEVENT\r\n");
    buf_adds(&text, TAIL);
    assert_int_equal(ics_read(buf_str(&text), text.len, &arena, &events, &n, &err), ERR_INVALID);
    assert_string_equal(err.text, "event \"\": its rule names days that do not exist");

    text.len = 0;
    buf_adds(&text, HEAD);
    for (int i = 0; i < 2000; i++)
        buf_addf(&text, "BEGIN:VEVENT\r\nDTSTART:19700101T180000Z\r\nRRULE:FREQ=YEARLY;UNTIL="
                        "20371231\r\nEND:VEVENT\r\n");
    buf_adds(&text, TAIL);
    err = (struct err)ERR_INIT;
    assert_int_equal(ics_read(buf_str(&text), text.len, &arena, &events, &n, &err), ERR_INVALID);
    assert_string_equal(err.text, "more than 5000 events");

    text.len = 0; /* what is left out is looked up, not compared one by one */
    buf_adds(
        &text, HEAD
        "BEGIN:VEVENT\r\nDTSTART:20230101T180000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;COUNT=4900\r\n");
    for (int i = 0; i < 5000; i++)
        buf_addf(&text, "EXDATE:19%02d%02d%02dT%02d0000Z\r\n", i % 90 + 10, i / 90 % 12 + 1,
                 i / 1080 % 28 + 1, i % 24);
    buf_adds(&text, "END:VEVENT\r\n" TAIL);
    assert_int_equal(ics_read(buf_str(&text), text.len, &arena, &events, &n, &err), 0);
    assert_int_equal(n, 4900);
    buf_deinit(&text);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(F3_an_all_day_end_is_not_included),
        cmocka_unit_test(what_has_a_zone_is_absolute_and_what_has_none_is_local),
        cmocka_unit_test(a_rule_with_an_end_is_unrolled_with_what_was_left_out_and_changed),
        cmocka_unit_test(what_cannot_be_taken_is_told_with_what_to_do),
        cmocka_unit_test(what_would_be_dropped_in_silence_is_told_with_its_line),
        cmocka_unit_test(a_zone_that_the_file_defines_itself_is_known),
        cmocka_unit_test(a_rule_that_began_before_our_years_counts_in_them),
        cmocka_unit_test(fifty_megabytes_are_refused_before_they_are_read),
        cmocka_unit_test(more_events_than_can_be_meant_are_refused),
        cmocka_unit_test(F3_what_calendar_programs_write_freezes_what_they_show),
        cmocka_unit_test(a_changed_instance_is_found_by_its_old_time_in_any_zone),
        cmocka_unit_test(rules_that_cost_without_end_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
