/*
 * httpc: one HTTP request with deadlines and a size cap, on libcurl.
 *
 * https anywhere, plain http only to this machine and the two addresses of a cloud's metadata
 * service (threats.md, section 4, rule 10). Redirects are never followed, no proxy is taken from
 * the environment, certificates are always verified. A handle keeps its connection for the next
 * request; one thread.
 */
#ifndef SLIPWAY_LIB_HTTPC_HTTPC_H
#define SLIPWAY_LIB_HTTPC_HTTPC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct httpc;

/* Whether anything can be asked at all: its library is there. ERR_NOT_FOUND. */
int httpc_begin(struct err *err);

struct httpc *httpc_new(void);
void httpc_free(struct httpc *httpc);

struct httpc_request {
    const char *method;
    const char *url;
    const char *const *headers; /* "Name: value", NULL-terminated; may be NULL */
    const char *body;           /* NULL = none */
    size_t body_len;
    int64_t connect_ms; /* to reach the other side; 0 = 5000 */
    int64_t timeout_ms; /* for all of it; 0 = 30000 */
    size_t answer_max;  /* bytes of the answer's body; 0 = 64 KiB */
    /* A name of the Internet's: an answer of the resolver that is loopback, link-local or of nowhere is refused
     * (T52), and a private one too unless `private_ok`. Does not bind the constants of rule 10. */
    bool public_only;
    bool private_ok;
    /* It must not come twice: a connection of its own. One that was kept may end under a request, and libcurl would
     * then send it again without a word. */
    bool once;
    const char *ca_file; /* whom to trust in the place of the system's list; NULL = that */
    /* Once true, the request ends within about a second, as ERR_TIMEOUT: whoever waits in a long poll can
     * be told to go home. NULL = never. */
    const atomic_bool *stop;
};

struct httpc_answer {
    int status;
    char *body; /* NUL-terminated; httpc_answer_deinit() */
    size_t body_len;
};

/*
 * Ask, and wait for the answer; any status is a success. ERR_INVALID: the address is not allowed or
 * is none, a header has a line end, or the answer is too large. ERR_UNREACHABLE: nothing was sent.
 * ERR_TIMEOUT: what became of the request is not known.
 */
int httpc_send(struct httpc *httpc, const struct httpc_request *request,
               struct httpc_answer *ret_answer, struct err *err);

/* Of the last answer: its header `name`, NULL = absent; and where a redirect leads, as an absolute address, NULL =
 * it is none. Nothing follows it. Until the next request. */
const char *httpc_header(struct httpc *httpc, const char *name);
const char *httpc_redirect(struct httpc *httpc);

/* May a name that is public lead to this address? `private_ok`: also to one of a private network. */
struct sockaddr;
bool httpc_address_is_public(const struct sockaddr *address, bool private_ok);

/* The same over a unix socket. `url` is http://localhost/...: rule 10 does not concern it. */
int httpc_send_unix(struct httpc *httpc, const char *socket, const struct httpc_request *request,
                    struct httpc_answer *ret_answer, struct err *err);

/* Accepts zeroed memory. */
void httpc_answer_deinit(struct httpc_answer *answer);

/*
 * Is what answers at `url` well? One GET, its body dropped. 0 if the status is `expect`;
 * ERR_CONFLICT: another status came, the text names both; else as httpc_send().
 */
int httpc_health(struct httpc *httpc, const char *url, int64_t expect, int64_t timeout_ms,
                 struct err *err);

#endif
