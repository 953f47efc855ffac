/*
 * outlook: what is live in an environment, what is next and when, and why not yet.
 *
 * The facts and the plan of one repository and environment at one instant. The flow acts on it, page and
 * command line show it: one function for all. Reads only; any thread with a connection of its own.
 */
#ifndef SLIPWAY_SERVER_FLOW_OUTLOOK_H
#define SLIPWAY_SERVER_FLOW_OUTLOOK_H

#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/model/config.h"
#include "lib/model/deployment.h"
#include "lib/model/host.h"
#include "lib/model/release.h"
#include "lib/model/repository.h"
#include "lib/rules/deployment_plan.h"
#include "lib/rules/release_plan.h"
#include "lib/store/store_rollback.h"
#include "lib/store/store_wish.h"
#include "server/flow/lacks.h"
#include "server/flow/stops.h"

struct catch_up_host;
struct ground;
struct db;
struct snapshot;
struct way_back;

struct outlook {
    int64_t repository_id;
    bool has_live;
    struct deployment live; /* last that succeeded, or what was declared since */
    bool live_is_declared;  /* by `slipway baseline`: no deployment brought it */
    bool has_open;
    struct deployment open; /* waiting, deploying, attention */
    bool has_wish;
    struct wish wish; /* a pin, a go-live */
    bool has_hotfix;
    struct wish hotfix;
    bool has_rollback;
    struct rollback rollback;             /* an old release that is to be live again */
    struct rollback open_rollback;        /* what is open is for it, where it is a rollback */
    struct deployment_plan rollback_jobs; /* what either would run, and where: no migrate job */
    struct catch_up_host *late; /* hosts that miss what is live, while nothing is open (P7) */
    size_t n_late;
    struct deployment_plan late_jobs; /* what those that get it now would run */
    struct way_back
        *way_back; /* from what is in attention, where the environment goes back by itself; NULL */
    int64_t barrier_id; /* newest barrier when this was made: a start finds one that came since */
    struct lacks lacks; /* approvals and checks behind what the candidates lack */
    struct release *releases; /* behind the plan's candidates, same order */
    size_t n_releases;
    struct host *hosts; /* of its roles, as far as they registered */
    size_t n_hosts;
    struct deployment_plan jobs; /* what a deployment would run now, and where */
    struct stops stops;          /* holds and freezes of people */
    struct release_facts facts;  /* what the plan was made from */
    struct release_plan plan;
    /* When the plan's target would start, as far as time and people's stops decide (soonest.h);
     * VERDICT_NEVER = no time is known. */
    time_ms promised_at;
};

/* `now` may be any instant near the present; facts are those of now. What it says lies in `arena`, or belongs to
 * the snapshot or to texts of `repository`. ERR_INTERNAL only. */
int outlook_make(struct db *db, const struct snapshot *snapshot,
                 const struct repository *repository, const struct config_environment *environment,
                 time_ms now, struct arena *arena, struct outlook *ret_outlook, struct err *err);

/* The same of an instant to come, however far: set times that are over by then were decided when they came. */
int outlook_make_ahead(struct db *db, const struct snapshot *snapshot,
                       const struct repository *repository,
                       const struct config_environment *environment, time_ms at,
                       struct arena *arena, struct outlook *ret_outlook, struct err *err);

/* The same at the instant of a ground that others are judged on, too. */
int outlook_make_with(struct ground *ground, const struct snapshot *snapshot,
                      const struct repository *repository,
                      const struct config_environment *environment, struct arena *arena,
                      struct outlook *ret_outlook, struct err *err);

/* Plan and promise, from the facts that it has. Pure. */
void outlook_judge(struct outlook *outlook, const struct snapshot *snapshot,
                   const struct config_environment *environment, time_ms now);

/* As outlook_make(), but as if `wish` were stored too, and people's stops changed so (NULL = as they are): what would an act
 * do, what would it pass, which promises would it move? */
int outlook_suppose(struct db *db, const struct snapshot *snapshot,
                    const struct repository *repository,
                    const struct config_environment *environment, const struct wish *wish,
                    const struct stops_change *stops, time_ms now, struct arena *arena,
                    struct outlook *ret_outlook, struct err *err);

/* The same as if that rollback were asked for, and what is open had come to its end. */
int outlook_suppose_rollback(struct db *db, const struct snapshot *snapshot,
                             const struct repository *repository,
                             const struct config_environment *environment,
                             const struct rollback *rollback, time_ms now, struct arena *arena,
                             struct outlook *ret_outlook, struct err *err);

/* ... or as if somebody had said this of a release. */
int outlook_suppose_said(struct db *db, const struct snapshot *snapshot,
                         const struct repository *repository,
                         const struct config_environment *environment,
                         const struct lacks_change *said, time_ms now, struct arena *arena,
                         struct outlook *ret_outlook, struct err *err);

/* The release behind a candidate of the plan; NULL if it is not loaded. */
const struct release *outlook_release(const struct outlook *outlook,
                                      const struct plan_release *candidate);

#endif
