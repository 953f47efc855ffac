/*
 * candidates: what may go out in one environment: what is live, the releases above it with what each
 * lacks, what people asked for, and the barriers between (C1 to C3, C7, M8).
 *
 * The part of an outlook that is about releases; outlook.c adds time, hosts and people. Reads only.
 */
#ifndef SLIPWAY_SERVER_FLOW_CANDIDATES_H
#define SLIPWAY_SERVER_FLOW_CANDIDATES_H

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/model/config.h"
#include "lib/model/repository.h"

struct ground;
struct db;
struct lacks_change;
struct outlook;
struct plan_release;
struct rollback;
struct snapshot;
struct stops_change;
struct wish;

#define CANDIDATES_MAX 50 /* looked at, of the newest; further.h looks behind them */

/* Where and when; whose outlook is filled. */
struct candidates {
    struct db *db;
    struct ground *ground; /* what others that are judged on this snapshot have read */
    const struct snapshot *snapshot;
    const struct repository *repository;
    const struct config_environment *environment;
    time_ms now;
    struct arena *arena;
    struct outlook *outlook;
    bool ahead; /* an instant to come is asked of: what is over by then was decided in its time */
    const struct wish *suppose; /* as if somebody had asked for this, NULL = what is stored alone */
    const struct stops_change
        *supposed; /* as if people's stops were changed so, NULL = as they are */
    const struct rollback
        *suppose_rollback;           /* as if it were asked for, and what is open had ended */
    const struct lacks_change *said; /* as if somebody had said that of a release, NULL = nobody */
};

/* Live, open deployment, wishes, releases, barriers, into the outlook and its facts. */
int candidates_load(struct candidates *candidates, struct err *err);

/* The newest CANDIDATES_MAX below `below` with what they lack, in front of those that are loaded; `proven_in`: only those
 * with a success in that environment, NULL = all. */
int candidates_page(struct candidates *candidates, int64_t below, const char *proven_in,
                    size_t *ret_n, struct err *err);

/* 0 and `*ret_found`: a row that is not there is no error here; `own` becomes `err` for others. */
int candidates_maybe(int rc, bool *ret_found, const struct err *own, struct err *err);

#endif
