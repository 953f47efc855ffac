/*
 * outlook_hosts: of an outlook its machines: whom the environment's roles find, the jobs that they get, and what the
 * gate asks of them.
 */
#ifndef SLIPWAY_SERVER_FLOW_OUTLOOK_HOSTS_H
#define SLIPWAY_SERVER_FLOW_OUTLOOK_HOSTS_H

#include "lib/base/err.h"

struct candidates;

/* Jobs and gate stand on them. */
int outlook_hosts_load(struct candidates *candidates, struct err *err);
/* The jobs of a rollback: none that migrates, on all hosts or on those that were touched. */
int outlook_hosts_rollback(struct candidates *candidates, struct err *err);

#endif
