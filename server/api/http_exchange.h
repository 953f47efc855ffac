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

#include <stddef.h>

#include "server/api/http_connection.h"
#include "server/api/http_library.h"

/* libmicrohttpd's callbacks; `cls` is the struct http_listener. */
void *http_exchange_begin(void *cls, const char *uri, struct MHD_Connection *connection);
enum MHD_Result http_exchange_access(void *cls, struct MHD_Connection *connection, const char *url,
                                     const char *method, const char *version, const char *data,
                                     size_t *data_size, void **context);
void http_exchange_completed(void *cls, struct MHD_Connection *connection, void **context,
                             enum MHD_RequestTerminationCode code);

#endif
