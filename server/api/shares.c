#include "server/api/shares.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/api/network.h"

#define BUCKETS 256

struct share {
    struct share *next;
    struct network network;
    unsigned requests; /* under the lock */
    _Atomic size_t bytes;
};

struct shares {
    pthread_mutex_t lock;
    unsigned requests;
    size_t bytes;
    struct share *buckets[BUCKETS];
};

struct shares *shares_new(unsigned requests, size_t bytes)
{
    struct shares *s = calloc(1, sizeof(*s));

    if (s == NULL)
        abort();
    pthread_mutex_init(&s->lock, NULL);
    s->requests = requests;
    s->bytes = bytes;
    return s;
}

void shares_free(struct shares *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        assert(s->buckets[i] == NULL);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static size_t bucket_of(struct network n)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < sizeof(n.bytes); i++)
        hash = (hash ^ n.bytes[i]) * 16777619u;
    return hash % BUCKETS;
}

/* Under the lock. */
static struct share *share_of(struct shares *s, struct network network)
{
    struct share **at = &s->buckets[bucket_of(network)];
    struct share *share;

    for (share = *at; share != NULL; share = share->next)
        if (network_equal(share->network, network))
            return share;
    share = calloc(1, sizeof(*share));
    if (share == NULL)
        abort();
    share->network = network;
    share->next = *at;
    return *at = share;
}

bool shares_have_room(struct shares *s, const char *address)
{
    struct network network = network_of(address);
    const struct share *share;

    if (network_is_here(network))
        return true;
    pthread_mutex_lock(&s->lock);
    share = s->buckets[bucket_of(network)];
    while (share != NULL && !network_equal(share->network, network))
        share = share->next;
    bool room = share == NULL || share->requests < s->requests;
    pthread_mutex_unlock(&s->lock);
    return room;
}

bool shares_take(struct shares *s, const char *address, struct share **ret_share)
{
    struct network network = network_of(address);
    struct share *share;
    bool taken;

    *ret_share = NULL;
    if (network_is_here(network))
        return true;
    pthread_mutex_lock(&s->lock);
    share = share_of(s, network);
    taken = share->requests < s->requests; /* a new one is below any limit */
    if (taken) {
        share->requests++;
        *ret_share = share;
    }
    pthread_mutex_unlock(&s->lock);
    return taken;
}

void shares_give(struct shares *s, struct share *share)
{
    if (share == NULL)
        return;
    pthread_mutex_lock(&s->lock);
    assert(share->requests > 0);
    if (--share->requests == 0) {
        struct share **at = &s->buckets[bucket_of(share->network)];
        while (*at != share)
            at = &(*at)->next;
        *at = share->next;
        assert(atomic_load(&share->bytes) == 0);
        free(share);
    }
    pthread_mutex_unlock(&s->lock);
}

bool shares_take_bytes(const struct shares *s, struct share *share, size_t bytes)
{
    if (share == NULL)
        return true;
    if (atomic_fetch_add(&share->bytes, bytes) + bytes <= s->bytes)
        return true;
    atomic_fetch_sub(&share->bytes, bytes);
    return false;
}

void shares_give_bytes(struct share *share, size_t bytes)
{
    if (share != NULL)
        atomic_fetch_sub(&share->bytes, bytes);
}
