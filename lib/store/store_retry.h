/*
 * store_retry: a stopped deployment goes on because somebody wants it: which commands are made anew, which jobs go on,
 * which hosts are left out (P4, P5). Each is the intent; the flow makes the commands.
 */
#ifndef SLIPWAY_LIB_STORE_STORE_RETRY_H
#define SLIPWAY_LIB_STORE_STORE_RETRY_H

#include "lib/model/command.h"
#include "lib/model/deployment.h"
#include "lib/store/db.h"

/* A new command is to follow for its host. ERR_CONFLICT: its status is another, or it was said before. Writer. */
int store_retry_again(struct db *db, const struct invocation *invocation, time_ms now,
                      struct err *err);
/* Failed, cancelled, or succeeded without some hosts: it runs again. Writer. */
int store_retry_job(struct db *db, int64_t deployment_id, const struct job *job, time_ms now,
                    struct err *err);

/* Nothing of the deployment goes to that host any more. ERR_CONFLICT: it was left out before. Writer. */
int store_retry_leave_out(struct db *db, int64_t deployment_id, const char *host_id,
                          const char *actor, const char *reason, time_ms now, struct err *err);
/* Ids of those hosts. */
int store_retry_left_out(struct db *db, struct arena *arena, int64_t deployment_id,
                         const char ***ret_ids, size_t *ret_n, struct err *err);

#endif
