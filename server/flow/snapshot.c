#include "server/flow/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "lib/calendar/occurrence.h"
#include "lib/model/config.h"

void snapshots_init(struct snapshots *snapshots)
{
    pthread_mutex_init(&snapshots->mutex, NULL);
    snapshots->current = NULL;
}

int snapshot_make(struct config *config, time_ms now, struct snapshot **ret_snapshot,
                  struct err *err)
{
    struct snapshot *s = calloc(1, sizeof(*s));
    int rc;

    if (s == NULL)
        abort();
    rc = calendar_new(config, &s->calendar, err);
    if (rc < 0) {
        config_free(config);
        free(s);
        return rc;
    }
    s->config = config;
    memcpy(s->digest, config->digest, sizeof(s->digest));
    s->made_at = now;
    atomic_init(&s->refs, 1);
    *ret_snapshot = s;
    return 0;
}

void snapshots_give(const struct snapshot *snapshot)
{
    struct snapshot *s =
        (struct snapshot *)(uintptr_t)snapshot; /* const to its users, counted here */

    if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
        return;
    calendar_free(s->calendar);
    config_free(s->config);
    free(s);
}

void snapshots_set(struct snapshots *snapshots, struct snapshot *snapshot)
{
    struct snapshot *before;

    pthread_mutex_lock(&snapshots->mutex);
    before = snapshots->current;
    snapshots->current = snapshot;
    pthread_mutex_unlock(&snapshots->mutex);
    snapshots_give(before);
}

const struct snapshot *snapshots_take(struct snapshots *snapshots)
{
    struct snapshot *s;

    pthread_mutex_lock(&snapshots->mutex);
    s = snapshots->current;
    atomic_fetch_add(&s->refs, 1);
    pthread_mutex_unlock(&snapshots->mutex);
    return s;
}

void snapshots_deinit(struct snapshots *snapshots)
{
    snapshots_give(snapshots->current);
    snapshots->current = NULL;
    pthread_mutex_destroy(&snapshots->mutex);
}
