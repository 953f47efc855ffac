/*
 * door_host: what a host says of itself: credentials, keys, health (ssm-wire.md 9). Operations of the table in door.c.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_HOST_H
#define SLIPWAY_SERVER_API_DOOR_HOST_H

#include "server/api/door_call.h"

enum request_next door_host_role_token(struct door_call *call, struct reply *reply);
enum request_next door_host_update_key(struct door_call *call, struct reply *reply);
enum request_next door_host_information(struct door_call *call, struct reply *reply);

/* Answered without doing anything (ssm-wire.md 9.4). */
enum request_next door_host_no_associations(struct door_call *call, struct reply *reply);
enum request_next door_host_nothing(struct door_call *call, struct reply *reply);
enum request_next door_host_no_parameters(struct door_call *call, struct reply *reply);

/* A sign of life of the caller, at most each 10 s. Does not wait. */
void door_host_seen(struct door_call *call);

#endif
