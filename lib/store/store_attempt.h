/* store_attempt: the ledger of migrate attempts (migrate.md). One unsettled attempt per database, one
 * success per database and release: both stand in the schema too (G1). */
#ifndef SLIPWAY_LIB_STORE_STORE_ATTEMPT_H
#define SLIPWAY_LIB_STORE_STORE_ATTEMPT_H

#include "lib/model/attempt.h"
#include "lib/store/db.h"

/* The epoch the next attempt on that database will have; raised by store_attempt_plan. */
int store_attempt_epoch(struct db *db, const char *database, int64_t *ret_epoch, struct err *err);

/* Raise the epoch to `attempt->epoch` and insert, in one go. ERR_CONFLICT: one is unsettled, or the epoch
 * was taken. The command must be there. Writer. */
int store_attempt_plan(struct db *db, const struct attempt *attempt, int64_t *ret_id,
                       struct err *err);

/* Compare-and-set; settles by itself where attempt_settles(). `changed` -1 = not known. Writer. */
int store_attempt_move(struct db *db, int64_t id, enum attempt_state from, enum attempt_state to,
                       int changed, time_ms now, struct err *err);

/* ERR_NOT_FOUND. */
int store_attempt_unsettled(struct db *db, struct arena *arena, const char *database,
                            struct attempt *ret_attempt, struct err *err);
/* Of that release on that database, not voided; ERR_NOT_FOUND. */
int store_attempt_success(struct db *db, struct arena *arena, const char *database,
                          int64_t repository_id, int64_t release_number,
                          struct attempt *ret_attempt, struct err *err);

int store_attempt_by_id(struct db *db, struct arena *arena, int64_t id, struct attempt *ret_attempt,
                        struct err *err);
/* ERR_NOT_FOUND: that command is of no migrate job. */
int store_attempt_of_command(struct db *db, struct arena *arena, const char *command_id,
                             struct attempt *ret_attempt, struct err *err);

/* A fence: the store is older than what hosts have seen, so the database stands until a person says that it is safe
 * (G5). `epoch`: the highest that a host told, 0 = none. Writer. */
int store_attempt_is_fenced(struct db *db, const char *database, bool *ret_is, struct err *err);
int store_attempt_fenced_at(struct db *db, const char *database, time_ms *ret_at,
                            struct err *err); /* 0 = it is not */
int store_attempt_fence(struct db *db, const char *database, int64_t epoch, const char *why,
                        time_ms now, struct err *err);
/* Also those that the store does not know: it may have forgotten them. */
int store_attempt_fence_all(struct db *db, const char *why, time_ms now, struct err *err);
/* When the store was started as one that came from a backup; 0 = never. */
int store_attempt_restored_at(struct db *db, time_ms *ret_at, struct err *err);
/* The epoch goes over all that was told, and the fence is gone. ERR_CONFLICT: there was none. */
int store_attempt_advance(struct db *db, const char *database, struct err *err);

/* Oldest first. */
int store_attempt_of_deployment(struct db *db, struct arena *arena, int64_t deployment_id,
                                struct attempt **ret_items, size_t *ret_n, struct err *err);
/* All that hold a database. */
int store_attempt_all_unsettled(struct db *db, struct arena *arena, struct attempt **ret_items,
                                size_t *ret_n, struct err *err);

/* What a person decides, or the probe's proof. */
struct attempt_decision {
    const char *decision;
    const char *by;
    const char *reason;
    time_ms at;
};
/* Settle it: `to` is its state, or succeeded, or failed. ERR_CONFLICT: it moved meanwhile. Writer. */
int store_attempt_decide(struct db *db, const struct attempt *attempt, enum attempt_state to,
                         const struct attempt_decision *decision, struct err *err);
/* A true end after the decision: kept, and changes nothing. ERR_CONFLICT: nobody decided, or one came before. */
int store_attempt_late(struct db *db, int64_t id, enum attempt_state state, time_ms now,
                       struct err *err);
/* Its host says that its supervisor is gone, with an end or without. */
int store_attempt_gone(struct db *db, const char *command_id, time_ms now, struct err *err);
/* People are told that it takes long. ERR_CONFLICT: they were, or it is settled. */
int store_attempt_alarm(struct db *db, int64_t id, time_ms now, struct err *err);
/* How long the migrate job of that release ran on that database, where it succeeded and counts: from the word that it
 * began to its end. ERR_NOT_FOUND: it did not. */
int store_attempt_took(struct db *db, const char *database, int64_t repository_id,
                       int64_t release_number, int64_t *ret_ms, struct err *err);
/* What was there when it failed or became unknown, a JSON object; NULL = nothing is kept. */
int store_attempt_evidence_put(struct db *db, int64_t id, const char *json, struct err *err);
int store_attempt_evidence(struct db *db, struct arena *arena, int64_t id, const char **ret_json,
                           struct err *err);
/* After a restore: successes from release `since` on count no more. ERR_CONFLICT: there are none. Writer. */
int store_attempt_forget(struct db *db, const char *database, int64_t repository_id, int64_t since,
                         const struct attempt_decision *decision, struct err *err);

/* Newest first. */
int store_attempt_of_database(struct db *db, struct arena *arena, const char *database,
                              size_t limit, struct attempt **ret_items, size_t *ret_n,
                              struct err *err);

/* The newest one of each repository that ever migrated it. */
int store_attempt_of_repositories(struct db *db, struct arena *arena, const char *database,
                                  struct attempt **ret_items, size_t *ret_n, struct err *err);

struct attempt_database {
    const char *name;
    int64_t epoch;
    time_ms fenced_at; /* 0 = it does not stand */
    int64_t fence_epoch;
    const char *fence_why;
};
int store_attempt_databases(struct db *db, struct arena *arena, struct attempt_database **ret_items,
                            size_t *ret_n, struct err *err);

#endif
