/* store_offer: commands on their way to their hosts: released, offered to a poll, taken. */
#ifndef SLIPWAY_LIB_STORE_STORE_OFFER_H
#define SLIPWAY_LIB_STORE_STORE_OFFER_H

#include "lib/model/command.h"
#include "lib/store/db.h"

/* From here on a poll may hand it out. ERR_CONFLICT: it was released before. Writer. */
int store_offer_release(struct db *db, const char *command_id, const char *host_id, time_ms now,
                        struct err *err);
/* The same for commands of one job, which must run; those whose host `waits` are offered with this. ERR_CONFLICT: one was
 * released before, or the job does not run. Writer. */
int store_offer_hand_out(struct db *db, const struct invocation *const *commands, const bool *waits,
                         size_t n, time_ms now, time_ms redeliver_at, struct err *err);
/* It was offered and did not reach its host: offered again from now on. Writer. */
int store_offer_not_taken(struct db *db, const struct invocation *invocation, time_ms now,
                          struct err *err);

/* What a host may be handed now: released, not acknowledged, start-by not past; with its document. Of the invocation its
 * ids, envelope, signature and when it was offered. */
struct offer {
    struct invocation invocation;
    const char *document_name;
    const char *content;
    const char *parameters; /* of a command of the door, which has no envelope; else NULL */
    const char *redact; /* the patterns that its envelope names, once they were looked for; NULL */
};
int store_offer_list(struct db *db, struct arena *arena, const char *host_id, time_ms now,
                     size_t limit, struct offer **ret_items, size_t *ret_n, struct err *err);
/* One of them, that was offered already. ERR_NOT_FOUND. */
int store_offer_find(struct db *db, struct arena *arena, const char *command_id,
                     const char *host_id, struct offer *ret_offer, struct err *err);
/* Envelope and signature of a command that is handed on the spot, filled in. ERR_NOT_FOUND. */
int store_offer_signed(struct db *db, struct arena *arena, struct invocation *invocation,
                       struct err *err);
/* It is handed to a poll; a second time after `redeliver_at`. Writer. */
int store_offer_made(struct db *db, const char *command_id, const char *host_id, time_ms now,
                     time_ms redeliver_at, struct err *err);
/* ERR_CONFLICT: no such command of that host, or acknowledged before. Writer. */
int store_offer_acknowledged(struct db *db, const char *command_id, const char *host_id,
                             time_ms now, struct err *err);

#endif
