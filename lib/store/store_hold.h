/*
 * store_hold: a person's stop of an environment, or of all environments of a repository.
 *
 * The gate judges the open ones, and a start is a compare-and-set on what it judged: a hold that came
 * between is found by its id (T27). Rows are never deleted, so ids only grow.
 */
#ifndef SLIPWAY_LIB_STORE_STORE_HOLD_H
#define SLIPWAY_LIB_STORE_STORE_HOLD_H

#include "lib/store/db.h"

struct hold {
    int64_t id;
    int64_t repository_id;
    const char *repository;  /* owner/name; read only */
    const char *environment; /* NULL = all of the repository */
    const char *actor;
    const char *way;
    const char *reason;
    time_ms held_at;
    time_ms until_at;      /* 0 = until a person lifts it */
    int64_t deployment_id; /* of the rollback that it follows (R3); 0 = a person's alone */
};

/* ERR_CONFLICT: no reason, or it would end before it begins. Writer. */
int store_hold_put(struct db *db, const struct hold *hold, int64_t *ret_id, struct err *err);

/* Those that bind an environment at `now`, oldest first; `environment` NULL = all of the repository. */
int store_hold_open(struct db *db, struct arena *arena, int64_t repository_id,
                    const char *environment, time_ms now, struct hold **ret_items, size_t *ret_n,
                    struct err *err);
/* Those that bound it, or will, at `at`, as far as is known now; the newest 100. */
int store_hold_at(struct db *db, struct arena *arena, int64_t repository_id,
                  const char *environment, time_ms at, struct hold **ret_items, size_t *ret_n,
                  struct err *err);
/* When the last of those that ended between `since` and `now` did; 0 = none. */
int store_hold_ended(struct db *db, int64_t repository_id, const char *environment, time_ms since,
                     time_ms now, time_ms *ret_at, struct err *err);
/* Those of all repositories. */
int store_hold_list(struct db *db, struct arena *arena, time_ms now, struct hold **ret_items,
                    size_t *ret_n, struct err *err);

struct hold_lift {
    const char *actor;
    const char *way;
    const char *reason; /* NULL */
    time_ms at;
};
/* ERR_CONFLICT: it is not open any more. Writer. */
int store_hold_lift(struct db *db, int64_t id, const struct hold_lift *lift, struct err *err);

/* Those that nobody lifted are of repository `to` from now on. Writer. */
int store_hold_move(struct db *db, int64_t from, int64_t to, struct err *err);

/* The id of the newest hold there ever was, 0 = none. Read it before the holds themselves. */
int store_hold_newest(struct db *db, int64_t *ret_id, struct err *err);
/* ERR_CONFLICT: one came to this environment after hold `id`, and is open. Writer. */
int store_hold_unchanged(struct db *db, int64_t repository_id, const char *environment, int64_t id,
                         struct err *err);

#endif
