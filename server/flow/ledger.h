/*
 * ledger: attempts follow what is known of their command, whatever became of the deployment (M5, I7): a true end that
 * comes late settles an unknown one, and after a person decided it is kept as evidence.
 */
#ifndef SLIPWAY_SERVER_FLOW_LEDGER_H
#define SLIPWAY_SERVER_FLOW_LEDGER_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"
#include "lib/ssm/message_reply.h"

struct db;

/* A reply about a command: is its supervisor gone; does a true end come after a decision? Writer. */
int ledger_hear(struct db *db, const char *command_id, const struct message_reply *reply,
                bool journal_is_known, time_ms now, struct err *err);

/* Its invocation moved: so does its attempt, if it has one. Writer. */
int ledger_follow(struct db *db, const char *command_id, const char *host_id, time_ms now,
                  struct err *err);

#endif
