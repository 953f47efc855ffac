#include "tests/support/scenario_time.h"

#include <stdio.h>
#include <string.h>

#include "lib/calendar/zone.h"

static const char *const weekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

/* Exactly the digits and marks of `form` (0 = a digit); their numbers. */
static bool read_numbers(const char *text, const char *form, int *ret_numbers)
{
    size_t n = 0;

    if (strlen(text) != strlen(form))
        return false;
    ret_numbers[0] = 0;
    for (size_t i = 0; form[i] != '\0'; i++) {
        if (form[i] == '0' && text[i] >= '0' && text[i] <= '9')
            ret_numbers[n] = ret_numbers[n] * 10 + text[i] - '0';
        else if (form[i] != '0' && form[i] == text[i])
            ret_numbers[++n] = 0;
        else
            return false;
    }
    return true;
}

static int read_weekday(const char *text)
{
    for (int i = 0; i < 7; i++)
        if (strcmp(text, weekdays[i]) == 0)
            return i;
    return -1;
}

struct reading {
    struct zone_local local;
    bool has_date, has_time;
    int weekday; /* -1 = none was named */
    const char *zone;
};

static int read_word(const char *word, struct reading *r, struct err *err)
{
    int numbers[3];

    if (read_weekday(word) >= 0) {
        r->weekday = read_weekday(word);
    } else if (read_numbers(word, "0000-00-00", numbers)) {
        r->has_date = true;
        r->local.year = numbers[0];
        r->local.month = numbers[1];
        r->local.day = numbers[2];
        if (!timestamp_civil_exists(numbers[0], numbers[1], numbers[2]))
            return err_set(err, ERR_INVALID, "there is no day %s", word);
    } else if (read_numbers(word, "00:00:00", numbers) || read_numbers(word, "00:00", numbers)) {
        r->has_time = true;
        r->local.hour = numbers[0];
        r->local.minute = numbers[1];
        r->local.second = strlen(word) > 5 ? numbers[2] : 0;
        if (r->local.hour > 23 || r->local.minute > 59 || r->local.second > 59)
            return err_set(err, ERR_INVALID, "there is no time %s", word);
    } else if (zone_exists(word)) {
        r->zone = word;
    } else {
        return err_set(err, ERR_INVALID,
                       "a time is expected, as in `at Tue 2026-11-24 15:00 Asia/Tokyo`, not %s",
                       word);
    }
    return 0;
}

/* Before the story's first `at` there is no zone but the one it names. */
static int take_zone(struct scenario_world *w, const char *name, struct err *err)
{
    int rc;

    if (name == NULL && w->zone == NULL)
        return err_set(err, ERR_INVALID, "the first time of a story names its zone");
    if (name == NULL)
        return 0;
    if ((rc = zone_open(name, &w->zone, err)) < 0)
        return rc;
    w->zone_name = arena_str(&w->arena, name);
    return 0;
}

static bool same_wall(const struct zone_local *a, const struct zone_local *b)
{
    return a->year == b->year && a->month == b->month && a->day == b->day && a->hour == b->hour &&
           a->minute == b->minute && a->second == b->second;
}

int scenario_time_read(struct scenario_world *w, const char *const *words, size_t n,
                       time_ms *ret_time, struct err *err)
{
    struct reading r = {.weekday = -1};
    struct zone_local back;
    int rc = 0;

    for (size_t i = 0; i < n && rc == 0; i++)
        rc = read_word(words[i], &r, err);
    if (rc < 0 || (rc = take_zone(w, r.zone, err)) < 0)
        return rc;
    if (!r.has_time)
        return err_set(err, ERR_INVALID, "a time is expected, as in 15:00");
    if (!r.has_date && !w->is_open)
        return err_set(err, ERR_INVALID, "the first time of a story names its date");
    if (!r.has_date) {
        back = zone_local(w->zone, w->clock.now);
        r.local.year = back.year;
        r.local.month = back.month;
        r.local.day = back.day;
    }
    if (zone_instant(w->zone, &r.local, ret_time) == 0)
        back = zone_local(w->zone, *ret_time);
    else
        back = (struct zone_local){.year = 0};
    if (!same_wall(&back, &r.local))
        return err_set(err, ERR_INVALID, "there is no such time on that day in %s", w->zone_name);
    if (r.weekday >= 0 && r.weekday != back.weekday)
        return err_set(err, ERR_INVALID, "that day is a %s, not a %s", weekdays[back.weekday],
                       weekdays[r.weekday]);
    return 0;
}

void scenario_time_print(const struct scenario_world *w, const struct zone *zone, time_ms t,
                         struct buf *buf)
{
    struct zone_local now = zone_local(zone, w->clock.now);
    struct zone_local l = zone_local(zone, t);
    time_ms first;

    if (now.year != l.year || now.month != l.month || now.day != l.day)
        buf_addf(buf, "%s %04lld-%02d-%02d ", weekdays[l.weekday], (long long)l.year, l.month,
                 l.day);
    buf_addf(buf, "%02d:%02d", l.hour, l.minute);
    if (l.second != 0 || t % 1000 != 0)
        buf_addf(buf, ":%02d", l.second);
    if (t % 1000 != 0)
        buf_addf(buf, ".%03d", (int)(t % 1000));
    if (zone_instant(zone, &l, &first) == 0 && first + t % 1000 != t)
        buf_adds(buf, " (again)");
}
