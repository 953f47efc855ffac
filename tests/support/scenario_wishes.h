/* scenario_wishes: the facts of a story that people make: what they ask for, keep back and declare. */
#ifndef SLIPWAY_TESTS_SUPPORT_SCENARIO_WISHES_H
#define SLIPWAY_TESTS_SUPPORT_SCENARIO_WISHES_H

#include "tests/support/scenario_words.h"

scenario_fact_fn scenario_asked, scenario_asked_for, scenario_hotfix, scenario_hotfix_with,
    scenario_hotfix_unrehearsed, scenario_pull_open, scenario_pull_merged, scenario_barrier,
    scenario_cleared, scenario_declared, scenario_reverts, scenario_adopted;

#endif
