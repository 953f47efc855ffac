#include "tests/support/year_events.h"

#include <stdlib.h>

#include "tests/support/year_world.h"

static void add_event(struct year *y, struct year_event event)
{
    if (event.at >= y->o->from && event.at < y->o->to)
        *ARENA_PUSH(y->arena, y->r->events, y->r->n_events, y->cap_events) = event;
}

static int by_time(const void *a, const void *b)
{
    const struct year_event *x = a, *z = b;

    return x->at != z->at ? (x->at < z->at ? -1 : 1) : (int)x->kind - (int)z->kind;
}

static time_ms some_time(struct year *y)
{
    return y->o->from +
           (time_ms)year_world_any(y, (uint64_t)(y->o->to - y->o->from) / 60000) * 60000;
}

static void add_trouble(struct year *y)
{
    time_ms at = some_time(y), lasts = (1 + (time_ms)year_world_any(y, 180)) * 60000;
    size_t place = year_world_any(y, y->n_places);

    switch (year_world_any(y, y->o->outages ? 10 : 5)) {
    case 0:
    case 1:
        add_event(y, (struct year_event){at, YEAR_HOLD, place, 0, at + lasts});
        break;
    case 2:
        add_event(y, (struct year_event){at, YEAR_HOLD, place, 0, 0});
        add_event(y, (struct year_event){at + 5 * lasts, YEAR_UNHOLD, place, 0, 0});
        break;
    case 3:
    case 4: {
        time_ms from = at + (time_ms)year_world_any(y, 48) * HOUR_MS;
        add_event(y, (struct year_event){at, YEAR_FREEZE, place, from, from + 3 * lasts});
        if (year_world_any(y, 3) == 0)
            add_event(y, (struct year_event){from + lasts, YEAR_THAW, place, from, 0});
        break;
    }
    case 5:
        add_event(y, (struct year_event){at, YEAR_FAIL, place, 0, 0});
        break;
    case 6:
        add_event(y, (struct year_event){at, YEAR_HOST_OFF, place, 0, 0});
        add_event(y, (struct year_event){at + lasts, YEAR_HOST_ON, place, 0, 0});
        break;
    case 7:
        add_event(y, (struct year_event){at, YEAR_SOURCE_OFF, place, 0, 0});
        add_event(y, (struct year_event){at + lasts, YEAR_SOURCE_ON, place, 0, 0});
        break;
    case 8:
        add_event(y, (struct year_event){at, YEAR_DOWN, 0, 0, 0});
        add_event(y, (struct year_event){at + lasts, YEAR_UP, 0, 0, 0});
        break;
    default: {
        int64_t by =
            (int64_t)(31 + year_world_any(y, 5400)) * (year_world_any(y, 2) == 0 ? 1000 : -1000);
        add_event(y, (struct year_event){at, YEAR_CLOCK, 0, 0, by});
        add_event(y, (struct year_event){at + lasts, YEAR_CLOCK, 0, 0, -by});
    }
    }
}

void year_events_make(struct year *y)
{
    for (int i = 0; i < y->o->merges; i++)
        add_event(y, (struct year_event){some_time(y), YEAR_MERGE, year_world_any(y, y->n_places),
                                         0, 0});
    for (int i = 0; i < y->o->disturbances; i++)
        add_trouble(y);
    for (size_t i = 0; i < y->n_places; i++)
        for (time_ms t = y->o->from; y->places[i].e->on == CONFIG_ON_RELEASE && t < y->o->to;
             t += DAY_MS)
            add_event(y, (struct year_event){t + (time_ms)year_world_any(y, 1440) * 60000, YEAR_ASK,
                                             i, 0, 0});
    if (y->r->n_events > 0)
        qsort(y->r->events, y->r->n_events, sizeof(*y->r->events), by_time);
}
