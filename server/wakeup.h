/*
 * wakeup: a file descriptor that rings at an instant of the wall clock, to the millisecond.
 *
 * It also rings when somebody sets the clock, so that nobody sleeps towards an instant that is over (F9), and
 * when a machine that slept wakes up behind it. Nothing runs until then. Used by one thread.
 */
#ifndef SLIPWAY_SERVER_WAKEUP_H
#define SLIPWAY_SERVER_WAKEUP_H

#include <stdbool.h>

#include "lib/base/timestamp.h"

/* The descriptor to poll and close; -1 with errno. */
int wakeup_new(void);
/* Ring at `at`; INT64_MAX = only if the clock is set. False: it was set in between, look at once. */
bool wakeup_set(int fd, time_ms at);
/* It rang, or not: quiet again. */
void wakeup_quiet(int fd);

#endif
