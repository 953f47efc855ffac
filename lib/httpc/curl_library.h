/*
 * curl_library: libcurl, loaded when somebody is first asked something (lib/base/library.h).
 *
 * httpc.c includes this in the place of <curl/curl.h>: what it calls is looked up by the names in the list.
 */
#ifndef SLIPWAY_LIB_HTTPC_CURL_LIBRARY_H
#define SLIPWAY_LIB_HTTPC_CURL_LIBRARY_H

#define CURL_DISABLE_TYPECHECK /* its macros have the names of its functions */
#include <curl/curl.h>

#include "lib/base/library.h"

#undef curl_easy_setopt
#undef curl_easy_getinfo

/* clang-format off */
#define CURL_LIBRARY(X)                                                                            \
    X(curl_easy_cleanup) X(curl_easy_getinfo) X(curl_easy_header) X(curl_easy_init)                \
    X(curl_easy_perform) X(curl_easy_reset) X(curl_easy_setopt) X(curl_easy_strerror)              \
    X(curl_free) X(curl_slist_append) X(curl_slist_free_all) X(curl_url) X(curl_url_cleanup)       \
    X(curl_url_get) X(curl_url_set)
/* clang-format on */

struct curl_library {
    CURL_LIBRARY(LIBRARY_FIELD)
};

/* Load it, if it is not. ERR_NOT_FOUND says what is missing. */
int curl_library_load(struct err *err);

/* Of the library that is loaded; loads it, and ends the process if it cannot. */
const struct curl_library *curl_library(void);

#ifndef __cppcheck__ /* which knows what a function gives, and not what a table of them does */
/* clang-format off */
#define curl_easy_cleanup(...) (curl_library()->curl_easy_cleanup(__VA_ARGS__))
#define curl_easy_getinfo(...) (curl_library()->curl_easy_getinfo(__VA_ARGS__))
#define curl_easy_header(...) (curl_library()->curl_easy_header(__VA_ARGS__))
#define curl_easy_init(...) (curl_library()->curl_easy_init(__VA_ARGS__))
#define curl_easy_perform(...) (curl_library()->curl_easy_perform(__VA_ARGS__))
#define curl_easy_reset(...) (curl_library()->curl_easy_reset(__VA_ARGS__))
#define curl_easy_setopt(...) (curl_library()->curl_easy_setopt(__VA_ARGS__))
#define curl_easy_strerror(...) (curl_library()->curl_easy_strerror(__VA_ARGS__))
#define curl_free(...) (curl_library()->curl_free(__VA_ARGS__))
#define curl_slist_append(...) (curl_library()->curl_slist_append(__VA_ARGS__))
#define curl_slist_free_all(...) (curl_library()->curl_slist_free_all(__VA_ARGS__))
#define curl_url(...) (curl_library()->curl_url(__VA_ARGS__))
#define curl_url_cleanup(...) (curl_library()->curl_url_cleanup(__VA_ARGS__))
#define curl_url_get(...) (curl_library()->curl_url_get(__VA_ARGS__))
#define curl_url_set(...) (curl_library()->curl_url_set(__VA_ARGS__))
/* clang-format on */
#endif

#endif
