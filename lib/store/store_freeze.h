/*
 * store_freeze: freezes that people added while the server runs. Those of the configuration stand
 * there; the gate gets both.
 *
 * Rows are never deleted, so ids only grow: a start finds a freeze that came after it was decided (T27).
 */
#ifndef SLIPWAY_LIB_STORE_STORE_FREEZE_H
#define SLIPWAY_LIB_STORE_STORE_FREEZE_H

#include "lib/store/db.h"

struct freeze {
    int64_t id;
    const char *name;
    time_ms from_at; /* half-open [from_at, to_at) */
    time_ms to_at;
    const char *timezone; /* in which its times were read */
    bool allow_rollback;
    const char **environments; /* names, in any repository; none = all */
    size_t n_environments;
    const char **repositories; /* owner/name; none = all */
    size_t n_repositories;
    const char *actor;
    const char *way;
    const char *reason;
    time_ms added_at;
    time_ms removed_at; /* 0 = it was not */
};

/* Is that environment one of those it is for? Pure. */
bool store_freeze_covers(const struct freeze *freeze, const char *repository,
                         const char *environment);

/* Those that are for `from` are for `to`, which is its name from now on. Writer. */
int store_freeze_renamed(struct db *db, const char *from, const char *to, struct err *err);

/* ERR_CONFLICT: one of that name is in force or to come, or it would end before it begins. Writer. */
int store_freeze_put(struct db *db, const struct freeze *freeze, int64_t *ret_id, struct err *err);

/* Those not removed that end after `now`, by their beginning. */
int store_freeze_list(struct db *db, struct arena *arena, time_ms now, struct freeze **ret_items,
                      size_t *ret_n, struct err *err);

/* Those that were on at `at`, or will be, as far as is known now. */
int store_freeze_at(struct db *db, struct arena *arena, time_ms at, struct freeze **ret_items,
                    size_t *ret_n, struct err *err);

/* Those that people removed at `since` or later, before their end. */
int store_freeze_removed(struct db *db, struct arena *arena, time_ms since,
                         struct freeze **ret_items, size_t *ret_n, struct err *err);

struct freeze_removal {
    const char *actor;
    const char *way;
    const char *reason; /* NULL */
    time_ms at;
};
/* ERR_CONFLICT: it is over, or was removed. Writer. */
int store_freeze_remove(struct db *db, int64_t id, const struct freeze_removal *removal,
                        struct err *err);

/* The id of the newest there ever was, 0 = none. Read it before the freezes themselves. */
int store_freeze_newest(struct db *db, int64_t *ret_id, struct err *err);
/* ERR_CONFLICT: one that covers `now` there came after freeze `id`. Writer. */
int store_freeze_unchanged(struct db *db, const char *repository, const char *environment,
                           int64_t id, time_ms now, struct err *err);

#endif
