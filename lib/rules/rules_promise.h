/*
 * rules_promise: what has to be said anew about the next start of an environment.
 *
 * The plan is made at each look; people are told only what differs from what they were told. A start that
 * is due now is no promise: it simply happens. Pure.
 */
#ifndef SLIPWAY_LIB_RULES_RULES_PROMISE_H
#define SLIPWAY_LIB_RULES_RULES_PROMISE_H

#include "lib/base/timestamp.h"
#include "lib/model/promise.h"
#include "lib/rules/release_plan.h"

enum rules_promise_move {
    RULES_PROMISE_STANDS,  /* nothing to say */
    RULES_PROMISE_MAKE,    /* there was none */
    RULES_PROMISE_CHANGE,  /* another time, another release, or it lacks something else now */
    RULES_PROMISE_WITHDRAW /* nothing to bring, or no time at all */
};

/* `open` is the one that stands, NULL = none. `start_at` is when the plan's target would start as far as time
 * and people's stops decide (soonest.h); VERDICT_NEVER = no time is known. MAKE and CHANGE fill release, start_at and lacks of
 * `ret_promise` and leave the rest alone. */
enum rules_promise_move rules_promise_judge(const struct promise *open,
                                            const struct release_plan *plan, time_ms start_at,
                                            time_ms now, struct promise *ret_promise);

#endif
