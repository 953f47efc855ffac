/*
 * door_send: SendCommand (ssm-wire.md 3.1): checks in the order of the wire, then command and invocations.
 *
 * A command of the door is not a deployment and can do less (design.md 5): what its key may not do is refused with
 * the reason before anything is stored. Rows are written in slices, so that no transaction is long; nothing is
 * handed out before all are there, and only then is the answer given. An operation of the table in door.c.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_SEND_H
#define SLIPWAY_SERVER_API_DOOR_SEND_H

#include "server/api/door_call.h"

struct door_command;

enum request_next door_send_command(struct door_call *call, struct reply *reply);

/* The Command of the wire, as a member. */
void door_send_add(struct json_out *out, struct door_call *call, const char *key,
                   const struct door_command *command);

#endif
