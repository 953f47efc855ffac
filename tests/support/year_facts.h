/* year_facts: what the rules are told of an environment, from arrays where the server has a store. */
#ifndef SLIPWAY_TESTS_SUPPORT_YEAR_FACTS_H
#define SLIPWAY_TESTS_SUPPORT_YEAR_FACTS_H

#include "lib/rules/release_plan.h"

struct place;
struct year;

/* At `now` by the clock; lies in the year's scratch. */
struct release_facts year_facts_of(struct year *y, struct place *p, time_ms now);

#endif
