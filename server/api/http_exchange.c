#include "server/api/http_exchange.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/log.h"
#include "server/api/api.h"
#include "server/api/api_metrics.h"
#include "server/api/api_page.h"
#include "server/api/http_body.h"
#include "server/api/policy.h"
#include "server/api/reply.h"
#include "server/api/request_filter.h"
#include "server/api/router.h"
#include "server/api/routes.h"
#include "server/api/shares.h"
#include "server/flow/recovery.h"

#define SEND_MS 60000 /* to take an answer off us */
#define STREAM_BLOCK 4096

enum phase { PHASE_HEADERS, PHASE_BODY, PHASE_HANDLING, PHASE_ANSWERED };

struct http_exchange {
    struct request request; /* first: its address is the exchange's */
    struct reply reply;
    struct arena arena; /* request.arena */
    struct http_listener *listener;
    struct http_connection *connection;
    struct MHD_Connection *mhd;
    const char *target_at; /* where the target lies in libmicrohttpd's buffer */
    struct request_header *headers;
    size_t headers_size;
    enum phase phase;
    request_fn *next; /* handler, or what request_then() said */
    mono_ms wake_at;
    struct http_body body;
    struct share *share; /* of its address; NULL = not counted */

    pthread_mutex_t lock;
    bool resumed; /* before it was suspended */
    bool suspended;
    bool over;
    unsigned holders; /* its connection is one */
};

static struct http_exchange *exchange_of(const struct request *request)
{
    return (struct http_exchange *)(uintptr_t)request;
}

/* Waiting --------------------------------------------------------------------------------------- */

void request_then(struct request *request, request_fn *continuation)
{
    exchange_of(request)->next = continuation;
}

void request_wake_at(struct request *request, mono_ms deadline)
{
    exchange_of(request)->wake_at = deadline;
}

void request_hold(struct request *request)
{
    struct http_exchange *x = exchange_of(request);

    pthread_mutex_lock(&x->lock);
    x->holders++;
    pthread_mutex_unlock(&x->lock);
}

void request_let_go(struct request *request)
{
    struct http_exchange *x = exchange_of(request);
    bool last;

    pthread_mutex_lock(&x->lock);
    assert(x->holders > 0);
    last = --x->holders == 0;
    pthread_mutex_unlock(&x->lock);
    if (!last)
        return;
    if (request->end != NULL)
        request->end(request);
    pthread_mutex_destroy(&x->lock);
    http_body_drop(&x->body);
    arena_deinit(&x->arena);
    free(x);
}

void request_resume(struct request *request)
{
    struct http_exchange *x = exchange_of(request);

    pthread_mutex_lock(&x->lock);
    if (x->suspended) {
        x->suspended = false;
        MHD_resume_connection(x->mhd);
    } else if (!x->over) {
        x->resumed = true;
    }
    pthread_mutex_unlock(&x->lock);
}

bool request_is_stopping(const struct request *request)
{
    return atomic_load(&exchange_of(request)->listener->shared->stopping);
}

/* Suspend unless somebody resumed already; false = go on at once. */
static bool exchange_suspend(struct http_exchange *x)
{
    struct http_shared *shared = x->listener->shared;
    bool goes_on;

    /* Known to the reaper before anybody asks it to wake all: then `hard` is seen here, or it
     * finds us. */
    reaper_waits(shared->reaper, x->connection->entry, &x->request, x->wake_at);
    x->wake_at = 0;
    pthread_mutex_lock(&x->lock);
    goes_on = x->resumed || atomic_load(&shared->hard);
    x->resumed = false;
    if (!goes_on) {
        x->suspended = true;
        MHD_suspend_connection(x->mhd);
    }
    pthread_mutex_unlock(&x->lock);
    if (goes_on)
        reaper_moves_on(shared->reaper, x->connection->entry);
    return !goes_on;
}

/* Answering ------------------------------------------------------------------------------------- */

static ssize_t exchange_stream(void *cls, uint64_t position, char *bytes, size_t max)
{
    struct http_exchange *x = cls;
    struct http_shared *shared = x->listener->shared;

    (void)position;
    reaper_moves_on(shared->reaper, x->connection->entry);
    for (;;) {
        ssize_t n = atomic_load(&shared->stopping) ? -1 : x->reply.stream(&x->request, bytes, max);

        if (n > 0) {
            /* It must be taken off us, however slowly it comes. */
            reaper_expect(shared->reaper, x->connection->entry, REAPER_ANSWER, SEND_MS);
            return n;
        }
        if (n < 0)
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (exchange_suspend(x))
            return 0;
    }
}

static struct MHD_Response *exchange_response(struct http_exchange *x)
{
    struct reply *reply = &x->reply;

    if (reply->stream != NULL)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, exchange_stream, x,
                                                 NULL);
    /* The bytes lie in the arena or are constant; both outlive the response. */
    return MHD_create_response_from_buffer(reply->body_len, (void *)(uintptr_t)reply->body,
                                           MHD_RESPMEM_PERSISTENT);
}

/* Deliveries that were stored are counted where they are. */
static void count_refusal(const struct http_exchange *x)
{
    int status = x->reply.status;

    if (x->listener->listener != LISTENER_WEBHOOKS || status < 400 || x->listener->self_test)
        return;
    metrics_count_delivery(x->request.api->metrics, status == 401   ? METRICS_DELIVERY_UNSIGNED
                                                    : status == 503 ? METRICS_DELIVERY_SHED
                                                                    : METRICS_DELIVERY_REFUSED);
    if (status == 503) /* GitHub does not send it again by itself (W5) */
        recovery_soon(x->request.api->recovery);
}

static enum MHD_Result exchange_answer(struct http_exchange *x)
{
    struct http_shared *shared = x->listener->shared;
    struct reply *reply = &x->reply;
    struct MHD_Response *response = exchange_response(x);
    enum MHD_Result rc;

    if (response == NULL)
        return MHD_NO;
    for (size_t i = 0; i < reply->n_headers; i++)
        (void)MHD_add_response_header(response, reply->headers[i].name, reply->headers[i].value);
    (void)MHD_add_response_header(response, "X-Request-Id", x->request.id);
    if (x->listener->listener == LISTENER_WEB) {
        (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
        (void)MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    }
    if (reply->close || atomic_load(&shared->stopping))
        (void)MHD_add_response_header(response, "Connection", "close");
    x->phase = PHASE_ANSWERED;
    count_refusal(x);
    reaper_expect(shared->reaper, x->connection->entry, REAPER_ANSWER, SEND_MS);
    rc = MHD_queue_response(x->mhd, (unsigned)reply->status, response);
    MHD_destroy_response(response);
    return rc;
}

/* Refuse before the body was read: the rest of it is drained after the connection's end. */
static enum MHD_Result exchange_refuse_early(struct http_exchange *x, int status)
{
    if (status != 0 && !(status == 404 && api_page_lost(&x->request, &x->reply)))
        reply_refuse(&x->request, &x->reply, status, policy_detail(&x->request, status));
    x->reply.close = true;
    x->connection->drain = request_header(&x->request, "Content-Length") != NULL ||
                           request_header(&x->request, "Transfer-Encoding") != NULL;
    return exchange_answer(x);
}

/* Handling -------------------------------------------------------------------------------------- */

static enum MHD_Result exchange_handle(struct http_exchange *x)
{
    struct http_shared *shared = x->listener->shared;

    x->phase = PHASE_HANDLING;
    reaper_moves_on(shared->reaper, x->connection->entry);
    for (;;) {
        if (x->next(&x->request, &x->reply) == REQUEST_DONE)
            break;
        if (atomic_load(&shared->hard)) {
            x->reply = (struct reply){0};
            reply_refuse(&x->request, &x->reply, 503, "the server is stopping");
            break;
        }
        if (exchange_suspend(x))
            return MHD_YES;
    }
    return exchange_answer(x);
}

/* Body ------------------------------------------------------------------------------------------ */

static void show_body(struct http_exchange *x)
{
    x->request.body = x->body.bytes != NULL ? x->body.bytes : "";
    x->request.body_len = x->body.len;
}

void request_drop_body(struct request *request)
{
    struct http_exchange *x = exchange_of(request);

    http_body_drop(&x->body);
    show_body(x);
}

void request_keeps(struct request *request, size_t bytes)
{
    http_body_keep(&exchange_of(request)->body, bytes);
}

void request_drop_memory(struct request *request)
{
    struct http_exchange *x = exchange_of(request);

    request_drop_body(request);
    request->target = request->path = request->query = "";
    request->headers = NULL;
    request->n_headers = 0;
    for (size_t i = 0; i < REQUEST_SEGMENTS_MAX; i++)
        request->segments[i] = NULL;
    request->actor.asker = NULL;
    x->headers = NULL;
    x->headers_size = 0;
    arena_deinit(&x->arena);
}

static enum MHD_Result exchange_piece(struct http_exchange *x, const char *bytes, size_t len)
{
    int taken = http_body_take(&x->body, bytes, len);

    show_body(x);
    if (taken > 0 && x->request.route->piece != NULL)
        x->request.route->piece(&x->request, bytes, len);
    return taken < 0 ? MHD_NO : MHD_YES;
}

static enum MHD_Result exchange_body_end(struct http_exchange *x)
{
    if (x->body.refused != 0) {
        reply_refuse(&x->request, &x->reply, x->body.refused, NULL);
        x->reply.close = true;
        return exchange_answer(x);
    }
    return exchange_handle(x);
}

/* Headers --------------------------------------------------------------------------------------- */

static enum MHD_Result collect_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                      size_t name_len, const char *value, size_t value_len)
{
    struct http_exchange *x = cls;

    (void)kind;
    if (x->request.n_headers < x->headers_size) {
        x->headers[x->request.n_headers++] = (struct request_header){
            .name = name,
            .name_len = name_len,
            .value = value != NULL ? value : "",
            .value_len = value != NULL ? value_len : 0,
        };
    }
    return MHD_YES;
}

/* libmicrohttpd keeps blanks behind a value; they are not part of it (RFC 9110, 5.5). */
static void trim_values(struct http_exchange *x)
{
    for (size_t i = 0; i < x->request.n_headers; i++) {
        struct request_header *h = &x->headers[i];
        size_t len = h->value_len;

        while (len > 0 && (h->value[len - 1] == ' ' || h->value[len - 1] == '\t'))
            len--;
        if (len == h->value_len)
            continue;
        h->value = arena_strn(x->request.arena, h->value, len);
        h->value_len = len;
    }
}

static const char *filter(struct http_exchange *x, const char *url, const char *method,
                          const char *version)
{
    int n = MHD_get_connection_values_n(x->mhd, MHD_HEADER_KIND, NULL, NULL);
    const union MHD_ConnectionInfo *head =
        MHD_get_connection_info(x->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    struct request_filter_input input;
    const char *why;

    if (n > REQUEST_FILTER_HEADERS_MAX)
        return "too many headers";
    x->headers_size = n > 0 ? (size_t)n : 0;
    x->headers = arena_array(x->request.arena, x->headers_size, sizeof(*x->headers));
    (void)MHD_get_connection_values_n(x->mhd, MHD_HEADER_KIND, collect_header, x);
    x->request.headers = x->headers;
    input = (struct request_filter_input){
        .method = method,
        .target = x->target_at,
        .target_text = x->request.target,
        .version = version,
        .body = head != NULL ? method + head->header_size : NULL,
        .headers = x->headers,
        .n_headers = x->request.n_headers,
        .chunked = x->listener->listener == LISTENER_AGENTS,
    };
    if (url != x->target_at)
        return "target is not where it was received";
    why = request_filter_judge(&input);
    if (why == NULL)
        trim_values(x);
    return why;
}

static void split_target(struct request *request)
{
    size_t len = strcspn(request->target, "?");

    request->path = arena_strn(request->arena, request->target, len);
    request->query = request->target[len] == '?' ? request->target + len + 1 : "";
}

static struct log_outside refusals; /* whoever comes can cause them */

static void log_refusal(const struct http_exchange *x, int status, const char *why)
{
    if (x->listener->self_test)
        return;
    log_outside(&refusals, "http.refused", "listener=%s status=%d why=%s peer=%s request=%s",
                listener_name(x->listener->listener), status, LOG(why),
                LOG(x->request.peer.address), x->request.id);
}

/* Find the route; 0, or the status to refuse with. */
static int exchange_route(struct http_exchange *x)
{
    struct request *request = &x->request;
    struct router_found found;

    switch (router_find(x->listener->listener, request->method, request->path, &found)) {
    case ROUTER_NO_PATH:
        return 404;
    case ROUTER_NO_METHOD:
        reply_header(&x->reply, "Allow", arena_str(request->arena, found.allow));
        return 405;
    case ROUTER_FOUND:
        break;
    }
    request->route = found.route;
    for (size_t i = 0; i < found.n_segments; i++)
        request->segments[i] = arena_strn(request->arena, request->path + found.segments[i].offset,
                                          found.segments[i].len);
    return 0;
}

int request_length_refused(const struct request *request)
{
    const char *length = request_header(request, "Content-Length");
    long long n;

    if (length == NULL) {
        if (request_header(request, "Transfer-Encoding") != NULL)
            return request->route->chunked ? 0 : 411;
        return strcmp(request->method, "POST") == 0 && request->route->body_limit != 0 ? 411 : 0;
    }
    n = request_filter_length(length, strlen(length));
    return n < 0 || (unsigned long long)n > request->route->body_limit ? 413 : 0;
}

static size_t body_expected(const struct request *request)
{
    const char *length = request_header(request, "Content-Length");

    return length != NULL ? (size_t)request_filter_length(length, strlen(length))
                          : request->route->body_limit;
}

static enum MHD_Result exchange_headers(struct http_exchange *x, const char *url,
                                        const char *method, const char *version)
{
    struct http_shared *shared = x->listener->shared;
    struct request *request = &x->request;
    const char *why = filter(x, url, method, version);
    int status;

    request->method = arena_str(request->arena, method);
    if (why != NULL) {
        log_refusal(x, 400, why);
        return exchange_refuse_early(x, 400);
    }
    if (x->connection->over_limit || atomic_load(&shared->stopping))
        return exchange_refuse_early(x, 503);
    split_target(request);
    status = exchange_route(x);
    if (status == 0) {
        policy_peer(request);
        if (!shares_take(x->listener->shares, request->peer.address, &x->share))
            status = 503;
        else
            status = policy_admit(request, &x->reply);
    }
    if (status == 0 && request->route->begin != NULL &&
        request->route->begin(request, &x->reply) == REQUEST_DONE)
        return exchange_refuse_early(x, 0);
    if (status == 0)
        status = request_length_refused(request);
    if (status != 0)
        return exchange_refuse_early(x, status);

    if (!http_body_expect(&x->body, x->listener, x->share, request->route->body_limit,
                          body_expected(request)))
        return exchange_refuse_early(x, 503);
    x->next = request->route->handler;
    x->phase = PHASE_BODY;
    reaper_expect(shared->reaper, x->connection->entry, REAPER_BODY, shared->options.body_ms);
    return MHD_YES;
}

/* libmicrohttpd's callbacks --------------------------------------------------------------------- */

enum MHD_Result http_exchange_access(void *cls, struct MHD_Connection *connection, const char *url,
                                     const char *method, const char *version, const char *data,
                                     size_t *data_size, void **context)
{
    struct http_exchange *x = *context;
    enum MHD_Result rc = MHD_NO;

    (void)cls;
    (void)connection;
    switch (x->phase) {
    case PHASE_HEADERS:
        return exchange_headers(x, url, method, version);
    case PHASE_BODY:
        if (*data_size == 0)
            return exchange_body_end(x);
        rc = exchange_piece(x, data, *data_size);
        *data_size = 0;
        return rc;
    case PHASE_HANDLING:
        return exchange_handle(x);
    case PHASE_ANSWERED:
        /* The rest of a body that was refused early. */
        *data_size = 0;
        return MHD_YES;
    }
    return rc;
}

void *http_exchange_begin(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct http_listener *listener = cls;
    struct http_shared *shared = listener->shared;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct http_exchange *x = calloc(1, sizeof(*x));

    if (x == NULL)
        abort();
    pthread_mutex_init(&x->lock, NULL);
    x->holders = 1;
    x->listener = listener;
    x->connection = info->socket_context;
    x->mhd = connection;
    x->target_at = uri;
    x->request = (struct request){
        .api = shared->api,
        .listener = listener->listener,
        .arena = &x->arena,
        .body = "",
        .query = "",
        .path = "",
        .method = "",
        .peer = x->connection->peer,
    };
    x->request.target = arena_str(x->request.arena, uri);
    policy_request_id(x->request.id);
    reaper_expect(shared->reaper, x->connection->entry, REAPER_HEADERS, shared->options.headers_ms);
    return x;
}

void http_exchange_completed(void *cls, struct MHD_Connection *connection, void **context,
                             enum MHD_RequestTerminationCode code)
{
    struct http_listener *listener = cls;
    struct http_exchange *x = *context;

    (void)connection;
    (void)code;
    if (x == NULL)
        return;
    *context = NULL;
    reaper_moves_on(listener->shared->reaper, x->connection->entry);
    reaper_expect(listener->shared->reaper, x->connection->entry, REAPER_IDLE,
                  listener->shared->options.idle_ms);
    pthread_mutex_lock(&x->lock);
    x->over = true;
    pthread_mutex_unlock(&x->lock);
    if (x->reply.stream_end != NULL)
        x->reply.stream_end(&x->request);
    http_body_end(&x->body);
    shares_give(listener->shares, x->share);
    x->share = NULL;
    request_let_go(&x->request);
}
