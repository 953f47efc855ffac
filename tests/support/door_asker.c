#include "tests/support/door_asker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/ssm/sigv4.h"
#include "tests/support/raw_http.h"

static const char *text_of(const struct door_asker *asker, const char *s)
{
    return arena_str(asker->arena, s != NULL ? s : "");
}

struct door_answer door_asker_read(const struct door_asker *asker, struct raw_answer *answer)
{
    struct err err = ERR_INIT;
    struct door_answer read = {.status = answer->status, .type = "", .message = ""};
    struct cJSON *json = NULL;

    read.body = arena_strn(asker->arena, answer->body, answer->body_len);
    read.request_id = text_of(asker, raw_http_header(answer, "x-amzn-RequestId"));
    if (json_parse(answer->body, answer->body_len, NULL, &json, &err) == 0) {
        read.type = text_of(asker, json_str(json, "__type"));
        read.message = text_of(asker, json_str(json, "message"));
        json_free(json);
    }
    free(answer);
    return read;
}

/* The headers that carry the signature. */
static char *sign(const struct door_asker *asker, const char *target, const char *body,
                  const struct door_signer *signer)
{
    const char *service = strncmp(target, "EC2", 3) == 0 ? "ec2messages" : "ssm";
    struct sigv4_header headers[5] = {{"content-type", "application/x-amz-json-1.1"},
                                      {"host", asker->address}};
    struct sigv4_request request = {.method = "POST",
                                    .path = "/",
                                    .query = "",
                                    .headers = headers,
                                    .body = body,
                                    .body_len = strlen(body)};
    const struct sigv4_signer how = {.key_id = signer->key_id,
                                     .secret = signer->secret,
                                     .rsa = signer->rsa,
                                     .region = "slipway",
                                     .service =
                                         signer->service != NULL ? signer->service : service};
    char date[SIGV4_DATE_SIZE];
    struct err err = ERR_INIT;
    size_t n = 2;

    sigv4_date(asker->now + signer->off, date);
    headers[n++] = (struct sigv4_header){"x-amz-date", date};
    if (signer->token != NULL)
        headers[n++] = (struct sigv4_header){"x-amz-security-token", signer->token};
    headers[n++] = (struct sigv4_header){"x-amz-target", target};
    request.n_headers = n;
    return arena_printf(asker->arena, "X-Amz-Date: %s\r\nAuthorization: %s\r\n%s%s%s", date,
                        sigv4_authorize(asker->arena, &how, &request, &err),
                        signer->token != NULL ? "X-Amz-Security-Token: " : "",
                        signer->token != NULL ? signer->token : "",
                        signer->token != NULL ? "\r\n" : "");
}

char *door_asker_bytes(const struct door_asker *asker, const char *target, const char *body,
                       const struct door_signer *signer)
{
    struct arena *arena = asker->arena;
    const char *sent = signer != NULL && signer->body_as_sent != NULL ? signer->body_as_sent : body;
    char *bytes = arena_printf(
        arena,
        "POST / HTTP/1.1\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Target: %s\r\n"
        "%sHost: %s\r\n",
        target, signer != NULL ? sign(asker, target, body, signer) : "",
        signer != NULL && signer->host_as_sent != NULL ? signer->host_as_sent : asker->address);

    if (signer != NULL && signer->chunked)
        return arena_printf(
            arena, "%sTransfer-Encoding: chunked\r\n\r\n%zx\r\n%.1s\r\n%zx\r\n%s\r\n0\r\n\r\n",
            bytes, (size_t)1, sent, strlen(sent) - 1, sent + 1);
    return arena_printf(arena, "%sContent-Length: %zu\r\n\r\n%s", bytes, strlen(sent), sent);
}

struct door_answer door_asker_ask(const struct door_asker *asker, const char *target,
                                  const char *body, const struct door_signer *signer)
{
    char *bytes = door_asker_bytes(asker, target, body, signer);

    return door_asker_read(asker, raw_http_ask(asker->address, bytes, strlen(bytes)));
}

void door_asker_must_be(struct door_answer answer, const char *type)
{
    int status = *type == '\0' ? 200 : strncmp(type, "Internal", 8) == 0 ? 500 : 400;

    if (answer.status != status || strcmp(answer.type, type) != 0)
        fail_msg("%d %s (%s), expected %d %s", answer.status, answer.type, answer.body, status,
                 type);
    assert_true(strlen(answer.request_id) == 36);
}

/* The item at `path`; the tree is the caller's. */
static const struct cJSON *find(struct door_answer answer, const char *path,
                                struct cJSON **ret_tree)
{
    const struct cJSON *at;
    struct err err = ERR_INIT;
    char words[256], *save = NULL;

    if (json_parse(answer.body, strlen(answer.body), NULL, ret_tree, &err) < 0)
        fail_msg("no JSON (%s): %s", err.text, answer.body);
    at = *ret_tree;
    snprintf(words, sizeof(words), "%s", path);
    for (char *word = strtok_r(words, ".", &save); word != NULL && at != NULL;
         word = strtok_r(NULL, ".", &save)) {
        int64_t number;

        if (json_is_array(at) && str_parse_int64(word, &number) == 0) {
            at = json_first(at);
            while (at != NULL && number-- > 0)
                at = json_next(at);
        } else {
            at = json_get(at, word);
        }
    }
    return at;
}

const char *door_asker_member(const struct door_asker *asker, struct door_answer answer,
                              const char *path)
{
    struct cJSON *tree;
    const char *value = text_of(asker, json_string_value(find(answer, path, &tree)));

    json_free(tree);
    return value;
}

long long door_asker_number(struct door_answer answer, const char *path)
{
    struct cJSON *tree;
    const struct cJSON *item = find(answer, path, &tree);
    int64_t value = -1;

    if (json_is_array(item) || json_is_object(item))
        value = (int64_t)json_count(item);
    else if (item != NULL && !json_item_int(item, &value))
        value = -2; /* a fraction, or no number */
    json_free(tree);
    return value;
}
