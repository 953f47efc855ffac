/*
 * api_freeze: freezes that people add while the server runs: list, add, remove.
 *
 * The right is operate in every configured environment that the freeze covers, asked again in the
 * transaction that acts. What would move is told before (`?dry-run=1` saves nothing) and after.
 */
#ifndef SLIPWAY_SERVER_API_API_FREEZE_H
#define SLIPWAY_SERVER_API_API_FREEZE_H

#include "server/api/request.h"

enum request_next api_freeze_list(struct request *request, struct reply *reply);
enum request_next api_freeze_add(struct request *request, struct reply *reply);
enum request_next api_freeze_remove(struct request *request, struct reply *reply);

#endif
