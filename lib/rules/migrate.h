/*
 * migrate: decisions about the migrate job: on which host, and what an invocation says of its attempt.
 *
 * The host is chosen when the attempt is planned and never moved (M1, G2). What cannot be proven is
 * unknown, and only a proven end settles by itself (M2, M5). Pure.
 */
#ifndef SLIPWAY_LIB_RULES_MIGRATE_H
#define SLIPWAY_LIB_RULES_MIGRATE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/timestamp.h"
#include "lib/model/attempt.h"
#include "lib/model/command.h"
#include "lib/model/host.h"

/* A start that provably never happened may be tried again by itself, so often. */
#define MIGRATE_TRIES_MAX 3

/*
 * The host for a new attempt: `primary` where there is one, else the first by name that is online.
 * NULL: there is none; a primary that is offline is a clear stop, not a reason to take another.
 */
const struct host *migrate_choose_host(const struct host *hosts, size_t n, const char *primary,
                                       time_ms now);

/* A host of the job's roles, as one that may be asked about its database. */
struct migrate_witness {
    const struct host *host;
    bool is_own;         /* it ran the attempt itself */
    bool lacks_document; /* strict, and the probe's lies not on its disk */
    bool lacks_ground;   /* a job that the migrate job needs did not end well there: no checkout */
    time_ms asked_at;    /* it was asked about this attempt, and could not say; 0 = it was not */
};

/*
 * Whom the next probe asks: one that is online, not barred, speaks our protocol and may run it. First who was not asked
 * before or longest ago, so that no host stands in the way of the others; then one on which all went well; then another
 * than the attempt's own; then by name. NULL: there is none.
 */
const struct migrate_witness *migrate_choose_witness(const struct migrate_witness *witnesses,
                                                     size_t n, time_ms now);

/* What the ledger says to a job that would plan an attempt on its database. */
struct migrate_ledger {
    const struct attempt *unsettled; /* of whatever repository: it holds the database; NULL */
    const struct attempt *success;   /* of this job's release, not voided; NULL */
    bool is_fenced;                  /* until a person advances the fence */
    time_ms holder_seen_at; /* a probe saw a backend or lock holder there, whatever it was about */
};

enum migrate_turn {
    MIGRATE_GO,
    MIGRATE_HELD,      /* another attempt is unsettled, or the database is fenced */
    MIGRATE_DONE,      /* it was migrated there in an earlier deployment of the release */
    MIGRATE_NOT_CLEAR, /* from settle_clear_at on */
};

/* May another attempt be planned? (M2, G1, G5; docs/decisions/0103) The index of the schema refuses what came meanwhile. */
enum migrate_turn migrate_turn(const struct migrate_ledger *ledger, time_ms now);

/*
 * The state of an attempt whose command's invocation is in this status and these details.
 * A terminal state of the attempt is kept. Never turns a time-out into success or failure.
 */
enum attempt_state migrate_state_of(enum attempt_state now, const struct invocation *invocation);

/*
 * When people are told that it takes longer than `timeout-minutes` (M5: an alarm, nothing is killed); 0 = not, or not
 * any more. `timeout_ms` is the job's.
 */
time_ms migrate_alarm_at(const struct attempt *attempt, const struct invocation *invocation,
                         int64_t timeout_ms);

/*
 * Did a successful migrate job change the database? 0 if a line `migrate=none` was written last,
 * 1 if `migrate=changed` or nothing was said (R2).
 */
int migrate_changed(const struct result_line *results, size_t n);

#endif
