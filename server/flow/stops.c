#include "server/flow/stops.h"

#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "server/flow/ground.h"

static bool hold_concerns(const struct hold *h, int64_t repository_id, const char *environment)
{
    return h->repository_id == repository_id &&
           (h->environment == NULL || str_eq(h->environment, environment));
}

bool stops_change_concerns(const struct stops_change *c, const struct repository *repository,
                           const char *environment)
{
    for (size_t i = 0; i < c->n_lifted; i++)
        if (hold_concerns(&c->lifted[i], repository->id, environment))
            return true;
    return (c->hold != NULL && hold_concerns(c->hold, repository->id, environment)) ||
           (c->freeze != NULL && store_freeze_covers(c->freeze, repository->name, environment)) ||
           (c->removed != NULL && store_freeze_covers(c->removed, repository->name, environment));
}

static bool would_be_lifted(const struct stops_change *c, int64_t id)
{
    for (size_t i = 0; c != NULL && i < c->n_lifted; i++)
        if (c->lifted[i].id == id)
            return true;
    return false;
}

static int load_holds(struct ground *ground, const struct repository *repository,
                      const char *environment, const struct stops_change *supposed,
                      struct arena *arena, struct stops *stops, struct err *err)
{
    struct hold *found;
    size_t n = 0, cap = 0;
    int rc = !ground->standing.holds ? 0
                                     : store_hold_open(ground->db, arena, repository->id,
                                                       environment, ground->now, &found, &n, err);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i++)
        if (!would_be_lifted(supposed, found[i].id))
            *ARENA_PUSH(arena, stops->holds, stops->n_holds, cap) = found[i];
    if (supposed != NULL && supposed->hold != NULL &&
        hold_concerns(supposed->hold, repository->id, environment))
        *ARENA_PUSH(arena, stops->holds, stops->n_holds, cap) = *supposed->hold;
    return 0;
}

static int load_freezes(struct ground *ground, const struct repository *repository,
                        const char *environment, const struct stops_change *supposed,
                        struct arena *arena, struct stops *stops, struct err *err)
{
    const struct freeze *added = supposed != NULL ? supposed->freeze : NULL;
    const struct freeze *removed = supposed != NULL ? supposed->removed : NULL;
    const struct freeze *found;
    size_t n, cap = 0;
    int rc = ground_freezes(ground, &found, &n, err);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i++)
        if (store_freeze_covers(&found[i], repository->name, environment) &&
            (removed == NULL || removed->id != found[i].id))
            *ARENA_PUSH(arena, stops->freezes, stops->n_freezes, cap) = found[i];
    if (added != NULL && store_freeze_covers(added, repository->name, environment))
        *ARENA_PUSH(arena, stops->freezes, stops->n_freezes, cap) = *added;
    return 0;
}

int stops_load(struct ground *ground, const struct repository *repository, const char *environment,
               const struct stops_change *supposed, struct arena *arena, struct stops *ret_stops,
               struct err *err)
{
    const struct standing *standing;
    struct stops stops = {.holds = NULL};
    int rc = ground_standing(ground, &standing, err);

    if (rc < 0)
        return rc;
    stops.newest_hold = standing->newest_hold;
    stops.newest_freeze = standing->newest_freeze;
    rc = load_holds(ground, repository, environment, supposed, arena, &stops, err);
    if (rc == 0)
        rc = load_freezes(ground, repository, environment, supposed, arena, &stops, err);
    if (rc == 0)
        *ret_stops = stops;
    return rc;
}

time_ms stops_end(const struct stops *stops, time_ms now)
{
    time_ms end = now;

    for (size_t i = 0; i < stops->n_holds; i++)
        if (stops->holds[i].until_at > end)
            end = stops->holds[i].until_at;
    for (size_t i = 0; i < stops->n_freezes; i++)
        if (stops->freezes[i].to_at > end)
            end = stops->freezes[i].to_at;
    return end;
}

int stops_frozen_until(struct db *db, struct arena *arena, const struct repository *repository,
                       const char *environment, time_ms since, time_ms now, time_ms *io_at,
                       struct err *err)
{
    struct freeze *lists[2] = {NULL, NULL}; /* removed, and over by their time */
    size_t n[2] = {0, 0};
    int rc = store_freeze_removed(db, arena, since, &lists[0], &n[0], err);

    if (rc == 0)
        rc = store_freeze_list(db, arena, since, &lists[1], &n[1], err);
    for (size_t k = 0; k < 2 && rc == 0; k++)
        for (size_t i = 0; i < n[k]; i++) {
            const struct freeze *f = &lists[k][i];
            time_ms end = k == 0 ? f->removed_at : f->to_at;
            if (end <= now && f->from_at < end && end > *io_at &&
                store_freeze_covers(f, repository->name, environment))
                *io_at = end;
        }
    return rc;
}

void stops_bind(const struct stops *stops, struct arena *arena, struct gate_facts *g)
{
    struct gate_hold *holds = arena_array(arena, stops->n_holds, sizeof(*holds));
    struct interval *freezes =
        arena_array(arena, g->n_freezes + stops->n_freezes, sizeof(*freezes));

    for (size_t i = 0; i < stops->n_holds; i++) {
        const struct hold *h = &stops->holds[i];
        holds[i] = (struct gate_hold){.who = h->actor,
                                      .why = h->reason,
                                      .since = h->held_at,
                                      .until = h->until_at != 0 ? h->until_at : VERDICT_NEVER};
    }
    for (size_t i = 0; i < g->n_freezes; i++)
        freezes[i] = g->freezes[i];
    for (size_t i = 0; i < stops->n_freezes; i++) {
        const struct freeze *f = &stops->freezes[i];
        freezes[g->n_freezes + i] = (struct interval){.from = f->from_at,
                                                      .to = f->to_at,
                                                      .name = f->name,
                                                      .strict = !f->allow_rollback};
    }
    g->holds = holds;
    g->n_holds = stops->n_holds;
    g->freezes = freezes;
    g->n_freezes += stops->n_freezes;
}

int stops_unchanged(struct db *db, const struct stops *stops, int64_t repository_id,
                    const char *repository, const char *environment, time_ms now, struct err *err)
{
    int rc = store_hold_unchanged(db, repository_id, environment, stops->newest_hold, err);

    return rc < 0 ? rc
                  : store_freeze_unchanged(db, repository, environment, stops->newest_freeze, now,
                                           err);
}
