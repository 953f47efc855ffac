#include "server/api/http_body.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "server/api/reaper.h"
#include "server/api/shares.h"

#define FIRST 32768 /* the buffer begins so and grows fourfold; most of GitHub's bodies fit */
#define SMALL ((size_t)1 << 20)
#define HEAVY ((size_t)8 << 20) /* all bodies: after so much malloc is made to give back */

/* GitHub's bodies have some ten kilobytes. The last quarter of the budget is for those: whoever floods us
 * with large ones, with whatever signature, sheds his own first. */
static size_t budget_of(const struct http_body *body)
{
    size_t budget = body->listener->shared->options.body_budget;

    return body->expected > SMALL ? budget / 4 * 3 : budget;
}

/* The bodies of one address have a part of the budget only; where hosts and people come in, its large ones: a whole fleet
 * may lie behind one. */
static struct share *share_of(const struct http_body *body)
{
    bool counts = body->expected > SMALL || body->listener->listener == LISTENER_WEBHOOKS;

    return counts ? body->share : NULL;
}

static bool budget_take(struct http_body *body, size_t bytes)
{
    struct http_shared *shared = body->listener->shared;
    size_t had;

    if (!shares_take_bytes(body->listener->shares, share_of(body), bytes))
        return false;
    had = atomic_fetch_add(&shared->body_bytes, bytes);
    if (had + bytes > HEAVY)
        atomic_store(&shared->heavy, true);
    if (had + bytes <= budget_of(body))
        return true;
    atomic_fetch_sub(&shared->body_bytes, bytes);
    shares_give_bytes(share_of(body), bytes);
    return false;
}

static void budget_give(struct http_body *body)
{
    struct http_shared *shared = body->listener->shared;
    size_t had = atomic_fetch_sub(&shared->body_bytes, body->size);

    shares_give_bytes(share_of(body), body->size);
    if (had - body->size < HEAVY / 2 && atomic_load(&shared->heavy) &&
        atomic_exchange(&shared->heavy, false))
        reaper_crowd_left(shared->reaper);
    body->size = 0;
}

bool http_body_expect(struct http_body *body, struct http_listener *listener, struct share *share,
                      size_t limit, size_t expected)
{
    *body = (struct http_body){.listener = listener,
                               .share = share,
                               .limit = limit,
                               .expected = expected};
    return expected <= SMALL ||
           atomic_load(&listener->shared->body_bytes) + expected <= budget_of(body);
}

/* Room for `more` bytes and a NUL; the status to refuse with if there is none. */
static int reserve(struct http_body *body, size_t more)
{
    size_t wanted = body->len + more + 1;
    size_t size = body->size != 0 ? body->size : FIRST;

    if (wanted - 1 > body->limit)
        return 413;
    if (wanted <= body->size)
        return 0;
    while (size < wanted)
        size *= 4;
    if (size > body->expected + 1)
        size = body->expected + 1;
    if (!budget_take(body, size - body->size))
        return 503;
    assert(size >= wanted); /* no more comes than was announced */
    body->bytes = realloc(body->bytes, size);
    if (body->bytes == NULL)
        abort();
    body->size = size;
    return 0;
}

int http_body_take(struct http_body *body, const char *bytes, size_t len)
{
    if (body->refused == 0) {
        body->refused = reserve(body, len);
        if (body->refused != 0)
            http_body_drop(body);
    }
    if (body->refused != 0) {
        body->dropped += len;
        return body->dropped > 4 * body->limit ? -1 : 0;
    }
    memcpy(body->bytes + body->len, bytes, len);
    body->len += len;
    body->bytes[body->len] = '\0';
    return 1;
}

void http_body_drop(struct http_body *body)
{
    free(body->bytes);
    if (body->size != 0)
        budget_give(body);
    body->bytes = NULL;
    body->len = 0;
}

void http_body_keep(struct http_body *body, size_t bytes)
{
    body->kept = bytes;
    atomic_fetch_add(&body->listener->shared->body_bytes, bytes);
}

void http_body_end(struct http_body *body)
{
    if (body->size != 0)
        budget_give(body);
    if (body->kept != 0)
        atomic_fetch_sub(&body->listener->shared->body_bytes, body->kept);
    body->kept = 0;
    body->share = NULL;
}
