#include "tests/support/raw_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

int raw_http_open(const char *address)
{
    const char *colon = strrchr(address, ':');
    int fd;
    int rc;

    if (address[0] == '/') {
        struct sockaddr_un where = {.sun_family = AF_UNIX};

        snprintf(where.sun_path, sizeof(where.sun_path), "%s", address);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        rc = connect(fd, (struct sockaddr *)&where, sizeof(where));
    } else {
        struct sockaddr_in where = {.sin_family = AF_INET,
                                    .sin_port = htons((unsigned short)atoi(colon + 1)),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        rc = connect(fd, (struct sockaddr *)&where, sizeof(where));
    }
    if (rc < 0) {
        perror(address);
        abort();
    }
    return fd;
}

void raw_http_send(int fd, const void *bytes, size_t len)
{
    const char *p = bytes;

    while (len > 0) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

        if (n <= 0)
            return;
        p += n;
        len -= (size_t)n;
    }
}

static size_t body_length(const char *head)
{
    static const char name[] = "\r\nContent-Length:";
    const char *length = strcasestr(head, name);

    return length != NULL ? (size_t)atoi(length + strlen(name)) : SIZE_MAX;
}

/* What came of an answer; as much as it has. */
struct coming {
    char *bytes; /* and a NUL */
    size_t len, size;
    char head[sizeof(((struct raw_answer *)0)->head)];
    size_t head_len; /* 0 = it has not ended */
    bool closed;
};

static bool is_whole(struct coming *c)
{
    const char *end = c->head_len == 0 ? strstr(c->bytes, "\r\n\r\n") : NULL;

    if (end != NULL) {
        c->head_len = (size_t)(end - c->bytes) + 4;
        snprintf(c->head, sizeof(c->head), "%.*s", (int)c->head_len, c->bytes);
    }
    return c->head_len != 0 && c->len - c->head_len >= body_length(c->head);
}

static void receive(int fd, struct coming *c)
{
    do {
        ssize_t n;

        if (c->size - c->len < 2) {
            c->size = c->size == 0 ? 65536 : 2 * c->size;
            c->bytes = realloc(c->bytes, c->size);
        }
        n = recv(fd, c->bytes + c->len, c->size - 1 - c->len, 0);
        if (n <= 0) { /* nothing at all: reset, or nothing came */
            c->closed = n == 0 || c->len == 0;
            break;
        }
        c->len += (size_t)n;
        c->bytes[c->len] = '\0';
    } while (!is_whole(c));
    c->bytes[c->len] = '\0';
}

struct raw_answer *raw_http_read(int fd, int seconds)
{
    struct timeval patience = {.tv_sec = seconds};
    struct coming c = {.len = 0};
    struct raw_answer *a;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    receive(fd, &c);
    a = calloc(1, sizeof(*a) + c.len + 1);
    a->closed = c.closed;
    if (c.head_len != 0) {
        memcpy(a->head, c.head, sizeof(a->head));
        a->status = atoi(c.bytes + strlen("HTTP/1.1 "));
        a->body_len = c.len - c.head_len;
        memcpy(a->body, c.bytes + c.head_len, a->body_len);
    }
    free(c.bytes);
    return a;
}

struct raw_answer *raw_http_ask(const char *address, const void *bytes, size_t len)
{
    int fd = raw_http_open(address);
    struct raw_answer *a;
    char one;

    raw_http_send(fd, bytes, len);
    a = raw_http_read(fd, 20);
    if (a->status != 0 && strcasestr(a->head, "\r\nConnection: close\r\n") != NULL)
        a->closed = recv(fd, &one, 1, 0) <= 0;
    close(fd);
    return a;
}

const char *raw_http_header(const struct raw_answer *answer, const char *name)
{
    static _Thread_local char value[1024];
    const char *line = answer->head;
    size_t len = strlen(name);

    while ((line = strstr(line, "\r\n")) != NULL) {
        line += 2;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            line += len + 1 + strspn(line + len + 1, " ");
            snprintf(value, sizeof(value), "%.*s", (int)strcspn(line, "\r"), line);
            return value;
        }
    }
    return NULL;
}
