/*
 * policy: who is asking, and may they?
 *
 * The one place that turns a connection, a token and the configuration into rights (A4), and the
 * one question before any handler. The route that was found is the one that is judged and executed;
 * there is no second look at the path (threats.md T46).
 *
 *      cli socket   root and the server's own user: all rights; others what `group:NAME` of the
 *                   configuration gives to a group they are in
 *      web          a token: what it was made with, and what `token:NAME` is given; without one:
 *                   view, if the configuration gives it to `anyone`
 *      webhooks     nothing is asked here: the signature decides
 *      agents       nothing is asked here: the door's one verifier decides
 *
 * Reads through the pool of read-only connections, on the http thread.
 */
#ifndef SLIPWAY_SERVER_API_POLICY_H
#define SLIPWAY_SERVER_API_POLICY_H

#include "server/api/request.h"

struct config_rights;
struct err;

/* Fill request->peer from X-Forwarded-For, where the socket's address is a trusted proxy. */
void policy_peer(struct request *request);

/* Fill request->actor, then: 0, or 401 (no or no valid token) or 403 (known, not allowed). Adds
 * WWW-Authenticate to the reply where it belongs. */
int policy_admit(struct request *request, struct reply *reply);

/* What the actor may do where these rights of the configuration hold; RIGHT_BITs. */
unsigned policy_rights(const struct request *request, const struct config_rights *rights);

/* May the actor do that in this environment? 0, or ERR_DENIED that names the right and who has it. */
struct config_environment;
int policy_require(const struct request *request, const struct config_environment *environment,
                   enum right right, struct err *err);

/* Why policy_admit() said 403, and who may: for the answer. */
const char *policy_why_not(const struct request *request);

static inline bool policy_allows(const struct actor *actor, enum right right)
{
    return right == RIGHT_NONE || (actor->rights & RIGHT_BIT(right)) != 0;
}

/* Asked again inside the transaction that acts (threats.md 4, rule 9): is the token still one? 0 or
 * ERR_DENIED. On the writer's thread. */
struct db;
int policy_confirm(struct db *db, const struct request *request, struct err *err);

/* Random enough to be quoted and found again; unique in a log. */
void policy_request_id(char ret_id[REQUEST_ID_SIZE]);

#endif
