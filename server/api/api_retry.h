/* api_retry: what stopped is tried again, perhaps without one of its hosts (P4, P5). */
#ifndef SLIPWAY_SERVER_API_API_RETRY_H
#define SLIPWAY_SERVER_API_API_RETRY_H

#include "server/api/request.h"

struct reply;

enum request_next api_retry_go(struct request *request, struct reply *reply);

#endif
