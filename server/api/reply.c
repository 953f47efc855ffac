#include "server/api/reply.h"

#include <assert.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "server/api/request.h"
#include "server/api/routes.h"

#define PROBLEM_MAX 8192 /* an err text has 1 KiB; escaped it may be six times that */

void reply_header(struct reply *reply, const char *name, const char *value)
{
    assert(reply->n_headers < REPLY_HEADERS_MAX);
    reply->headers[reply->n_headers].name = name;
    reply->headers[reply->n_headers].value = value;
    reply->n_headers++;
}

void reply_body(struct reply *reply, int status, const char *content_type, const char *bytes,
                size_t len)
{
    reply->status = status;
    reply->body = bytes;
    reply->body_len = len;
    reply_header(reply, "Content-Type", content_type);
}

void reply_text(struct reply *reply, int status, const char *text)
{
    reply_body(reply, status, "text/plain; charset=utf-8", text, strlen(text));
}

void reply_json(struct reply *reply, int status, const char *json, size_t len)
{
    reply_body(reply, status, "application/json", json, len);
    /* Keep it, but ask whether it is still so; what was made just now may hold a secret. */
    reply_header(reply, "Cache-Control", status == 200 ? "no-cache" : "no-store");
}

void reply_stream(struct reply *reply, const char *content_type, reply_stream_fn *stream,
                  void (*stream_end)(struct request *request))
{
    reply->status = 200;
    reply->stream = stream;
    reply->stream_end = stream_end;
    reply_header(reply, "Content-Type", content_type);
    reply_header(reply, "Cache-Control", "no-store");
}

/* The one table from error code to status. Timeout and unknown say that nobody can tell whether it
 * happened, so a client must not take them for a plain failure. */
int reply_status(int err_code)
{
    switch (err_code) {
    case ERR_INVALID:
        return 422;
    case ERR_NOT_FOUND:
        return 404;
    case ERR_CONFLICT:
        return 409;
    case ERR_DENIED:
        return 403;
    case ERR_BUSY:
    case ERR_UNREACHABLE:
        return 503;
    case ERR_TIMEOUT:
    case ERR_UNKNOWN:
        return 504;
    default:
        return 500;
    }
}

static const struct status_row {
    int status;
    const char *title; /* of problem+json, RFC 9110's words */
    const char *fixed; /* the body on webhooks and agents */
} status_rows[] = {
    {202, "Accepted", "accepted\n"},
    {400, "Bad Request", "bad request\n"},
    {401, "Unauthorized", "signature check failed\n"},
    {403, "Forbidden", "forbidden\n"},
    {404, "Not Found", "not found\n"},
    {405, "Method Not Allowed", "method not allowed\n"},
    {409, "Conflict", "conflict\n"},
    {411, "Length Required", "length required\n"},
    {413, "Content Too Large", "content too large\n"},
    {415, "Unsupported Media Type", "unsupported media type\n"},
    {422, "Unprocessable Content", "unprocessable content\n"},
    {429, "Too Many Requests", "too many requests\n"},
    {500, "Internal Server Error", "internal error\n"},
    {503, "Service Unavailable", "busy, retry later\n"},
    {504, "Gateway Timeout", "outcome unknown\n"},
};

static const struct status_row *status_row(int status)
{
    for (size_t i = 0; i < sizeof(status_rows) / sizeof(status_rows[0]); i++) {
        if (status_rows[i].status == status)
            return &status_rows[i];
    }
    assert(false && "a status without a row");
    return &status_rows[0];
}

const char *reply_fixed_text(int status)
{
    return status_row(status)->fixed;
}

/* RFC 9457. */
static void reply_problem(struct request *request, struct reply *reply, int status,
                          const char *detail)
{
    struct buf buf;
    struct json_out out;

    buf_init(&buf, PROBLEM_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_str(&out, "type", "about:blank");
    json_add_str(&out, "title", status_row(status)->title);
    json_add_int(&out, "status", status);
    if (detail != NULL)
        json_add_str(&out, "detail", detail);
    json_add_str(&out, "id", request->id);
    json_end_object(&out);
    reply_body(reply, status, "application/problem+json",
               arena_strn(request->arena, buf.data, buf.len), buf.len);
    reply_header(reply, "Cache-Control", "no-store");
    buf_deinit(&buf);
}

/* How long to stay away: GitHub's people redeliver by hand, agents poll anyway, and the
 * command line waits with its person. */
static void add_retry_after(const struct request *request, struct reply *reply)
{
    for (size_t i = 0; i < reply->n_headers; i++) {
        if (strcmp(reply->headers[i].name, "Retry-After") == 0)
            return;
    }
    reply_header(reply, "Retry-After",
                 request->listener == LISTENER_WEBHOOKS ? "60"
                 : request->listener == LISTENER_AGENTS ? "5"
                                                        : "1");
}

void reply_refuse(struct request *request, struct reply *reply, int status, const char *detail)
{
    if (status == 503)
        add_retry_after(request, reply);
    if (request->listener == LISTENER_WEB || request->listener == LISTENER_CLI)
        reply_problem(request, reply, status, detail);
    else
        reply_text(reply, status, reply_fixed_text(status));
}

void reply_error(struct request *request, struct reply *reply, const struct err *err)
{
    int status = reply_status(err->code);

    if (status == 500) {
        log_error("http.failed", "route=%s request=%s err=%s",
                  request->route != NULL ? request->route->name : "-", request->id, LOG(err->text));
        reply_refuse(request, reply, status, "our fault; the log has it under this id");
        return;
    }
    reply_refuse(request, reply, status, err->text);
}

/* Who has this very body already is spared the bytes. */
static void tag_body(struct request *request, struct reply *reply)
{
    const char *have = request_header(request, "If-None-Match");
    char digest[DIGEST_HEX_SIZE];
    const char *tag;

    digest_sha256_hex(reply->body, reply->body_len, digest);
    tag = arena_printf(request->arena, "\"%.32s\"", digest);
    reply_header(reply, "ETag", tag);
    if (have != NULL && strstr(have, tag) != NULL) {
        reply->status = 304;
        reply->body_len = 0;
    }
}

void reply_json_buf(struct request *request, struct reply *reply, int status, struct buf *buf)
{
    if (buf->overflow) {
        struct err err = ERR_INIT;

        (void)err_set(&err, ERR_INTERNAL, "the answer is over %zu bytes", buf->max);
        reply_error(request, reply, &err);
    } else {
        reply_json(reply, status, arena_strn(request->arena, buf_str(buf), buf->len), buf->len);
        if (status == 200)
            tag_body(request, reply);
    }
    buf_deinit(buf);
}
