/* store_host: hosts, the keys that they sign with, and their tags. */
#ifndef SLIPWAY_LIB_STORE_STORE_HOST_H
#define SLIPWAY_LIB_STORE_STORE_HOST_H

#include "lib/model/config.h"
#include "lib/model/host.h"
#include "lib/store/db.h"

/* Register a host with its first key; the activation's tags become its own. A host of that name from the
 * same activation's name is replaced (deregistered). ERR_CONFLICT: the name is taken. Writer. */
int store_host_register(struct db *db, const struct host *host, const char *fingerprint,
                        const char *spki, struct err *err);
/* The host that this machine became with this activation before; ERR_NOT_FOUND. */
int store_host_by_registration(struct db *db, struct arena *arena, const char *activation_id,
                               const char *fingerprint, const char *spki, struct host *ret_host,
                               struct err *err);
int store_host_add_key(struct db *db, const char *id, const char *spki, time_ms now,
                       struct err *err);
/* Only `spki` from here on. Writer. */
int store_host_retire_keys(struct db *db, const char *id, const char *spki, time_ms now,
                           struct err *err);
/* The keys it may sign with, newest first. */
int store_host_keys(struct db *db, struct arena *arena, const char *id, const char ***ret_items,
                    size_t *ret_n, struct err *err);
/* Since when it has that key. ERR_NOT_FOUND. */
int store_host_key_added(struct db *db, const char *id, const char *spki, time_ms *ret_added_at,
                         struct err *err);
int store_host_fingerprint(struct db *db, struct arena *arena, const char *id,
                           const char **ret_fingerprint, struct err *err);

/* ERR_NOT_FOUND; by name only those not deregistered. */
int store_host_by_id(struct db *db, struct arena *arena, const char *id, struct host *ret_host,
                     struct err *err);
int store_host_by_name(struct db *db, struct arena *arena, const char *name, struct host *ret_host,
                       struct err *err);
/* Those not deregistered, by name. */
int store_host_list(struct db *db, struct arena *arena, struct host **ret_items, size_t *ret_n,
                    struct err *err);
/* Those that the deployment has commands for. */
int store_host_of_deployment(struct db *db, struct arena *arena, int64_t deployment_id,
                             struct host **ret_items, size_t *ret_n, struct err *err);
/* Those last seen between `since` and `until`, which is included. */
int store_host_fell_silent(struct db *db, struct arena *arena, time_ms since, time_ms until,
                           size_t limit, struct host **ret_items, size_t *ret_n, struct err *err);
/* Those that came at `since` or behind it, in that order; and when the last one did, and how many then. */
int store_host_came_since(struct db *db, struct arena *arena, time_ms since, size_t limit,
                          struct host **ret_items, size_t *ret_n, struct err *err);
int store_host_came_last(struct db *db, time_ms *ret_at, size_t *ret_n, struct err *err);
/* The earliest last sign behind `after`; 0 = there is none. */
int store_host_oldest_sign(struct db *db, time_ms after, time_ms *ret_at, struct err *err);

int store_host_tags(struct db *db, struct arena *arena, const char *id,
                    struct config_pairs *ret_tags, struct err *err);

/* Heard of it; `agent` and `platform` NULL = as before. Writer. */
int store_host_seen(struct db *db, const char *id, const char *agent, const char *platform,
                    time_ms now, struct err *err);
/* Gives that tag to those of `hosts` (by name, as store_host_list has them) that have it. */
int store_host_mark_tagged(struct db *db, struct arena *arena, const struct config_pair *tag,
                           struct host *hosts, size_t n, struct err *err);
/* What it says of its machine: platform type, computer name, address; NULL = as before. Writer. */
int store_host_described(struct db *db, const struct host *host, struct err *err);
/* Those not deregistered that poll here, with an id behind `after`, by id. */
int store_host_page(struct db *db, struct arena *arena, const char *after, size_t limit,
                    struct host **ret_items, size_t *ret_n, struct err *err);
/* Those not deregistered that have a tag `key`, with that value unless it is NULL; by id. */
int store_host_tagged(struct db *db, struct arena *arena, const char *key, const char *value,
                      struct host **ret_items, size_t *ret_n, struct err *err);
/* It is heard again: it may have missed what went out meanwhile (P7). Writer. */
int store_host_came(struct db *db, const char *id, time_ms now, struct err *err);
/* ERR_CONFLICT: it is so already. Writer. */
int store_host_drain(struct db *db, const char *id, time_ms now, struct err *err);
int store_host_undrain(struct db *db, const char *id, time_ms now, struct err *err);
/* What it says of its journal; a record number never goes down here. Writer. */
int store_host_observed(struct db *db, const char *id, int64_t protocol, const char *journal_id,
                        const char *boot_id, int64_t record_number, struct err *err);
/* It told of that record. A word may be read after its machine booted again: which boot it came from is not known by it.
 * Nothing if the known journal is another one. Writer. */
int store_host_recorded(struct db *db, const char *id, const char *journal_id,
                        int64_t record_number, struct err *err);
/* Its journal is in doubt: why, which other one spoke (NULL = none), and whether its key is suspended. Writer. */
int store_host_doubt(struct db *db, const char *id, const char *why, const char *journal_id,
                     bool suspends, time_ms now, struct err *err);
/* The journal it names next becomes the known one. ERR_CONFLICT: nothing was in doubt. Writer. */
int store_host_accept_journal(struct db *db, const char *id, time_ms now, struct err *err);
/* None of its keys opens anything from here on. Writer. */
int store_host_end_keys(struct db *db, const char *id, time_ms now, struct err *err);
int store_host_move(struct db *db, const char *id, enum host_state from, enum host_state to,
                    struct err *err);

/* The clock says `now`: who was heard, or came, later than that did so then. Writer. */
int store_host_seen_by(struct db *db, time_ms now, struct err *err);

#endif
