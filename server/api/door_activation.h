/*
 * door_activation: activations, for AWS callers (ssm-wire.md 3.7): CreateActivation and its kin.
 *
 * With an activation a machine becomes a host of a name and with tags, so a key makes one only for
 * what it reaches itself: the tags must be such as it lists, and a name that a host has already, or
 * that the configuration gives to an environment which the key does not name, is refused.
 * A key sees those that were made under its name. Operations of the table in door.c.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_ACTIVATION_H
#define SLIPWAY_SERVER_API_DOOR_ACTIVATION_H

#include "server/api/door_call.h"

enum request_next door_activation_create(struct door_call *call, struct reply *reply);
enum request_next door_activation_describe(struct door_call *call, struct reply *reply);
enum request_next door_activation_delete(struct door_call *call, struct reply *reply);

#endif
