/*
 * ics_repeat: when an event of an iCalendar file begins, each time: DTSTART, its RRULEs and RDATEs, less its EXDATEs.
 *
 * libical steps through a rule; here it is bounded, and what has another zone than the event is brought into the
 * event's. The caller holds what guards libical. Not for what repeats more often than daily.
 */
#ifndef SLIPWAY_LIB_CALENDAR_ICS_REPEAT_H
#define SLIPWAY_LIB_CALENDAR_ICS_REPEAT_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/calendar/ical_library.h"

#define ICS_REPEAT_MAX 5000 /* begins of one event in our years, also those that are left out */
#define ICS_REPEAT_DAYS_MAX INT64_C(20000000) /* of a whole file: what its rules step over */

/* What each begin is counted from; `zone` NULL = local to whoever reads it. */
struct ics_event {
    const char *name; /* "" = none */
    struct icaltimetype start;
    const icaltimezone *zone;
};

/* In seconds: of the wall clock where the event has no zone, else since 1970. */
int64_t ics_repeat_instant(const struct ics_event *e, struct icaltimetype t);

/* The day of that wall clock in the event's own zone, since 1970. */
int64_t ics_repeat_day(struct icaltimetype t);

/* A time in the event's zone. A date stays a date, and what has no zone is of this one. */
struct icaltimetype ics_repeat_into(const struct ics_event *e, struct icaltimetype t);

/* The same of a property. */
struct icaltimetype ics_repeat_time(const struct ics_event *e, icalcomponent *event,
                                    icalproperty *property);

/* Those from 2020 to 2037, in the arena. `days` counts for all events of a file. ERR_INVALID with what to do about it. */
int ics_repeat(const struct ics_event *e, icalcomponent *event, int64_t *days, struct arena *arena,
               struct icaltimetype **ret, size_t *ret_n, struct err *err);

#endif
