#include "tests/support/canned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* Head and body, as far as they fit; false: the other side has gone. */
static bool take(int fd, char *text, size_t size)
{
    size_t n = 0, wanted = 0;

    while (n < size - 1) {
        ssize_t got = recv(fd, text + n, size - 1 - n, 0);
        const char *end, *length;

        if (got <= 0)
            break;
        n += (size_t)got;
        text[n] = '\0';
        end = strstr(text, "\r\n\r\n");
        length = strstr(text, "Content-Length: ");
        if (end != NULL)
            wanted = (size_t)(end + 4 - text) +
                     (length != NULL && length < end ? strtoul(length + 16, NULL, 10) : 0);
        if (end != NULL && n >= wanted)
            break;
    }
    text[n] = '\0';
    return n > 0;
}

/* One request; false: there was none. */
static bool hear(struct canned *c, int fd)
{
    int n = c->times < CANNED_MAX ? c->times : CANNED_MAX - 1;

    if (!take(fd, c->asked[n], sizeof(c->asked[n])))
        return false;
    c->times++;
    return true;
}

static void answer(struct canned *c, int fd)
{
    int n = c->times;
    const char *said = c->answers[n < c->n_answers ? n : c->n_answers - 1];
    char one;

    if (!hear(c, fd))
        return;
    if (said == CANNED_SILENCE)
        (void)recv(fd, &one, 1, 0); /* until the other side gives up */
    else
        (void)send(fd, said, strlen(said), MSG_NOSIGNAL);
}

static void *serve(void *arg)
{
    struct canned *c = arg;
    struct pollfd at[] = {{.fd = c->fd, .events = POLLIN}, {.fd = -1, .events = POLLIN}};

    for (;;) {
        int fd;

        (void)poll(at, 2, -1);
        if (at[1].fd >= 0 && at[1].revents != 0) {
            (void)hear(c, at[1].fd);
            close(at[1].fd);
            at[1] = (struct pollfd){.fd = -1, .events = POLLIN};
        }
        if (at[0].revents == 0)
            continue;
        fd = accept(c->fd, NULL, NULL);
        if (fd < 0)
            break;
        answer(c, fd);
        if (c->keeps && at[1].fd < 0)
            at[1].fd = fd;
        else
            close(fd);
    }
    if (at[1].fd >= 0)
        close(at[1].fd);
    return NULL;
}

static void listen_near(struct canned *c)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(c->fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(getsockname(c->fd, (struct sockaddr *)&at, &len), 0);
    (void)snprintf(c->url, sizeof(c->url), "http://127.0.0.1:%d", ntohs(at.sin_port));
}

static void listen_at_path(struct canned *c)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    (void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", c->unix_path);
    unlink(at.sun_path);
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(c->fd, (struct sockaddr *)&at, sizeof(at)), 0);
}

void canned_up(struct canned *c)
{
    if (c->unix_path != NULL)
        listen_at_path(c);
    else
        listen_near(c);
    assert_int_equal(listen(c->fd, 8), 0);
    assert_int_equal(pthread_create(&c->thread, NULL, serve, c), 0);
}

void canned_say(struct canned *c, const char *said)
{
    *c = (struct canned){.answers = {said}, .n_answers = 1};
    canned_up(c);
}

void canned_down(struct canned *c)
{
    shutdown(c->fd, SHUT_RDWR);
    pthread_join(c->thread, NULL);
    close(c->fd);
    if (c->unix_path != NULL)
        unlink(c->unix_path);
}

const char *canned_asked(const struct canned *c)
{
    int last = c->times - 1;

    return last < 0 ? "" : c->asked[last < CANNED_MAX ? last : CANNED_MAX - 1];
}
