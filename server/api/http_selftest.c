#include "server/api/http_selftest.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "server/api/http_library.h"

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

/* Handed to a daemon that accepts nobody. */
static int open_connection(struct MHD_Daemon *daemon, struct err *err)
{
    static const struct sockaddr here = {.sa_family = AF_UNIX};
    struct timeval patience = {.tv_sec = ANSWER_SECONDS};
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return err_set(err, ERR_INTERNAL, "self-test: %s", strerror(errno));
    (void)setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    (void)setsockopt(fds[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (MHD_add_connection(daemon, fds[1], &here, sizeof(here)) != MHD_YES) { /* closes its end */
        (void)close(fds[0]);
        return err_set(err, ERR_INTERNAL, "self-test: libmicrohttpd takes no connection");
    }
    return fds[0];
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

int http_selftest(struct MHD_Daemon *daemon, const char *name, struct err *err)
{
    for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
        int fd = open_connection(daemon, err);
        int status;

        if (fd < 0)
            return fd;
        status = ask(fd, &probes[i]);
        (void)close(fd);
        if (status != probes[i].status)
            return err_set(err, ERR_INTERNAL,
                           "self-test of %s: %s got %d, expected %d; this libmicrohttpd does not "
                           "suit the request filter",
                           name, probes[i].what, status, probes[i].status);
    }
    return 0;
}
