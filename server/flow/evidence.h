/*
 * evidence: what was there when a migrate attempt failed or nobody knew its end, kept with it (migrate.md 7): the last
 * 200 lines of its output, the boots, what its host told of its journal, the permit.
 *
 * Written when an attempt begins to wait for a decision, once more when its supervisor is gone, and with the decision. Until then
 * it is made when somebody asks: what comes late is there.
 */
#ifndef SLIPWAY_SERVER_FLOW_EVIDENCE_H
#define SLIPWAY_SERVER_FLOW_EVIDENCE_H

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"

struct attempt;
struct db;
struct look;

/* What is there now: a JSON object. */
int evidence_make(struct db *db, struct arena *arena, const struct attempt *attempt, time_ms now,
                  const char **ret_json, struct err *err);
/* Kept with it. Writer. */
int evidence_keep(struct db *db, struct arena *arena, const struct attempt *attempt, time_ms now,
                  struct err *err);

int evidence_look(struct look *look, struct err *err);

#endif
