/*
 * laid_out: a request in memory the way libmicrohttpd 0.9.75 leaves it: NULs over separators, pointers
 * to where the bytes came. For the tests and the fuzz target of the request filter; the real library
 * is asked by test_http_server and by the server's own self-test.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_LAID_OUT_H
#define SLIPWAY_TESTS_SUPPORT_LAID_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "server/api/request_filter.h"

#define LAID_OUT_MAX 8192
#define LAID_OUT_HEADERS 128

struct laid_out {
    char buffer[LAID_OUT_MAX + 1];
    char target[LAID_OUT_MAX + 1];
    struct request_header headers[LAID_OUT_HEADERS];
    struct request_filter_input input;
};

/* False: no request at all, the library refuses it by itself. */
bool lay_out(struct laid_out *l, const char *raw, size_t len);

#endif
