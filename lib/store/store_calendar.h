/*
 * store_calendar: what the calendar feed told of the configuration, so that it can take back what another one drops.
 */
#ifndef SLIPWAY_LIB_STORE_STORE_CALENDAR_H
#define SLIPWAY_LIB_STORE_STORE_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"

struct arena;
struct db;

struct calendar_told { /* of one environment */
    int64_t repository_id;
    const char *environment;
    const char *spans; /* as its owner writes them: server/flow/calendar_spans.c */
    time_ms known_until;
    int64_t sequence;
};

struct calendar_dropped {
    int64_t repository_id;
    const char *repository; /* only read */
    const char *environment;
    bool freeze;      /* else a window */
    const char *name; /* of a freeze; "" */
    time_ms from_at;
    time_ms to_at;
    time_ms dropped_at;
};

/* Of every environment that ever was in a configuration. */
int store_calendar_told(struct db *db, struct arena *arena, struct calendar_told **ret_items,
                        size_t *ret_n, struct err *err);
int store_calendar_put(struct db *db, const struct calendar_told *told, struct err *err);

/* The highest sequence; 0 = nothing was told. */
int store_calendar_sequence(struct db *db, int64_t *ret_sequence, struct err *err);

int store_calendar_drop(struct db *db, const struct calendar_dropped *dropped, struct err *err);

/* Those that were dropped at `since` or later and are not over at `now`; at most 2000. */
int store_calendar_dropped(struct db *db, struct arena *arena, time_ms since, time_ms now,
                           struct calendar_dropped **ret_items, size_t *ret_n, struct err *err);

#endif
