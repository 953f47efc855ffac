/* store_wish: a person asked for a release in an environment `on: release`. */
#ifndef SLIPWAY_LIB_STORE_STORE_WISH_H
#define SLIPWAY_LIB_STORE_STORE_WISH_H

#include "lib/store/db.h"

struct wish {
    int64_t id;
    int64_t repository_id;
    const char *environment;
    int64_t release_number;
    const char *actor;
    const char *way;
    const char *reason; /* NULL */
    time_ms wished_at;
};

/* A newer wish replaces the open one. Writer. */
int store_wish_put(struct db *db, const struct wish *wish, int64_t *ret_id, struct err *err);

/* The open one; ERR_NOT_FOUND. */
int store_wish_open(struct db *db, struct arena *arena, int64_t repository_id,
                    const char *environment, struct wish *ret_wish, struct err *err);

/* A deployment was cut for it. Writer. */
int store_wish_take(struct db *db, int64_t id, int64_t deployment_id, struct err *err);

/* Its deployment was undone before it started: it is wished again. Writer. */
int store_wish_reopen(struct db *db, int64_t id, struct err *err);

#endif
