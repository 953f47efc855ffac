#include "server/api/tries.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "server/api/network.h"

#define FREE_TRIES 10
#define WAIT_MAX_MS INT64_C(60000)
#define FORGET_MS (INT64_C(15) * 60 * 1000)
#define SLOTS 1024

struct slot {
    struct network network;
    int failures; /* 0 = unused */
    mono_ms last;
    mono_ms until;
};

struct tries {
    pthread_mutex_t mutex;
    struct slot slots[SLOTS];
};

struct tries *tries_new(void)
{
    struct tries *tries = calloc(1, sizeof(*tries));

    if (tries == NULL)
        abort();
    pthread_mutex_init(&tries->mutex, NULL);
    return tries;
}

void tries_free(struct tries *tries)
{
    if (tries == NULL)
        return;
    pthread_mutex_destroy(&tries->mutex);
    free(tries);
}

/* The slot of that address; else, if `take`, an unused one or that of who has been quiet longest. */
static struct slot *slot_of(struct tries *tries, struct network network, mono_ms now, bool take)
{
    struct slot *oldest = &tries->slots[0];

    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *s = &tries->slots[i];

        if (s->failures > 0 && now - s->last > FORGET_MS)
            s->failures = 0;
        if (s->failures > 0 && network_equal(s->network, network))
            return s;
        if (oldest->failures > 0 && (s->failures == 0 || s->last < oldest->last))
            oldest = s;
    }
    if (!take)
        return NULL;
    *oldest = (struct slot){.network = network};
    return oldest;
}

int64_t tries_wait(struct tries *tries, const char *address, mono_ms now)
{
    const struct slot *slot;
    int64_t wait = 0;

    if (tries == NULL)
        return 0;
    pthread_mutex_lock(&tries->mutex);
    slot = slot_of(tries, network_of(address), now, false);
    if (slot != NULL && slot->until > now)
        wait = slot->until - now;
    pthread_mutex_unlock(&tries->mutex);
    return wait;
}

void tries_failed(struct tries *tries, const char *address, mono_ms now)
{
    struct slot *slot;

    if (tries == NULL)
        return;
    pthread_mutex_lock(&tries->mutex);
    slot = slot_of(tries, network_of(address), now, true);
    slot->failures++;
    slot->last = now;
    if (slot->failures >= FREE_TRIES) {
        int64_t wait = 1000;

        for (int i = FREE_TRIES; i < slot->failures && wait < WAIT_MAX_MS; i++)
            wait *= 2;
        slot->until = now + (wait < WAIT_MAX_MS ? wait : WAIT_MAX_MS);
    }
    pthread_mutex_unlock(&tries->mutex);
}
