/*
 * story_clock: the one clock of a story. It stands still until the story says how much time passes.
 *
 * The wall clock is the story's alone. The monotonic clock is the machine's plus what passed in the story, so
 * that sockets time out as they would.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_STORY_CLOCK_H
#define SLIPWAY_TESTS_SUPPORT_STORY_CLOCK_H

#include <stdatomic.h>

#include "lib/base/clock.h"

struct story_clock {
    struct clock clock;
    atomic_llong now;    /* UTC ms */
    atomic_llong passed; /* ms since the story began */
};

void story_clock_init(struct story_clock *clock, time_ms now);
/* Forward only. */
void story_clock_pass(struct story_clock *clock, int64_t ms);
/* Somebody sets the wall clock by so much, forward or back; no time passes. */
void story_clock_jump(struct story_clock *clock, int64_t ms);

/* "2026-11-24 14:50" or "2026-11-24 14:50:30" in that zone; with a Z behind it in UTC. Fails the test if it
 * cannot be read. */
time_ms story_clock_at(const char *zone, const char *text);

#endif
