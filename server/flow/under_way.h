/*
 * under_way: the open deployment of an environment with all that is known of it: for people who decide what becomes of
 * it. Reads only; any thread with a connection of its own.
 */
#ifndef SLIPWAY_SERVER_FLOW_UNDER_WAY_H
#define SLIPWAY_SERVER_FLOW_UNDER_WAY_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/rules/progress.h"

struct db;

struct under_way {
    bool is_open; /* false: nothing is, and the rest is empty */
    struct deployment deployment;
    struct progress_facts facts; /* jobs, invocations, attempts; no hosts */
};

int under_way_load(struct db *db, struct arena *arena, int64_t repository_id,
                   const char *environment, struct under_way *ret_under_way, struct err *err);

/* May it have changed what a host runs? progress_cancel_touched_any() asks for databases, too. */
bool under_way_touched_hosts(const struct under_way *under_way);

#endif
