/*
 * times: what the clock and the calendar say about starting in an environment: windows, freezes of the
 * configuration, occurrences of `at`. Part of an outlook.
 */
#ifndef SLIPWAY_SERVER_FLOW_TIMES_H
#define SLIPWAY_SERVER_FLOW_TIMES_H

#include "lib/base/arena.h"
#include "lib/base/timestamp.h"
#include "lib/model/config.h"
#include "lib/rules/gate.h"

struct snapshot;

/* Windows, freezes and the horizon of `gate` from `now` on: as far as a next opening needs, at most 400 days. */
void times_load(const struct snapshot *snapshot, const struct config_environment *environment,
                time_ms now, struct arena *arena, struct gate_facts *gate);

#endif
