/*
 * api_wish: a person asks for a release by name (C2): a go-live, a pin to a start, a hotfix; and takes
 * it back. Each is one row and one journal line; the flow does the rest.
 */
#ifndef SLIPWAY_SERVER_API_API_WISH_H
#define SLIPWAY_SERVER_API_API_WISH_H

#include "lib/store/store_wish.h"
#include "server/api/api_act.h"
#include "server/api/request.h"

enum request_next api_wish_release(struct request *request, struct reply *reply);
enum request_next api_wish_hotfix(struct request *request, struct reply *reply);
enum request_next api_wish_withdraw(struct request *request, struct reply *reply);

/* For an act that ends in a wish: ask for release `number` where the act is, as api_wish_release() does without a
 * time. Writes it with its line in the journal. */
int api_wish_ask(struct api_act *act, int64_t number, struct wish *ret_wish);

#endif
