/*
 * routes: the one table of what can be asked, on which listener, by whom.
 *
 * One more endpoint is one more file and one more line in routes.c. docs/openapi.yaml agrees with
 * the table by test. router.h finds a line by a request.
 */
#ifndef SLIPWAY_SERVER_API_ROUTES_H
#define SLIPWAY_SERVER_API_ROUTES_H

#include <stdbool.h>
#include <stddef.h>

#include "server/api/request.h"

#define ON(listener) (1u << (listener))

/* Where the right is asked for: rights of a repository or environment replace those of the top. */
enum route_scope {
    ROUTE_TOP,
    ROUTE_REPOSITORY,  /* that of the first two segments */
    ROUTE_ENVIRONMENT, /* any environment of it; the handler asks again about the one it acts on */
    ROUTE_ANYWHERE,    /* the top or any repository; the handler shows only what may be seen */
    ROUTE_ANY_ENVIRONMENT, /* any environment of any; the handler asks again about each it acts on */
};

struct route {
    const char *name;    /* operationId */
    unsigned listeners;  /* ON(LISTENER_...) */
    const char *method;  /* GET also answers HEAD */
    const char *pattern; /* "/api/v1/hosts", "/{owner}/{name}/releases/{number}" */
    enum right right;
    enum right or_right; /* this one is enough too; RIGHT_NONE = there is no other */
    enum route_scope scope;
    size_t body_limit; /* bytes; 0 = a body is refused */
    bool chunked;      /* Transfer-Encoding: chunked is accepted */
    /* Optional: asked when the headers are there, before any byte of the body is taken. It may
     * fill the reply and return REQUEST_DONE: then the body is not read. REQUEST_WAITS = go on. */
    request_fn *begin;
    /* Optional: sees each piece of the body as it comes; the whole is collected all the same. */
    void (*piece)(struct request *request, const char *bytes, size_t len);
    request_fn *handler;
    const char *summary; /* one line, for people and docs/openapi.yaml */
};

extern const struct route routes[];
extern const size_t n_routes;

#endif
