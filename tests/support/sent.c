#include "tests/support/sent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/digest.h"
#include "tests/support/api_room.h"

static char *head_add(char *p, const char *name, const char *value)
{
    return value == NULL || value[0] == '\0' ? p : p + sprintf(p, "%s: %s\r\n", name, value);
}

char *sent_bytes(const struct sent *sent, size_t *ret_len)
{
    char *bytes = malloc(4096 + sent->body_len);
    char signature[80] = "sha256=";
    char length[24];
    unsigned char digest[DIGEST_SIZE];
    char *p = bytes;

    digest_hmac_sha256(API_ROOM_SECRET, strlen(API_ROOM_SECRET), sent->body, sent->body_len,
                       digest);
    digest_hex(digest, sizeof(digest), signature + 7);
    snprintf(length, sizeof(length), "%zu", sent->body_len);
    p += sprintf(p, "%s %s HTTP/1.1\r\nHost: hooks\r\n", sent->method, sent->path);
    p = head_add(p, "X-GitHub-Event", sent->event);
    p = head_add(p, "X-GitHub-Delivery", sent->guid);
    p = head_add(p, "Content-Type", sent->type);
    p = head_add(p, "Content-Length", sent->length != NULL ? sent->length : length);
    p = head_add(p, "X-Hub-Signature-256", sent->signature != NULL ? sent->signature : signature);
    p += sprintf(p, "%s\r\n", sent->more);
    memcpy(p, sent->body, sent->body_len);
    *ret_len = (size_t)(p - bytes) + sent->body_len;
    return bytes;
}

struct raw_answer *sent_ask(const char *address, const struct sent *sent)
{
    size_t len;
    char *bytes = sent_bytes(sent, &len);
    struct raw_answer *a = raw_http_ask(address, bytes, len);

    free(bytes);
    return a;
}

int sent_status(const char *address, const struct sent *sent)
{
    struct raw_answer *a = sent_ask(address, sent);
    int status = a->status;

    free(a);
    return status;
}

int sent_status_of_bytes(const char *address, const char *bytes, size_t len)
{
    struct raw_answer *a = raw_http_ask(address, bytes, len);
    int status = a->status;

    free(a);
    return status;
}
