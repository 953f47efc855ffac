/* aws_request: see aws_request.h. */
#include "lib/ssm/aws_request.h"

#include <string.h>

#include "lib/base/json.h"
#include "lib/ssm/sigv4.h"

#define CONTENT_TYPE "application/x-amz-json-1.1"

/* HOST[:PORT], as it is sent and signed. */
static const char *authority_of(const char *url)
{
    return strstr(url, "://") + 3;
}

static int add_signature(struct arena *arena, const struct aws_request *a, const char **headers,
                         size_t n, struct err *err)
{
    char date[SIGV4_DATE_SIZE];
    struct sigv4_header signed_headers[5] = {{"content-type", CONTENT_TYPE},
                                             {"host", authority_of(a->url)}};
    size_t n_signed = 2;
    struct sigv4_request request = {.method = "POST",
                                    .path = "/",
                                    .query = "",
                                    .headers = signed_headers,
                                    .body = a->body,
                                    .body_len = strlen(a->body)};
    const char *authorization;

    sigv4_date(a->now, date);
    signed_headers[n_signed++] = (struct sigv4_header){"x-amz-date", date};
    headers[n++] = arena_printf(arena, "X-Amz-Date: %s", date);
    if (a->token != NULL) {
        signed_headers[n_signed++] = (struct sigv4_header){"x-amz-security-token", a->token};
        headers[n++] = arena_printf(arena, "X-Amz-Security-Token: %s", a->token);
    }
    signed_headers[n_signed++] = (struct sigv4_header){"x-amz-target", a->target};
    request.n_headers = n_signed;
    authorization = sigv4_authorize(arena, a->signer, &request, err);
    if (authorization == NULL)
        return ERR_INVALID;
    headers[n++] = arena_printf(arena, "Authorization: %s", authorization);
    headers[n] = NULL;
    return 0;
}

int aws_request_headers(struct arena *arena, const struct aws_request *request,
                        const char *ret_headers[AWS_REQUEST_HEADERS], struct err *err)
{
    size_t n = 0;

    ret_headers[n++] = "Content-Type: " CONTENT_TYPE;
    ret_headers[n++] = arena_printf(arena, "Host: %s", authority_of(request->url));
    ret_headers[n++] = arena_printf(arena, "X-Amz-Target: %s", request->target);
    ret_headers[n] = NULL;
    return request->signer != NULL ? add_signature(arena, request, ret_headers, n, err) : 0;
}

struct aws_request_error aws_request_error(struct arena *arena, const char *body, size_t len)
{
    const struct json_limits limits = {.depth = 8, .nodes = 200};
    struct aws_request_error error = {.type = "", .text = ""};
    struct cJSON *json = NULL;
    const char *type, *text, *hash;

    if (json_parse(body, len, &limits, &json, NULL) < 0)
        return error;
    type = json_str(json, "__type");
    text = json_str(json, "message");
    text = text != NULL ? text : json_str(json, "Message");
    if (type != NULL) {
        hash = strrchr(type, '#');
        error.type = arena_str(arena, hash != NULL ? hash + 1 : type);
    }
    if (text != NULL)
        error.text = arena_str(arena, text);
    json_free(json);
    return error;
}
