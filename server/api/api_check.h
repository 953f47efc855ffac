/*
 * api_check: a person has looked: ok, or it needs a fix (C1, L1).
 *
 * Of a release, where an environment says `check: required` and the release is there; of a pull request,
 * on the head that was shown. What needs the environment waits for it.
 */
#ifndef SLIPWAY_SERVER_API_API_CHECK_H
#define SLIPWAY_SERVER_API_API_CHECK_H

#include "lib/base/json.h"
#include "lib/model/check.h"
#include "server/api/request.h"

struct reply;

/* POST /api/v1/repos/{owner}/{name}/releases/{number}/check, .../pulls/{number}/check */
request_fn api_check_release, api_check_pull;

/* The object `key` (Check in docs/openapi.yaml). */
void api_check_shape(struct json_out *out, const char *key, const struct check *check);

#endif
