/*
 * scenario_text: what was decided, as the lines that stand below an `expect`.
 *
 *      expect ENV               the plan: action, release, start, each cause, what the newest lacks, what is
 *                               decided of occurrences, the next change
 *      expect ENV moves         what the open deployment needs next
 *      expect ENV deployment    the open deployment, its jobs, each host's last try
 *      expect ENV choices       what a person may do about what has stopped
 *      expect ENV forecast      the starts that are foreseen for it
 *      expect ENV at WHEN       what was, or will be, live then; going out, next, what stops it
 *
 * Everything that is there is printed, so that a comparison misses nothing. The next change leaves out the
 * instants at which a host or a source would count as silent if it stopped talking now.
 *
 * Beside the text each decision is held to its own promise: it stays the same until its next change. If
 * it does not, a line of the text begins with SCENARIO_TEXT_BROKEN; that is never what is expected.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_SCENARIO_TEXT_H
#define SLIPWAY_TESTS_SUPPORT_SCENARIO_TEXT_H

#include "lib/base/buf.h"
#include "tests/support/scenario_world.h"

#define SCENARIO_TEXT_BROKEN "BUT IT CHANGES BEFORE"

typedef int scenario_text_fn(struct scenario_world *world,
                             const struct config_environment *environment, struct buf *buf,
                             struct err *err);

scenario_text_fn scenario_text_plan, scenario_text_moves, scenario_text_deployment,
    scenario_text_choices, scenario_text_forecast, scenario_text_moment;

/* A cause, and the end of its line. */
void scenario_text_cause(struct scenario_world *world, const struct config_environment *environment,
                         const struct cause *cause, struct buf *buf);

#endif
