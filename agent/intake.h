/*
 * intake: what this host took that was new to it, held against its limits (threats.md T37).
 *
 *      commands                          `limit` in agent.conf, begun or declined
 *      cancels of what never came        a limit of their own; each leaves a line for a month, and nobody signed it (docs/decisions/0172)
 *
 * Counted from the journal, so that a start gives nothing back. Pure. Belongs to the journal, which locks.
 */
#ifndef SLIPWAY_AGENT_INTAKE_H
#define SLIPWAY_AGENT_INTAKE_H

#include "agent/agent_journal.h"
#include "agent/pace.h"

#define INTAKE_CANCELS_AT_ONCE 1000 /* a deployment that is cancelled sends a host a few */
#define INTAKE_CANCELS_PER_HOUR 100

struct intake {
    struct pace commands, cancels; /* zeroed: no limit */
};

void intake_begin(struct intake *intake, const struct pace_limit *limit);

/* A command that was not known; `end`: how it ended, if it did; `start_by`: 0 = nobody said. What was carried over counts for nothing. */
void intake_take(struct intake *intake, enum agent_journal_kind end, time_ms start_by, time_ms at);

#endif
