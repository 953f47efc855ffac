/*
 * probing: read-only questions to databases whose migrate attempt failed or is unknown (migrate.md 7).
 *
 * A person asks (a row); here it is sent to a healthy host of the job as a command of its own, outside of any deployment,
 * and its answer read. Where it proves the end of an unknown attempt, that is settled so (M5).
 */
#ifndef SLIPWAY_SERVER_FLOW_PROBING_H
#define SLIPWAY_SERVER_FLOW_PROBING_H

#include "lib/base/err.h"

struct look;

int probing_look(struct look *look, struct err *err);

#endif
