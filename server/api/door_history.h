/*
 * door_history: what became of commands, for AWS callers (ssm-wire.md 3.2, 3.3, 6): GetCommandInvocation,
 * ListCommands, ListCommandInvocations. A key sees what keys of its name sent. Operations of the table in door.c.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_HISTORY_H
#define SLIPWAY_SERVER_API_DOOR_HISTORY_H

#include "server/api/door_call.h"

enum request_next door_history_invocation(struct door_call *call, struct reply *reply);
enum request_next door_history_commands(struct door_call *call, struct reply *reply);
enum request_next door_history_invocations(struct door_call *call, struct reply *reply);

#endif
