/*
 * door_start: Slipway.RequestStart, the permit (migrate.md 3, G6): the last question before a command begins.
 *
 * Judged and stored in one transaction on the writer, by lib/rules/permit: the first nonce has it, and a repeated
 * question the same answer, also after a restart of the server. A migrate job's attempt moves with it.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_START_H
#define SLIPWAY_SERVER_API_DOOR_START_H

#include "server/api/door_call.h"

door_call_fn door_start_request;

#endif
