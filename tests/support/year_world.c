#include "tests/support/year_world.h"

#include <string.h>

#include "lib/calendar/occurrence.h"

time_ms year_world_clock(const struct year *y)
{
    return y->t + y->offset;
}

void year_world_wrong(struct year *y, const char *what, const struct place *p)
{
    if (y->r->wrong == NULL)
        y->r->wrong =
            arena_printf(y->arena, "seed %llu, %s %s at %lld: %s", (unsigned long long)y->o->seed,
                         p != NULL ? p->e->repo->name : "", p != NULL ? p->e->name : "",
                         (long long)year_world_clock(y), what);
}

uint64_t year_world_any(struct year *y, uint64_t below)
{
    y->random ^= y->random << 13;
    y->random ^= y->random >> 7;
    y->random ^= y->random << 17;
    return y->random % below;
}

void year_world_touch(struct year *y, size_t repo)
{
    for (size_t i = 0; i < y->repos[repo].n; i++)
        y->places[y->repos[repo].first + i].dirty = true;
}

void year_world_touch_all(struct year *y)
{
    for (size_t i = 0; i < y->n_repos; i++)
        year_world_touch(y, i);
}

void year_world_trouble(struct year *y, size_t repo, enum year_kind kind, bool goes_on)
{
    *ARENA_PUSH(y->arena, y->troubles, y->n_troubles, y->cap_troubles) =
        (struct trouble){y->t, goes_on ? NEVER : y->t, repo, kind};
}

void year_world_trouble_ends(struct year *y, size_t repo, enum year_kind kind)
{
    for (size_t i = y->n_troubles; i > 0; i--)
        if (y->troubles[i - 1].repo == repo && y->troubles[i - 1].kind == kind &&
            y->troubles[i - 1].to == NEVER)
            y->troubles[i - 1].to = y->t;
}

void year_world_set_up(struct year *y)
{
    const struct config *config = y->o->config;
    struct occurrence *found = arena_array(&y->scratch, 2000, sizeof(*found));
    size_t most = (size_t)y->o->merges + 2;

    for (size_t i = 0; i < config->n_repos; i++) {
        struct repo *r = &y->repos[y->n_repos];
        *r = (struct repo){.config = &config->repos[i],
                           .first = y->n_places,
                           .n = config->repos[i].n_environments,
                           .newest = 1};
        r->seen_at = arena_array(y->arena, most, sizeof(*r->seen_at));
        r->seen_at[1] = y->o->from;
        for (size_t k = 0; k < r->n; k++) {
            struct place *p = &y->places[y->n_places++];
            *p = (struct place){.e = &config->repos[i].environments[k],
                                .repo = y->n_repos,
                                .ends = NEVER,
                                .dirty = true};
            p->zone = calendar_zone(y->calendar, p->e);
            p->ended = arena_array(y->arena, most, sizeof(*p->ended));
            p->ended_at = arena_array(y->arena, most, sizeof(*p->ended_at));
            p->n_occurrences =
                occurrence_list(y->calendar, p->e, y->o->from, y->o->to + FORESEEN_MS, found, 2000);
            p->occurrences = arena_array(y->arena, p->n_occurrences, sizeof(*p->occurrences));
            p->decided = arena_array(y->arena, p->n_occurrences, sizeof(*p->decided));
            for (size_t o = 0; o < p->n_occurrences; o++) {
                p->occurrences[o].due_at = found[o].due_at;
                memcpy(p->occurrences[o].date, found[o].date, sizeof(found[o].date));
                memcpy(p->occurrences[o].time, found[o].time, sizeof(found[o].time));
            }
        }
        y->n_repos++;
    }
    arena_reset(&y->scratch);
}
