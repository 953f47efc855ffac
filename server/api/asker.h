/*
 * asker: who is asking?
 *
 * Turns a connection and its headers into request->actor and the facts that lib/rules/rights judges by:
 *
 *      cli socket   the peer's user and groups, by the kernel; root and the server's own user are the house
 *      web          a token by its digest: it stands for itself, or for a person at GitHub, and then it has
 *                   what the configuration gives to that person, and its acts are that person's;
 *                   without one: anyone
 *
 * Nothing is compared with a token's secret itself, so time tells nothing of it.
 */
#ifndef SLIPWAY_SERVER_API_ASKER_H
#define SLIPWAY_SERVER_API_ASKER_H

#include "server/api/request.h"

struct db;
struct err;

/* 0, or 401 (no such token), 429 (too many that were none), 503 (cannot tell). On the http thread. */
int asker_know(struct request *request);

/* Look again with `db`: is the token still one, whose logins are the person's? 0 or ERR_DENIED. */
int asker_again(struct db *db, struct request *request, struct err *err);

#endif
