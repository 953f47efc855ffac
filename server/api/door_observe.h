/*
 * door_observe: Slipway.Observe, what a host says of its journal, its boot and its open commands. Is it believed (lib/rules/doubt),
 * and what follows for what it was handed?
 */
#ifndef SLIPWAY_SERVER_API_DOOR_OBSERVE_H
#define SLIPWAY_SERVER_API_DOOR_OBSERVE_H

#include "server/api/door_call.h"

enum request_next door_observe(struct door_call *call, struct reply *reply);

#endif
