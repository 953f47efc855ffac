/*
 * soonest: when it could start at the soonest, as far as the clock and people's stops decide.
 *
 * The gate says whether it may start at one instant; a promise is the first instant at which neither
 * time of day, window, calendar, freeze, hold nor barrier stands against it. What waits for a proof, a
 * host or a person's yes is no matter of time: such causes are told beside the promise and do not move
 * it. So a promise moves only when somebody moves time, and it can be said who.
 * Asked by the outlook for page, command line and for what a hold or a freeze would move. Pure.
 */
#ifndef SLIPWAY_LIB_RULES_SOONEST_H
#define SLIPWAY_LIB_RULES_SOONEST_H

#include <stdbool.h>

#include "lib/base/timestamp.h"
#include "lib/rules/gate.h"

/*
 * The first such instant in [start_at, start_until) of `facts`, not before `now`. True: `*ret_at` is it
 * (`start_at` itself if that has come and nothing stands against it). False: there is none in this
 * interval, and `*ret_at` is until when it is stopped: VERDICT_NEVER = until somebody acts.
 */
bool soonest_start(const struct gate_facts *facts, time_ms now, time_ms *ret_at);

#endif
