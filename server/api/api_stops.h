/*
 * api_stops: what the endpoints of holds and freezes share: shapes, zones, what would move, who may.
 */
#ifndef SLIPWAY_SERVER_API_API_STOPS_H
#define SLIPWAY_SERVER_API_API_STOPS_H

#include <stdbool.h>

#include "lib/base/json.h"
#include "server/api/api_view.h"
#include "server/flow/promises.h"

struct config_environment;
struct zone;

#define API_STOPS_REASON_MAX 500

/* The query has no parameter but `dry-run` (1 or 0) and those in `keys`: a misspelt one must not save
 * what was meant to be tried. ERR_INVALID. */
int api_stops_query(const struct request *request, const char *const *keys, size_t n_keys,
                    bool *ret_dry_run, struct err *err);

/* The zone that times of an environment are read and shown in; NULL = that of the whole configuration. */
int api_stops_zone(const struct api_view *view, const struct config_environment *environment,
                   const struct zone **ret_zone, const char **ret_name, struct err *err);

/* The object `key` (Hold in docs/openapi.yaml). */
int api_stops_hold(struct json_out *out, const char *key, const struct api_view *view,
                   const struct hold *hold, struct err *err);
/* The object `key` (Freeze). Repositories that the asker may not see are not named. */
int api_stops_freeze(struct json_out *out, const char *key, const struct api_view *view,
                     const struct freeze *freeze, struct err *err);

/* The members `dry_run`, `moved` and `under_way` of the object that is open. */
int api_stops_promises(struct json_out *out, struct api_view *view, const struct promises *promises,
                       bool dry_run, struct err *err);

/*
 * Inside the transaction that acts: is the token still one, and is the right operate still given, by
 * the configuration in force now, in every environment of `repository` that is named? NULL = all
 * repositories; `environment` NULL = each of them. ERR_DENIED. On the writer's thread.
 */
int api_stops_confirm(struct db *db, const struct request *request, const char *repository,
                      const char *environment, struct err *err);

#endif
