/*
 * interval: windows and freezes of an environment as UTC intervals (F3).
 *
 * Each local day is resolved on its own, each end of a window on its own (F2); a date that does not exist
 * in the zone has none. Pure once the zone is open; any thread. What is asked for is a range, and only
 * that range is resolved: a look asks for days, a forecast for weeks.
 */
#ifndef SLIPWAY_LIB_CALENDAR_INTERVAL_H
#define SLIPWAY_LIB_CALENDAR_INTERVAL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/timestamp.h"
#include "lib/model/almanac.h"
#include "lib/model/config.h"
#include "lib/model/messages.h"

struct zone;

/* Is that day one of the calendar's? NULL = every day is. */
bool interval_day_counts(const struct almanac_calendar *calendar, int64_t day);

/* The name of the holiday, or the reason it is closed, NULL = neither. */
const char *interval_day_off(const struct almanac_calendar *calendar, int64_t day,
                             enum language language);

/* Windows that meet [from, to), by their begin. An environment without any is always open: see
 * interval_is_limited. Returns how many. */
size_t interval_windows(const struct config_environment *environment, const struct zone *zone,
                        time_ms from, time_ms to, struct arena *arena, struct interval **ret_items);

/* Has the environment any rule about when it is open? `ret_by_calendar`: only its days. */
bool interval_is_limited(const struct config_environment *environment, bool *ret_by_calendar);

/* Freezes of the configuration that meet [from, to), by their begin. `zone`: the environment's. */
size_t interval_freezes(const struct config *config, const struct config_environment *environment,
                        const struct zone *zone, time_ms from, time_ms to, struct arena *arena,
                        struct interval **ret_items);

#endif
