/*
 * poll: asks the door for commands, one long poll after the other, until the agent is told to end.
 *
 * Says first what is true here (observe), and again every five minutes, with a sign of life. Does not ask
 * while RUN_MAX commands run. On errors it backs off, with chance in it. The main thread.
 */
#ifndef SLIPWAY_AGENT_POLL_H
#define SLIPWAY_AGENT_POLL_H

#include "agent/agent.h"

void poll_run(struct agent *agent);

#endif
