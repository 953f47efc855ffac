/*
 * door_registration: a machine with an activation code becomes a host (ssm-wire.md 9.1).
 *
 * Name and tags come from the activation, never from what the machine says (threats.md 4, rule 7).
 * The same machine asking again, because the answer was lost, gets the same id. An operation of the
 * table in door.c.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_REGISTRATION_H
#define SLIPWAY_SERVER_API_DOOR_REGISTRATION_H

#include "server/api/door_call.h"

enum request_next door_registration_add(struct door_call *call, struct reply *reply);

#endif
