/*
 * body_time: when a delivery happened, as its body says, found without reading it.
 *
 * Repeats are found by their body (W3), in an index over all that ever came. Digests alone would lie anywhere in it,
 * and each delivery would write a page of its own; with this time in front they lie at its end (docs/decisions/0078).
 * So it must be the same for equal bodies, whenever and however often they come, and grow from body to body; it need
 * not be true, and nothing else is made of it. Called once for each delivery, after its signature was found to be right.
 */
#ifndef SLIPWAY_LIB_GITHUB_BODY_TIME_H
#define SLIPWAY_LIB_GITHUB_BODY_TIME_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/timestamp.h"

/* The latest time of a member whose name ends with "_at", or `pushed_at` of a push, whole seconds; 0 = there is none.
 * `form`: the JSON is url-encoded. Times before 2008 or from 2100 on are none. Pure; a microsecond for 25 KB. */
time_ms body_time(const char *body, size_t len, bool form);

#endif
