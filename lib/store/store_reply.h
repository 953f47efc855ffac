/* store_reply: what agents said, stored before it is believed, collected by the flow. */
#ifndef SLIPWAY_LIB_STORE_STORE_REPLY_H
#define SLIPWAY_LIB_STORE_STORE_REPLY_H

#include "lib/store/db.h"

struct reply_row {
    int64_t id;
    const char *reply_id;
    const char *command_id;
    const char *host_id;
    const char *payload;
    time_ms received_at;
    int64_t host_record; /* highest record that was known of its host when it came; 0 = none */
};

/* The same reply id again changes nothing. Writer. */
int store_reply_put(struct db *db, const char *reply_id, const char *command_id,
                    const char *host_id, const char *payload, time_ms now, bool *ret_known,
                    struct err *err);

/* Not collected yet, in the order of arrival. */
int store_reply_open(struct db *db, struct arena *arena, size_t limit, struct reply_row **ret_items,
                     size_t *ret_n, struct err *err);

/* What its host said of one command, in the order of arrival. */
int store_reply_of_command(struct db *db, struct arena *arena, const char *command_id,
                           const char *host_id, size_t limit, struct reply_row **ret_items,
                           size_t *ret_n, struct err *err);

/* `note` says why it changed nothing, NULL if it did. Writer. */
int store_reply_collect(struct db *db, int64_t id, const char *note, time_ms now, struct err *err);

/* What changed nothing, and why: of a command, oldest first; at most 200. */
struct reply_note {
    const char *host_id;
    const char *note;
    time_ms received_at;
};
int store_reply_notes(struct db *db, struct arena *arena, const char *command_id,
                      struct reply_note **ret_items, size_t *ret_n, struct err *err);

#endif
