/*
 * kept: what a command printed, cut to what another agent keeps of it (ssm-wire.md 6).
 *
 * Amazon's agent keeps the beginning of a script's output. slipway-once tells first how the command ended, and behind that, of
 * each step, the beginning and the end of what it printed, most of the last one's. lib/ssm/aws_outcome.h reads it.
 */
#ifndef SLIPWAY_AGENT_KEPT_H
#define SLIPWAY_AGENT_KEPT_H

#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/ssm/document.h"

/* One stream of the command whose folder that is, under its marks; in the arena. What cannot be read is left out. */
const char *kept_output(struct arena *arena, const char *folder, const struct document *document,
                        const char *command_id, bool error_stream);

#endif
