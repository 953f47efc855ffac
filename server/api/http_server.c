#include "server/api/http_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "server/api/api.h"
#include "server/api/http_exchange.h"
#include "server/api/http_library.h"
#include "server/api/http_selftest.h"
#include "server/api/http_socket.h"
#include "server/api/reaper.h"
#include "server/api/shares.h"

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

/* `fd` -1: nobody is accepted, whoever asks is handed in. NULL on failure. */
static struct MHD_Daemon *daemon_start(struct http_listener *listener, int fd, unsigned threads)
{
    unsigned flags =
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | MHD_USE_ITC;

    return MHD_start_daemon(fd < 0 ? flags | MHD_USE_NO_LISTEN_SOCKET : flags, 0,
                            http_connection_accept, listener, http_exchange_access, listener,
                            MHD_OPTION_EXTERNAL_LOGGER, library_says, listener,
                            MHD_OPTION_THREAD_POOL_SIZE, threads, MHD_OPTION_CONNECTION_LIMIT,
                            listener->max_connections + ABOVE_LIMIT,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, limits[listener->listener].pool,
                            MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_STRICT_FOR_CLIENT, 1,
                            MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
                            MHD_OPTION_URI_LOG_CALLBACK, http_exchange_begin, listener,
                            MHD_OPTION_NOTIFY_CONNECTION, http_connection_notify, listener,
                            MHD_OPTION_NOTIFY_COMPLETED, http_exchange_completed, listener,
                            fd < 0 ? MHD_OPTION_END : MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_END);
}

static void listener_init(struct http_listener *listener, struct http_server *server,
                          enum listener which, const struct http_server_listener *wanted)
{
    unsigned per_address;

    listener->shared = &server->shared;
    listener->listener = which;
    listener->max_connections =
        wanted->max_connections != 0 ? wanted->max_connections : limits[which].connections;
    /* Behind a proxy everybody has one address, so connections of this machine are not counted; requests are, by the
     * address that the proxy names. libmicrohttpd's own limit would take each address of an IPv6 network for another. */
    per_address =
        wanted->max_per_address != 0 ? wanted->max_per_address : listener->max_connections / 4 * 3;
    listener->shares = shares_new(per_address, server->shared.options.body_budget / 2);
    listener->comers = shares_new(per_address, 0);
}

/* Before anybody is served, where nobody else can be: a listener like the one that is to be opened, without a socket. */
static int listener_test(struct http_server *server, enum listener which,
                         const struct http_server_listener *wanted, struct err *err)
{
    struct http_listener listener = {.self_test = true};
    int rc;

    listener_init(&listener, server, which, wanted);
    listener.daemon = daemon_start(&listener, -1, 1);
    if (listener.daemon == NULL)
        rc = err_set(err, ERR_INTERNAL, "starting the self-test of the %s listener",
                     listener_name(which));
    else
        rc = http_selftest(listener.daemon, listener_name(which), err);
    if (listener.daemon != NULL)
        MHD_stop_daemon(listener.daemon);
    shares_free(listener.shares);
    shares_free(listener.comers);
    return rc;
}

static int listener_start(struct http_server *server, enum listener which,
                          const struct http_server_listener *wanted, struct err *err)
{
    struct http_listener *listener = &server->listeners[which];
    unsigned threads = wanted->n_threads != 0 ? wanted->n_threads : limits[which].threads;
    int fd = wanted->socket;
    int rc = fd > 0 ? 0 : http_socket_open(which, wanted->address, &fd, err);

    if (rc < 0)
        return rc;
    http_socket_address(fd, listener->address, sizeof(listener->address));
    listener_init(listener, server, which, wanted);
    listener->daemon = daemon_start(listener, fd, threads);
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
    int rc = which == LISTENER_CLI ? 0 : listener_test(server, which, wanted, err);

    return rc < 0 ? rc : listener_start(server, which, wanted, err);
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
