/*
 * permit_ask: the last question before a command begins (migrate.md 4, G6).
 *
 * A nonce of its own is written to the journal, then the door is asked until it answers or start-by has passed. A
 * yes is good for ten seconds from the question on, by the clock that also counts while the machine sleeps; after
 * that it is asked for again, with the same nonce.
 */
#ifndef SLIPWAY_AGENT_PERMIT_ASK_H
#define SLIPWAY_AGENT_PERMIT_ASK_H

#include "agent/agent.h"
#include "lib/base/err.h"
#include "lib/httpc/httpc.h"

/* 0: it may begin, now. Else it will not: refused, or start-by passed; or the agent was told to end. */
int permit_ask(struct agent *agent, struct httpc *httpc, const char *command_id, time_ms start_by,
               struct err *err);

#endif
