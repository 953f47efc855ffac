/*
 * reply: what a handler says. http_server turns it into bytes on the wire.
 *
 * Filled on the http thread. Bodies lie in the request's arena or in static storage, so nothing
 * here is freed. X-Request-Id, Date, Content-Length and the security headers are added for all.
 */
#ifndef SLIPWAY_SERVER_API_REPLY_H
#define SLIPWAY_SERVER_API_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct buf;
struct err;
struct request;

#define REPLY_HEADERS_MAX 12

/* Writes up to `max` bytes of an endless answer. Returns how many, 0 = nothing now (the request
 * waits for request_resume() or the moment given to request_wake_at()), -1 = the end. */
typedef ssize_t reply_stream_fn(struct request *request, char *bytes, size_t max);

struct reply {
    int status;
    const char *body; /* arena or static storage */
    size_t body_len;
    struct {
        const char *name;
        const char *value;
    } headers[REPLY_HEADERS_MAX];
    size_t n_headers;
    bool close;                                  /* end the connection after this answer */
    reply_stream_fn *stream;                     /* instead of `body` */
    void (*stream_end)(struct request *request); /* once, when the stream is over for any reason */
};

/* `bytes` are not copied. */
void reply_body(struct reply *reply, int status, const char *content_type, const char *bytes,
                size_t len);
void reply_text(struct reply *reply, int status, const char *text); /* text/plain; UTF-8 */
void reply_json(struct reply *reply, int status, const char *json, size_t len);
/* The text in `buf`, which is emptied; a buf that overflowed is an internal error. A 200 gets a tag. */
void reply_json_buf(struct request *request, struct reply *reply, int status, struct buf *buf);
void reply_stream(struct reply *reply, const char *content_type, reply_stream_fn *stream,
                  void (*stream_end)(struct request *request));

/* `name` is a constant, `value` lives as long as a body. */
void reply_header(struct reply *reply, const char *name, const char *value);

/* Refuse in the manner of the listener: problem+json on web and cli (`detail` is shown), the one
 * fixed body of that status on webhooks and agents (`detail` is dropped). NULL = no detail. A 503 says when to come back. */
void reply_refuse(struct request *request, struct reply *reply, int status, const char *detail);

/* The same for an error: its code gives the status (reply_status), its text the detail. Internal
 * errors are logged with the request's id and show only that. */
void reply_error(struct request *request, struct reply *reply, const struct err *err);

/* HTTP status of an err_code; the one table (style.md, Errors). */
int reply_status(int err_code);

/* The one body of `status` on webhooks and agents. */
const char *reply_fixed_text(int status);

#endif
