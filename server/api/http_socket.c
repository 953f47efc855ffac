#include "server/api/http_socket.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/err.h"

#define BACKLOG 511

static int split_address(const char *address, char *host, size_t host_size, const char **ret_port,
                         struct err *err)
{
    const char *colon = strrchr(address, ':');
    size_t len = colon != NULL ? (size_t)(colon - address) : 0;

    if (colon == NULL || len == 0 || colon[1] == '\0')
        return err_set(err, ERR_INVALID, "listen %s: expected ADDRESS:PORT", address);
    if (address[0] == '[' && address[len - 1] == ']') {
        address++;
        len -= 2;
    }
    if (len == 0 || len >= host_size)
        return err_set(err, ERR_INVALID, "listen %s: not an address", address);
    memcpy(host, address, len);
    host[len] = '\0';
    *ret_port = colon + 1;
    return 0;
}

static int open_tcp(const char *address, int *ret_fd, struct err *err)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *info = NULL;
    const char *port = NULL;
    char host[64];
    int one = 1;
    int fd = -1;
    int rc = split_address(address, host, sizeof(host), &port, err);

    if (rc < 0)
        return rc;
    rc = getaddrinfo(host, port, &hints, &info);
    if (rc != 0)
        return err_set(err, ERR_INVALID, "listen %s: %s", address, gai_strerror(rc));
    fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
        bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) {
        rc = err_set(err, errno == EADDRINUSE ? ERR_CONFLICT : ERR_INTERNAL, "listen %s: %s",
                     address, strerror(errno));
        if (fd >= 0)
            (void)close(fd);
        goto out;
    }
    *ret_fd = fd;
    rc = 0;
out:
    freeaddrinfo(info);
    return rc;
}

/* A socket file that nobody answers on was left by a server that died. */
static int remove_stale(const struct sockaddr_un *where, struct err *err)
{
    struct stat st;
    int probe;
    int rc;

    if (lstat(where->sun_path, &st) < 0)
        return 0;
    if (!S_ISSOCK(st.st_mode))
        return err_set(err, ERR_CONFLICT, "listen %s: something else is there", where->sun_path);
    probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    rc = connect(probe, (const struct sockaddr *)where, sizeof(*where));
    (void)close(probe);
    if (rc == 0)
        return err_set(err, ERR_CONFLICT, "listen %s: another server answers there",
                       where->sun_path);
    if (unlink(where->sun_path) < 0)
        return err_set(err, ERR_INTERNAL, "removing %s: %s", where->sun_path, strerror(errno));
    return 0;
}

static int open_unix(const char *path, int *ret_fd, struct err *err)
{
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    mode_t mask;
    int fd;
    int rc;

    if (strlen(path) >= sizeof(where.sun_path))
        return err_set(err, ERR_INVALID, "listen %s: a socket's path has at most %zu bytes", path,
                       sizeof(where.sun_path) - 1);
    memcpy(where.sun_path, path, strlen(path));
    rc = remove_stale(&where, err);
    if (rc < 0)
        return rc;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mask = umask(0117); /* it must never be wider than 0660, not even for a moment */
    rc = fd < 0 ? -1 : bind(fd, (const struct sockaddr *)&where, sizeof(where));
    (void)umask(mask);
    if (rc < 0 || chmod(path, 0660) < 0 || listen(fd, BACKLOG) < 0) {
        rc = err_set(err, ERR_INTERNAL, "listen %s: %s", path, strerror(errno));
        if (fd >= 0)
            (void)close(fd);
        return rc;
    }
    *ret_fd = fd;
    return 0;
}

int http_socket_open(enum listener listener, const char *address, int *ret_fd, struct err *err)
{
    return listener == LISTENER_CLI ? open_unix(address, ret_fd, err)
                                    : open_tcp(address, ret_fd, err);
}

void http_socket_address(int fd, char *ret_address, size_t size)
{
    struct sockaddr_storage bound = {0};
    socklen_t len = sizeof(bound);
    char host[64] = "";
    char port[8] = "";

    (void)getsockname(fd, (struct sockaddr *)&bound, &len);
    if (bound.ss_family == AF_UNIX) {
        (void)snprintf(ret_address, size, "%s", ((const struct sockaddr_un *)&bound)->sun_path);
        return;
    }
    (void)getnameinfo((struct sockaddr *)&bound, len, host, sizeof(host), port, sizeof(port),
                      NI_NUMERICHOST | NI_NUMERICSERV);
    (void)snprintf(ret_address, size, bound.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host,
                   port);
}
