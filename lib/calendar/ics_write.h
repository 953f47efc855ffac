/*
 * ics_write: events as an iCalendar file (RFC 5545), for people who subscribe to it.
 *
 * By hand, because it is small and other parsers prove it: UTC instants only, texts escaped, lines folded at
 * 75 octets without cutting a character. A lasting UID and a rising SEQUENCE let a reader move what it has.
 */
#ifndef SLIPWAY_LIB_CALENDAR_ICS_WRITE_H
#define SLIPWAY_LIB_CALENDAR_ICS_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/timestamp.h"

enum ics_write_status { ICS_WRITE_CONFIRMED, ICS_WRITE_TENTATIVE, ICS_WRITE_CANCELLED };

struct ics_write_event {
    const char *uid;
    int64_t sequence;
    time_ms stamp; /* when it was last changed */
    time_ms from;
    time_ms to; /* not included */
    enum ics_write_status status;
    bool busy; /* else it is shown, and nobody counts as busy */
    const char *summary;
    const char *description; /* NULL */
    const char *url;         /* NULL */
};

void ics_write_begin(struct buf *buf, const char *name);
void ics_write_event(struct buf *buf, const struct ics_write_event *event);
void ics_write_end(struct buf *buf);

#endif
