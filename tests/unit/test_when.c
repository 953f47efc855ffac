/* when: what people type as a time, in a zone; each line of the tables is one text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/timestamp.h"
#include "lib/calendar/when.h"
#include "lib/calendar/zone.h"

/* Tuesday 24 November 2026, 15:00 in Tokyo. */
#define TOKYO_NOW "2026-11-24T06:00:00Z"

static time_ms at(const char *text)
{
    time_ms t;

    assert_int_equal(timestamp_parse_rfc3339(text, &t), 0);
    return t;
}

static const struct zone *zone(const char *name)
{
    const struct zone *z;
    struct err err = ERR_INIT;

    assert_int_equal(zone_open(name, &z, &err), 0);
    return z;
}

struct line {
    const char *zone;
    const char *now;
    const char *text;
    const char *means; /* RFC 3339 */
    const char *end;   /* read as an end; NULL = the same */
};

static const struct line lines[] = {
    {"Asia/Tokyo", TOKYO_NOW, "18:00", "2026-11-24T09:00:00Z", NULL},
    {"Asia/Tokyo", TOKYO_NOW, "  18:00\t", "2026-11-24T09:00:00Z", NULL},
    {"Asia/Tokyo", TOKYO_NOW, "18:00:30", "2026-11-24T09:00:30Z", NULL},
    {"Asia/Tokyo", TOKYO_NOW, "15:01", "2026-11-24T06:01:00Z", NULL},
    {"Asia/Tokyo", TOKYO_NOW, "15:00", "2026-11-25T06:00:00Z", NULL},
    {"Asia/Tokyo", TOKYO_NOW, "14:59", "2026-11-25T05:59:00Z", NULL},
    {"Asia/Tokyo", TOKYO_NOW, "9:05", "2026-11-25T00:05:00Z", NULL},
    {"Asia/Tokyo", TOKYO_NOW, "00:00", "2026-11-24T15:00:00Z", NULL},
    {"Asia/Tokyo", TOKYO_NOW, "23:59:59", "2026-11-24T14:59:59Z", NULL},
    {"Asia/Tokyo", TOKYO_NOW, "today 18:00", "2026-11-24T09:00:00Z", NULL},
    {"Asia/Tokyo", TOKYO_NOW, "today 09:00", "2026-11-24T00:00:00Z", NULL},
    {"Asia/Tokyo", TOKYO_NOW, "Tomorrow 09:00", "2026-11-25T00:00:00Z", NULL},
    {"Asia/Tokyo", TOKYO_NOW, "tomorrow   9:00", "2026-11-25T00:00:00Z", NULL},
    {"Asia/Tokyo", TOKYO_NOW, "today", "2026-11-23T15:00:00Z", "2026-11-24T15:00:00Z"},
    {"Asia/Tokyo", TOKYO_NOW, "tomorrow", "2026-11-24T15:00:00Z", "2026-11-25T15:00:00Z"},
    {"Asia/Tokyo", TOKYO_NOW, "2026-12-25", "2026-12-24T15:00:00Z", "2026-12-25T15:00:00Z"},
    {"Asia/Tokyo", TOKYO_NOW, "2026-12-31", "2026-12-30T15:00:00Z", "2026-12-31T15:00:00Z"},
    {"Asia/Tokyo", TOKYO_NOW, "2026-12-25 18:00", "2026-12-25T09:00:00Z", NULL},
    {"Asia/Tokyo", TOKYO_NOW, "2026-12-25T18:00", "2026-12-25T09:00:00Z", NULL},
    {"Asia/Tokyo", TOKYO_NOW, "2026-12-25 18:00:01", "2026-12-25T09:00:01Z", NULL},
    {"Asia/Tokyo", TOKYO_NOW, "2026-11-24 09:00", "2026-11-24T00:00:00Z", NULL},
    {"Asia/Tokyo", TOKYO_NOW, "2028-02-29 00:00", "2028-02-28T15:00:00Z", NULL},
    {"Asia/Tokyo", TOKYO_NOW, "2037-12-31 23:59", "2037-12-31T14:59:00Z", NULL},
    {"Asia/Tokyo", TOKYO_NOW, "+2h", "2026-11-24T08:00:00Z", NULL},
    {"Asia/Tokyo", TOKYO_NOW, "+90m", "2026-11-24T07:30:00Z", NULL},
    {"Asia/Tokyo", TOKYO_NOW, "+1d", "2026-11-25T06:00:00Z", NULL},
    {"Asia/Tokyo", TOKYO_NOW, "+45s", "2026-11-24T06:00:45Z", NULL},
    {"Asia/Tokyo", TOKYO_NOW, "now", "2026-11-24T06:00:00Z", NULL},
    {"Asia/Tokyo", TOKYO_NOW, "2026-12-25T09:00:00Z", "2026-12-25T09:00:00Z", NULL},
    {"Asia/Tokyo", TOKYO_NOW, "2026-12-25T09:00:00+01:00", "2026-12-25T08:00:00Z", NULL},
    {"UTC", TOKYO_NOW, "18:00", "2026-11-24T18:00:00Z", NULL},
    /* 29 March 2026: 02:00 to 03:00 does not exist in Berlin. */
    {"Europe/Berlin", "2026-03-28T12:00:00Z", "tomorrow 02:30", "2026-03-29T01:00:00Z", NULL},
    {"Europe/Berlin", "2026-03-28T12:00:00Z", "02:30", "2026-03-29T01:00:00Z", NULL},
    {"Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29", "2026-03-28T23:00:00Z",
     "2026-03-29T22:00:00Z"},
    /* 25 October 2026: 02:00 to 03:00 comes twice. */
    {"Europe/Berlin", "2026-10-24T12:00:00Z", "02:30", "2026-10-25T00:30:00Z", NULL},
    {"Europe/Berlin", "2026-10-25T00:45:00Z", "02:30", "2026-10-26T01:30:00Z", NULL},
    {"Europe/Berlin", "2026-10-24T12:00:00Z", "+1d", "2026-10-25T12:00:00Z", NULL},
    /* The day begins at 01:00 where midnight is skipped. */
    {"Africa/Cairo", "2026-04-23T12:00:00Z", "2026-04-24", "2026-04-23T22:00:00Z",
     "2026-04-24T21:00:00Z"},
    {"America/New_York", "2026-11-24T04:30:00Z", "tomorrow 09:00", "2026-11-24T14:00:00Z", NULL},
};

static struct when how(const struct line *line, bool end)
{
    return (struct when){.zone = zone(line->zone), .now = at(line->now), .end = end};
}

static void F2_what_is_typed_is_one_instant(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        struct when beginning = how(&lines[i], false), end = how(&lines[i], true);
        const char *means_end = lines[i].end != NULL ? lines[i].end : lines[i].means;
        char text[TIMESTAMP_SIZE];
        struct err err = ERR_INIT;
        time_ms t = 0;

        if (when_read(&beginning, lines[i].text, &t, &err) < 0)
            fail_msg("%s: %s", lines[i].text, err.text);
        timestamp_format(t, text);
        if (t != at(lines[i].means))
            fail_msg("%s in %s: %s, not %s", lines[i].text, lines[i].zone, text, lines[i].means);
        assert_int_equal(when_read(&end, lines[i].text, &t, &err), 0);
        timestamp_format(t, text);
        if (t != at(means_end))
            fail_msg("%s as an end: %s, not %s", lines[i].text, text, means_end);
    }
}

static void what_is_no_time_is_told_with_its_text_and_what_would_be_right(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } bad[] = {
        {"", "18:00"},
        {"   ", "missing"},
        {"soon", "\"soon\" is not a time"},
        {"18", "tomorrow 09:00 or +2h"},
        {"1800", "not a time"},
        {"18:0", "not a time"},
        {"18:000", "not a time"},
        {"018:00", "not a time"},
        {"18:00:5", "not a time"},
        {"18:00 JST", "not a time"},
        {"18:00pm", "not a time"},
        {"-18:00", "not a time"},
        {"24:00", "23:59:59"},
        {"18:60", "23:59:59"},
        {"18:00:60", "23:59:59"},
        {"2026-13-01", "no day 2026-13-01"},
        {"2026-02-29 10:00", "no day 2026-02-29"},
        {"2026-12-25 25:00", "23:59:59"},
        {"2026-12-25T", "not a time"},
        {"2026-12-2518:00", "not a time"},
        {"2026-12-5", "not a time"},
        {"26-12-25", "not a time"},
        {"2026/12/25", "not a time"},
        {"12-25 18:00", "not a time"},
        {"2038-01-01", "2020 to 2037"},
        {"2019-12-31 23:00", "2020 to 2037"},
        {"2038-01-19T03:14:07Z", "2020 to 2037"},
        {"tomorrowx 09:00", "not a time"},
        {"tomorrow09:00", "not a time"},
        {"tomorrow 9", "not a time"},
        {"today tomorrow", "not a time"},
        {"yesterday 09:00", "not a time"},
        {"+", "duration"},
        {"+2", "duration"},
        {"+ 2h", "duration"},
        {"+2h30m", "duration"},
        {"+-2h", "duration"},
        {"+401d", "400 days"},
        {"+99999999999999999999d", "duration"},
        {"2026-12-25 18:00 and then some more words that nobody would type here", "bytes"},
        {"\xef\xbc\x91\xef\xbc\x98:00", "not a time"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct when when = how(&lines[0], false);
        struct err err = ERR_INIT;
        time_ms t = 7;

        if (when_read(&when, bad[i].text, &t, &err) != ERR_INVALID)
            fail_msg("\"%s\" was read", bad[i].text);
        assert_int_equal(t, 7);
        if (strstr(err.text, bad[i].says) == NULL)
            fail_msg("\"%s\": %s", bad[i].text, err.text);
    }
}

/* --from 18:00 --to 09:00 is one night, whatever the time is now. */
static void F3_an_end_counts_from_its_beginning(void **state)
{
    struct when when = how(&lines[0], true);
    struct err err = ERR_INIT;
    time_ms t;

    (void)state;
    when.after = at("2026-12-25T09:00:00Z");
    assert_int_equal(when_read(&when, "09:00", &t, &err), 0);
    assert_int_equal(t, at("2026-12-26T00:00:00Z"));
    assert_int_equal(when_read(&when, "18:00", &t, &err), 0);
    assert_int_equal(t, at("2026-12-26T09:00:00Z"));
    assert_int_equal(when_read(&when, "+2h", &t, &err), 0);
    assert_int_equal(t, at("2026-12-25T11:00:00Z"));
    assert_int_equal(when_read(&when, "tomorrow 09:00", &t, &err), 0); /* of now, not of `after` */
    assert_int_equal(t, at("2026-11-25T00:00:00Z"));
}

static void what_lies_beyond_the_known_years_is_refused(void **state)
{
    struct when when = how(&lines[0], true);
    struct err err = ERR_INIT;
    time_ms t = 7;

    (void)state;
    when.now = at("2037-12-31T14:30:00Z"); /* half past eleven, on the last evening */
    assert_int_equal(when_read(&when, "23:45", &t, &err), 0);
    assert_int_equal(when_read(&when, "+1d", &t, &err), ERR_INVALID);
    assert_int_equal(when_read(&when, "tomorrow 10:00", &t, &err), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(F2_what_is_typed_is_one_instant),
        cmocka_unit_test(what_is_no_time_is_told_with_its_text_and_what_would_be_right),
        cmocka_unit_test(F3_an_end_counts_from_its_beginning),
        cmocka_unit_test(what_lies_beyond_the_known_years_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
