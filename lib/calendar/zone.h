/*
 * zone: an IANA time zone as a table of changes, so that look-ups are pure and need no library.
 *
 * libical knows the zones and is asked for UTC -> local only; what a local time means when it is
 * skipped or comes twice is decided here (F2). A zone is made once, from 2020 to 2037, kept for the
 * life of the process, and may then be used from any thread. Earlier and later instants get the first
 * and last offset: the configuration refuses dates from 2038 on.
 */
#ifndef SLIPWAY_LIB_CALENDAR_ZONE_H
#define SLIPWAY_LIB_CALENDAR_ZONE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"
#include "lib/model/messages.h"

struct zone;

bool zone_exists(const char *name);

/* ERR_NOT_FOUND. Belongs to the process: not freed by the caller. Any thread. */
int zone_open(const char *name, const struct zone **ret_zone, struct err *err);

/* Minutes and seconds east of UTC at that instant, in milliseconds. */
int64_t zone_offset_ms(const struct zone *zone, time_ms t);

/* A wall clock: date and time without a zone. */
struct zone_local {
    int64_t year;
    int month; /* 1-12 */
    int day;   /* 1-31 */
    int hour, minute, second;
    int weekday; /* 0 = Sunday */
};

struct zone_local zone_local(const struct zone *zone, time_ms t);

/*
 * The instant of a local time: a repeated one is its first occurrence, a skipped one the first instant
 * after the gap. ERR_NOT_FOUND: that date does not exist in the zone.
 */
int zone_instant(const struct zone *zone, const struct zone_local *local, time_ms *ret_time);

#define ZONE_TEXT_SIZE 64

/* For people, with the weekday: "Tue 24 Nov 15:00 JST", "11月24日(火) 15:00". Seconds only if not 0. */
void zone_text(const struct zone *zone, time_ms t, enum language language,
               char out[ZONE_TEXT_SIZE]);

#endif
