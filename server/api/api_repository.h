/*
 * api_repository: what only a person can say about a repository: what is live where Slipway did not
 * bring it (C7), and that a rewritten branch is the new line (C6).
 */
#ifndef SLIPWAY_SERVER_API_API_REPOSITORY_H
#define SLIPWAY_SERVER_API_API_REPOSITORY_H

#include "server/api/request.h"

enum request_next api_repository_baseline(struct request *request, struct reply *reply);
enum request_next api_repository_adopt(struct request *request, struct reply *reply);

#endif
