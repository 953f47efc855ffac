/*
 * api_status: what is live, what is next and when, is anything in the way? The Board's data, as
 * JSON and as the plain text for browsers without JavaScript.
 */
#ifndef SLIPWAY_SERVER_API_API_STATUS_H
#define SLIPWAY_SERVER_API_API_STATUS_H

#include "server/api/request.h"

enum request_next api_status_get(struct request *request, struct reply *reply);
enum request_next api_status_text(struct request *request, struct reply *reply);

#endif
