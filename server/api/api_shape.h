/*
 * api_shape: nouns as JSON, the shapes of docs/openapi.yaml, once each.
 *
 * Called by the endpoint files inside one view; reads what belongs to the noun on its connection.
 */
#ifndef SLIPWAY_SERVER_API_API_SHAPE_H
#define SLIPWAY_SERVER_API_API_SHAPE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/json.h"
#include "lib/model/deployment.h"
#include "lib/model/pull_request.h"
#include "lib/model/release.h"
#include "server/api/api_view.h"

struct err;

#define API_SHAPE_PULLS_MAX 100 /* of one range; more are not listed one by one */

/* The array `key` of the pull requests merged in releases (from, to], newest first; those that cancel
 * each other in that range say so (C5). */
int api_shape_pulls(struct json_out *out, const char *key, struct api_view *view,
                    int64_t repository_id, int64_t from, int64_t to, struct err *err);

/* Number, commit, subject and so on, as members of the object that is open. */
void api_shape_release(struct json_out *out, const struct release *release);

/* A whole deployment: jobs, hosts, steps, results. */
int api_shape_deployment(struct json_out *out, struct api_view *view,
                         const struct deployment *deployment, struct err *err);

/* An integer, or null for 0. */
void api_shape_int_or_null(struct json_out *out, const char *key, int64_t value);
/* A text, or null for NULL and "". */
void api_shape_text_or_null(struct json_out *out, const char *key, const char *text);

#endif
