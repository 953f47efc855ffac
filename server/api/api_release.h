/*
 * api_release: releases of a repository, one of them in full, and what its commands printed.
 */
#ifndef SLIPWAY_SERVER_API_API_RELEASE_H
#define SLIPWAY_SERVER_API_API_RELEASE_H

#include "server/api/request.h"

enum request_next api_release_list(struct request *request, struct reply *reply);
enum request_next api_release_get(struct request *request, struct reply *reply);
enum request_next api_release_logs(struct request *request, struct reply *reply);

#endif
