/*
 * ago: an instant as a person at a terminal reads it: "3 s ago", "in 23 h", "never".
 */
#ifndef SLIPWAY_CLI_AGO_H
#define SLIPWAY_CLI_AGO_H

#include "lib/base/arena.h"
#include "lib/base/timestamp.h"

/* `instant` in RFC 3339, as the API writes it; NULL = "never". What cannot be read stays as it is. */
const char *ago_text(struct arena *arena, const char *instant, time_ms now);

#endif
