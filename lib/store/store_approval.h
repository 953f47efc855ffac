/*
 * store_approval: approvals, and the plans that they bind (A1).
 *
 * Rows are never deleted. One person has at most one granted approval of a release in an environment; for
 * another plan he gives another one, and the one before is void.
 */
#ifndef SLIPWAY_LIB_STORE_STORE_APPROVAL_H
#define SLIPWAY_LIB_STORE_STORE_APPROVAL_H

#include "lib/model/approval.h"
#include "lib/store/db.h"

#define STORE_APPROVAL_MAX 200 /* of one release in one environment that are looked at */

/* The text behind a plan digest; known ones change nothing. Writer. */
int store_approval_plan_put(struct db *db, const char *digest, const char *text, struct err *err);
/* `*ret_text` NULL: it is not known. */
int store_approval_plan(struct db *db, struct arena *arena, const char *digest,
                        const char **ret_text, struct err *err);

/* ERR_CONFLICT: that actor has one already. Writer. */
int store_approval_grant(struct db *db, const struct approval *approval, int64_t *ret_id,
                         struct err *err);
/* ERR_CONFLICT: it is not granted any more. Writer. */
int store_approval_withdraw(struct db *db, int64_t id, const char *by, time_ms now,
                            struct err *err);
/* The plan is another now; `why` for people. ERR_CONFLICT as above. Writer. */
int store_approval_void(struct db *db, int64_t id, const char *why, time_ms now, struct err *err);

/* Granted ones of releases with number > after, oldest first; whatever their digest. */
int store_approval_granted(struct db *db, struct arena *arena, int64_t repository_id,
                           const char *environment, int64_t after, struct approval **ret_items,
                           size_t *ret_n, struct err *err);
/* All of a release there, also those that ended, newest first. */
int store_approval_list(struct db *db, struct arena *arena, int64_t repository_id,
                        const char *environment, int64_t release_number,
                        struct approval **ret_items, size_t *ret_n, struct err *err);

/* A start stands on this one. ERR_CONFLICT: it is not granted any more. Writer. */
int store_approval_used(struct db *db, int64_t deployment_id, int64_t id, struct err *err);
/* A start needed that many persons (I6). Writer. */
int store_approval_needed(struct db *db, int64_t deployment_id, int64_t n, struct err *err);
/* Deployments that started with fewer approvals for their digest than they needed (I6), as
 * "owner/name/environment/rN"; none in a store that was never touched by hand. */
int store_approval_missing(struct db *db, struct arena *arena, const char *const **ret_items,
                           size_t *ret_n, struct err *err);

#endif
