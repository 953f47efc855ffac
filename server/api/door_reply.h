/*
 * door_reply: what hosts say of their commands: taken, how it goes, what it prints (ssm-wire.md 10).
 *
 * Stored as it came; the flow collects. The host is the one that signed, so a result for another
 * host's command is refused and shouted about (T36). Operations of the table in door.c.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_REPLY_H
#define SLIPWAY_SERVER_API_DOOR_REPLY_H

#include "server/api/door_call.h"

enum request_next door_reply_acknowledge(struct door_call *call, struct reply *reply);
enum request_next door_reply_send(struct door_call *call, struct reply *reply);
enum request_next door_reply_fail(struct door_call *call, struct reply *reply);
enum request_next door_reply_delete(struct door_call *call, struct reply *reply);
enum request_next door_reply_output(struct door_call *call, struct reply *reply);

#endif
