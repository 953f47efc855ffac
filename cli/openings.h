/*
 * openings: when the configuration alone lets an environment start: its set times, each where windows and freezes
 * let it; without set times, the beginnings of its windows. What people stop is the server's to know.
 */
#ifndef SLIPWAY_CLI_OPENINGS_H
#define SLIPWAY_CLI_OPENINGS_H

#include "lib/base/arena.h"
#include "lib/calendar/occurrence.h"

/* The next `max` from `now` on, within 400 days. Returns how many. */
size_t openings_list(const struct config *config, const struct calendar *calendar,
                     const struct config_environment *environment, time_ms now, struct arena *arena,
                     time_ms *ret_items, size_t max);

#endif
