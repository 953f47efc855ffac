/* store_baseline: what a person declared to be live in an environment (C7). */
#ifndef SLIPWAY_LIB_STORE_STORE_BASELINE_H
#define SLIPWAY_LIB_STORE_STORE_BASELINE_H

#include "lib/store/db.h"

struct baseline {
    int64_t id;
    int64_t repository_id;
    const char *environment;
    int64_t release_number;
    char sha[41]; /* read only */
    const char *actor;
    const char *way;
    const char *reason;
    time_ms declared_at;
};

/* ERR_CONFLICT: no reason, or a deployment is under way there. Writer. */
int store_baseline_put(struct db *db, const struct baseline *baseline, int64_t *ret_id,
                       struct err *err);

/* The last that was declared until `at`; ERR_NOT_FOUND. */
int store_baseline_last(struct db *db, struct arena *arena, int64_t repository_id,
                        const char *environment, time_ms at, struct baseline *ret_baseline,
                        struct err *err);

#endif
