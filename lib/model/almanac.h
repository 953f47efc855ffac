/*
 * almanac: calendars of days, windows and freezes as the configuration says them: local, without instants.
 *
 * lib/config fills it, lib/calendar/interval turns it into UTC intervals for one zone. Dates are proleptic
 * Gregorian; seconds count from local midnight. Everything lies in the configuration's arena.
 */
#ifndef SLIPWAY_LIB_MODEL_ALMANAC_H
#define SLIPWAY_LIB_MODEL_ALMANAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/timestamp.h"

#define ALMANAC_DAY 86400 /* seconds */
#define ALMANAC_ALL_DAYS 0x7fu

/* A day is its number since 1970-01-01 (timestamp_days_from_civil). */
struct almanac_moment {
    int64_t day;
    int second; /* of the day, 0 to 86399 */
};

struct almanac_holiday {
    int64_t day;
    const char *name;
};

/* A set of years: the years that zones are known for, too. */
#define ALMANAC_YEAR_FIRST 2020
#define ALMANAC_YEAR_LAST 2037
#define ALMANAC_YEAR_BIT(year) (1u << ((year)-ALMANAC_YEAR_FIRST))

/* Days that are no days of the calendar: both ends are closed. */
struct almanac_closed {
    int64_t from;
    int64_t to;
    const char *reason; /* NULL */
};

struct almanac_calendar {
    const char *name;
    unsigned days;     /* bit i = weekday i is a day of it; 0 = Sunday */
    bool japan;        /* public holidays of Japan, by rule */
    unsigned imported; /* with `japan`: years whose days are those of `holidays`, not the rule's */
    const struct almanac_holiday *holidays; /* of a file, or imported; by day */
    size_t n_holidays;
    const struct almanac_closed *closed;
    size_t n_closed;
};

/* Open from `from` until `to` on its days; `to` not after `from` = on the next day (F3). */
struct almanac_window {
    const struct almanac_calendar *calendar; /* NULL = any day */
    unsigned days;
    int from;
    int to;
};

/* One event of an .ics: absolute, or local where it says no zone. Absolute ones have the wall clock of their own zone, too. */
struct almanac_event {
    const char *name;
    bool local;
    struct almanac_moment from, to; /* local; half-open */
    time_ms from_at, to_at;         /* else */
};

enum almanac_freeze_kind { ALMANAC_DATES, ALMANAC_DAYS, ALMANAC_EVENTS };

struct almanac_freeze {
    const char *name;
    enum almanac_freeze_kind kind;
    struct almanac_moment from, to; /* DATES; half-open: a date alone was made the next midnight */
    struct almanac_window window;   /* DAYS */
    const struct almanac_event *events;
    size_t n_events;
    const char *timezone; /* NULL = each environment's own */
    bool strict;          /* `allow: []` */
};

/* A window or a freeze as instants. */
struct interval {
    time_ms from; /* half-open [from, to) */
    time_ms to;
    const char *name; /* of a freeze; NULL */
    bool strict;      /* a freeze with `allow: []` */
};

#endif
