/*
 * stops: what people said stop to in one environment: open holds, and freezes added while running.
 *
 * The outlook loads them into the gate's facts, behind what the configuration freezes. They can also be
 * loaded as they would be after a change that is only supposed, so that what would move can be told
 * before it is done. A start is a compare-and-set on the stops it was judged by (T27).
 */
#ifndef SLIPWAY_SERVER_FLOW_STOPS_H
#define SLIPWAY_SERVER_FLOW_STOPS_H

#include <stdbool.h>

#include "lib/model/repository.h"
#include "lib/rules/gate.h"
#include "lib/store/store_freeze.h"
#include "lib/store/store_hold.h"

struct ground;

struct stops {
    struct hold *holds; /* open ones, oldest first */
    size_t n_holds;
    struct freeze *freezes; /* that cover the environment and are not over, by their beginning */
    size_t n_freezes;
    int64_t newest_hold; /* what there was when these were read */
    int64_t newest_freeze;
};

/* A change that is not made yet. Zeroed = none. */
struct stops_change {
    const struct hold *hold;     /* would be added; NULL */
    const struct freeze *freeze; /* would be added; NULL */
    const struct hold *lifted;   /* would be lifted */
    size_t n_lifted;
    const struct freeze *removed; /* would be removed; NULL */
};

/* Does it concern that environment? Pure. */
bool stops_change_concerns(const struct stops_change *change, const struct repository *repository,
                           const char *environment);

/* Those not over at the ground's instant, in `arena`. `supposed` may be NULL. */
int stops_load(struct ground *ground, const struct repository *repository, const char *environment,
               const struct stops_change *supposed, struct arena *arena, struct stops *ret_stops,
               struct err *err);

/* When the last of them that ends by itself is over; `now` if there is none. */
time_ms stops_end(const struct stops *stops, time_ms now);

/* When the last freeze of people there was over, by its time or because somebody removed it, if that was in [since, now];
 * else `*io_at` stays. */
int stops_frozen_until(struct db *db, struct arena *arena, const struct repository *repository,
                       const char *environment, time_ms since, time_ms now, time_ms *io_at,
                       struct err *err);

/* Put them into the gate's facts, behind the freezes that are there. */
void stops_bind(const struct stops *stops, struct arena *arena, struct gate_facts *facts);

/* ERR_CONFLICT: a hold or a freeze came there since they were loaded. Writer. */
int stops_unchanged(struct db *db, const struct stops *stops, int64_t repository_id,
                    const char *repository, const char *environment, time_ms now, struct err *err);

#endif
