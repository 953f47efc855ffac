/*
 * api_calendar_list: what stands in the calendar: promised starts, windows, freezes.
 *
 * Feed and page show the same list. Each entry has a name that lasts while its time moves (RFC 5545, 3.8.4.7):
 * a promise and an added freeze that of their row; a window that of its environment and its
 * beginning; a freeze of the configuration its name and its beginning. Reads only, inside one handler.
 */
#ifndef SLIPWAY_SERVER_API_API_CALENDAR_LIST_H
#define SLIPWAY_SERVER_API_API_CALENDAR_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/timestamp.h"
#include "server/api/api_view.h"

enum api_calendar_kind { API_CALENDAR_START, API_CALENDAR_WINDOW, API_CALENDAR_FREEZE };

struct api_calendar_entry {
    enum api_calendar_kind kind;
    const char *key; /* what its uid is made of */
    int64_t sequence;
    time_ms stamp; /* when it was last changed */
    time_ms from;
    time_ms to;             /* not included; of a start: `from` */
    bool cancelled;         /* withdrawn, removed */
    bool started;           /* of a start: it is over */
    const char *lacks;      /* of a start: a cause's key, NULL = nothing but the time */
    const char *repository; /* NULL for a freeze: see `where` */
    const char *environment;
    const char *where; /* "acme/shop production, acme/site live" */
    const char *name;  /* of a freeze */
    const char *why;   /* of an added freeze; NULL */
    int64_t release;   /* of a start */
    const char *pulls; /* of a start: "#2 Coupons", "" = none is known */
};

struct api_calendar_span {
    time_ms from; /* windows and freezes that meet [from, to) */
    time_ms to;
    time_ms windows_to;   /* windows are many: up to here, no further than `to` */
    time_ms changed_from; /* starts that changed from then on, freezes that were removed since */
    bool all;             /* every repository, whoever asks */
};

/* May the asker see that repository's? */
bool api_calendar_list_shows(const struct api_view *view, const struct config_repo *repo, bool all);

/* In the request's arena. */
int api_calendar_list_load(struct api_view *view, const struct api_calendar_span *span,
                           struct api_calendar_entry **ret_items, size_t *ret_n, struct err *err);

#endif
