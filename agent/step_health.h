/*
 * step_health: is what was switched on well? Asked again and again, a second apart, until it is or the
 * time is over (design.md P2).
 *
 * By GET, or by a script that ends with 0. Called by the supervisor, on its one thread; answers that
 * differ from the one before are told in the output.
 */
#ifndef SLIPWAY_AGENT_STEP_HEALTH_H
#define SLIPWAY_AGENT_STEP_HEALTH_H

#include "agent/step_run.h"
#include "lib/ssm/document.h"

/* `run` as for a script of that step; its end_at counts beside a database, else it is set here. Success or Failed; TimedOut by that
 * end_at, Cancelled. */
int step_health_wait(const struct document_step *step, const struct step_run *run,
                     struct step_end *ret_end, struct err *err);

#endif
