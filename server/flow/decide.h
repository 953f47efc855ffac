/*
 * decide: an attempt is settled by a person or by a probe's proof, and its deployment goes on or ends with it
 * (migrate.md 7). One transaction: attempt, job, deployment, journal line.
 */
#ifndef SLIPWAY_SERVER_FLOW_DECIDE_H
#define SLIPWAY_SERVER_FLOW_DECIDE_H

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/model/attempt.h"
#include "lib/rules/settle.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_journal.h"

struct db;

/* `entry`: actor, way and time; the rest is filled in. ERR_CONFLICT: it moved meanwhile. Writer. */
int decide_write(struct db *db, struct arena *arena, const struct attempt *attempt,
                 enum settle_act act, const struct attempt_decision *decision,
                 const struct journal_entry *entry, struct err *err);

/* What becomes of its deployment once that is decided: for people, asked before it is written. */
int decide_follows(struct db *db, struct arena *arena, const struct attempt *attempt,
                   enum settle_act act, const char **ret_text, struct err *err);

#endif
