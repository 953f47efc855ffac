/*
 * httpc: one HTTP request with a deadline and a size cap, on libcurl.
 *
 * https anywhere, plain http only to loopback and the two constants of the cloud's metadata address
 * (threats.md, rule 10). Redirects are never followed, no proxy from the environment, certificates are
 * always verified. A handle keeps its connection for the next request; one thread.
 */
#ifndef SLIPWAY_LIB_HTTPC_HTTPC_H
#define SLIPWAY_LIB_HTTPC_HTTPC_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct httpc;

struct httpc *httpc_new(void);
void httpc_free(struct httpc *httpc);

struct httpc_request {
    const char *method;
    const char *url;
    const char *const *headers;   /* "Name: value", NULL-terminated; may be NULL */
    const char *body;             /* NULL = none */
    size_t body_len;
    int64_t timeout_ms;           /* for all of it */
    size_t answer_max;            /* bytes */
};

struct httpc_answer {
    int status;
    char *body;                   /* NUL-terminated; httpc_answer_deinit() */
    size_t body_len;
};

/* ERR_UNREACHABLE: nothing was sent or nobody answered at all. ERR_TIMEOUT: what became of it is not
 * known. ERR_INVALID: the address is not allowed, or the answer is too large. Any status is a success. */
int httpc_do(struct httpc *httpc, const struct httpc_request *request, struct httpc_answer *ret_answer,
             struct err *err);
/* The same over a unix socket: `url` is http://localhost/..., rule 10 does not concern it. */
int httpc_do_unix(struct httpc *httpc, const char *socket, const struct httpc_request *request,
                  struct httpc_answer *ret_answer, struct err *err);


void httpc_answer_deinit(struct httpc_answer *answer);

#endif
