/*
 * http_body: the body of one request as it comes, and what it may take of the memory for all bodies.
 *
 * Inside of http_server; nobody else includes it. The buffer follows what came, not what was announced. What does not
 * fit is refused at its end, since inside a body no answer can be given; until then it is read and dropped. On the one
 * thread of libmicrohttpd that serves the connection; what all bodies share is atomic.
 */
#ifndef SLIPWAY_SERVER_API_HTTP_BODY_H
#define SLIPWAY_SERVER_API_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "server/api/http_connection.h"

struct http_body {
    struct http_listener *listener;
    struct share *share; /* of its address; NULL = not counted */
    size_t limit;        /* of the route */
    size_t expected;     /* as announced, else what the route takes at most */
    char *bytes;         /* NULL = none; there is a NUL behind them */
    size_t len;
    size_t size;    /* of the buffer */
    size_t kept;    /* bytes of what was made of it */
    size_t dropped; /* bytes since it was refused */
    int refused;    /* status to refuse it with, 0 = none */
};

/* What is to come. False: a large one that would not fit, before a byte of it is taken: 503. */
bool http_body_expect(struct http_body *body, struct http_listener *listener, struct share *share,
                      size_t limit, size_t expected);

/* One more piece. 1 = taken, 0 = dropped (`refused` says why), -1 = so much was dropped that nothing more is read. */
int http_body_take(struct http_body *body, const char *bytes, size_t len);

/* Nobody reads it any more; its memory is free for others. */
void http_body_drop(struct http_body *body);

/* Something of so many bytes was made of it and counts as long as the request lives. */
void http_body_keep(struct http_body *body, size_t bytes);

/* The request is over; the bytes stay for whoever still holds it, until http_body_drop(). */
void http_body_end(struct http_body *body);

#endif
