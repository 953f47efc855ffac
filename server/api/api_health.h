/*
 * api_health: is the process there, can it take work? Fixed words, for load balancers and anyone.
 */
#ifndef SLIPWAY_SERVER_API_API_HEALTH_H
#define SLIPWAY_SERVER_API_API_HEALTH_H

#include "server/api/request.h"

enum request_next api_health_live(struct request *request, struct reply *reply); /* "ok" */
enum request_next api_health_ready(struct request *request,
                                   struct reply *reply); /* "ready", or 503 */

#endif
