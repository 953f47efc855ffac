/*
 * timestamp: the two clocks' units, and text of instants and durations. No zones: those live in
 * lib/calendar.
 */
#ifndef SLIPWAY_LIB_BASE_TIMESTAMP_H
#define SLIPWAY_LIB_BASE_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t time_ms; /* UTC milliseconds since 1970-01-01: what people see and what is stored */
typedef int64_t mono_ms; /* milliseconds of the monotonic clock: deadlines; never stored */

#define TIMESTAMP_SIZE 25 /* "2026-11-24T06:00:00.000Z" and a NUL */

/* UTC, with milliseconds. Years 0000 to 9999; what lies beyond gives the first or last instant. */
void timestamp_format(time_ms t, char out[TIMESTAMP_SIZE]);

/* RFC 3339 with Z or an offset, fraction optional (cut to milliseconds); a leap second is the next
 * one. ERR_INVALID, also for NULL. */
int timestamp_parse_rfc3339(const char *text, time_ms *ret_time);

/* "90s", "10m", "2h", "7d", "1500ms" to milliseconds; a bare number is refused. At most 400 days.
 * ERR_INVALID, also for NULL. */
int timestamp_parse_duration(const char *text, int64_t *ret_ms);

/* Proleptic Gregorian calendar: days since 1970-01-01, and back. month 1-12, day 1-31. */
int64_t timestamp_days_from_civil(int64_t year, int month, int day);
void timestamp_civil_from_days(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day);
/* Does that day exist? */
bool timestamp_civil_exists(int64_t year, int month, int day);
/* 0 = Sunday. */
int timestamp_weekday(int64_t days);

#endif
