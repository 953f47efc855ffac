/*
 * rehearsal: how long did the migrate job of a release take where it ran before? (M8)
 *
 * An environment with `needs` migrates only what settled well in those; how long it took there is the best estimate
 * that there is. An environment between the two that does not run the job has nothing to say.
 */
#ifndef SLIPWAY_SERVER_FLOW_REHEARSAL_H
#define SLIPWAY_SERVER_FLOW_REHEARSAL_H

#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/model/config.h"

struct db;

struct rehearsal {
    const char *environment; /* where it took longest, NULL = it was rehearsed nowhere */
    int64_t took_ms;
};

int rehearsal_find(struct db *db, struct arena *arena, const struct config *config,
                   const struct config_environment *environment, const struct config_job *job,
                   int64_t repository_id, int64_t release_number, struct rehearsal *ret_rehearsal,
                   struct err *err);

#endif
