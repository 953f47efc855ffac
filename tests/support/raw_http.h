/*
 * raw_http: bytes to a listener and bytes back, without any library's idea of HTTP in between.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_RAW_HTTP_H
#define SLIPWAY_TESTS_SUPPORT_RAW_HTTP_H

#include <stdbool.h>
#include <stddef.h>

struct raw_answer {
    int status;      /* 0 = closed without an answer */
    char head[4096]; /* status line and headers */
    size_t body_len;
    bool closed; /* the other side ended the connection */
    char body[]; /* and a NUL */
};

/* "127.0.0.1:N" or the path of a socket. */
int raw_http_open(const char *address);

/* Send all of it (an error of the other side is no failure: it may answer early), read one answer. */
struct raw_answer *raw_http_ask(const char *address, const void *bytes, size_t len);
void raw_http_send(int fd, const void *bytes, size_t len);
/* NULL only if nothing came within `seconds`. */
struct raw_answer *raw_http_read(int fd, int seconds);

/* Value of a header of the answer, NULL = absent. Lives until the next call of this. */
const char *raw_http_header(const struct raw_answer *answer, const char *name);

#endif
