/* store_deployment: deployments and their jobs. */
#ifndef SLIPWAY_LIB_STORE_STORE_DEPLOYMENT_H
#define SLIPWAY_LIB_STORE_STORE_DEPLOYMENT_H

#include "lib/model/deployment.h"
#include "lib/store/db.h"

/* ERR_CONFLICT: another one of this repository and environment is open (C1). Writer. */
int store_deployment_insert(struct db *db, const struct deployment *deployment, int64_t *ret_id,
                            struct err *err);
int store_deployment_job(struct db *db, const struct job *job, struct err *err);
/* The text of its plan_digest, as it was cut. Writer. */
int store_deployment_plan(struct db *db, int64_t id, const char *text, struct err *err);

/* Compare-and-set; started_at and ended_at follow the state. `cause` NULL clears it. Writer. */
int store_deployment_move(struct db *db, int64_t id, enum deployment_state from,
                          enum deployment_state to, const char *cause, time_ms now,
                          struct err *err);
/* The causes it passed at its start, a JSON list. Writer. */
int store_deployment_passed(struct db *db, int64_t id, const char *passed, struct err *err);
int store_deployment_job_move(struct db *db, int64_t id, int number, enum job_state from,
                              enum job_state to, const char *cause, time_ms now, struct err *err);
/* What never began is cancelled with its deployment: jobs, and commands nobody was told of. Writer. */
int store_deployment_sweep(struct db *db, int64_t id, time_ms now, struct err *err);

/* ERR_NOT_FOUND where there is none. */
int store_deployment_by_id(struct db *db, struct arena *arena, int64_t id,
                           struct deployment *ret_deployment, struct err *err);
int store_deployment_open(struct db *db, struct arena *arena, int64_t repository_id,
                          const char *environment, struct deployment *ret_deployment,
                          struct err *err);
/* What is live: the last that succeeded (C7). Here and in what follows late hosts' catching up is passed over: it
 * brings nothing new (P7). */
int store_deployment_live(struct db *db, struct arena *arena, int64_t repository_id,
                          const char *environment, struct deployment *ret_deployment,
                          struct err *err);
/* What was live at an instant: the last that had succeeded by then. */
int store_deployment_live_at(struct db *db, struct arena *arena, int64_t repository_id,
                             const char *environment, time_ms at, struct deployment *ret_deployment,
                             struct err *err);
/* The last that had started by then; it may have ended since. */
int store_deployment_started_by(struct db *db, struct arena *arena, int64_t repository_id,
                                const char *environment, time_ms at,
                                struct deployment *ret_deployment, struct err *err);
/* The first that started after that one; `id` 0: the very first. */
int store_deployment_started_after(struct db *db, struct arena *arena, int64_t repository_id,
                                   const char *environment, int64_t id,
                                   struct deployment *ret_deployment, struct err *err);
/* The last of that release there, superseded ones aside (C1). */
int store_deployment_last_of(struct db *db, struct arena *arena, int64_t repository_id,
                             const char *environment, int64_t release_number,
                             struct deployment *ret_deployment, struct err *err);

/* The same of each release above a number that has one, by their numbers; only what became of it. */
struct deployment_last {
    int64_t release_number;
    enum deployment_state state;
    time_ms ended_at;
};
int store_deployment_lasts(struct db *db, struct arena *arena, int64_t repository_id,
                           const char *environment, int64_t above,
                           struct deployment_last **ret_items, size_t *ret_n, struct err *err);

int store_deployment_all_open(struct db *db, struct arena *arena, struct deployment **ret_items,
                              size_t *ret_n, struct err *err);
/* Those that are open, and those that ended and have an attempt that is not settled (M2). */
int store_deployment_to_follow(struct db *db, struct arena *arena, struct deployment **ret_items,
                               size_t *ret_n, struct err *err);
/* All of one release, newest first. */
int store_deployment_of_release(struct db *db, struct arena *arena, int64_t repository_id,
                                int64_t release_number, struct deployment **ret_items,
                                size_t *ret_n, struct err *err);
/* Newest first; `before` = 0 from the newest on. */
int store_deployment_list(struct db *db, struct arena *arena, int64_t repository_id,
                          const char *environment, int64_t before, size_t limit,
                          struct deployment **ret_items, size_t *ret_n, struct err *err);

/* By number. */
int store_deployment_jobs(struct db *db, struct arena *arena, int64_t id, struct job **ret_items,
                          size_t *ret_n, struct err *err);

#endif
