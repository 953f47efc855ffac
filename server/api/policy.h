/*
 * policy: who is asking, and may they?
 *
 * The one question before any handler. Who it is says asker.h, what he may at which place lib/rules/rights
 * (A4); this is where both meet the route. The route that was found is the one that is judged and executed;
 * there is no second look at the path (threats.md T46).
 *
 *      cli, web     the right of the route, where the route acts (routes.h)
 *      webhooks     nothing is asked here: the signature decides
 *      agents       nothing is asked here: the door's one verifier decides
 *
 * Reads through the pool of read-only connections, on the http thread.
 */
#ifndef SLIPWAY_SERVER_API_POLICY_H
#define SLIPWAY_SERVER_API_POLICY_H

#include "server/api/request.h"

struct err;

/* Fill request->peer from X-Forwarded-For, where the socket's address is a trusted proxy. */
void policy_peer(struct request *request);

/* Fill request->actor, then: 0, or 401 (no or no valid token), 403 (known, not allowed), 429 (guesses
 * tokens). Adds WWW-Authenticate and Retry-After to the reply where they belong. */
int policy_admit(struct request *request, struct reply *reply);

/* What the actor may do there; RIGHT_BITs. */
struct config_environment;
struct config_repo;
unsigned policy_rights_in_repo(const struct request *request, const struct config_repo *repo);
unsigned policy_rights_in_environment(const struct request *request,
                                      const struct config_environment *environment);

/* May the actor do that in this environment? 0, or ERR_DENIED that names the right and who has it. */
int policy_require(const struct request *request, const struct config_environment *environment,
                   enum right right, struct err *err);

/* Who has the right there, as a list for people: "team:sre, ana"; "" = nobody. */
const char *policy_names(const struct request *request,
                         const struct config_environment *environment, enum right right);

/* Why policy_admit() said so, who may, and when: for the answer. NULL = there is nothing to add. */
const char *policy_detail(const struct request *request, int status);

static inline bool policy_allows(const struct actor *actor, enum right right)
{
    return right == RIGHT_NONE || (actor->rights & RIGHT_BIT(right)) != 0;
}

/* Asked again inside the transaction that acts (threats.md 4, rule 9), on the writer's thread: is the token
 * still one, and may the actor still do what the route does, by the configuration of now? 0 or ERR_DENIED. */
struct db;
int policy_confirm(struct db *db, const struct request *request, struct err *err);

/* Random enough to be quoted and found again; unique in a log. */
void policy_request_id(char ret_id[REQUEST_ID_SIZE]);

#endif
