/*
 * http_exchange: one request and its reply on one connection of libmicrohttpd.
 *
 * Inside of http_server; nobody else includes it. An exchange is made when the request line is
 * there and lives until its answer is sent (or the connection is lost) and the last holder of its
 * request let go. Phases:
 *
 *      headers --> body --> handling <--> waiting (suspended) --> answered
 *         \___________________________________________________------^   an early refusal
 *
 * All of it happens on the one thread of libmicrohttpd that serves the connection, but for
 * request_resume(), _hold() and _let_go(), which any thread may call.
 */
#ifndef SLIPWAY_SERVER_API_HTTP_EXCHANGE_H
#define SLIPWAY_SERVER_API_HTTP_EXCHANGE_H

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
    atomic_bool testing;       /* the self-test asks: nothing is counted or logged */
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
    struct shares *shares; /* what one address has of it */
};

/* One per connection: libmicrohttpd's socket context. */
struct http_connection {
    struct reaper_entry *entry;
    struct peer peer;
    uint32_t *groups; /* peer.groups */
    bool drain;       /* refused early: what still comes is read and dropped */
    bool over_limit;  /* one too many: answered 503 */
};

/* libmicrohttpd's callbacks; `cls` is the struct http_listener. */
void http_exchange_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
                              enum MHD_ConnectionNotificationCode code);
void *http_exchange_begin(void *cls, const char *uri, struct MHD_Connection *connection);
enum MHD_Result http_exchange_access(void *cls, struct MHD_Connection *connection, const char *url,
                                     const char *method, const char *version, const char *data,
                                     size_t *data_size, void **context);
void http_exchange_completed(void *cls, struct MHD_Connection *connection, void **context,
                             enum MHD_RequestTerminationCode code);

#endif
