/* store_promise: what people were told about the next start of an environment. */
#ifndef SLIPWAY_LIB_STORE_STORE_PROMISE_H
#define SLIPWAY_LIB_STORE_STORE_PROMISE_H

#include "lib/model/promise.h"
#include "lib/store/db.h"

/* The open one; ERR_NOT_FOUND. */
int store_promise_open(struct db *db, struct arena *arena, int64_t repository_id,
                       const char *environment, struct promise *ret_promise, struct err *err);

/* ERR_CONFLICT: one is open. Writer. */
int store_promise_make(struct db *db, const struct promise *promise, time_ms now, struct err *err);
/* Release, start_at and lacks; compare-and-set on `sequence`. Writer. */
int store_promise_change(struct db *db, const struct promise *promise, time_ms now,
                         struct err *err);
int store_promise_withdraw(struct db *db, int64_t id, time_ms now, struct err *err);
/* A deployment started: the open promise of its environment, if there is one, is kept. Writer. */
int store_promise_keep(struct db *db, int64_t repository_id, const char *environment,
                       int64_t deployment_id, time_ms now, struct err *err);

/* Whose repository is to be listed? */
struct store_promise_filter {
    bool (*shows)(void *arg, const char *repository);
    void *arg;
};

/* Open ones, and those that changed at `since` or later, the newest change first; at most `limit` of those that `filter` shows. */
int store_promise_list(struct db *db, struct arena *arena, time_ms since,
                       const struct store_promise_filter *filter, size_t limit,
                       struct promise **ret_items, size_t *ret_n, struct err *err);

#endif
