/*
 * record_pace: how many deliveries are read at once, and when reading rests.
 *
 * Whoever sends waits for his 202, and nobody waits for a delivery to be read within the second. Both want the same
 * processors and the same commits; so, as long as deliveries come about as quickly as they are read, reading makes a pause
 * of several times as long as it took, and reads more at once behind it. When no more come it goes on without pauses. The
 * longer the oldest delivery has waited the shorter they are; behind ten seconds there are none, and reading and answering
 * share alike. It is the record room only that rests; what starts at a time does not wait (docs/decisions/0198).
 */
#ifndef SLIPWAY_SERVER_FLOW_RECORD_PACE_H
#define SLIPWAY_SERVER_FLOW_RECORD_PACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/clock.h"
#include "lib/base/timestamp.h"

#define RECORD_PACE_MAX 256 /* deliveries in one batch */

struct record_pace {
    mono_ms began;
    uint64_t came_before;
    size_t read;                     /* by the last batch ... */
    int64_t took;                    /* ... in ms, without the commit of what it said */
    bool rested;                     /* behind it, since others came no less than half as quickly */
    atomic_int_fast64_t rests_until; /* mono_ms */
};

/* How many to list: somewhat more than were come to last time, since one that is listed and not read costs as much as one
 * that is; or RECORD_PACE_MAX, behind a rest. */
size_t record_pace_wanted(const struct record_pace *pace);

/* A batch begins. `came` counts the deliveries that came since the process began. */
void record_pace_begin(struct record_pace *pace, mono_ms now, uint64_t came);
/* So many were read. */
void record_pace_read(struct record_pace *pace, mono_ms now, size_t read);
/* It is written. The oldest of them came at `oldest`, by the clock that says `wall`. */
void record_pace_end(struct record_pace *pace, mono_ms now, uint64_t came, time_ms oldest,
                     time_ms wall);

/* Milliseconds that reading rests still; 0 = it does not. Any thread. */
int64_t record_pace_rest(const struct record_pace *pace, mono_ms now);

#endif
