/*
 * output_cut: what is shown of a step's output at the door (ssm-wire.md 6). Characters are counted,
 * never halved. Pure; texts lie in the arena.
 */
#ifndef SLIPWAY_LIB_SSM_OUTPUT_CUT_H
#define SLIPWAY_LIB_SSM_OUTPUT_CUT_H

#include <stddef.h>

#include "lib/base/arena.h"

#define OUTPUT_CUT_OUT 24000
#define OUTPUT_CUT_ERR 8000
#define OUTPUT_CUT_BOTH 2500

/* The first `max` characters. Bytes that are no UTF-8 become U+FFFD, but for a character cut at the
 * very end, which is dropped: senders cut bytes. */
const char *output_cut(struct arena *arena, const char *bytes, size_t len, size_t max);

/* Both streams as one text of at most OUTPUT_CUT_BOTH characters. */
const char *output_cut_both(struct arena *arena, const char *out, const char *err);

#endif
