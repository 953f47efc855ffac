/*
 * progress_cancel: how a deployment comes to its end once somebody wants it ended (P6).
 *
 *   never handed out      -->  Cancelled at once
 *   handed out, running   -->  Cancelling: the host is asked to end it, until it says what became of it
 *   not said in 5 min     -->  Unknown: a lost word is no end
 *   nothing runs any more -->  jobs cancelled, then the deployment: failed if something may have been changed,
 *                              else cancelled (P5)
 *
 * A migrate job that was begun ends as unknown: its SQL may live on, and a person decides (M5). Its database waits;
 * the deployment does not. Pure.
 */
#ifndef SLIPWAY_LIB_RULES_PROGRESS_CANCEL_H
#define SLIPWAY_LIB_RULES_PROGRESS_CANCEL_H

#include "lib/rules/progress.h"

/* A host that does not say what became of a command it was to end: it is unknown after so long. */
#define PROGRESS_CANCEL_UNKNOWN_MS HOST_UNKNOWN_AFTER_MS

/* The moves that are due at `now`, into a plan that is empty. */
void progress_cancel_make(const struct progress_facts *facts, time_ms now, struct arena *arena,
                          struct progress_plan *plan);

/* May it have changed what its host runs? Not if it provably never began, nor if its job only fetches. */
bool progress_cancel_touched(const struct job *job, const struct invocation *invocation);

/* ... or any of the deployment what a host runs, or a database? */
bool progress_cancel_touched_any(const struct progress_facts *facts);

#endif
