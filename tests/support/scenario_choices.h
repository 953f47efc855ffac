/* scenario_choices: the words for what people decide about what goes out, and about hosts. */
#ifndef SLIPWAY_TESTS_SUPPORT_SCENARIO_CHOICES_H
#define SLIPWAY_TESTS_SUPPORT_SCENARIO_CHOICES_H

#include "tests/support/scenario_words.h"

scenario_fact_fn scenario_cancelled, scenario_rollback, scenario_rollback_to,
    scenario_rollback_beside, scenario_asked_with, scenario_decided;

#endif
