#include "server/api/reply.h"

#include <assert.h>
#include <string.h>

#include "lib/base/err.h"
#include "server/api/request.h"

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
    reply_header(reply, "Cache-Control", "no-store");
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
