/* api_key: access keys of AWS callers at the door: /api/v1/keys. The secret is shown once. */
#ifndef SLIPWAY_SERVER_API_API_KEY_H
#define SLIPWAY_SERVER_API_API_KEY_H

#include "server/api/request.h"

enum request_next api_key_list(struct request *request, struct reply *reply);
enum request_next api_key_create(struct request *request, struct reply *reply);
enum request_next api_key_delete(struct request *request, struct reply *reply);

#endif
