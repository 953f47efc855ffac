/*
 * http_server: the four listeners, on libmicrohttpd 0.9.75 (the only file family that knows it).
 *
 * Each listener is a daemon of its own with own threads and limits, so that a flood on one leaves
 * the others alone. The way of a request:
 *
 *      accept -> reaper notes the connection -> raw target -> headers
 *        -> request filter (400) -> router (404, 405) -> policy (401, 403) -> route's `begin`
 *        -> body, counted against the route's limit (413) and the global budget (503)
 *        -> handler -> perhaps waiting -> reply
 *
 * Started and stopped by the server's main thread, after the writer runs and before it stops.
 * Why not plain libmicrohttpd: threats.md 5.6 and github-wire.md 5 list what it lets through.
 */
#ifndef SLIPWAY_SERVER_API_HTTP_SERVER_H
#define SLIPWAY_SERVER_API_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/api/request.h"

struct api;
struct err;
struct http_server;

struct http_server_listener {
    const char *address;      /* as http_socket.h says; NULL = this listener is off */
    int socket;               /* one that listens there already, taken over; 0 = make one */
    unsigned n_threads;       /* 0 = the default of this listener */
    unsigned max_connections; /* 0 = the default of this listener */
    unsigned max_per_address; /* 0 = the default: 3/4 of max_connections; loopback is not counted */
};

struct http_server_options {
    struct http_server_listener listeners[LISTENER_COUNT];
    size_t body_budget; /* bytes of bodies in memory over all requests; 0 = 96 MiB */
    int64_t headers_ms; /* from the first byte of a request to the end of its headers; 0 = 5000 */
    int64_t body_ms;    /* from there to the end of its body; 0 = 10000 */
    int64_t idle_ms;    /* between requests of one connection; 0 = 75000 */
};

/*
 * Before each TCP listener serves, one good and some bad requests go through one like it that has no socket:
 * ERR_INTERNAL if the request filter does not tell them apart (another libmicrohttpd). `api` must
 * outlive the server.
 */
int http_server_start(struct http_server **ret_server, const struct http_server_options *options,
                      struct api *api, struct err *err);

/* One more listener, while others serve already: a server may take deliveries before it can answer people. */
int http_server_open(struct http_server *server, enum listener listener,
                     const struct http_server_listener *wanted, struct err *err);

/* Where a listener really listens ("127.0.0.1:40123"); NULL if it is off. */
const char *http_server_address(const struct http_server *server, enum listener listener);

/* Accept nothing new, let what waits end (at most `grace_ms`), close. Accepts NULL. The writer must
 * still run: requests wait for its commits. */
void http_server_stop(struct http_server *server, int64_t grace_ms);

#endif
