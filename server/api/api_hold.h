/*
 * api_hold: a person's stop of an environment, or of all environments of a repository: list, hold, lift.
 *
 * The right is operate in every environment that is stopped, asked again in the transaction that acts.
 * What would move is told before (`?dry-run=1` saves nothing) and after, by the same function.
 */
#ifndef SLIPWAY_SERVER_API_API_HOLD_H
#define SLIPWAY_SERVER_API_API_HOLD_H

#include "server/api/request.h"

enum request_next api_hold_list(struct request *request, struct reply *reply);
enum request_next api_hold_add(struct request *request, struct reply *reply);
enum request_next api_hold_lift(struct request *request, struct reply *reply);

#endif
