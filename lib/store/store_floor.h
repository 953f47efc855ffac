/* store_floor: what the ledger knows of an epoch that a host has seen, and the database that stands for it (G5; lib/rules/floor). */
#ifndef SLIPWAY_LIB_STORE_STORE_FLOOR_H
#define SLIPWAY_LIB_STORE_STORE_FLOOR_H

#include <stdbool.h>

#include "lib/base/timestamp.h"
#include "lib/rules/floor.h"
#include "lib/store/db.h"

/* All zero where it knows nothing. */
int store_floor_facts(struct db *db, const struct floor_word *word, struct floor_facts *ret_facts,
                      struct err *err);
/* An attempt on that database was planned for that host. */
int store_floor_ran(struct db *db, const char *database, const char *host_id, bool *ret_ran,
                    struct err *err);

/* It stands, also where there is no row for it. Writer. */
int store_floor_fence(struct db *db, const struct floor_word *word, const char *why, time_ms now,
                      struct err *err);

/* When it was last found that the store had forgotten something of it; 0 = never. Not over when the fence is advanced. */
int store_floor_forgot_at(struct db *db, const char *database, time_ms *ret_at, struct err *err);

#endif
