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

struct outlook;
struct snapshot;

/* Windows, freezes and the horizon of `gate` from `now` on: so far that an opening behind `stopped_until` (people's
 * stops) is among them if there is one within 400 days. */
void times_load(const struct snapshot *snapshot, const struct config_environment *environment,
                time_ms now, time_ms stopped_until, struct arena *arena, struct gate_facts *gate);

/* Where rules exclude each other for fourteen days, the verdict says which (C4). */
void times_explain(struct outlook *outlook, const struct config_environment *environment,
                   time_ms now);

#endif
