/*
 * schema: what migrations/ says of the store, applied in order.
 *
 * Each migration is known by number, name and digest; an altered or newer history is refused.
 */
#ifndef SLIPWAY_LIB_STORE_SCHEMA_H
#define SLIPWAY_LIB_STORE_SCHEMA_H

#include "lib/base/err.h"
#include "lib/base/timestamp.h"

struct db;

/* Apply what is not applied yet, each migration in a transaction of its own. ERR_CONFLICT: another history. */
int schema_migrate(struct db *db, time_ms now, struct err *err);

#endif
