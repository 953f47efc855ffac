/*
 * catch_up: hosts of an environment that miss what is live there, and the deployment that brings it to them (P7).
 *
 * A part of the outlook, made while nothing is open. The facts are asked of the store for those hosts alone that may be
 * late: who was in the snapshot of what is live, and never away since, is not. The rule is lib/rules/late; whether it
 * may go now is the gate's fourth column. Reads only.
 */
#ifndef SLIPWAY_SERVER_FLOW_CATCH_UP_H
#define SLIPWAY_SERVER_FLOW_CATCH_UP_H

#include "lib/base/err.h"
#include "lib/rules/late.h"

struct candidates;

/* One that misses it. */
struct catch_up_host {
    const char *name;
    const struct host *host;
    enum late why;
    int n_failed;
};

/* Into the outlook: who is late, what those that get it now would run, and the plan's facts. Needs its hosts and
 * jobs, what is live and what is open. */
int catch_up_load(struct candidates *candidates, struct err *err);

#endif
