#include "server/api/api_page.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/embed.h"
#include "lib/base/str.h"
#include "server/api/reply.h"

/* Made by the build from web/ (cmake/). */
extern const struct embedded_file web_files[];
extern const size_t n_web_files;

/* No inline script or style, nothing from elsewhere, nobody frames us (ux.md, Front end; T41). */
#define CONTENT_SECURITY_POLICY                                                                    \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "              \
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

static const struct {
    const char *ending;
    const char *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".txt", "text/plain; charset=utf-8"},
    {".json", "application/json"},
};

static const char *type_of(const char *name)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (str_ends(name, types[i].ending))
            return types[i].type;
    }
    return "application/octet-stream";
}

static const struct embedded_file *find(const char *name)
{
    for (size_t i = 0; i < n_web_files; i++) {
        if (strcmp(web_files[i].name, name) == 0)
            return &web_files[i];
    }
    return NULL;
}

/* "gzip" as a word of Accept-Encoding, not refused by q=0. */
static bool takes_gzip(const struct request *request)
{
    const char *accept = request_header(request, "Accept-Encoding");
    const char *word = accept != NULL ? strcasestr(accept, "gzip") : NULL;
    const char *weight;

    if (word == NULL)
        return false;
    weight = word + strlen("gzip");
    while (*weight == ' ' || *weight == ';')
        weight++;
    return strncasecmp(weight, "q=0", 3) != 0 || (weight[3] == '.' && strspn(weight + 4, "0") < 1);
}

static void send_file(struct request *request, struct reply *reply,
                      const struct embedded_file *file)
{
    const char *tag = arena_printf(request->arena, "\"%.32s\"", file->sha256);
    const char *have = request_header(request, "If-None-Match");

    reply_header(reply, "ETag", tag);
    reply_header(reply, "Cache-Control",
                 "no-cache"); /* keep it, but ask whether it is still the one */
    reply_header(reply, "Vary", "Accept-Encoding");
    reply_header(reply, "Content-Security-Policy", CONTENT_SECURITY_POLICY);
    if (have != NULL && strstr(have, tag) != NULL) {
        reply->status = 304;
        reply->body = "";
        return;
    }
    if (file->gzip != NULL && takes_gzip(request)) {
        reply_header(reply, "Content-Encoding", "gzip");
        reply_body(reply, 200, type_of(file->name), (const char *)file->gzip, file->gzip_len);
        return;
    }
    reply_body(reply, 200, type_of(file->name), (const char *)file->bytes, file->len);
}

static enum request_next send_named(struct request *request, struct reply *reply, const char *name)
{
    const struct embedded_file *file = find(name);

    if (file == NULL)
        reply_refuse(request, reply, 404, NULL);
    else
        send_file(request, reply, file);
    return REQUEST_DONE;
}

enum request_next api_page_index(struct request *request, struct reply *reply)
{
    return send_named(request, reply, "index.html");
}

static bool wants_html(const struct request *request)
{
    const char *accept = request_header(request, "Accept");

    return accept != NULL && strcasestr(accept, "text/html") != NULL;
}

bool api_page_lost(const struct request *request, struct reply *reply)
{
    const struct embedded_file *file = find("index.html");

    if (request->listener != LISTENER_WEB || strcmp(request->method, "GET") != 0 ||
        str_starts(request->path, "/api/") || str_starts(request->path, "/assets/") ||
        !wants_html(request) || file == NULL)
        return false;
    reply_header(reply, "Cache-Control", "no-store");
    reply_header(reply, "Content-Security-Policy", CONTENT_SECURITY_POLICY);
    reply_body(reply, 404, type_of(file->name), (const char *)file->bytes, file->len);
    return true;
}

enum request_next api_page_file(struct request *request, struct reply *reply)
{
    /* The path behind /assets/ is the file's name: segments have no dot names and no escapes. */
    return send_named(request, reply, request->path + strlen("/assets/"));
}
