/*
 * door_floor: a host says which epoch of a database it has seen. Where the store has forgotten it the database stands, as
 * behind `slipwayd --restored` (lib/rules/floor; docs/decisions/0135).
 */
#ifndef SLIPWAY_SERVER_API_DOOR_FLOOR_H
#define SLIPWAY_SERVER_API_DOOR_FLOOR_H

#include "lib/model/host.h"
#include "lib/rules/floor.h"
#include "server/api/door_call.h"

/* Of a database that this host may migrate, or has; what it says of others is logged. Writer. */
int door_floor_hear(struct db *db, struct door_call *call, const struct host *host,
                    const struct floor_word *word, struct err *err);

#endif
