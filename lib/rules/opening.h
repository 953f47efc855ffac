/*
 * opening: the next instant at which windows and freezes let a normal start happen.
 *
 * The gate says whether now is such an instant; this says which one is the next, so that a time can be
 * promised. Pure.
 */
#ifndef SLIPWAY_LIB_RULES_OPENING_H
#define SLIPWAY_LIB_RULES_OPENING_H

#include "lib/base/timestamp.h"
#include "lib/rules/gate.h"

/* At or after `t`. VERDICT_NEVER: none before the horizon of the facts, or before `until`. */
time_ms opening_next(const struct gate_facts *facts, time_ms t, time_ms until);

/*
 * Why there is none from `t` on for fourteen days: the two rules that exclude each other, as they are
 * called in the configuration (C4). NULL: there is one, or the facts do not reach so far.
 */
#define OPENING_EXCLUDED_MS (14 * INT64_C(86400000))
const char *opening_excluded(const struct gate_facts *facts, time_ms t);

#endif
