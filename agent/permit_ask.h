/*
 * permit_ask: the last question before a command begins (migrate.md 4, G6).
 *
 * A nonce of its own is written to the journal, then the door is asked until it answers or start-by has passed. A
 * yes is good for ten seconds from the question on, by the clock that also counts while the machine sleeps; after
 * that it is asked for again, with the same nonce. Whoever begins looks at that clock last of all: between the answer
 * and the first step lie a write to the journal, which a busy disk may hold up, and a supervisor, which may be stopped.
 */
#ifndef SLIPWAY_AGENT_PERMIT_ASK_H
#define SLIPWAY_AGENT_PERMIT_ASK_H

#include "agent/agent.h"
#include "lib/base/err.h"
#include "lib/base/names.h"
#include "lib/httpc/httpc.h"

struct permit {
    const char *database; /* of a migrate job: what was seen of it is told; NULL */
    char nonce[NAMES_UUID_SIZE];
    mono_ms asked_at; /* the question that was answered yes */
};

/* 0: it may begin, now. Else it will not: refused, or start-by passed; or the agent was told to end. */
int permit_ask(struct agent *agent, struct httpc *httpc, const char *command_id, time_ms start_by,
               struct permit *permit, struct err *err);

/* The same permit, if it became too old since: `started` stands in the journal already. Best effort, for the supervisor
 * judges it. */
void permit_ask_again(struct agent *agent, struct httpc *httpc, const char *command_id,
                      time_ms start_by, struct permit *permit);

#endif
