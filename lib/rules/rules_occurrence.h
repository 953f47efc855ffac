/*
 * rules_occurrence: what one `at` on one day is at an instant (F6, F7).
 *
 *      ahead --(its cut is due)--> due --(its grace is over)--> missed
 *
 * One that is decided, or that came into the schedule after its own time, is nothing any more: each is decided
 * once, and an edit never fires anything. Flow, forecast and page ask here. Pure.
 */
#ifndef SLIPWAY_LIB_RULES_RULES_OCCURRENCE_H
#define SLIPWAY_LIB_RULES_RULES_OCCURRENCE_H

#include "lib/rules/release_plan.h"

enum occurrence_stage {
    OCCURRENCE_NOTHING, /* decided, or its rule is younger than its time */
    OCCURRENCE_AHEAD,
    OCCURRENCE_DUE, /* from its cut on, as long as it may start */
    OCCURRENCE_MISSED
};

/* `since`: when its rule came into the schedule; 0 = it is in none. Grace and cut-off are those of `facts`. */
enum occurrence_stage rules_occurrence_stage(const struct release_facts *facts,
                                             const struct plan_occurrence *occurrence,
                                             bool is_decided, time_ms since, time_ms now);

#endif
