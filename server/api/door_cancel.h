/*
 * door_cancel: CancelCommand, for AWS callers (ssm-wire.md 3.4): a request, best effort. What nobody was handed ends
 * at once; what a host has ends by its word (P6). An operation of the table in door.c.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_CANCEL_H
#define SLIPWAY_SERVER_API_DOOR_CANCEL_H

#include "server/api/door_call.h"

door_call_fn door_cancel_command;

#endif
