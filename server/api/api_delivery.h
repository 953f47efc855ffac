/* api_delivery: what GitHub sent, what became of it, and reading it again. */
#ifndef SLIPWAY_SERVER_API_API_DELIVERY_H
#define SLIPWAY_SERVER_API_API_DELIVERY_H

#include "server/api/request.h"

enum request_next api_delivery_list(struct request *request, struct reply *reply);
enum request_next api_delivery_get(struct request *request, struct reply *reply);
enum request_next api_delivery_replay(struct request *request, struct reply *reply);

#endif
