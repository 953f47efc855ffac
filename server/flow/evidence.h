/*
 * evidence: what was there when a migrate attempt failed or nobody knew its end, kept with it (migrate.md 7): the last
 * 200 lines of its output, the boots, what its host told of its journal, the permit.
 *
 * Looks at attempts that wait for a decision and have none yet, so that it is written once, also after a crash.
 */
#ifndef SLIPWAY_SERVER_FLOW_EVIDENCE_H
#define SLIPWAY_SERVER_FLOW_EVIDENCE_H

#include "lib/base/err.h"

struct look;

int evidence_look(struct look *look, struct err *err);

#endif
