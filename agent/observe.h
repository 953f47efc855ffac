/*
 * observe: what is true on this host? At the start: of each command that is not reported, by the journal, its
 * folder's lock and its outcome (migrate.md 5). And the word about it to the door, at the start and every
 * five minutes.
 */
#ifndef SLIPWAY_AGENT_OBSERVE_H
#define SLIPWAY_AGENT_OBSERVE_H

#include <stdbool.h>

#include "agent/agent.h"
#include "agent/observe_decide.h"
#include "lib/base/err.h"
#include "lib/httpc/httpc.h"

#define OBSERVE_EVERY_MS 300000

/*
 * Open the journal. A damaged one is set aside with a new one in its place; then, and where a journal is
 * missing, every command that has a folder is carried over as known, so that nothing runs twice.
 */
int observe_open_journal(struct agent *agent, struct err *err);

/* Decide about every open command and hand it to report. Before the first poll. */
int observe_take_up(struct agent *agent, struct err *err);

/*
 * Tell the door. Codes of session_call(); ERR_DENIED also if another store answers there than the one that
 * was pinned.
 */
int observe_tell(struct agent *agent, struct httpc *httpc, struct err *err);

#endif
