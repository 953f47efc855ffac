/* scenario_stops: the words of a story about holds, and freezes added while running. */
#ifndef SLIPWAY_TESTS_SUPPORT_SCENARIO_STOPS_H
#define SLIPWAY_TESTS_SUPPORT_SCENARIO_STOPS_H

#include "tests/support/scenario_words.h"

scenario_fact_fn scenario_hold, scenario_hold_all, scenario_unhold, scenario_unhold_all,
    scenario_freeze, scenario_freeze_environment, scenario_thaw;

#endif
