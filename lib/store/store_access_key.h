/* store_access_key: keys of AWS callers at the door. Their secrets are derived, not stored. */
#ifndef SLIPWAY_LIB_STORE_STORE_ACCESS_KEY_H
#define SLIPWAY_LIB_STORE_STORE_ACCESS_KEY_H

#include "lib/model/access_key.h"
#include "lib/store/db.h"

/* ERR_CONFLICT: a key of that name is in use. Writer. */
int store_access_key_put(struct db *db, const struct access_key *key, struct err *err);

/* Whole, also when it ended; ERR_NOT_FOUND. */
int store_access_key_by_id(struct db *db, struct arena *arena, const char *id,
                           struct access_key *ret_key, struct err *err);
/* The one of that name that is in use; ERR_NOT_FOUND. */
int store_access_key_by_name(struct db *db, struct arena *arena, const char *name,
                             struct access_key *ret_key, struct err *err);
/* Those in use, newest first. */
int store_access_key_list(struct db *db, struct arena *arena, struct access_key **ret_items,
                          size_t *ret_n, struct err *err);

/* ERR_CONFLICT: no key of that name is in use. Writer. */
int store_access_key_end(struct db *db, const char *name, time_ms now, struct err *err);
/* Note its use. Writer. */
int store_access_key_used(struct db *db, const char *id, time_ms now, struct err *err);

#endif
