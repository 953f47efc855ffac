/*
 * holidays_read: days that are no business days, from a list or an iCalendar file (F8).
 *
 *      2026-11-23,勤労感謝の日        a line for each; also 2026/11/3, as the Cabinet Office of Japan writes it
 *      BEGIN:VCALENDAR ...          its events of whole days; none at all is an error
 *
 * A first line of a list that begins with no digit is a head. The configuration and `slipway holidays import`
 * read by this. Any thread.
 */
#ifndef SLIPWAY_LIB_CALENDAR_HOLIDAYS_READ_H
#define SLIPWAY_LIB_CALENDAR_HOLIDAYS_READ_H

#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/model/almanac.h"

#define HOLIDAYS_READ_LIST_MAX ((size_t)1 << 20) /* bytes; an .ics: ICS_READ_BYTES_MAX */
#define HOLIDAYS_READ_MAX 5000

/* In the arena, by day, each day once. ERR_INVALID says which line and what would be right. */
int holidays_read(const char *bytes, size_t len, struct arena *arena,
                  struct almanac_holiday **ret_items, size_t *ret_n, struct err *err);

#endif
