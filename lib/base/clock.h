/*
 * clock: where code that may block reads the time. Pure code takes `now` as a value instead.
 *
 * The system's clocks are read in clock.c and nowhere else (F9); tests bring their own.
 */
#ifndef SLIPWAY_LIB_BASE_CLOCK_H
#define SLIPWAY_LIB_BASE_CLOCK_H

#include "lib/base/timestamp.h"

struct clock {
    time_ms (*now)(struct clock *clock);  /* wall clock, UTC */
    mono_ms (*mono)(struct clock *clock); /* never goes back; counts while the machine sleeps */
};

static inline time_ms clock_now(struct clock *clock)
{
    return clock->now(clock);
}

static inline mono_ms clock_mono(struct clock *clock)
{
    return clock->mono(clock);
}

/* The machine's clocks; any thread. */
struct clock *clock_system(void);

#endif
