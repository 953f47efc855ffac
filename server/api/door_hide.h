/*
 * door_hide: what hosts say of their commands, with secrets taken out before it is stored (threats.md T40).
 *
 * The host hid what the configuration names before it said anything (docs/agent-protocol.md, Redaction). This is the
 * second look, for agents that know of no patterns, for patterns that are younger than the command, and for the values
 * of the server's own secrets.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_HIDE_H
#define SLIPWAY_SERVER_API_DOOR_HIDE_H

#include "lib/base/err.h"
#include "lib/model/command.h"
#include "server/api/door_call.h"

struct db;

/* The payload of a reply. In the request's arena. */
const char *door_hide_payload(struct door_call *call, const char *payload);

/* `chunk` before it is stored, together with the open line before it. Writer. */
int door_hide_chunk(struct db *db, struct door_call *call, struct output_chunk *chunk,
                    struct err *err);

#endif
