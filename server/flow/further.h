/*
 * further: candidates behind the newest ones. Where so many releases wait that the newest page of them shows none
 * that may go, an older one may: it lies further back, before a barrier, or was proven long ago. Part of an outlook.
 */
#ifndef SLIPWAY_SERVER_FLOW_FURTHER_H
#define SLIPWAY_SERVER_FLOW_FURTHER_H

#include "lib/base/err.h"

struct candidates;

/* After releases, wishes and barriers. Adds to the releases what the rules must see to choose as if they saw all. */
int further_load(struct candidates *candidates, struct err *err);

#endif
