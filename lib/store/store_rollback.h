/*
 * store_rollback: an old release that is to be live again, from the wish for it until a deployment takes it
 * (R1), and what was taken back by those that succeeded (R4).
 */
#ifndef SLIPWAY_LIB_STORE_STORE_ROLLBACK_H
#define SLIPWAY_LIB_STORE_STORE_ROLLBACK_H

#include <stdbool.h>

#include "lib/store/db.h"

struct rollback {
    int64_t id;
    int64_t repository_id;
    const char *environment;
    int64_t to_number;
    int64_t left_number;        /* (to, left] is taken back */
    int64_t left_deployment_id; /* only what it touched goes back; 0 = all hosts */
    bool across_migration;
    bool beside_unsettled;
    const char *actor;
    const char *way;
    const char *reason;
    time_ms asked_at;
    int64_t deployment_id; /* 0 = none took it yet */
};

/* ERR_CONFLICT: another one is open there. Writer. */
int store_rollback_put(struct db *db, const struct rollback *rollback, int64_t *ret_id,
                       struct err *err);

/* ERR_NOT_FOUND where there is none. */
int store_rollback_open(struct db *db, struct arena *arena, int64_t repository_id,
                        const char *environment, struct rollback *ret_rollback, struct err *err);
int store_rollback_of_deployment(struct db *db, struct arena *arena, int64_t deployment_id,
                                 struct rollback *ret_rollback, struct err *err);

/* A deployment was cut for it; and undone before it started. Writer. */
int store_rollback_take(struct db *db, int64_t id, int64_t deployment_id, struct err *err);
int store_rollback_reopen(struct db *db, int64_t deployment_id, struct err *err);
/* It does not come true, `why` is a key. ERR_CONFLICT: it is not open. Writer. */
int store_rollback_end(struct db *db, int64_t id, const char *why, struct err *err);

/* The releases that once succeeded there, or were declared live, older than `below`, newest first. */
int store_rollback_targets(struct db *db, struct arena *arena, int64_t repository_id,
                           const char *environment, int64_t below, int64_t **ret_numbers,
                           size_t *ret_n, struct err *err);

/* A migrate job of a release in (from, to] that changed something there, or may have (R2). */
struct rollback_change {
    int64_t release_number;
    const char *database;
    const char *state; /* of its attempt */
};
int store_rollback_changes(struct db *db, struct arena *arena, int64_t repository_id,
                           const char *environment, int64_t from, int64_t to,
                           struct rollback_change **ret_items, size_t *ret_n, struct err *err);

#define STORE_ROLLBACK_TAKEN_MAX 200 /* in one answer; the next ones are above the last of them */

/* A release above `live` that a rollback took back (R4), oldest first. */
struct rollback_taken {
    int64_t number;
    const char *actor;
    const char *reason;
    time_ms at;
};
int store_rollback_taken_back(struct db *db, struct arena *arena, int64_t repository_id,
                              const char *environment, int64_t live,
                              struct rollback_taken **ret_items, size_t *ret_n, struct err *err);
/* Was it taken back there after deployment `since`? */
int store_rollback_took(struct db *db, int64_t repository_id, const char *environment,
                        int64_t number, int64_t since, bool *ret_took, struct err *err);

#endif
