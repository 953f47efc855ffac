/*
 * dispatch_attempt: the migrate job's attempt when its turn comes: host chosen, epoch raised, envelope signed, all in
 * one transaction (M1, M2, G1); what becomes of it, and who is told that it takes long. And the turn of a deployment
 * that runs, in which dispatch.c makes all other moves.
 */
#ifndef SLIPWAY_SERVER_FLOW_DISPATCH_ATTEMPT_H
#define SLIPWAY_SERVER_FLOW_DISPATCH_ATTEMPT_H

#include "lib/base/names.h"
#include "lib/model/attempt.h"
#include "lib/model/command.h"
#include "lib/rules/progress.h"
#include "server/flow/handout.h"

struct bulk;
struct bulk_item;
struct config_environment;
struct db;
struct look;

/* One deployment in its turn, and what all of a look share. */
struct dispatch_turn {
    struct look *look;
    struct bulk *bulk;
    struct bulk_item *item;
    const struct config_environment *environment; /* NULL = it left the configuration */
    const struct deployment *deployment;
    const struct progress_facts *facts; /* while its moves are made */
    struct handout handout;             /* its commands that are let go */
};

/* One move on its way into the store. */
struct dispatched {
    struct dispatch_turn *turn;
    const struct deployment *deployment;
    const struct progress_move *move;
    const char *subject;
    const struct invocation *signed_anew; /* RELEASE with a new envelope, RETRY, ATTEMPT_PLAN */
    struct attempt attempt;               /* ATTEMPT_PLAN */
    int changed;                          /* ATTEMPT_MOVE */
    char cancel_id[NAMES_UUID_SIZE];      /* CANCEL: of the message */
    time_ms now;
};

/* Post it; dispatch.c knows how it is written. */
void dispatch_post(struct dispatched *d);
/* Signing anew: same host, same job; what was in the old envelope stays, but for id, epoch, start-by. */
int dispatch_sign(struct look *look, struct dispatched *d, const struct invocation *like,
                  const char *id, int64_t epoch, struct err *err);

/* Post the attempt, or what is to be done instead. */
int dispatch_attempt_plan(struct dispatched *d, struct err *err);
/* Writer. */
int dispatch_attempt_write(struct db *db, struct dispatched *d, struct err *err);
int dispatch_attempt_move(struct dispatched *d, struct err *err);
/* It takes longer than `timeout-minutes`: that is told, and nothing else is done (M5). */
int dispatch_attempt_alarm(struct dispatched *d, struct err *err);

#endif
