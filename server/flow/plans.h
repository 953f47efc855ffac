/*
 * plans: what a deployment to an environment would run, as approvals bind it (A1).
 *
 * The rule makes text and digest (lib/rules/plan_digest); this finds the shipped documents for it. The
 * cut, the outlook and the act of approving all ask here, so that they cannot mean different plans.
 */
#ifndef SLIPWAY_SERVER_FLOW_PLANS_H
#define SLIPWAY_SERVER_FLOW_PLANS_H

#include "lib/base/arena.h"
#include "lib/rules/plan_digest.h"

struct snapshot;

/* By the configuration in force. Texts live in `arena`. A `uses` that is not shipped has no document, and
 * then nothing can be cut. */
void plans_make(const struct snapshot *snapshot, const struct config_environment *environment,
                struct arena *arena, struct plan_digest *ret_plan);

#endif
