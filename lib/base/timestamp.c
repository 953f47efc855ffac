/* timestamp: see timestamp.h. Source: RFC 3339, section 5.6. */
#include "lib/base/timestamp.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/err.h"

#define DAY_MS INT64_C(86400000)
#define TIMESTAMP_FIRST INT64_C(-62167219200000) /* 0000-01-01T00:00:00.000Z */
#define TIMESTAMP_LAST INT64_C(253402300799999)  /* 9999-12-31T23:59:59.999Z */

/* Howard Hinnant, "chrono-compatible low-level date algorithms": eras of 400 years from 1 March. */
int64_t timestamp_days_from_civil(int64_t y, int m, int d)
{
    int64_t era, yoe, doy, doe;

    y -= m <= 2;
    era = (y >= 0 ? y : y - 399) / 400;
    yoe = y - era * 400;
    doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

void timestamp_civil_from_days(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);

    *ret_day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *ret_month = month;
    *ret_year = yoe + era * 400 + (month <= 2);
}

bool timestamp_civil_exists(int64_t year, int month, int day)
{
    static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    if (month < 1 || month > 12 || day < 1)
        return false;
    return day <= length[month - 1] + (month == 2 && leap);
}

int timestamp_weekday(int64_t days)
{
    return (int)(((days + 4) % 7 + 7) % 7);
}

void timestamp_format(time_ms t, char out[TIMESTAMP_SIZE])
{
    int64_t days, ms, year;
    int month, day;
    char text[80];

    t = t < TIMESTAMP_FIRST ? TIMESTAMP_FIRST : t > TIMESTAMP_LAST ? TIMESTAMP_LAST : t;
    days = t >= 0 ? t / DAY_MS : (t - DAY_MS + 1) / DAY_MS;
    ms = t - days * DAY_MS;
    timestamp_civil_from_days(days, &year, &month, &day);
    snprintf(text, sizeof(text), "%04" PRId64 "-%02d-%02dT%02d:%02d:%02d.%03dZ", year, month, day,
             (int)(ms / 3600000), (int)(ms / 60000 % 60), (int)(ms / 1000 % 60), (int)(ms % 1000));
    memcpy(out, text, TIMESTAMP_SIZE - 1);
    out[TIMESTAMP_SIZE - 1] = '\0';
}

/* Exactly n digits at *p; moves behind them. -1 if they are not there. */
static int digits(const char **p, int n)
{
    int value = 0;

    for (int i = 0; i < n; i++, (*p)++) {
        if (!isdigit((unsigned char)**p))
            return -1;
        value = value * 10 + (**p - '0');
    }
    return value;
}

static bool taken(const char **p, char c)
{
    if (**p != c)
        return false;
    (*p)++;
    return true;
}

/* "Z", "+09:00": minutes east. */
static int parse_offset(const char **p, int *ret_minutes)
{
    int sign, hours, minutes;

    if (taken(p, 'Z') || taken(p, 'z')) {
        *ret_minutes = 0;
        return 0;
    }
    sign = taken(p, '+') ? 1 : taken(p, '-') ? -1 : 0;
    hours = digits(p, 2);
    if (sign == 0 || hours < 0 || hours > 23 || !taken(p, ':'))
        return ERR_INVALID;
    minutes = digits(p, 2);
    if (minutes < 0 || minutes > 59)
        return ERR_INVALID;
    *ret_minutes = sign * (hours * 60 + minutes);
    return 0;
}

int timestamp_parse_rfc3339(const char *text, time_ms *ret_time)
{
    const char *p = text;
    int year, month, day, hour, minute, second, offset;
    int ms = 0, scale = 100;
    time_ms t;

    if (text == NULL)
        return ERR_INVALID;
    year = digits(&p, 4);
    if (year < 0 || !taken(&p, '-') || (month = digits(&p, 2)) < 0 || !taken(&p, '-') ||
        (day = digits(&p, 2)) < 0 || !timestamp_civil_exists(year, month, day))
        return ERR_INVALID;
    if (!taken(&p, 'T') && !taken(&p, 't') && !taken(&p, ' '))
        return ERR_INVALID;
    if ((hour = digits(&p, 2)) < 0 || hour > 23 || !taken(&p, ':') ||
        (minute = digits(&p, 2)) < 0 || minute > 59 || !taken(&p, ':') ||
        (second = digits(&p, 2)) < 0 || second > 60)
        return ERR_INVALID;
    if (taken(&p, '.')) {
        if (!isdigit((unsigned char)*p))
            return ERR_INVALID;
        for (; isdigit((unsigned char)*p); p++, scale /= 10)
            ms += (*p - '0') * scale;
    }
    if (parse_offset(&p, &offset) < 0 || *p != '\0')
        return ERR_INVALID;
    t = timestamp_days_from_civil(year, month, day) * DAY_MS +
        ((int64_t)hour * 3600 + minute * 60 + second - (int64_t)offset * 60) * 1000 + ms;
    if (t < TIMESTAMP_FIRST || t > TIMESTAMP_LAST)
        return ERR_INVALID;
    *ret_time = t;
    return 0;
}

int timestamp_parse_duration(const char *text, int64_t *ret_ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", DAY_MS}};
    const char *p = text;
    int64_t n = 0;

    if (text == NULL || !isdigit((unsigned char)*p))
        return ERR_INVALID;
    for (; isdigit((unsigned char)*p); p++)
        if ((n = n * 10 + (*p - '0')) > 400 * DAY_MS)
            return ERR_INVALID;
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
        if (strcmp(p, units[i].unit) == 0 && n <= 400 * DAY_MS / units[i].ms) {
            *ret_ms = n * units[i].ms;
            return 0;
        }
    return ERR_INVALID;
}
