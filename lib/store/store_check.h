/*
 * store_check: what people found when they looked: ok, or it needs a fix (C1, L1).
 *
 * Of a release (in the environment in which it was looked at) or a pull request (its head) at most one is
 * granted: the newest. Rows are never deleted.
 */
#ifndef SLIPWAY_LIB_STORE_STORE_CHECK_H
#define SLIPWAY_LIB_STORE_STORE_CHECK_H

#include "lib/model/check.h"
#include "lib/store/db.h"

/* Stands instead of the one before. Writer. */
int store_check_put(struct db *db, const struct check *check, int64_t *ret_id, struct err *err);

/* The pull request's head is `head` now: checks of another head are void (L1). `*ret_n` were. Writer. */
int store_check_head_moved(struct db *db, int64_t repository_id, int64_t pull_number,
                           const char *head, time_ms now, int64_t *ret_n, struct err *err);

/* Granted ones of releases looked at in `environment`, with number > after. */
int store_check_of_releases(struct db *db, struct arena *arena, int64_t repository_id,
                            const char *environment, int64_t after, struct check **ret_items,
                            size_t *ret_n, struct err *err);
/* The granted one of a pull request. ERR_NOT_FOUND. */
int store_check_of_pull(struct db *db, struct arena *arena, int64_t repository_id,
                        int64_t pull_number, struct check *ret_check, struct err *err);

/* The id of the newest there ever was, 0 = none: read it before the checks themselves. */
int store_check_newest(struct db *db, int64_t *ret_id, struct err *err);
/* ERR_CONFLICT: somebody checked something in this repository after check `id`. Writer. */
int store_check_unchanged(struct db *db, int64_t repository_id, int64_t id, struct err *err);

#endif
