/*
 * router: which route a request means.
 *
 * It works on the raw target: no decoding, no dot segments, no doubled or trailing slash, no method override; what does
 * not match exactly is not there (threats.md T46). Pure.
 */
#ifndef SLIPWAY_SERVER_API_ROUTER_H
#define SLIPWAY_SERVER_API_ROUTER_H

#include <stddef.h>

#include "server/api/request.h"

struct route;

enum router_match {
    ROUTER_FOUND,
    ROUTER_NO_PATH,   /* 404 */
    ROUTER_NO_METHOD, /* 405; `allow` lists those there are */
};

struct router_found {
    const struct route *route;
    struct {
        size_t offset; /* in the path */
        size_t len;
    } segments[REQUEST_SEGMENTS_MAX];
    size_t n_segments;
    char allow[64];
};

/* `path` is the raw target without its query. */
enum router_match router_find(enum listener listener, const char *method, const char *path,
                              struct router_found *ret_found);

#endif
