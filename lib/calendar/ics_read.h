/*
 * ics_read: the events of an iCalendar file, for freezes (RFC 5545).
 *
 * libical reads, behind ics_lines; this bounds it and says what cannot be taken: a date that does not exist, a
 * rule without an end or by the hour, a zone that nobody knows, too many events. What lies outside 2020 to 2037
 * is left out. Changed and left-out instances of a rule (RECURRENCE-ID, EXDATE)
 * count; cancelled events do not. What has no zone is local to whoever reads the freeze. Any thread.
 */
#ifndef SLIPWAY_LIB_CALENDAR_ICS_READ_H
#define SLIPWAY_LIB_CALENDAR_ICS_READ_H

#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/model/almanac.h"

#define ICS_READ_BYTES_MAX ((size_t)2 << 20)
#define ICS_READ_EVENTS_MAX 5000

/* In the arena, in the order of the file. ERR_INVALID with what to do about it. */
int ics_read(const char *bytes, size_t len, struct arena *arena, struct almanac_event **ret_events,
             size_t *ret_n, struct err *err);

#endif
