/*
 * request filter: is this request framed in the one way that everybody reads alike?
 *
 * libmicrohttpd 0.9.75 accepts bare LF, folded lines, NUL bytes, repeated Content-Length and more,
 * and hides the traces. But it parses in place: method, target, version and header fields stay where
 * they were received, so the distances between them show what stood there. The filter walks those
 * distances and the fields. What it refuses is answered 400 and the connection is closed.
 *
 * Pure; called by http_server on the http thread before anything else looks at the request, and by
 * its start-up self-test through a real connection. Cases: threats.md 5.6. Not visible, and
 * accepted: a NUL in the place of a CR, over which the library has put one anyway; and behind the last
 * value, two bytes that the library made NUL where CR LF should be (an empty name ended by a bare LF).
 */
#ifndef SLIPWAY_SERVER_API_REQUEST_FILTER_H
#define SLIPWAY_SERVER_API_REQUEST_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "server/api/request.h"

#define REQUEST_FILTER_TARGET_MAX 4096
#define REQUEST_FILTER_HEADERS_MAX 96

/* Pointers into the buffer of the connection, as libmicrohttpd left it. */
struct request_filter_input {
    const char *method;
    const char *target;      /* where the target begins */
    const char *target_text; /* a copy of it, made before libmicrohttpd cut it at '?' */
    const char *version;
    const char *body; /* behind the empty line that ended the headers, as the library saw it */
    const struct request_header *headers;
    size_t n_headers;
    bool chunked; /* this listener takes Transfer-Encoding: chunked */
};

/* NULL = in order; else a constant text that says what is wrong, for the log only. */
const char *request_filter_judge(const struct request_filter_input *input);

/* A decimal number of at most 18 digits and nothing else; -1 otherwise. */
long long request_filter_length(const char *text, size_t len);

#endif
