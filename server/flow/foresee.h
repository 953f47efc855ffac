/*
 * foresee: what goes where and when in one repository, if nothing else happens.
 *
 * The outlooks of its environments, played on by lib/rules/forecast. Reads only; any thread with a
 * connection of its own. Page, command line, API and the calendar feed ask it.
 */
#ifndef SLIPWAY_SERVER_FLOW_FORESEE_H
#define SLIPWAY_SERVER_FLOW_FORESEE_H

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/model/config.h"
#include "lib/model/repository.h"
#include "lib/rules/forecast.h"

struct db;
struct outlook;
struct snapshot;

/* How far it looks, and how many starts it tells. */
#define FORESEE_MS (14 * INT64_C(86400000))
#define FORESEE_MAX 100

struct foreseen {
    const struct config_repo *repo;
    struct outlook *outlooks; /* of each environment, in the order of the configuration */
    const struct forecast_environment *played; /* what was played on, in that order */
    struct forecast_start *starts;             /* `environment` is a place in that order */
    size_t n_starts;
};

/* `now` as for outlook_make(). Everything in `arena`. */
int foresee(struct db *db, const struct snapshot *snapshot, const struct config_repo *repo,
            const struct repository *repository, time_ms now, struct arena *arena,
            struct foreseen *ret_foreseen, struct err *err);

/* The outlook of an environment at a later instant `at`, with hosts and source as well as they are at `now`. */
int foresee_outlook(struct db *db, const struct snapshot *snapshot,
                    const struct repository *repository,
                    const struct config_environment *environment, time_ms now, time_ms at,
                    struct arena *arena, struct outlook *ret_outlook, struct err *err);

/* The first start that brings `number` to that environment; NULL = none is foreseen. */
const struct forecast_start *foresee_start(const struct foreseen *foreseen, size_t environment,
                                           int64_t number);

#endif
