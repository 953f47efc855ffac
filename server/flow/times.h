/*
 * times: what the calendar says about starting in an environment: windows and freezes of the configuration,
 * and which of its rules leave no time at all. Part of an outlook.
 */
#ifndef SLIPWAY_SERVER_FLOW_TIMES_H
#define SLIPWAY_SERVER_FLOW_TIMES_H

#include "lib/base/arena.h"
#include "lib/base/timestamp.h"
#include "lib/model/config.h"
#include "lib/rules/gate.h"

#define TIMES_DAYS_MAX 400 /* nobody looks further */

struct outlook;
struct snapshot;

/* Windows, freezes and the horizon of `gate` from `now` on: so far that an opening behind `stopped_until` (people's
 * stops) is among them if there is one within 400 days. */
void times_load(const struct snapshot *snapshot, const struct config_environment *environment,
                time_ms now, time_ms stopped_until, struct arena *arena, struct gate_facts *gate);

/* Load windows and freezes of the configuration anew, up to behind `reach`, `now` being as it was when they were loaded; people's
 * stops are to be bound again. False: they reach there already, or no further. */
bool times_reach(const struct snapshot *snapshot, const struct config_environment *environment,
                 time_ms now, time_ms reach, struct arena *arena, struct gate_facts *gate);

/* Is what was judged about to be promised for an instant behind the horizon? Then windows and freezes of the configuration
 * are loaded up to there, if there are more; people's stops are to be bound and all is to be judged anew. */
bool times_look_further(const struct snapshot *snapshot,
                        const struct config_environment *environment, time_ms now,
                        struct arena *arena, struct outlook *outlook);

/* Where rules exclude each other for fourteen days, the verdict says which (C4). */
void times_explain(struct outlook *outlook, const struct config_environment *environment,
                   time_ms now);

#endif
