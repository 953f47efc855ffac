/*
 * scenario_said: the facts of a story about what people and CI say of changes: who made them, approvals,
 * checks, green and red. A PERSON has an account at GitHub whose number comes from his name; `somebody` is
 * one whose account nobody knows.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_SCENARIO_SAID_H
#define SLIPWAY_TESTS_SUPPORT_SCENARIO_SAID_H

#include "lib/model/account.h"
#include "tests/support/scenario_words.h"

struct account scenario_said_account(const char *person);

scenario_fact_fn scenario_said_pushed, scenario_said_pull_pushed, scenario_said_approved,
    scenario_said_approved_lane, scenario_said_withdrawn, scenario_said_check_ok,
    scenario_said_check_ng, scenario_said_pull_ok, scenario_said_pull_ng, scenario_said_ci;

#endif
