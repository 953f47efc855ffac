/* sent: a delivery in raw bytes, right in everything that a test does not make wrong. */
#ifndef SLIPWAY_TESTS_SUPPORT_SENT_H
#define SLIPWAY_TESTS_SUPPORT_SENT_H

#include <stddef.h>

#include "tests/support/raw_http.h"

/* NULL members are left out. */
struct sent {
    const char *method;
    const char *path;
    const char *event;
    const char *guid;
    const char *type;
    const char *length;    /* NULL = the right one, "" = none */
    const char *signature; /* NULL = the right one, "" = none */
    const char *more;      /* further header lines, each with CRLF */
    const char *body;
    size_t body_len;
};

#define SENT_GOOD                                                                                  \
    {                                                                                              \
        .method = "POST", .path = "/webhooks/github", .event = "push", .guid = "guid-1",           \
        .type = "application/json", .more = "", .body = "{}", .body_len = 2                        \
    }

/* Its bytes; the caller frees them. Signed with API_ROOM_SECRET. */
char *sent_bytes(const struct sent *sent, size_t *ret_len);
/* What is answered, and the status alone. */
struct raw_answer *sent_ask(const char *address, const struct sent *sent);
int sent_status(const char *address, const struct sent *sent);
int sent_status_of_bytes(const char *address, const char *bytes, size_t len);

#endif
