/* api_rollback: an old release is to be live again (R1 to R4). */
#ifndef SLIPWAY_SERVER_API_API_ROLLBACK_H
#define SLIPWAY_SERVER_API_API_ROLLBACK_H

#include "server/api/request.h"

struct reply;

enum request_next api_rollback_ask(struct request *request, struct reply *reply);

#endif
