/*
 * run: one message of the door, from its bytes to a supervisor that runs it (migrate.md 4).
 *
 *      known?      answered from the journal, never run (G4)
 *      room?       a place, and within the limit of this host (T37)      else left: it comes again
 *      check       signature, store, host, document, start-by, users     else `declined`
 *      claim       folder on disk, then `accepted`
 *      tell        the door must have heard it; until start-by            else `declined`
 *      start       supervisor ready, then `started`, then go
 *
 * Killed between any two of these, the next start of the agent finds the truth (observe). Called by poll,
 * on the main thread, one message at a time.
 */
#ifndef SLIPWAY_AGENT_RUN_H
#define SLIPWAY_AGENT_RUN_H

#include <stdbool.h>

#include "agent/agent.h"
#include "lib/httpc/httpc.h"
#include "lib/ssm/message.h"

#define RUN_MAX 5 /* commands at a time; more wait at the door */

/* `may_take`: also one that is new to this host. False: it was left, unread. */
bool run_message(struct agent *agent, struct httpc *httpc, const struct message *message,
                 bool may_take);

#endif
