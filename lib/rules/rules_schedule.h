/*
 * rules_schedule: what an environment with set times brings at the next one, and what is decided of those that are over.
 *
 * Parts of a release plan (release_plan.h), which they fill in. Each occurrence is decided once (I8): started by its
 * deployment; here deferred, if there was something to bring, or skipped (F6, F7). Pure.
 */
#ifndef SLIPWAY_LIB_RULES_RULES_SCHEDULE_H
#define SLIPWAY_LIB_RULES_RULES_SCHEDULE_H

#include "lib/rules/release_plan.h"

/* Occurrences whose interval is over: deferred if there was something to bring, else skipped (F7). */
void rules_schedule_missed(const struct release_facts *facts, struct release_plan *plan);

/* The target is for an occurrence: the current one, else the next. What is pinned to it (`wish`, NULL = nothing is)
 * goes at it, and nothing else. Returns the wish that chose it, NULL = the rules did. */
const struct plan_wish *rules_schedule_target(const struct release_facts *facts,
                                              const struct plan_wish *wish,
                                              struct release_plan *plan, time_ms now);

#endif
