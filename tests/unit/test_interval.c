/* interval: windows, calendars and freezes of a configuration as UTC intervals (F3, F8). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "lib/calendar/interval.h"
#include "lib/calendar/zone.h"
#include "lib/config/config_read.h"
#include "lib/config/problems.h"

struct room {
    struct arena arena;
    struct config *config;
    const struct config_environment *e;
    const struct zone *zone;
};

/* `top`: calendars and freezes; `when`: of environment production, which is on: release. */
static void room_open(struct room *room, const char *zone, const char *top, const char *when)
{
    struct problems problems;
    struct err err = ERR_INIT;
    const char *text;

    arena_init(&room->arena);
    problems_init(&problems, &room->arena);
    text = arena_printf(
        &room->arena,
        "version: 1\ngithub: { webhook-secret-files: [s] }\ntimezone: %s\n%s\nrepos:\n"
        "  a/b:\n    mirror: https://example.com/b.git\n    environments:\n"
        "      production: { on: release%s%s, roles: { web: { agent: { hosts: [h] } } } }\n"
        "    jobs: { web: { runs-on: [web], steps: [{ run: \"true\" }] } }\n",
        zone, top, when[0] != '\0' ? ", " : "", when);
    if (config_read_bytes(text, strlen(text), "/", &room->config, &problems, &err) < 0) {
        for (size_t i = 0; i < problems.n; i++)
            print_error("%d: %s\n", problems.items[i].line, problems.items[i].text);
        fail_msg("%s", err.text);
    }
    room->e = &room->config->repos[0].environments[0];
    assert_int_equal(zone_open(zone, &room->zone, NULL), 0);
}

static void room_close(struct room *room)
{
    config_free(room->config);
    arena_deinit(&room->arena);
}

static time_ms at(const char *text)
{
    time_ms t = 0;

    assert_int_equal(timestamp_parse_rfc3339(text, &t), 0);
    return t;
}

/* "FROM/TO NAME, ..." in UTC, to the minute. */
static const char *told(struct room *room, const struct interval *intervals, size_t n)
{
    const char *text = "";

    for (size_t i = 0; i < n; i++) {
        char from[TIMESTAMP_SIZE], to[TIMESTAMP_SIZE];
        timestamp_format(intervals[i].from, from);
        timestamp_format(intervals[i].to, to);
        text = arena_printf(&room->arena, "%s%s%.16s/%.16s%s%s%s", text, i > 0 ? ", " : "", from,
                            to, intervals[i].name != NULL ? " " : "",
                            intervals[i].name != NULL ? intervals[i].name : "",
                            intervals[i].strict ? " strict" : "");
    }
    return text;
}

static void expect_windows(const char *zone, const char *top, const char *when, const char *from,
                           const char *to, const char *expected)
{
    struct room room;
    struct interval *intervals;
    size_t n;

    room_open(&room, zone, top, when);
    n = interval_windows(room.e, room.zone, at(from), at(to), &room.arena, &intervals);
    assert_string_equal(told(&room, intervals, n), expected);
    room_close(&room);
}

static void expect_freezes(const char *zone, const char *top, const char *from, const char *to,
                           const char *expected)
{
    struct room room;
    struct interval *intervals;
    size_t n;

    room_open(&room, zone, top, "");
    n = interval_freezes(room.config, room.e, room.zone, at(from), at(to), &room.arena, &intervals);
    assert_string_equal(told(&room, intervals, n), expected);
    room_close(&room);
}

#define BUSINESS                                                                                   \
    "calendars: { business: { days: [mon, tue, wed, thu, fri], holidays: jp,"                      \
    " closed: [{ from: 2026-12-29, to: 2027-01-03, reason: closed }] } }"

static void F3_windows_are_half_open_on_the_days_of_their_calendar(void **state)
{
    (void)state;
    /* Fri 20, Mon 23 is a holiday, Tue 24 November 2026 */
    expect_windows("Asia/Tokyo", BUSINESS,
                   "between: [{ calendar: business, from: \"09:00\", to: \"18:00\" }]",
                   "2026-11-20T00:00:00Z", "2026-11-25T00:00:00Z",
                   "2026-11-20T00:00/2026-11-20T09:00, 2026-11-24T00:00/2026-11-24T09:00");
    /* What only touches the range is not in it. */
    expect_windows("Asia/Tokyo", BUSINESS, "between: { from: \"09:00\", to: \"18:00\" }",
                   "2026-11-24T09:00:00Z", "2026-11-25T00:00:00Z", "");
    expect_windows("Asia/Tokyo", BUSINESS, "between: { from: \"09:00\", to: \"18:00\" }",
                   "2026-11-24T08:59:59Z", "2026-11-25T00:00:01Z",
                   "2026-11-24T00:00/2026-11-24T09:00, 2026-11-25T00:00/2026-11-25T09:00");
}

static void F3_a_window_over_midnight_belongs_to_the_day_on_which_it_begins(void **state)
{
    (void)state;
    expect_windows("UTC", "", "between: [{ days: [fri], from: \"22:00\", to: \"02:00\" }]",
                   "2026-11-20T00:00:00Z", "2026-11-23T00:00:00Z",
                   "2026-11-20T22:00/2026-11-21T02:00");
    /* It is still open on the day behind, which is none of its days. */
    expect_windows("UTC", "", "between: [{ days: [fri], from: \"22:00\", to: \"02:00\" }]",
                   "2026-11-21T01:00:00Z", "2026-11-21T03:00:00Z",
                   "2026-11-20T22:00/2026-11-21T02:00");
}

static void F3_a_calendar_without_hours_opens_its_days_from_midnight_to_midnight(void **state)
{
    (void)state;
    /* Closed periods include their last day: 4 January is the first one open. */
    expect_windows("Asia/Tokyo", BUSINESS, "calendar: business", "2026-12-28T00:00:00Z",
                   "2027-01-05T00:00:00Z",
                   "2026-12-27T15:00/2026-12-28T15:00, 2027-01-03T15:00/2027-01-04T15:00,"
                   " 2027-01-04T15:00/2027-01-05T15:00");
}

static void F8_a_closed_period_holds_both_of_its_days(void **state)
{
    (void)state;
    /* From a Tuesday to a Thursday: Monday and Friday are open. */
    expect_windows("UTC",
                   "calendars: { office: { days: [mon, tue, wed, thu, fri],"
                   " closed: [{ from: 2026-12-08, to: 2026-12-10 }] } }",
                   "calendar: office", "2026-12-07T00:00:00Z", "2026-12-12T00:00:00Z",
                   "2026-12-07T00:00/2026-12-08T00:00, 2026-12-11T00:00/2026-12-12T00:00");
}

static void F2_each_end_of_a_window_is_resolved_on_its_own(void **state)
{
    const char *night = "between: [{ from: \"02:30\", to: \"03:30\" }]";

    (void)state;
    /* 02:30 is skipped in Berlin on 28 March 2027: it begins at the first instant after the gap, 03:00. */
    expect_windows("Europe/Berlin", "", night, "2027-03-28T00:00:00Z", "2027-03-28T12:00:00Z",
                   "2027-03-28T01:00/2027-03-28T01:30");
    /* 02:30 comes twice on 31 October: it begins with the first. */
    expect_windows("Europe/Berlin", "", night, "2027-10-31T00:00:00Z", "2027-10-31T12:00:00Z",
                   "2027-10-31T00:30/2027-10-31T02:30");
    /* A window that lies in the gap is empty on that day, and there the day after. */
    expect_windows("Europe/Berlin", "", "between: [{ from: \"02:10\", to: \"02:50\" }]",
                   "2027-03-28T00:00:00Z", "2027-03-29T12:00:00Z",
                   "2027-03-29T00:10/2027-03-29T00:50");
}

static void F3_a_date_without_a_time_covers_the_whole_day_also_as_to(void **state)
{
    (void)state;
    expect_freezes("Asia/Tokyo", "freezes: [{ name: x, from: 2026-12-25, to: 2026-12-26 }]",
                   "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z",
                   "2026-12-24T15:00/2026-12-26T15:00 x");
    expect_freezes("Asia/Tokyo",
                   "freezes: [{ name: x, from: 2026-12-25 18:00, to: 2027-01-05 09:00 }]",
                   "2026-12-01T00:00:00Z", "2027-01-10T00:00:00Z",
                   "2026-12-25T09:00/2027-01-05T00:00 x");
}

static void F3_a_freeze_is_read_in_its_own_zone_or_the_environments(void **state)
{
    (void)state;
    expect_freezes("America/New_York",
                   "freezes: [{ name: here, from: 2026-12-25, to: 2026-12-25 },"
                   " { name: there, from: 2026-12-25, to: 2026-12-25, timezone: Asia/Tokyo }]",
                   "2026-12-20T00:00:00Z", "2027-01-01T00:00:00Z",
                   "2026-12-24T15:00/2026-12-25T15:00 there, 2026-12-25T05:00/2026-12-26T05:00 "
                   "here");
}

static void a_weekly_freeze_begins_on_its_days(void **state)
{
    (void)state;
    expect_freezes("UTC",
                   "freezes: [{ name: night, days: [fri], from: \"18:00\", to: \"09:00\","
                   " allow: [] }]",
                   "2026-11-16T00:00:00Z", "2026-11-30T00:00:00Z",
                   "2026-11-20T18:00/2026-11-21T09:00 night strict, "
                   "2026-11-27T18:00/2026-11-28T09:00 night strict");
}

static void a_freeze_covers_the_environments_and_repositories_that_it_names(void **state)
{
    (void)state;
    expect_freezes("UTC",
                   "freezes: [{ name: all, from: 2026-12-25, to: 2026-12-25 },"
                   " { name: this, from: 2026-12-26, to: 2026-12-26, environments: [production],"
                   " repos: [a/b] }]",
                   "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z",
                   "2026-12-25T00:00/2026-12-26T00:00 all, 2026-12-26T00:00/2026-12-27T00:00 this");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(F3_windows_are_half_open_on_the_days_of_their_calendar),
        cmocka_unit_test(F3_a_window_over_midnight_belongs_to_the_day_on_which_it_begins),
        cmocka_unit_test(F3_a_calendar_without_hours_opens_its_days_from_midnight_to_midnight),
        cmocka_unit_test(F8_a_closed_period_holds_both_of_its_days),
        cmocka_unit_test(F2_each_end_of_a_window_is_resolved_on_its_own),
        cmocka_unit_test(F3_a_date_without_a_time_covers_the_whole_day_also_as_to),
        cmocka_unit_test(F3_a_freeze_is_read_in_its_own_zone_or_the_environments),
        cmocka_unit_test(a_weekly_freeze_begins_on_its_days),
        cmocka_unit_test(a_freeze_covers_the_environments_and_repositories_that_it_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
