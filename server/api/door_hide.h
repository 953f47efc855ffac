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

/* What each chunk is when it is looked at alone. On the http thread, for patterns take their time; NULL = nothing is hidden.
 * In the request's arena. */
struct output_chunk *door_hide_chunks(struct door_call *call, const struct output_chunk *chunks,
                                      size_t n);

/* `chunk`, which alone is `hidden`, as it is to be stored: together with the open line before it. Writer. */
int door_hide_join(struct db *db, struct door_call *call, const struct output_chunk *hidden,
                   struct output_chunk *chunk, struct err *err);

#endif
