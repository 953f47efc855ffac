/*
 * moment: what was, is or will be live in an environment at one instant.
 *
 * The past is read from what was recorded; the future is the forecast, played on until then, if nothing else
 * happens. Reads only; any thread with a connection of its own.
 */
#ifndef SLIPWAY_SERVER_FLOW_MOMENT_H
#define SLIPWAY_SERVER_FLOW_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/timestamp.h"
#include "lib/model/config.h"
#include "lib/model/repository.h"
#include "lib/rules/verdict.h"

struct db;
struct snapshot;

/* A release in its place; number 0 = none. */
struct moment_release {
    int64_t number;
    time_ms at;    /* since when it is live or goes out; when it starts or started */
    bool foreseen; /* not recorded: the forecast says so */
};

/* One environment. */
struct moment {
    struct moment_release live; /* number 0 = unknown (C7) */
    bool live_is_declared;      /* by `slipway baseline` */
    struct moment_release going_out;
    struct moment_release next; /* the first that starts later */
    int64_t waits;        /* newest release that was there and neither live nor going out; 0 */
    struct verdict stops; /* holds and freezes that are on then, as causes */
};

/*
 * `*ret_moments`: one for each environment of `repo`, in the arena. `at` may lie up to FORESEE_MS ahead of
 * `now`. Freezes of the configuration are told of a past in which no other one was accepted since.
 */
int moment_load(struct db *db, const struct snapshot *snapshot, const struct config_repo *repo,
                const struct repository *repository, time_ms now, time_ms at, struct arena *arena,
                struct moment **ret_moments, struct err *err);

#endif
