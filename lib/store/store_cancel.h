/*
 * store_cancel: what somebody wants ended: a deployment, and each of its commands on their hosts (P6).
 *
 * A cancel is a request. Of a command it is a message of its own with an id of its own; the command stays
 * Cancelling until its host says what became of it.
 */
#ifndef SLIPWAY_LIB_STORE_STORE_CANCEL_H
#define SLIPWAY_LIB_STORE_STORE_CANCEL_H

#include "lib/model/command.h"
#include "lib/model/deployment.h"
#include "lib/store/db.h"

/* Who wants it, and why. */
struct cancel {
    const char *actor;
    const char *reason; /* NULL */
    const char *cause;  /* what the deployment shows where it ends at once */
    time_ms at;
};

/* Ask that a deployment ends. One that only waits is cancelled at once, with its jobs and commands;
 * `*ret_ended` says so. ERR_CONFLICT: it is not open, or was asked for before. Writer. */
int store_cancel_deployment(struct db *db, const struct deployment *deployment,
                            const struct cancel *cancel, bool *ret_ended, struct err *err);

/* Ask the host to end it: InProgress, or Pending and handed out, becomes Cancelling. ERR_CONFLICT: it is not in
 * status `from` any more. Writer. */
int store_cancel_ask(struct db *db, const char *command_id, const char *host_id,
                     enum invocation_status from, const char *cancel_id, time_ms now,
                     struct err *err);

/* A message that a host is to be handed now. */
struct cancel_offer {
    char command_id[37];
    char cancel_id[37];
    time_ms asked_at;
};
int store_cancel_offers(struct db *db, struct arena *arena, const char *host_id, time_ms now,
                        size_t limit, struct cancel_offer **ret_items, size_t *ret_n,
                        struct err *err);
int store_cancel_offered(struct db *db, const char *cancel_id, time_ms redeliver_at,
                         struct err *err);

/* Is it the id of such a message for that host? */
int store_cancel_is_known(struct db *db, const char *cancel_id, const char *host_id,
                          bool *ret_known, struct err *err);
/* The host has it; again changes nothing. Writer. */
int store_cancel_taken(struct db *db, const char *cancel_id, const char *host_id, time_ms now,
                       struct err *err);

#endif
