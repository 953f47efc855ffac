#include "server/api/http_selftest.h"

#include <errno.h>
#include <netdb.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/base/err.h"

#define ANSWER_SECONDS 5

static const struct probe {
    const char *what;
    const char *bytes;
    size_t len;
    int status;
} probes[] = {
#define PROBE(what, text, status)                                                                  \
    {                                                                                              \
        what, text, sizeof(text) - 1, status                                                       \
    }
    PROBE("a good request", "GET /healthz HTTP/1.1\r\nHost: self\r\nConnection: close\r\n\r\n",
          200),
    PROBE("bare line feeds", "GET /healthz HTTP/1.1\nHost: self\nConnection: close\r\n\r\n", 400),
    PROBE("a folded header",
          "GET /healthz HTTP/1.1\r\nHost: self\r\nX-A: b\r\n c\r\nConnection: close\r\n\r\n", 400),
    PROBE("a NUL in a value", "GET /healthz HTTP/1.1\r\nHost: self\0x\r\nConnection: close\r\n\r\n",
          400),
    PROBE("a NUL in the last value",
          "GET /healthz HTTP/1.1\r\nHost: self\r\nConnection: close\0x\r\n\r\n", 400),
    PROBE("a header without a name",
          "GET /healthz HTTP/1.1\r\nHost: self\r\nConnection: close\r\n: x\r\n\r\n", 400),
#undef PROBE
};

static int open_connection(const char *address, struct err *err)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                             .ai_socktype = SOCK_STREAM};
    struct timeval patience = {.tv_sec = ANSWER_SECONDS};
    struct addrinfo *info = NULL;
    const char *colon = strrchr(address, ':');
    char host[64];
    int fd;

    (void)snprintf(host, sizeof(host), "%.*s", (int)(colon - address), address);
    if (host[0] == '[') {
        host[strlen(host) - 1] = '\0';
        memmove(host, host + 1, strlen(host));
    }
    /* The wildcard addresses are reached at their loopback. */
    if (strcmp(host, "0.0.0.0") == 0)
        (void)snprintf(host, sizeof(host), "127.0.0.1");
    if (strcmp(host, "::") == 0)
        (void)snprintf(host, sizeof(host), "::1");
    if (getaddrinfo(host, colon + 1, &hints, &info) != 0)
        return err_set(err, ERR_INTERNAL, "self-test of %s: not an address", address);
    fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    }
    if (fd < 0 || connect(fd, info->ai_addr, info->ai_addrlen) < 0) {
        int rc = err_set(err, ERR_INTERNAL, "self-test of %s: %s", address, strerror(errno));

        if (fd >= 0)
            (void)close(fd);
        fd = rc;
    }
    freeaddrinfo(info);
    return fd;
}

/* Status of the answer, 0 if there is none. */
static int ask(int fd, const struct probe *probe)
{
    char answer[64] = "";
    size_t len = 0;

    if (send(fd, probe->bytes, probe->len, MSG_NOSIGNAL) != (ssize_t)probe->len)
        return 0;
    while (len < 12) {
        ssize_t n = recv(fd, answer + len, sizeof(answer) - 1 - len, 0);

        if (n <= 0)
            return 0;
        len += (size_t)n;
    }
    return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? atoi(answer + 9) : 0;
}

int http_selftest(const char *address, struct err *err)
{
    for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
        int fd = open_connection(address, err);
        int status;

        if (fd < 0)
            return fd;
        status = ask(fd, &probes[i]);
        (void)close(fd);
        if (status != probes[i].status)
            return err_set(err, ERR_INTERNAL,
                           "self-test of %s: %s got %d, expected %d; this libmicrohttpd does not "
                           "suit the request filter",
                           address, probes[i].what, status, probes[i].status);
    }
    return 0;
}
