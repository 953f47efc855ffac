/*
 * scenario_time: the wall clock of a story: read in the zone that it names, written in the zone of the
 * environment it is about.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_SCENARIO_TIME_H
#define SLIPWAY_TESTS_SUPPORT_SCENARIO_TIME_H

#include "lib/base/buf.h"
#include "tests/support/scenario_world.h"

/*
 * `[Tue] [2026-11-24] 15:00[:30] [Asia/Tokyo]`. A date and a zone hold until others are named; the first
 * zone is that of the configuration. A local time that comes twice is its first; one that is skipped, or
 * a weekday that is another one, is ERR_INVALID.
 */
int scenario_time_read(struct scenario_world *world, const char *const *words, size_t n,
                       time_ms *ret_time, struct err *err);

/* "15:00" today, else "Wed 2026-11-25 15:00"; seconds only if there are some; "(again)" behind one that comes
 * the second time. */
void scenario_time_print(const struct scenario_world *world, const struct zone *zone, time_ms t,
                         struct buf *buf);

#endif
