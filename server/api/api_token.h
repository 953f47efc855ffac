/*
 * api_token: tokens for machines and scripts. 256 random bits, shown once, stored as SHA-256.
 */
#ifndef SLIPWAY_SERVER_API_API_TOKEN_H
#define SLIPWAY_SERVER_API_API_TOKEN_H

#include "server/api/request.h"

enum request_next api_token_list(struct request *request, struct reply *reply);
enum request_next api_token_create(struct request *request, struct reply *reply);
enum request_next api_token_delete(struct request *request, struct reply *reply);

#endif
