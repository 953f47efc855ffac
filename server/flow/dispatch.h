/*
 * dispatch: deployments that run: who gets the next command, what has ended, what cannot be proven.
 *
 * lib/rules/progress names the moves; each is one short job of the writer with its journal line, and those of one look
 * are posted together. A command that is released is told to its host's doorbell after the commit. The migrate job's
 * attempt is planned here, when its turn comes: host chosen, epoch raised, envelope signed, all in one transaction (M1,
 * M2, G1). The first commands of a deployment that is cut and started at once are released with it (launch.h).
 */
#ifndef SLIPWAY_SERVER_FLOW_DISPATCH_H
#define SLIPWAY_SERVER_FLOW_DISPATCH_H

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"

struct db;

/* The journal's line of one move. */
struct dispatch_line {
    const char *act;
    const char *subject; /* owner/name/environment/rN */
    int64_t deployment_id;
    const char *job; /* "" = of none, here and below */
    const char *command;
    const char *to;
    const char *cause; /* NULL */
};
int dispatch_line(struct db *db, time_ms now, const struct dispatch_line *line, struct err *err);

#endif
