/* zone and occurrence: F2 against glibc, over every change from 2020 to 2037. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/calendar/occurrence.h"
#include "lib/calendar/zone.h"
#include "lib/config/config_read.h"

static const char *const names[] = {
    "Asia/Tokyo",          "Europe/Berlin",    "America/New_York",
    "Australia/Lord_Howe", "Pacific/Apia",     "Africa/Casablanca",
    "Asia/Tehran",         "Antarctica/Troll", "America/Sao_Paulo",
    "Asia/Kathmandu",      "Pacific/Chatham",  "America/St_Johns",
    "Africa/Cairo",        "Asia/Gaza",        "UTC",
};

static int64_t glibc_offset(time_ms t)
{
    time_t seconds = (time_t)(t / 1000);
    struct tm tm;

    localtime_r(&seconds, &tm);
    return (int64_t)tm.tm_gmtoff * 1000;
}

/* What a local time means, by trying every second around it with glibc: slow and plain. */
static time_ms glibc_instant(int64_t wall)
{
    time_ms skipped = 0;

    for (time_ms t = wall - 15 * 3600000; t <= wall + 15 * 3600000; t += 60000) {
        int64_t here = t + glibc_offset(t);
        if (here == wall)
            return t;
        if (here > wall && skipped == 0)
            skipped = t;
    }
    return skipped;
}

static void F2_offsets_agree_with_glibc_everywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const struct zone *zone;
        setenv("TZ", names[i], 1);
        tzset();
        assert_int_equal(zone_open(names[i], &zone, NULL), 0);
        for (time_ms t = 1577836800000; t < 2145916800000; t += 3 * 3600000)
            if (zone_offset_ms(zone, t) != glibc_offset(t))
                fail_msg("%s at %lld: %lld, glibc %lld", names[i], (long long)t,
                         (long long)zone_offset_ms(zone, t), (long long)glibc_offset(t));
    }
}

static void F2_skipped_and_repeated_times_around_every_change(void **state)
{
    size_t changes = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const struct zone *zone;
        setenv("TZ", names[i], 1);
        tzset();
        assert_int_equal(zone_open(names[i], &zone, NULL), 0);
        for (time_ms t = 1577923200000; t < 2145830400000; t += 3600000) {
            int64_t before = glibc_offset(t), after = glibc_offset(t + 3600000);
            if (before == after)
                continue;
            changes++;
            for (int minutes = -90; minutes <= 150; minutes += 15) {
                struct zone_local l;
                int64_t wall = t + before + (int64_t)minutes * 60000;
                int64_t days = wall / 86400000;
                time_ms got = 0;
                timestamp_civil_from_days(days, &l.year, &l.month, &l.day);
                l.hour = (int)(wall % 86400000 / 3600000);
                l.minute = (int)(wall % 3600000 / 60000);
                l.second = (int)(wall % 60000 / 1000);
                assert_int_equal(zone_instant(zone, &l, &got), 0);
                if (got != glibc_instant(wall))
                    fail_msg("%s %04lld-%02d-%02d %02d:%02d: %lld, glibc %lld", names[i],
                             (long long)l.year, l.month, l.day, l.hour, l.minute, (long long)got,
                             (long long)glibc_instant(wall));
            }
        }
    }
    assert_true(changes > 250);
}

static void F2_repeated_hour_runs_once_and_skipped_hour_runs_after_the_gap(void **state)
{
    const struct zone *zone;
    struct zone_local repeated = {.year = 2026, .month = 10, .day = 25, .hour = 2, .minute = 30};
    struct zone_local skipped = {.year = 2026, .month = 3, .day = 29, .hour = 2, .minute = 30};
    time_ms t;

    (void)state;
    assert_int_equal(zone_open("Europe/Berlin", &zone, NULL), 0);
    assert_int_equal(zone_instant(zone, &repeated, &t), 0);
    assert_int_equal(t, 1792888200000); /* 00:30 UTC, the first 02:30 */
    assert_int_equal(zone_instant(zone, &skipped, &t), 0);
    assert_int_equal(t, 1774746000000); /* 01:00 UTC = 03:00 */
}

static void a_zone_that_is_none_is_refused(void **state)
{
    const struct zone *zone;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(zone_open("Asia/Tokio", &zone, &err), ERR_NOT_FOUND);
    assert_int_equal(zone_open("../../etc/passwd", &zone, &err), ERR_NOT_FOUND);
    assert_int_equal(zone_open("/etc/localtime", &zone, &err), ERR_NOT_FOUND);
    assert_false(zone_exists(""));
}

static void instants_are_written_with_their_weekday(void **state)
{
    const struct zone *zone;
    char text[ZONE_TEXT_SIZE];

    (void)state;
    assert_int_equal(zone_open("Asia/Tokyo", &zone, NULL), 0);
    zone_text(zone, 1795500000000, LANGUAGE_EN, text);
    assert_string_equal(text, "Tue 24 Nov 15:00 JST");
    zone_text(zone, 1795500000000, LANGUAGE_JA, text);
    assert_string_equal(text, "11月24日(火) 15:00");
}

static void F6_occurrences_are_derived_per_day_in_the_environments_zone(void **state)
{
    const char *text = "version: 1\ngithub: { webhook-secret-files: [s] }\nrepos:\n  a/b:\n"
                       "    mirror: https://github.com/a/b.git\n    environments:\n"
                       "      p: { on: schedule, at: [\"15:00\", \"11:00\"], timezone: Asia/Tokyo,"
                       " roles: { w: { agent: { hosts: [h] } } } }\n"
                       "    jobs: { w: { runs-on: [w], steps: [{ run: x }] } }\n";
    struct arena arena;
    struct problems problems;
    struct config *config;
    struct calendar *calendar;
    struct occurrence o, list[8];
    const struct config_environment *e;

    (void)state;
    arena_init(&arena);
    problems_init(&problems, &arena);
    assert_int_equal(config_read_bytes(text, strlen(text), "/", &config, &problems, NULL), 0);
    assert_int_equal(calendar_new(config, &calendar, NULL), 0);
    e = &config->repos[0].environments[0];
    assert_true(
        occurrence_next(calendar, e, 1795500000000, &o)); /* exactly at 15:00 counts as next */
    assert_string_equal(o.date, "2026-11-24");
    assert_string_equal(o.time, "15:00:00");
    assert_int_equal(o.due_at, 1795500000000);
    assert_true(occurrence_next(calendar, e, 1795500000001, &o));
    assert_string_equal(o.date, "2026-11-25");
    assert_string_equal(o.time, "11:00:00");
    assert_int_equal(occurrence_list(calendar, e, 1795500000000 - 86400000, 1795500000000, list, 8),
                     2);
    assert_string_equal(list[1].time, "11:00:00");
    calendar_free(calendar);
    config_free(config);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(F2_offsets_agree_with_glibc_everywhere),
        cmocka_unit_test(F2_skipped_and_repeated_times_around_every_change),
        cmocka_unit_test(F2_repeated_hour_runs_once_and_skipped_hour_runs_after_the_gap),
        cmocka_unit_test(a_zone_that_is_none_is_refused),
        cmocka_unit_test(instants_are_written_with_their_weekday),
        cmocka_unit_test(F6_occurrences_are_derived_per_day_in_the_environments_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
