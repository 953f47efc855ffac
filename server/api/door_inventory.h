/*
 * door_inventory: which hosts there are, for AWS callers, and taking one out (ssm-wire.md 3.5, 3.7).
 *
 * A key sees the hosts that it may reach and no others. Operations of the table in door.c.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_INVENTORY_H
#define SLIPWAY_SERVER_API_DOOR_INVENTORY_H

#include "server/api/door_call.h"

enum request_next door_inventory_describe(struct door_call *call, struct reply *reply);
enum request_next door_inventory_deregister(struct door_call *call, struct reply *reply);

#endif
