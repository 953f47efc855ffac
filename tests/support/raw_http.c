#include "tests/support/raw_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
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

static size_t body_length(const struct raw_answer *a)
{
    const char *length = raw_http_header(a, "Content-Length");

    return length != NULL ? (size_t)atoi(length) : sizeof(a->body);
}

/* Read until `marker` or the announced length is there. */
struct raw_answer *raw_http_read(int fd, int seconds)
{
    struct timeval patience = {.tv_sec = seconds};
    struct raw_answer *a = calloc(1, sizeof(*a));
    char *all = calloc(1, sizeof(a->head) + sizeof(a->body));
    size_t len = 0;
    char *end = NULL;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    for (;;) {
        ssize_t n = recv(fd, all + len, sizeof(a->head) + sizeof(a->body) - 1 - len, 0);

        if (n < 0 && len == 0) {
            /* Reset, or nothing came. */
            a->closed = true;
            break;
        }
        if (n <= 0) {
            a->closed = n == 0;
            break;
        }
        len += (size_t)n;
        all[len] = '\0';
        if (end == NULL && (end = strstr(all, "\r\n\r\n")) != NULL) {
            end += 4;
            snprintf(a->head, sizeof(a->head), "%.*s", (int)(end - all), all);
        }
        if (end != NULL && len - (size_t)(end - all) >= body_length(a))
            break;
    }
    if (end != NULL) {
        a->status = atoi(all + strlen("HTTP/1.1 "));
        a->body_len = len - (size_t)(end - all);
        memcpy(a->body, end, a->body_len);
    }
    free(all);
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
