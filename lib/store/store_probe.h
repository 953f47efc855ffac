/* store_probe: questions to databases, and what came of them. */
#ifndef SLIPWAY_LIB_STORE_STORE_PROBE_H
#define SLIPWAY_LIB_STORE_STORE_PROBE_H

#include "lib/model/probe.h"
#include "lib/store/db.h"

/* ERR_CONFLICT: one is open already. Writer. */
int store_probe_ask(struct db *db, int64_t attempt_id, const char *by, time_ms now, int64_t *ret_id,
                    struct err *err);
/* It is on its way as that command. Writer. */
int store_probe_sent(struct db *db, int64_t id, const char *command_id, const char *host_id,
                     struct err *err);
/* `pending`, `holders` -1 = it did not say. Writer. */
int store_probe_end(struct db *db, int64_t id, int64_t pending, int64_t holders, const char *note,
                    time_ms now, struct err *err);

/* Without an answer. */
int store_probe_open(struct db *db, struct arena *arena, struct probe **ret_items, size_t *ret_n,
                     struct err *err);
/* Of an attempt, newest first. */
int store_probe_of_attempt(struct db *db, struct arena *arena, int64_t attempt_id, size_t limit,
                           struct probe **ret_items, size_t *ret_n, struct err *err);
/* When a probe last saw somebody in the database, whichever attempt it was about; 0 = none did. */
int store_probe_holder_seen(struct db *db, const char *database, time_ms *ret_at, struct err *err);

#endif
