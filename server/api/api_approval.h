/*
 * api_approval: a person approves a release for an environment, or takes that back (A1, A2).
 *
 * The route wants approve-code or approve-content; for which changes of the release an approval counts is
 * told in the answer. One that would count for none is refused, with who may. Inside the transaction the
 * right, the configuration and the plan are looked at again (T23).
 */
#ifndef SLIPWAY_SERVER_API_API_APPROVAL_H
#define SLIPWAY_SERVER_API_API_APPROVAL_H

#include "lib/base/json.h"
#include "lib/model/approval.h"
#include "server/api/api_view.h"
#include "server/api/request.h"

struct reply;

/* POST, DELETE /api/v1/repos/{owner}/{name}/releases/{number}/approval */
request_fn api_approval_grant, api_approval_withdraw;

/* The object `key` (Approval in docs/openapi.yaml), with how it stands as a sentence. */
void api_approval_shape(struct json_out *out, const char *key, struct api_view *view,
                        const struct config_environment *environment,
                        const struct approval *approval);

#endif
