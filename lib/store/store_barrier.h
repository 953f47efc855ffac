/*
 * store_barrier: pull requests that may not go out before a time (C3), per environment.
 *
 * Set before the merge it is an embargo. Which releases are behind it is derived: those that hold the
 * merge commit. Rows are never deleted, so ids only grow, and a start can tell that one came between.
 */
#ifndef SLIPWAY_LIB_STORE_STORE_BARRIER_H
#define SLIPWAY_LIB_STORE_STORE_BARRIER_H

#include "lib/store/db.h"

struct barrier {
    int64_t id;
    int64_t repository_id;
    const char *environment;
    int64_t pull_number;
    time_ms not_before; /* 0 = until a person lifts it */
    const char *actor;
    const char *way;
    const char *reason;
    time_ms set_at;
    /* read only: what is known of the pull request */
    const char *title;
    bool merged;
    int64_t release_number; /* that holds its merge commit, 0 = none yet */
};

/* A newer one for the same pull request replaces the open one. ERR_CONFLICT: no reason. Writer. */
int store_barrier_put(struct db *db, const struct barrier *barrier, int64_t *ret_id,
                      struct err *err);

/* The open ones whose time has not come, by pull request; `environment` NULL = of all. */
int store_barrier_open(struct db *db, struct arena *arena, int64_t repository_id,
                       const char *environment, time_ms now, struct barrier **ret_items,
                       size_t *ret_n, struct err *err);

/* ERR_NOT_FOUND: there is none for that pull request and environment. Writer. */
int store_barrier_lift(struct db *db, int64_t repository_id, const char *environment,
                       int64_t pull_number, const char *actor, time_ms now, struct err *err);

/* The id of the newest there ever was, 0 = none: read it before the barriers themselves. */
int store_barrier_newest(struct db *db, int64_t *ret_id, struct err *err);
/* ERR_CONFLICT: one came to this environment after barrier `id`, and is open. Writer. */
int store_barrier_unchanged(struct db *db, int64_t repository_id, const char *environment,
                            int64_t id, struct err *err);

#endif
