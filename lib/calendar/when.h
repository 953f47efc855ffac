/*
 * when: an instant as people type it, in a zone.
 *
 *      18:00   9:05   18:00:30      the first one later than `after`
 *      2026-12-25 18:00             that one; 2026-12-25T18:00 is the same
 *      today 18:00, tomorrow 09:00  days as they are in the zone now
 *      2026-12-25, today, tomorrow  the whole day: its beginning, or its end where `end` is asked (F3)
 *      +2h  +90m  +1d               so long after `after`
 *      now
 *      2026-12-25T09:00:00Z         RFC 3339, whatever the zone
 *
 * The one reader of such texts: holds, freezes, releases and questions on the command line and in the
 * API read the same grammar. A skipped local time is the first instant after the gap, a repeated one
 * its first occurrence (F2). Pure once the zone is open; any thread.
 */
#ifndef SLIPWAY_LIB_CALENDAR_WHEN_H
#define SLIPWAY_LIB_CALENDAR_WHEN_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"

struct zone;

/* How a text is to be understood. */
struct when {
    const struct zone *zone;
    time_ms now;
    time_ms after; /* where times of day and +2h count from: the beginning, for an end; 0 = now */
    bool end;      /* a day without a time is its end: midnight of the next */
};

/* ERR_INVALID says what is wrong with which part, and what would be right. Instants lie in 2020 to
 * 2037, the years that zones are known for. */
int when_read(const struct when *when, const char *text, time_ms *ret_time, struct err *err);

#endif
