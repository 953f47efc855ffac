/*
 * promises: the promised start of an environment, and which of them a hold or a freeze would move.
 *
 * The list is asked for before something is saved (a dry run) and told when it was: one function for
 * both, so that people see the same twice. Reads only; any thread with a connection of its own.
 */
#ifndef SLIPWAY_SERVER_FLOW_PROMISES_H
#define SLIPWAY_SERVER_FLOW_PROMISES_H

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/model/config.h"
#include "lib/model/release.h"
#include "lib/rules/verdict.h"
#include "server/flow/stops.h"

struct outlook;
struct snapshot;

/* When the target of the outlook's plan would start: now, at the plan's time, or at the first later
 * occurrence that time and people's stops allow (lib/rules/soonest.h). VERDICT_NEVER = none is known. */
time_ms promises_start(const struct outlook *outlook, const struct snapshot *snapshot,
                       const struct config_environment *environment, time_ms now);

/* One environment whose next release would go out at another time. */
struct promises_moved {
    const struct config_environment *environment;
    int64_t repository_id;
    const struct release *release;
    int64_t live_number; /* the range that goes out is (live_number, release]; 0 = unknown */
    time_ms before;      /* VERDICT_NEVER: not before somebody acts */
    time_ms after;
};

/* A deployment that has started: no hold and no freeze stops it (F5). */
struct promises_under_way {
    const struct config_environment *environment;
    int64_t release_number;
};

struct promises {
    struct promises_moved *moved;
    size_t n_moved;
    struct promises_under_way *under_way;
    size_t n_under_way;
};

/* What `change` would move at `now`, in the order of the configuration; everything in `arena`. */
int promises_suppose(struct db *db, const struct snapshot *snapshot,
                     const struct stops_change *change, time_ms now, struct arena *arena,
                     struct promises *ret_promises, struct err *err);

#endif
