#include "lib/calendar/when.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/str.h"
#include "lib/calendar/zone.h"

#define DAY_MS INT64_C(86400000)
#define TEXT_MAX 64 /* bytes; every form is shorter */
#define EXAMPLES "18:00, 2026-12-25 18:00, tomorrow 09:00 or +2h"
#define YEAR_FIRST 2020
#define YEAR_LAST 2037
#define DAYS_AHEAD 3 /* a time of day comes back within these, also where a date is left out */

/* A text on its way through the reader. */
struct reading {
    const struct when *when;
    const char *text;        /* whole, for messages */
    const char *p;           /* what is not read yet */
    struct zone_local local; /* the date, then the time of day */
    bool has_date, has_time;
    struct err *err;
};

static int refuse(const struct reading *r)
{
    return err_set(r->err, ERR_INVALID, "\"%s\" is not a time; write " EXAMPLES, r->text);
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

static void skip_blanks(struct reading *r)
{
    while (blank(*r->p))
        r->p++;
}

/* A whole word, any case, and not the beginning of a longer one. */
static bool take_word(struct reading *r, const char *word)
{
    size_t n = strlen(word);

    for (size_t i = 0; i < n; i++)
        if (tolower((unsigned char)r->p[i]) != word[i])
            return false;
    if (r->p[n] != '\0' && !blank(r->p[n]))
        return false;
    r->p += n;
    return true;
}

/* `min` to `max` digits and no more; -1 if there are others. */
static int take_number(struct reading *r, size_t min, size_t max)
{
    int value = 0;
    size_t n = 0;

    while (n <= max && isdigit((unsigned char)r->p[n]))
        n++;
    if (n < min || n > max)
        return -1;
    for (size_t i = 0; i < n; i++)
        value = value * 10 + (*r->p++ - '0');
    return value;
}

static int64_t days_of(const struct zone_local *l)
{
    return timestamp_days_from_civil(l->year, l->month, l->day);
}

static void set_date(struct reading *r, int64_t days)
{
    timestamp_civil_from_days(days, &r->local.year, &r->local.month, &r->local.day);
    r->has_date = true;
}

/* YYYY-MM-DD */
static int read_civil_date(struct reading *r)
{
    int year = take_number(r, 4, 4), month = -1, day = -1;

    if (year >= 0 && *r->p == '-') {
        r->p++;
        month = take_number(r, 2, 2);
    }
    if (month >= 0 && *r->p == '-') {
        r->p++;
        day = take_number(r, 2, 2);
    }
    if (day < 0)
        return refuse(r);
    if (!timestamp_civil_exists(year, month, day))
        return err_set(r->err, ERR_INVALID, "there is no day %04d-%02d-%02d; write " EXAMPLES, year,
                       month, day);
    if (year < YEAR_FIRST || year > YEAR_LAST)
        return err_set(r->err, ERR_INVALID,
                       "%04d-%02d-%02d: the years from %d to %d are known here", year, month, day,
                       YEAR_FIRST, YEAR_LAST);
    r->local.year = year;
    r->local.month = month;
    r->local.day = day;
    r->has_date = true;
    return 0;
}

static int read_date(struct reading *r)
{
    struct zone_local today = zone_local(r->when->zone, r->when->now);
    int rc;

    if (take_word(r, "today")) {
        set_date(r, days_of(&today));
    } else if (take_word(r, "tomorrow")) {
        set_date(r, days_of(&today) + 1);
    } else if (isdigit((unsigned char)r->p[0]) && strcspn(r->p, "-") < strcspn(r->p, ":")) {
        rc = read_civil_date(r);
        if (rc < 0)
            return rc;
        if (*r->p == 'T' && isdigit((unsigned char)r->p[1])) {
            r->p++;
            return 0;
        }
        if (*r->p != '\0' && !blank(*r->p))
            return refuse(r);
    }
    skip_blanks(r);
    return 0;
}

/* H:MM, HH:MM or HH:MM:SS, up to the end */
static int read_time(struct reading *r)
{
    struct zone_local *l = &r->local;
    int second = 0;

    if (*r->p == '\0' && r->has_date)
        return 0;
    l->hour = take_number(r, 1, 2);
    if (l->hour < 0 || *r->p != ':')
        return refuse(r);
    r->p++;
    l->minute = take_number(r, 2, 2);
    if (l->minute >= 0 && *r->p == ':') {
        r->p++;
        second = take_number(r, 2, 2);
    }
    if (l->minute < 0 || second < 0 || *r->p != '\0')
        return refuse(r);
    l->second = second;
    if (l->hour > 23 || l->minute > 59 || second > 59)
        return err_set(r->err, ERR_INVALID,
                       "\"%s\": there is no such time of day; the last one is 23:59:59", r->text);
    r->has_time = true;
    return 0;
}

/* The day's beginning, or the beginning of the one after it. */
static int whole_day(struct reading *r, time_ms *ret_time)
{
    if (r->when->end)
        set_date(r, days_of(&r->local) + 1);
    return zone_instant(r->when->zone, &r->local, ret_time);
}

/* The first time of day later than `after`. */
static int next_time(struct reading *r, time_ms after, time_ms *ret_time)
{
    struct zone_local first = zone_local(r->when->zone, after);
    int64_t days = days_of(&first);

    for (int i = 0; i <= DAYS_AHEAD; i++) {
        set_date(r, days + i);
        if (zone_instant(r->when->zone, &r->local, ret_time) == 0 && *ret_time > after)
            return 0;
    }
    return ERR_NOT_FOUND;
}

static int read_local(struct reading *r, time_ms after, time_ms *ret_time)
{
    int rc = read_date(r);

    if (rc == 0)
        rc = read_time(r);
    if (rc < 0)
        return rc;
    if (!r->has_time)
        rc = whole_day(r, ret_time);
    else if (r->has_date)
        rc = zone_instant(r->when->zone, &r->local, ret_time);
    else
        rc = next_time(r, after, ret_time);
    if (rc < 0)
        return err_set(r->err, ERR_INVALID, "\"%s\": that day is left out in this time zone",
                       r->text);
    return 0;
}

static int read_duration(struct reading *r, time_ms after, time_ms *ret_time)
{
    int64_t ms;

    if (timestamp_parse_duration(r->p + 1, &ms) < 0)
        return err_set(r->err, ERR_INVALID,
                       "\"%s\" is not a duration; write +90m, +2h or +1d, at most 400 days",
                       r->text);
    *ret_time = after + ms;
    return 0;
}

static int check_known(const struct reading *r, time_ms t)
{
    if (t >= timestamp_days_from_civil(YEAR_FIRST, 1, 1) * DAY_MS &&
        t < timestamp_days_from_civil(YEAR_LAST + 1, 1, 1) * DAY_MS)
        return 0;
    return err_set(r->err, ERR_INVALID, "\"%s\": the years from %d to %d are known here", r->text,
                   YEAR_FIRST, YEAR_LAST);
}

int when_read(const struct when *when, const char *text, time_ms *ret_time, struct err *err)
{
    time_ms after = when->after != 0 ? when->after : when->now;
    char copy[TEXT_MAX + 1] = "";
    struct reading r = {.when = when, .text = copy, .p = copy, .err = err};
    size_t n;
    time_ms t;
    int rc = 0;

    while (blank(*text))
        text++;
    n = strlen(text);
    while (n > 0 && blank(text[n - 1]))
        n--;
    if (n == 0)
        return err_set(err, ERR_INVALID, "a time is missing; write " EXAMPLES);
    if (n > TEXT_MAX)
        return err_set(err, ERR_INVALID, "a time of %zu bytes; write " EXAMPLES, n);
    memcpy(copy, text, n);
    if (str_eq(copy, "now"))
        t = when->now;
    else if (copy[0] == '+')
        rc = read_duration(&r, after, &t);
    else if (timestamp_parse_rfc3339(copy, &t) < 0)
        rc = read_local(&r, after, &t);
    if (rc == 0)
        rc = check_known(&r, t);
    if (rc == 0)
        *ret_time = t;
    return rc;
}
