/*
 * door_poll: GetMessages, the long poll by which hosts get their commands (ssm-wire.md 10).
 *
 * A command that is released is marked as offered, and that is committed, before it leaves. If it is
 * not acknowledged within its visibility it is handed out again, until its start-by: the host's
 * journal runs a command id once (G4). An operation of the table in door.c.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_POLL_H
#define SLIPWAY_SERVER_API_DOOR_POLL_H

#include "server/api/door_call.h"

#define DOOR_POLL_NO_ROOM_MS                                                                       \
    1000 /* how long a host that has no room for commands is kept waiting */

enum request_next door_poll_messages(struct door_call *call, struct reply *reply);

/* It cannot be known now who polls: an error would count against us, so `again` asks once more in a second, until the
 * time of a poll is over; then the answer is empty, as if there were nothing. */
enum request_next door_poll_put_off(struct door_call *call, struct reply *reply, request_fn *again);

/* For the end of any request of the door: does it wait for a ring? Then it does no more. */
void door_poll_end(struct door_call *call);

#endif
