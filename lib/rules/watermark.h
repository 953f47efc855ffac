/*
 * watermark: up to when everything that a source says is known to be seen, and from when on it is to be looked at (W5).
 *
 * A watermark is set only after a complete walk, to the instant at which the walk began. Clocks differ and lists lag, so
 * each walk reaches back a little further than the last one ended. Pure.
 */
#ifndef SLIPWAY_LIB_RULES_WATERMARK_H
#define SLIPWAY_LIB_RULES_WATERMARK_H

#include <stdbool.h>

#include "lib/base/timestamp.h"

#define WATERMARK_OVERLAP_MS (INT64_C(10) * 60 * 1000)
/* What came less than so long ago may be on its way to us: it is the next walk's. */
#define WATERMARK_FRESH_MS (INT64_C(60) * 1000)
/* GitHub's list of deliveries; Enterprise Server keeps more (github-wire.md 1). */
#define WATERMARK_LIST_KEPT_MS (INT64_C(3) * 24 * 60 * 60 * 1000)

/* From when on a walk that begins `now` looks, with a watermark `mark` (0 = never walked: what was before Slipway is not
 * missed). `kept_ms` > 0: the source remembers so long. */
time_ms watermark_since(time_ms mark, time_ms now, int64_t kept_ms);

/* The source has forgotten some of what was not seen: nobody can fetch it from there any more. */
bool watermark_has_gap(time_ms mark, time_ms now, int64_t kept_ms);

/* The watermark after a walk that began at `began` and was complete. */
time_ms watermark_after(time_ms began);

#endif
