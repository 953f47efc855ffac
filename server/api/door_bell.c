/* door_bell: see door_bell.h. */
#include "server/api/door_bell.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "server/api/request.h"

#define BUCKETS 1024 /* a power of two; 10,000 hosts may wait at once */

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

void door_bell_wait(struct door_bell *bell, struct door_bell_waiter *waiter)
{
    struct door_bell_waiter **bucket = bucket_of(bell, waiter->host_id);

    pthread_mutex_lock(&bell->lock);
    for (struct door_bell_waiter *w = *bucket; w != NULL; w = w->next) {
        if (strcmp(w->host_id, waiter->host_id) != 0)
            continue;
        atomic_store(&w->superseded, true);
        request_resume(w->request);
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
    pthread_mutex_lock(&bell->lock);
    for (struct door_bell_waiter *w = *bucket_of(bell, host_id); w != NULL; w = w->next) {
        if (strcmp(w->host_id, host_id) != 0)
            continue;
        atomic_store(&w->rung, true);
        request_resume(w->request);
    }
    pthread_mutex_unlock(&bell->lock);
}
