/*
 * api_signing_key: the key by which this server signs for its hosts, and its turn-over in two steps
 * (docs/decisions/0070-the-turn-over-of-the-signing-key.md): it is announced under the one in force, and when the hosts know
 * of it, it takes its place.
 */
#ifndef SLIPWAY_SERVER_API_API_SIGNING_KEY_H
#define SLIPWAY_SERVER_API_API_SIGNING_KEY_H

#include "server/api/request.h"

enum request_next api_signing_key_get(struct request *request, struct reply *reply);
enum request_next api_signing_key_announce(struct request *request, struct reply *reply);
enum request_next api_signing_key_turn(struct request *request, struct reply *reply);

#endif
