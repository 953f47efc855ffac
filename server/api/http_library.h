/*
 * http_library: libmicrohttpd, loaded behind the fork of the git keeper (lib/base/library.h).
 *
 * It brings GnuTLS and eight more, of which nothing is called here: TLS ends at the proxy. Files that speak HTTP include
 * this in the place of <microhttpd.h>.
 */
#ifndef SLIPWAY_SERVER_API_HTTP_LIBRARY_H
#define SLIPWAY_SERVER_API_HTTP_LIBRARY_H

#include <microhttpd.h>

#include "lib/base/library.h"

/* clang-format off */
#define HTTP_LIBRARY(X)                                                                            \
    X(MHD_add_connection) X(MHD_add_response_header) X(MHD_create_response_from_buffer)            \
    X(MHD_create_response_from_callback) X(MHD_destroy_response) X(MHD_get_connection_info)        \
    X(MHD_get_connection_values_n) X(MHD_queue_response) X(MHD_resume_connection)                  \
    X(MHD_start_daemon) X(MHD_stop_daemon) X(MHD_suspend_connection)
/* clang-format on */

struct http_library {
    HTTP_LIBRARY(LIBRARY_FIELD)
};

/* Load it, if it is not. ERR_NOT_FOUND says what is missing. Any thread. */
int http_library_load(struct err *err);

/* Of the library that is loaded; loads it, and ends the process if it cannot. */
const struct http_library *http_library(void);

#ifndef __cppcheck__ /* which knows what a function gives, and not what a table of them does */
/* clang-format off */
#define MHD_add_connection(...) (http_library()->MHD_add_connection(__VA_ARGS__))
#define MHD_add_response_header(...) (http_library()->MHD_add_response_header(__VA_ARGS__))
#define MHD_create_response_from_buffer(...) (http_library()->MHD_create_response_from_buffer(__VA_ARGS__))
#define MHD_create_response_from_callback(...) (http_library()->MHD_create_response_from_callback(__VA_ARGS__))
#define MHD_destroy_response(...) (http_library()->MHD_destroy_response(__VA_ARGS__))
#define MHD_get_connection_info(...) (http_library()->MHD_get_connection_info(__VA_ARGS__))
#define MHD_get_connection_values_n(...) (http_library()->MHD_get_connection_values_n(__VA_ARGS__))
#define MHD_queue_response(...) (http_library()->MHD_queue_response(__VA_ARGS__))
#define MHD_resume_connection(...) (http_library()->MHD_resume_connection(__VA_ARGS__))
#define MHD_start_daemon(...) (http_library()->MHD_start_daemon(__VA_ARGS__))
#define MHD_stop_daemon(...) (http_library()->MHD_stop_daemon(__VA_ARGS__))
#define MHD_suspend_connection(...) (http_library()->MHD_suspend_connection(__VA_ARGS__))
/* clang-format on */
#endif

#endif
