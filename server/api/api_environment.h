/*
 * api_environment: one environment as people see it: what is live, what is under way, what is next
 * and why not yet. Loaded once per answer from the store and the flow's outlook; the Board, the list
 * of releases and a release all show it.
 */
#ifndef SLIPWAY_SERVER_API_API_ENVIRONMENT_H
#define SLIPWAY_SERVER_API_API_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/json.h"
#include "lib/model/deployment.h"
#include "lib/model/release.h"
#include "lib/rules/shown.h"
#include "server/api/api_view.h"

struct err;
struct gate_facts;
struct outlook;
struct wish;
struct stops;

#define API_ENVIRONMENT_RECENT 100 /* deployments looked at for what became of a release */

struct api_environment {
    const struct config_environment *config;
    const struct repository *repository;
    bool is_needed;                /* another environment needs this one */
    const struct deployment *live; /* NULL = unknown (C7) */
    const struct deployment *open; /* waiting, deploying or in attention; NULL */
    struct deployment *recent;     /* newest first */
    size_t n_recent;
    int64_t unknown_of;            /* deployment with an attempt that is unknown and unsettled; 0 */
    const struct release *next;    /* candidate of the next start; NULL = nothing new */
    time_ms start_at;              /* 0 = no time is set */
    const struct verdict *verdict; /* of `next`, NULL with it */
    const struct release *newest;  /* the newest candidate, if it is another one; NULL */
    const struct outlook *outlook; /* NULL without a repository in the store */
    const struct wish *wish;       /* what was asked for, or what ended without coming true; NULL */
    time_ms now;
    const struct stops *stops;     /* people's; NULL of a repository that is not stored */
    const struct gate_facts *gate; /* with all freezes, also the configured ones; NULL likewise */
};

/* In the request's arena. Of a repository that the store does not know yet (id 0) there is only its
 * configuration. */
int api_environment_load(struct api_view *view, const struct repository *repository,
                         const struct config_environment *config, struct api_environment *ret_env,
                         struct err *err);

/* The word for release `number` here, and the deployment it comes from (NULL = none). */
enum shown api_environment_shows(const struct api_environment *env, int64_t number,
                                 const struct deployment **ret_deployment);

/* Was it rolled back here, and is not live again (R4)? */
bool api_environment_rolled_back(const struct api_environment *env, int64_t number);

/* The word for the environment as a whole: the worst of what is under way, next and live. */
enum shown api_environment_state(const struct api_environment *env);

/* What stops it, as a sentence about `what`: a hold, a freeze that is on, one that begins within a day.
 * The first of these; NULL = nothing. `*ret_now` = it stops now. */
const char *api_environment_stop(struct api_view *view, const struct api_environment *env,
                                 const char *what, bool *ret_now);

/* The object `key` (Environment in docs/openapi.yaml). */
int api_environment_shape(struct json_out *out, const char *key, struct api_view *view,
                          const struct api_environment *env, struct err *err);

/* An instant in the environment's zone and the reader's language, for people; "" for 0. */
const char *api_environment_time(struct api_view *view, const struct api_environment *env,
                                 time_ms t);

#endif
