/*
 * naming: a database keeps its name while its end is open (M1, M2).
 *
 * The ledger, its unique index, the fence, the epoch and the floor on a host all know a database by its resolved name.
 * A configuration that calls it otherwise would set it free: under the new name nobody sees what still runs under the
 * old one. So such a configuration is refused as a whole, and what is planned is planned under the name that is in
 * force (docs/decisions/0102).
 */
#ifndef SLIPWAY_SERVER_FLOW_NAMING_H
#define SLIPWAY_SERVER_FLOW_NAMING_H

#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/model/config.h"

struct db;

/* What the job's database is called by that configuration; NULL = it names it no more. A job that was renamed is found
 * by what it migrates. */
const char *naming_of(struct arena *arena, const struct config *config, const char *repository,
                      const char *environment, const char *job, const char *database);

/* Does any job of any environment migrate a database of that name? */
bool naming_knows(struct arena *arena, const struct config *config, const char *database);

/* ... of any environment of that repository? */
bool naming_uses(struct arena *arena, const struct config *config, const struct config_repo *repo,
                 const char *database);

/* Does a job migrate it in an environment that finds a host of that name, with these tags? */
bool naming_lets(struct arena *arena, const struct config *config, const char *database,
                 const char *host, const struct config_pairs *tags);

/* ERR_CONFLICT, with what to do: an attempt that is not settled, or a deployment that has started and has not migrated
 * yet, knows its database by another name. On the writer, in the transaction that accepts the configuration. */
int naming_check(struct db *db, struct arena *arena, const struct config *config, struct err *err);

#endif
