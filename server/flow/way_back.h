/*
 * way_back: is there a way back from what is open, or live, in an environment (R1, R2)? Asked by a person's rollback, by
 * `after-failure: rollback`, and by whoever shows the choices. Reads only; any thread with a connection of its own.
 */
#ifndef SLIPWAY_SERVER_FLOW_WAY_BACK_H
#define SLIPWAY_SERVER_FLOW_WAY_BACK_H

#include "lib/base/err.h"
#include "lib/rules/rules_rollback.h"
#include "lib/store/store_rollback.h"
#include "server/flow/under_way.h"

struct way_back {
    struct under_way open;
    struct rules_rollback judged;
    struct rollback_change *changes; /* migrate jobs between that changed something, or may have */
    size_t n_changes;
};

/* `live`: number of the live release, 0 = unknown. `to`: a release by name, 0 = the newest that may be. */
int way_back_find(struct db *db, struct arena *arena, int64_t repository_id,
                  const char *environment, int64_t live, int64_t to, struct way_back *ret_way,
                  struct err *err);

#endif
