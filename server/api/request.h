/*
 * request: what a handler gets, whichever listener it came in on.
 *
 * http_server fills it after the request filter, the router and the policy have agreed; a handler
 * reads it, fills a `struct reply` and knows no libmicrohttpd. All texts here are foreign and raw:
 * nothing was decoded, sizes were bounded.
 *
 * Threads. A request belongs to the http thread that serves its connection. A handler that must
 * wait (for a commit, a command for a host) says so:
 *
 *      http thread                                   any thread
 *      handler: request_hold(r);
 *               request_then(r, my_continuation);
 *               hand `r` to whoever will know
 *               return REQUEST_WAITS;                request_resume(r);
 *      my_continuation(r, reply)                     request_let_go(r);
 *
 * The order does not matter: a resume that comes before the handler has returned is kept. Resuming
 * twice, or a request that is over, does nothing. Whoever keeps a pointer outside the handler holds
 * it, so that the memory stays until the last one lets go.
 * While it waits the thread serves others, and the reaper does not count the time.
 */
#ifndef SLIPWAY_SERVER_API_REQUEST_H
#define SLIPWAY_SERVER_API_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/timestamp.h"
#include "lib/model/right.h"

struct api;
struct arena;
struct reply;
struct request;
struct route;

enum listener { LISTENER_WEBHOOKS, LISTENER_AGENTS, LISTENER_WEB, LISTENER_CLI, LISTENER_COUNT };

const char *listener_name(enum listener listener); /* webhooks, agents, web, cli */

enum request_next {
    REQUEST_DONE,  /* the reply is filled */
    REQUEST_WAITS, /* request_then() was called; somebody will resume */
};

typedef enum request_next request_fn(struct request *request, struct reply *reply);

struct rights_asker;

/* Who asks. */
struct actor {
    char name[160];    /* github:ID:LOGIN, token:NAME, uid:N, anyone; as the journal writes it */
    const char *way;   /* cli, api, webhook, door */
    int64_t github_id; /* the person's at GitHub; 0 = it is none */
    const char *login; /* the person's, as it is shown; NULL = none */
    const char *token; /* name of the token that was shown, NULL = none */
    const char *token_digest; /* SHA-256 of it, hex; NULL = none */
    bool house; /* root, or the server's own user, on the cli socket: whoever holds the machine */
    const struct rights_asker *asker; /* by what the configuration may mean it; in the arena */
    unsigned rights; /* RIGHT_BITs where the route acts; view is in it whenever another is */
};

/* Where the bytes come from. */
struct peer {
    char address[64];       /* numeric address, behind a trusted proxy the one it names; "unix" */
    int64_t uid;            /* of the process at the other end of the cli socket, else -1 */
    const uint32_t *groups; /* its Unix groups; only valid while it is admitted */
    size_t n_groups;
};

/* One header field as it came. Text ends with NUL and has no NUL inside. */
struct request_header {
    const char *name;
    size_t name_len;
    const char *value;
    size_t value_len;
};

#define REQUEST_SEGMENTS_MAX 4
#define REQUEST_ID_SIZE 17

struct request {
    struct api *api;
    const struct route *route;
    enum listener listener;
    char id[REQUEST_ID_SIZE]; /* X-Request-Id of the answer; log lines carry it */
    const char *method;
    const char *target;                         /* raw, as in the request line */
    const char *path;                           /* target up to '?' */
    const char *query;                          /* behind '?'; "" = none. Use request_query() */
    const char *segments[REQUEST_SEGMENTS_MAX]; /* what stands for the {names} of the route, raw */
    const struct request_header *headers;
    size_t n_headers;
    const char *body; /* whole body, with a NUL behind it; "" if there is none */
    size_t body_len;
    struct peer peer;
    struct actor actor;
    struct arena *arena; /* lives until the answer is sent */
    void *state;         /* the handler's own, from its first call to its continuation */
    void (*end)(
        struct request *request); /* frees handles in `state`; called once, when the answer is
                                      * sent or the connection lost, and nobody holds the request */
};

/* First value of the header `name` (any case), or NULL. The filter has refused repeated ones of
 * those that must be single (request_filter.h). */
const char *request_header(const struct request *request, const char *name);
size_t request_header_count(const struct request *request, const char *name);

/* Value of the query parameter `key`, percent-decoded into the arena; NULL = absent. A value with
 * a broken escape, or one that decodes to a NUL, counts as absent. The first one counts. */
const char *request_query(const struct request *request, const char *key);
/* As a whole number in [min, max]; `otherwise` if absent. ERR_INVALID if it is something else. */
struct err;
int request_query_int(const struct request *request, const char *key, int64_t min, int64_t max,
                      int64_t otherwise, int64_t *ret_value, struct err *err);

/* Is its length such that the body will not be taken? 0, 411 or 413. For a route's `begin`, which
 * is asked before the server itself looks at the length. */
int request_length_refused(const struct request *request);

/* Give the body's memory back before a long wait. `body` is empty afterwards. */
void request_drop_body(struct request *request);
/* So many bytes the handler keeps in its place until it is answered; they count as bodies do, and are never refused. Once. */
void request_keeps(struct request *request, size_t bytes);
/* ... and all of the arena's with it: target, headers, actor and whatever else lies there are gone. What the
 * handler still needs it keeps elsewhere; `end` frees it. For the many that wait long. */
void request_drop_memory(struct request *request);

/* Waiting ------------------------------------------------------------------------------------- */

/* What runs on the http thread once the request is resumed. It may wait again. */
void request_then(struct request *request, request_fn *continuation);
/* Also resume at `deadline` if nobody did before; the continuation looks at the clock. Holds for
 * the next wait only. */
void request_wake_at(struct request *request, mono_ms deadline);
void request_resume(struct request *request);
void request_hold(struct request *request);
void request_let_go(struct request *request);
/* The server is going down: continuations answer with what they have, 503 if nothing. */
bool request_is_stopping(const struct request *request);

#endif
