/*
 * pace: how many commands that are new to it a host may take now (threats.md T37).
 *
 * So many at once, and so many an hour for as long as it lasts. The default lets through what releases and people ask for, a
 * backlog of ten thousand among it; it stops a server that was taken over, or runs wild, from filling a host's processor and disk
 * without end. Whoever finds no room is not refused: it waits where it came from.
 *
 * Pure. A clock that goes back gives nothing and takes nothing.
 */
#ifndef SLIPWAY_AGENT_PACE_H
#define SLIPWAY_AGENT_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/timestamp.h"

#define PACE_STANDARD "12000 + 1200/h"
#define PACE_MIN 10 /* a poll brings up to four messages */
#define PACE_MAX 1000000

struct pace_limit {
    int64_t at_once, per_hour;
};

/* "12000 + 1200/h". False: it is not one. */
bool pace_parse(const char *text, struct pace_limit *ret_limit);

struct pace {
    struct pace_limit limit; /* zeroed: none */
    int64_t spent;           /* of one command PACE_ONE; grows less by per_hour each millisecond */
    time_ms at;              /* when that was so */
};
#define PACE_ONE INT64_C(3600000)

/* One was taken. */
void pace_take(struct pace *pace, time_ms at);

/* How many more may be taken now; without a limit PACE_MAX. A clock that went back counts from there. */
int64_t pace_room(struct pace *pace, time_ms now);

#endif
