/*
 * door_page: NextToken of the caller's lists: where the next page begins (ssm-wire.md 8).
 *
 * Opaque, and bound to key, operation and arguments by a MAC: a token that was made for something
 * else is no token. Nothing is stored.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_PAGE_H
#define SLIPWAY_SERVER_API_DOOR_PAGE_H

#include <stdbool.h>

#include "lib/base/buf.h"
#include "server/api/door_call.h"

#define DOOR_PAGE_TOKEN_MAX 1024

/* What a request asks for, in a form that is the same for each page of it: begun, each piece with its kind, and ended.
 * Linear in the request, which may have thousands of pieces before its limits are looked at. */
void door_page_begin(struct buf *arguments);
void door_page_add(struct buf *arguments, char kind, const char *text); /* NULL = absent */
const char *door_page_end(struct door_call *call, struct buf *arguments);

const char *door_page_token(struct door_call *call, const char *arguments, const char *position);

/* The position in the request's NextToken, "" if there is none. False: it is not one of ours. */
bool door_page_position(struct door_call *call, const char *arguments, const char **ret_position);

#endif
