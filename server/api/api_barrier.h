/*
 * api_barrier: pull requests that may not go out before a time (C3): set, lifted, listed. Set before
 * the merge it is an embargo.
 */
#ifndef SLIPWAY_SERVER_API_API_BARRIER_H
#define SLIPWAY_SERVER_API_API_BARRIER_H

#include "server/api/request.h"

enum request_next api_barrier_list(struct request *request, struct reply *reply);
enum request_next api_barrier_set(struct request *request, struct reply *reply);
enum request_next api_barrier_lift(struct request *request, struct reply *reply);

#endif
