/*
 * ics_lines: the content lines of an iCalendar file, before libical reads it (RFC 5545, 3.1).
 *
 * libical drops what it cannot read, without a word: an event whose rule is misspelt would be read as one that
 * happens once. So every date, rule and zone of an event is looked at here first, and refused with its line: a
 * date that does not exist, a rule without an end, a zone that nobody knows. Any thread.
 */
#ifndef SLIPWAY_LIB_CALENDAR_ICS_LINES_H
#define SLIPWAY_LIB_CALENDAR_ICS_LINES_H

#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"

/* ERR_INVALID: "line 12: ...", with what would be right. */
int ics_lines_check(const char *bytes, size_t len, struct arena *arena, struct err *err);

#endif
