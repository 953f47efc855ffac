/*
 * store_ask: what a host was handed and never answered. Once its time to begin is over it is offered all the same: an agent of ours
 * writes down that it will never run, and says so, or says what it knows of it (decision 113). Absence proves nothing.
 */
#ifndef SLIPWAY_LIB_STORE_STORE_ASK_H
#define SLIPWAY_LIB_STORE_STORE_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/store/db.h"

/*
 * Commands that this host is to be asked about now, by their ids. Not one that got a permit, or began; that a person decided;
 * that the store had when it was restored from a backup, for it may have forgotten the permit; nor what was under way when the
 * host came into doubt.
 */
int store_ask_list(struct db *db, struct arena *arena, const char *host_id, time_ms now,
                   size_t limit, const char ***ret_ids, size_t *ret_n, struct err *err);

/* It was asked just now: again in a while, if nothing is heard. */
int store_ask_put_off(struct db *db, const char *command_id, const char *host_id, time_ms now,
                      struct err *err);

/* The host names it among those that its journal knows: it has it, and need not be asked. */
int store_ask_named(struct db *db, const char *command_id, const char *host_id, time_ms now,
                    struct err *err);
/* What it was handed and did not name is offered again at once: with its next poll. */
int store_ask_not_named(struct db *db, const char *host_id, time_ms now, struct err *err);

/* Nothing that this host was handed until now is asked about: another journal would answer, or one that forgot. */
int store_ask_end(struct db *db, const char *host_id, struct err *err);

#endif
