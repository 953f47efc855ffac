/* store_send: what goes to hosts by AWS SSM: each SendCommand, before it is asked for and until AWS told its end. */
#ifndef SLIPWAY_LIB_STORE_STORE_SEND_H
#define SLIPWAY_LIB_STORE_STORE_SEND_H

#include "lib/model/command.h"
#include "lib/model/send.h"
#include "lib/store/db.h"

/* Commands that are released to hosts by SSM and that nobody was handed: to be carried. Oldest first. */
struct send_due {
    char command_id[37];
    char host_id[21];
    time_ms released_at;
};
int store_send_due(struct db *db, struct arena *arena, time_ms now, size_t limit,
                   struct send_due **ret_items, size_t *ret_n, struct err *err);

/* It is to be sent; or, unclear, it is looked for first. With a run its command counts as offered. ERR_CONFLICT: it was before, or is not to be sent any more.
 * Writer. */
int store_send_intend(struct db *db, const struct send *send, struct err *err);
/* A call for it begins (`now`), or the last was provably not heard (0). ERR_CONFLICT: it is not intended any more. Writer. */
int store_send_try(struct db *db, const char *id, time_ms now, struct err *err);
/* What was being called when the process ended: nobody knows whether it was heard. Writer. */
int store_send_interrupted(struct db *db, struct err *err);
/* The store is a backup: whoever wrote on after it may have sent what it still has to send. Writer. */
int store_send_restored(struct db *db, struct err *err);

struct send_change {
    enum send_state state;
    const char *aws_id; /* NULL = as before */
    const char *note;   /* NULL = as before */
};
/* Compare-and-set. ERR_CONFLICT. Writer. */
int store_send_move(struct db *db, const char *id, enum send_state from,
                    const struct send_change *to, struct err *err);
/* AWS said this, for the first time. Writer. */
int store_send_said(struct db *db, const char *id, const char *word, time_ms now, struct err *err);

/* How many revokes of this command there were, and whether one is on its way. */
int store_send_asks(struct db *db, const char *command_id, int64_t *ret_n, bool *ret_asks,
                    struct err *err);

/* Until when an order of that database might still begin on a host by SSM: AWS may have it, and no journal says that it began and is over,
 * whatever was decided about it. 0 = there is none. */
int store_send_clear_at(struct db *db, const char *database, time_ms *ret_at, struct err *err);

/* Intended, unclear, sent: the oldest ones. */
int store_send_open(struct db *db, struct arena *arena, size_t limit, struct send **ret_items,
                    size_t *ret_n, struct err *err);
/* All of a command, oldest first. */
int store_send_of_command(struct db *db, struct arena *arena, const char *command_id,
                          struct send **ret_items, size_t *ret_n, struct err *err);

/* A command on a host by SSM that is to be ended, and that AWS was not told of; oldest first. */
struct send_cancel {
    char command_id[37];
    char host_id[21];
    char cancel_id[37];
    time_ms now; /* for who writes it down */
};
int store_send_cancels(struct db *db, struct arena *arena, time_ms now, size_t limit,
                       struct send_cancel **ret_items, size_t *ret_n, struct err *err);

#endif
