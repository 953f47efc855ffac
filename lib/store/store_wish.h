/*
 * store_wish: a person asked for a release by name: a go-live, a pin to a start (C2), a hotfix.
 *
 * One of each track is open, and beside it one hotfix: a newer one replaces an older one. A deployment
 * that is cut for it takes it; a pass therefore belongs to that deployment and to no other (T26).
 */
#ifndef SLIPWAY_LIB_STORE_STORE_WISH_H
#define SLIPWAY_LIB_STORE_STORE_WISH_H

#include "lib/store/db.h"

struct wish {
    int64_t id;
    int64_t repository_id;
    const char *environment;
    int64_t release_number;
    const char *state; /* open, taken, replaced, withdrawn, ended; read only */
    time_ms start_at;  /* the start it is for; 0 = at once */
    bool hotfix;
    bool unrehearsed; /* it names the missing rehearsal */
    const char *actor;
    const char *way;
    const char *reason; /* NULL; never of a hotfix */
    time_ms wished_at;
    time_ms ended_at;
    const char *ended;   /* why it can no longer come true, NULL; read only */
    const int64_t *with; /* pull requests that the act names */
    size_t n_with;
    const int64_t *with_releases; /* and releases that have none */
    size_t n_with_releases;
};

/* A newer wish replaces the open one of its kind; `*ret_replaced` is the release that was wished for,
 * 0 = none. Writer. */
int store_wish_put(struct db *db, const struct wish *wish, int64_t *ret_id, int64_t *ret_replaced,
                   struct err *err);

/* ERR_NOT_FOUND where there is none. */
int store_wish_open(struct db *db, struct arena *arena, int64_t repository_id,
                    const char *environment, bool hotfix, struct wish *ret_wish, struct err *err);
int store_wish_by_id(struct db *db, struct arena *arena, int64_t id, struct wish *ret_wish,
                     struct err *err);
/* The newest of all. */
int store_wish_latest(struct db *db, struct arena *arena, int64_t repository_id,
                      const char *environment, struct wish *ret_wish, struct err *err);

/* A deployment was cut for it. Writer. */
int store_wish_take(struct db *db, int64_t id, int64_t deployment_id, struct err *err);

/* Its deployment was undone before it started: it is wished again, or was replaced meanwhile. Writer. */
int store_wish_reopen(struct db *db, int64_t id, struct err *err);

/* It can no longer come true, `why` is a key. ERR_CONFLICT: it is not open. Writer. */
int store_wish_end(struct db *db, int64_t id, const char *why, time_ms now, struct err *err);

/* Its owner took it back. ERR_CONFLICT: it is not open. Writer. */
int store_wish_withdraw(struct db *db, int64_t id, time_ms now, struct err *err);

#endif
