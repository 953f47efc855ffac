/*
 * sim_launch: how a deployment of the simulator comes to start: its cut, its approvals, its time (C1, A1, A2, F6, F7).
 *
 * The first line wants two approvals and the second one `at` every minute; the third starts at once. Whose approval counts is
 * asked of lib/rules/rules_approval, and what an `at` is at an instant of lib/rules/rules_occurrence. People approve, take back,
 * and change the configuration, which makes another digest.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_SIM_LAUNCH_H
#define SLIPWAY_TESTS_SUPPORT_SIM_LAUNCH_H

#include "tests/support/sim_store.h"

/* What approvals a start of that line needs, and how often its `at` comes; 0 = none, at once. */
int sim_launch_needs(int line);
time_ms sim_launch_every(int line);
/* When the time of that occurrence is over. */
time_ms sim_launch_over_at(int occurrence);
#define SIM_MAKER 1 /* of all changes; his own approval does not count */

/* What the flow decides about a line at its look ... */
struct sim_launch {
    enum { SIM_LAUNCH_NOTHING, SIM_LAUNCH_CUT, SIM_LAUNCH_UNDO, SIM_LAUNCH_START } move;
    int release, digest, occurrence; /* as it was seen */
    unsigned approvals;              /* it stands on: bits of the line's */
    int missed_to;                   /* occurrences before that one are over */
};
void sim_launch_decide(const struct sim_line *line, struct sim_launch *ret_launch);
/* ... and writes, if it is still so. */
void sim_launch_write(struct sim_line *line, const struct sim_launch *launch);
/* Nothing of the line is open any more. */
void sim_launch_end(struct sim_line *line);

void sim_launch_people(struct sim_line *line);

#endif
