/*
 * scenario_facts: what stands behind the words of a story (scenario_words.c has the table). A fact is a
 * job of the store's writer and uses lib/store as the server does; an act moves the world.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_SCENARIO_FACTS_H
#define SLIPWAY_TESTS_SUPPORT_SCENARIO_FACTS_H

#include "tests/support/scenario_words.h"

scenario_act_fn scenario_at, scenario_after, scenario_in, scenario_reload, scenario_look,
    scenario_look_once, scenario_server_starts, scenario_cut, scenario_all_succeed;

scenario_fact_fn scenario_source_seen, scenario_source_lost, scenario_source_rewritten,
    scenario_source_restored, scenario_release, scenario_host_online, scenario_host_registered,
    scenario_host_silent, scenario_host_drained, scenario_host_returned, scenario_host_strict,
    scenario_deployed, scenario_deployment, scenario_command_offered, scenario_command_taken,
    scenario_command_status, scenario_result;

#endif
