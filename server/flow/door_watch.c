#include "server/flow/door_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/rules/verdict.h"

#define FIRST 64

struct entry {
    char id[37];
    bool always;
    time_ms next;
};

struct door_watch {
    struct entry *entries; /* by id: new ones come at the end */
    size_t n, cap;
    bool all;
};

struct door_watch *door_watch_new(void)
{
    struct door_watch *w = calloc(1, sizeof(*w));

    if (w == NULL)
        abort();
    w->all = true;
    return w;
}

void door_watch_free(struct door_watch *w)
{
    if (w == NULL)
        return;
    free(w->entries);
    free(w);
}

/* The first that is not before this id. */
static size_t place_of(const struct door_watch *w, const char *id)
{
    size_t from = 0, to = w->n;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (strcmp(w->entries[middle].id, id) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static bool is_there(const struct door_watch *w, size_t at, const char *id)
{
    return at < w->n && strcmp(w->entries[at].id, id) == 0;
}

void door_watch_put(struct door_watch *w, const char *id, time_ms next, bool always)
{
    size_t at = place_of(w, id);

    if (!is_there(w, at, id)) {
        if (w->n == w->cap) {
            w->cap = w->cap == 0 ? FIRST : 2 * w->cap;
            w->entries = realloc(w->entries, w->cap * sizeof(*w->entries));
            if (w->entries == NULL)
                abort();
        }
        memmove(&w->entries[at + 1], &w->entries[at], (w->n - at) * sizeof(*w->entries));
        w->n++;
        snprintf(w->entries[at].id, sizeof(w->entries[at].id), "%s", id);
    }
    w->entries[at].next = next;
    w->entries[at].always = always;
}

void door_watch_touch(struct door_watch *w, const char *id)
{
    door_watch_put(w, id, 0, false);
}

void door_watch_drop(struct door_watch *w, const char *id)
{
    size_t at = place_of(w, id);

    if (!is_there(w, at, id))
        return;
    w->n--;
    memmove(&w->entries[at], &w->entries[at + 1], (w->n - at) * sizeof(*w->entries));
}

void door_watch_touch_all(struct door_watch *w)
{
    w->all = true;
}

bool door_watch_take_all(struct door_watch *w)
{
    bool all = w->all;

    w->all = false;
    if (all)
        w->n = 0;
    return all;
}

const char *door_watch_due(const struct door_watch *w, time_ms now, size_t *at)
{
    while (*at < w->n) {
        const struct entry *e = &w->entries[(*at)++];

        if (e->always || e->next <= now)
            return e->id;
    }
    return NULL;
}

time_ms door_watch_soonest(const struct door_watch *w)
{
    time_ms soonest = VERDICT_NEVER;

    for (size_t i = 0; i < w->n; i++)
        if (w->entries[i].next < soonest)
            soonest = w->entries[i].next;
    return soonest;
}
