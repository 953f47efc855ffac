/*
 * moves: what one judgement of an environment writes (schedule.c): occurrences that are decided, wishes and
 * rollbacks that end, approvals that are void, and the move of the open deployment itself.
 *
 * Each runs on the writer's thread, inside a transaction: compare-and-set, journal line, and whatever must be so
 * for it to stand. A start stands on what the gate judged: a barrier, hold, freeze, check or approval that changed
 * since is ERR_CONFLICT, and it is judged again (T27). An undone cut takes its commands along before anybody was told
 * of them, and opens the wish it came from again. Every occurrence is decided once (I8).
 */
#ifndef SLIPWAY_SERVER_FLOW_MOVES_H
#define SLIPWAY_SERVER_FLOW_MOVES_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"
#include "lib/model/deployment.h"

struct arena;
struct bulk_item;
struct config_environment;
struct db;
struct flow;
struct outlook;
struct verdict;

/* What was judged, and where the open deployment goes with it. */
struct moves {
    int64_t repository_id;
    const char *environment;
    const struct config_environment *config; /* the same */
    const struct outlook *outlook;
    enum deployment_state to;
    const char *act;
    const char *subject; /* owner/name/environment */
    const char *cause;
    const char *passed; /* JSON, NULL = it passed nothing */
    bool is_written;    /* with the cut, a moment ago: the deployment is where it goes */
    struct bulk_item *
        rests; /* nothing is to be done for it after the start until ...; NULL = that is not known */
    time_ms rests_until;
    bool goes_back;         /* it ends, and a rollback is asked for */
    const char *taken_back; /* " (#7, #6)": what a rollback takes back; NULL */
    time_ms now;
    struct arena *arena;
    const struct flow *flow; /* NULL = nobody knows of a time in which nobody looked */
};

/* What a start passes, where a normal one would wait, as `passed` has it; NULL = nothing. */
const char *moves_passed(struct arena *arena, const struct verdict *passed);

/* The occurrences that the plan decides: deferred, skipped. `arg` is a struct moves, here and below. */
int moves_decide(struct db *db, void *arg, struct err *err);
/* Wishes and the rollback that the plan says are over (C2). */
int moves_end_asked(struct db *db, void *arg, struct err *err);
/* Approvals for a plan that is not the plan any more end, and say why (A1). */
int moves_void(struct db *db, void *arg, struct err *err);
/* The open deployment goes `to`. */
int moves_move(struct db *db, void *arg, struct err *err);

#endif
