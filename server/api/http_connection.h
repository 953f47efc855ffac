/*
 * http_connection: one connection of a listener: who is at its other end, and that there are not too many.
 *
 * Inside of http_server; nobody else includes it. A connection is libmicrohttpd's socket context, made when it is
 * accepted and freed when it is closed; its exchanges (http_exchange.h) come and go meanwhile.
 */
#ifndef SLIPWAY_SERVER_API_HTTP_CONNECTION_H
#define SLIPWAY_SERVER_API_HTTP_CONNECTION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/api/http_library.h"
#include "server/api/http_server.h"
#include "server/api/reaper.h"
#include "server/api/request.h"

/* What all exchanges of a server share. */
struct http_shared {
    struct api *api;
    struct reaper *reaper;
    struct http_server_options options;
    _Atomic size_t body_bytes; /* of bodies in memory, against options.body_budget */
    atomic_bool heavy;         /* they were many bytes since malloc gave back some */
    atomic_bool stopping;      /* nothing new; what waits is woken */
    atomic_bool hard;          /* nothing waits any more */
};

/* One per listener. */
struct http_listener {
    struct http_shared *shared;
    enum listener listener;
    struct MHD_Daemon *daemon;
    char address[160];
    unsigned max_connections;
    _Atomic unsigned n_connections;
    struct shares *shares; /* what one address has of it: requests */
    struct shares *comers; /* ... and connections */
    bool self_test;        /* only the server itself asks here: nothing is counted or logged */
};

/* One per connection: libmicrohttpd's socket context. */
struct http_connection {
    struct reaper_entry *entry;
    struct peer peer;
    uint32_t *groups; /* peer.groups */
    struct share *share;
    bool drain;      /* refused early: what still comes is read and dropped */
    bool over_limit; /* one too many: answered 503 */
};

/* Whether one is taken in at all: not above the share of its network. */
enum MHD_Result http_connection_accept(void *cls, const struct sockaddr *address, socklen_t len);
/* libmicrohttpd tells of one that came, or went; `cls` is the struct http_listener. */
void http_connection_notify(void *cls, struct MHD_Connection *connection, void **socket_context,
                            enum MHD_ConnectionNotificationCode code);

#endif
