#include "server/api/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "server/api/api.h"
#include "server/api/http_exchange.h"
#include "server/api/http_library.h"
#include "server/api/http_selftest.h"
#include "server/api/reaper.h"
#include "server/api/shares.h"

#define BACKLOG 511
#define STOP_STEP_MS 5
#define ABOVE_LIMIT 64 /* connections above ours that are still answered 503 */

/*
 * What each listener may cost. `pool` is libmicrohttpd's memory per connection: headers must fit
 * (else 431), and pieces of bodies are read through it.
 */
static const struct limits {
    unsigned threads;
    unsigned connections;
    size_t pool;
} limits[LISTENER_COUNT] = {
    [LISTENER_WEBHOOKS] = {.threads = 2, .connections = 1024, .pool = 32 * 1024},
    [LISTENER_AGENTS] = {.threads = 2, .connections = 16384, .pool = 6 * 1024},
    [LISTENER_WEB] = {.threads = 2, .connections = 512, .pool = 32 * 1024},
    [LISTENER_CLI] = {.threads = 1, .connections = 64, .pool = 32 * 1024},
};

struct http_server {
    struct http_shared shared;
    struct http_listener listeners[LISTENER_COUNT];
};

/* Sockets --------------------------------------------------------------------------------------- */

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

static void note_address(struct http_listener *listener, int fd)
{
    struct sockaddr_storage bound = {0};
    socklen_t len = sizeof(bound);
    char host[64] = "";
    char port[8] = "";

    (void)getsockname(fd, (struct sockaddr *)&bound, &len);
    (void)getnameinfo((struct sockaddr *)&bound, len, host, sizeof(host), port, sizeof(port),
                      NI_NUMERICHOST | NI_NUMERICSERV);
    (void)snprintf(listener->address, sizeof(listener->address),
                   bound.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static int bind_tcp(struct http_listener *listener, const char *address, int *ret_fd,
                    struct err *err)
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
    note_address(listener, fd);
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

static int bind_unix(struct http_listener *listener, const char *path, int *ret_fd, struct err *err)
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
    (void)snprintf(listener->address, sizeof(listener->address), "%s", path);
    *ret_fd = fd;
    return 0;
}

/* Daemons --------------------------------------------------------------------------------------- */

/* libmicrohttpd would decode the target in place; routes are found on the raw one. */
static size_t leave_escaped(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
}

__attribute__((format(printf, 2, 0))) static void library_says(void *cls, const char *format,
                                                               va_list args)
{
    const struct http_listener *listener = cls;
    char text[256];

    (void)vsnprintf(text, sizeof(text), format, args);
    log_debug("http.library", "listener=%s text=%s", listener_name(listener->listener), LOG(text));
}

static int listener_start(struct http_server *server, enum listener which,
                          const struct http_server_listener *wanted, struct err *err)
{
    struct http_listener *listener = &server->listeners[which];
    const struct limits *limit = &limits[which];
    unsigned threads = wanted->n_threads != 0 ? wanted->n_threads : limit->threads;
    unsigned per_address;
    unsigned flags =
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | MHD_USE_ITC;
    int fd = -1;
    int rc;

    listener->shared = &server->shared;
    listener->listener = which;
    listener->max_connections =
        wanted->max_connections != 0 ? wanted->max_connections : limit->connections;
    rc = which == LISTENER_CLI ? bind_unix(listener, wanted->address, &fd, err)
                               : bind_tcp(listener, wanted->address, &fd, err);
    if (rc < 0)
        return rc;
    /* Behind a proxy everybody has one address, so connections of this machine are not counted; requests are, by the
     * address that the proxy names. libmicrohttpd's own limit would take each address of an IPv6 network for another. */
    per_address =
        wanted->max_per_address != 0 ? wanted->max_per_address : listener->max_connections / 4 * 3;
    listener->shares = shares_new(per_address, server->shared.options.body_budget / 2);
    listener->comers = shares_new(per_address, 0);

    listener->daemon = MHD_start_daemon(
        flags, 0, http_connection_accept, listener, http_exchange_access, listener,
        MHD_OPTION_EXTERNAL_LOGGER, library_says, listener, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_THREAD_POOL_SIZE, threads, MHD_OPTION_CONNECTION_LIMIT,
        listener->max_connections + ABOVE_LIMIT, MHD_OPTION_CONNECTION_MEMORY_LIMIT, limit->pool,
        MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_URI_LOG_CALLBACK,
        http_exchange_begin, listener, MHD_OPTION_NOTIFY_CONNECTION, http_connection_notify,
        listener, MHD_OPTION_NOTIFY_COMPLETED, http_exchange_completed, listener, MHD_OPTION_END);
    if (listener->daemon == NULL) {
        (void)close(fd);
        return err_set(err, ERR_INTERNAL, "starting the %s listener on %s", listener_name(which),
                       listener->address);
    }
    return 0;
}

static void fill_defaults(struct http_server_options *options)
{
    if (options->body_budget == 0)
        options->body_budget = (size_t)96 << 20;
    if (options->headers_ms == 0)
        options->headers_ms = 5000;
    if (options->body_ms == 0)
        options->body_ms = 10000;
    if (options->idle_ms == 0)
        options->idle_ms = 75000;
}

int http_server_open(struct http_server *server, enum listener which,
                     const struct http_server_listener *wanted, struct err *err)
{
    struct http_listener *listener = &server->listeners[which];
    int rc = listener_start(server, which, wanted, err);

    if (rc < 0 || which == LISTENER_CLI)
        return rc;
    atomic_store(&listener->testing, true);
    rc = http_selftest(listener->address, err);
    atomic_store(&listener->testing, false);
    return rc;
}

int http_server_start(struct http_server **ret_server, const struct http_server_options *options,
                      struct api *api, struct err *err)
{
    struct http_server *server;
    int rc = http_library_load(err);

    if (rc < 0)
        return rc;
    server = calloc(1, sizeof(*server));
    if (server == NULL)
        abort();
    server->shared.api = api;
    server->shared.options = *options;
    fill_defaults(&server->shared.options);
    rc = reaper_start(&server->shared.reaper, api->clock, err);
    for (int i = 0; rc == 0 && i < LISTENER_COUNT; i++) {
        if (options->listeners[i].address != NULL)
            rc = http_server_open(server, (enum listener)i, &options->listeners[i], err);
    }
    if (rc < 0) {
        http_server_stop(server, 0);
        return rc;
    }
    *ret_server = server;
    return 0;
}

const char *http_server_address(const struct http_server *server, enum listener listener)
{
    return server->listeners[listener].daemon != NULL ? server->listeners[listener].address : NULL;
}

/* The end --------------------------------------------------------------------------------------- */

void http_server_stop(struct http_server *server, int64_t grace_ms)
{
    if (server == NULL)
        return;
    /* Whoever connects from here on is answered 503. libmicrohttpd can stop accepting before it stops; but where one of its
     * threads looks at its socket in that moment both take it out of epoll, and the second ends the process. */
    atomic_store(&server->shared.stopping, true);
    if (server->listeners[LISTENER_CLI].daemon != NULL)
        (void)unlink(server->listeners[LISTENER_CLI].address);
    /* Long polls end at once; requests that wait for a commit look again and go on waiting. */
    for (int64_t waited = 0; waited < grace_ms; waited += STOP_STEP_MS) {
        if (server->shared.reaper == NULL || reaper_resume_all(server->shared.reaper) == 0)
            break;
        (void)usleep(STOP_STEP_MS * 1000);
    }
    atomic_store(&server->shared.hard, true);
    if (server->shared.reaper != NULL)
        (void)reaper_resume_all(server->shared.reaper);
    for (int i = 0; i < LISTENER_COUNT; i++) {
        if (server->listeners[i].daemon != NULL)
            MHD_stop_daemon(server->listeners[i].daemon); /* closes its socket, too */
        shares_free(server->listeners[i].shares);
        shares_free(server->listeners[i].comers);
    }
    reaper_stop(server->shared.reaper);
    free(server);
}
