/* door_bell: see door_bell.h. */
#include "server/api/door_bell.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "server/api/door_gift.h"
#include "server/api/request.h"

#define BUCKETS 16384 /* a power of two; 10,000 hosts may wait at once */

struct door_bell {
    pthread_mutex_t lock;
    struct door_bell_waiter *buckets[BUCKETS];
};

struct door_bell *door_bell_new(void)
{
    struct door_bell *bell = calloc(1, sizeof(*bell));

    if (bell == NULL || pthread_mutex_init(&bell->lock, NULL) != 0)
        abort();
    return bell;
}

void door_bell_free(struct door_bell *bell)
{
    if (bell == NULL)
        return;
    pthread_mutex_destroy(&bell->lock);
    free(bell);
}

/* FNV-1a: host ids are random, nobody chooses his own. */
static struct door_bell_waiter **bucket_of(struct door_bell *bell, const char *host_id)
{
    unsigned hash = 2166136261u;

    for (; *host_id != '\0'; host_id++)
        hash = (hash ^ (unsigned char)*host_id) * 16777619u;
    return &bell->buckets[hash & (BUCKETS - 1)];
}

/* The one that waits for this host. Under the lock. */
static struct door_bell_waiter *find(struct door_bell *bell, const char *host_id)
{
    struct door_bell_waiter *w = *bucket_of(bell, host_id);

    while (w != NULL && (atomic_load(&w->superseded) || strcmp(w->host_id, host_id) != 0))
        w = w->next;
    return w;
}

void door_bell_wait(struct door_bell *bell, struct door_bell_waiter *waiter)
{
    struct door_bell_waiter **bucket = bucket_of(bell, waiter->host_id), *older;

    pthread_mutex_lock(&bell->lock);
    older = find(bell, waiter->host_id);
    if (older != NULL) {
        atomic_store(&older->superseded, true);
        request_resume(older->request);
    }
    waiter->next = *bucket;
    *bucket = waiter;
    pthread_mutex_unlock(&bell->lock);
}

void door_bell_leave(struct door_bell *bell, struct door_bell_waiter *waiter)
{
    pthread_mutex_lock(&bell->lock);
    for (struct door_bell_waiter **at = bucket_of(bell, waiter->host_id); *at != NULL;
         at = &(*at)->next) {
        if (*at == waiter) {
            *at = waiter->next;
            break;
        }
    }
    pthread_mutex_unlock(&bell->lock);
}

void door_bell_ring(struct door_bell *bell, const char *host_id)
{
    struct door_bell_waiter *w;

    pthread_mutex_lock(&bell->lock);
    w = find(bell, host_id);
    if (w != NULL) {
        atomic_store(&w->rung, true);
        request_resume(w->request);
    }
    pthread_mutex_unlock(&bell->lock);
}

/* Handing ---------------------------------------------------------------------------------------- */

static bool has_place(const struct door_bell_waiter *w)
{
    return w != NULL && w->takes && w->n_gifts < DOOR_BELL_GIFTS;
}

bool door_bell_waits(struct door_bell *bell, const char *host_id)
{
    bool waits;

    pthread_mutex_lock(&bell->lock);
    waits = has_place(find(bell, host_id));
    pthread_mutex_unlock(&bell->lock);
    return waits;
}

bool door_bell_hand(struct door_bell *bell, const char *host_id, struct door_gift *gift)
{
    struct door_bell_waiter *w;
    bool has;

    pthread_mutex_lock(&bell->lock);
    w = find(bell, host_id);
    has = has_place(w);
    if (has) {
        w->gifts_end = w->gifts == NULL ? &w->gifts : w->gifts_end;
        *w->gifts_end = gift;
        w->gifts_end = &gift->next;
        w->n_gifts++;
        request_resume(w->request);
    }
    pthread_mutex_unlock(&bell->lock);
    return has;
}

bool door_bell_was_handed(struct door_bell *bell, const struct door_bell_waiter *waiter)
{
    bool was;

    pthread_mutex_lock(&bell->lock);
    was = waiter->n_gifts > 0;
    pthread_mutex_unlock(&bell->lock);
    return was;
}

struct door_gift *door_bell_take(struct door_bell *bell, struct door_bell_waiter *waiter)
{
    struct door_gift *gifts;

    pthread_mutex_lock(&bell->lock);
    gifts = waiter->gifts;
    waiter->gifts = NULL;
    waiter->n_gifts = 0;
    waiter->takes = false;
    pthread_mutex_unlock(&bell->lock);
    return gifts;
}
