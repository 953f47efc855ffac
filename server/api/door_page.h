/*
 * door_page: NextToken of the caller's lists: where the next page begins (ssm-wire.md 8).
 *
 * Opaque, and bound to key, operation and arguments by a MAC: a token that was made for something
 * else is no token. Nothing is stored.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_PAGE_H
#define SLIPWAY_SERVER_API_DOOR_PAGE_H

#include <stdbool.h>

#include "server/api/door_call.h"

#define DOOR_PAGE_TOKEN_MAX 1024

/* `arguments`: the request in a form that is the same for each page of it. */
const char *door_page_token(struct door_call *call, const char *arguments, const char *position);

/* The position in the request's NextToken, "" if there is none. False: it is not one of ours. */
bool door_page_position(struct door_call *call, const char *arguments, const char **ret_position);

#endif
