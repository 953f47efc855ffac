#include "server/flow/moment.h"

#include "lib/calendar/interval.h"
#include "lib/calendar/occurrence.h"
#include "lib/store/store_baseline.h"
#include "lib/store/store_config.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_freeze.h"
#include "lib/store/store_hold.h"
#include "lib/store/store_release.h"
#include "server/flow/candidates.h"
#include "server/flow/foresee.h"
#include "server/flow/outlook.h"
#include "server/flow/snapshot.h"

/* What all environments of one answer share. */
struct asked {
    struct db *db;
    const struct snapshot *snapshot;
    const struct repository *repository;
    const struct foreseen *foreseen;
    struct arena *arena;
    time_ms now, at;
    time_ms configured_at; /* since when the configuration is what it is */
};

/* What is recorded -------------------------------------------------------------------------------- */

/* The last that had succeeded by then, or what a person had declared since (C7). */
static int load_live(const struct asked *a, const char *environment, struct moment *m,
                     struct err *err)
{
    struct deployment d;
    struct baseline b;
    struct err own = ERR_INIT;
    bool found, declared = false;
    int rc = candidates_maybe(store_deployment_live_at(a->db, a->arena, a->repository->id,
                                                       environment, a->at, &d, &own),
                              &found, &own, err);

    if (rc == 0 && found)
        m->live = (struct moment_release){.number = d.release_number, .at = d.ended_at};
    if (rc == 0)
        rc = candidates_maybe(store_baseline_last(a->db, a->arena, a->repository->id, environment,
                                                  a->at, &b, &own),
                              &declared, &own, err);
    if (rc < 0 || !declared || b.declared_at <= m->live.at)
        return rc;
    m->live = (struct moment_release){.number = b.release_number, .at = b.declared_at};
    m->live_is_declared = true;
    return 0;
}

static int load_starts(const struct asked *a, const char *environment, struct moment *m,
                       struct err *err)
{
    struct deployment d;
    struct err own = ERR_INIT;
    bool found;
    int rc = candidates_maybe(store_deployment_started_by(a->db, a->arena, a->repository->id,
                                                          environment, a->at, &d, &own),
                              &found, &own, err);

    if (rc == 0 && found && (d.ended_at == 0 || d.ended_at > a->at))
        m->going_out = (struct moment_release){.number = d.release_number, .at = d.started_at};
    if (rc == 0)
        rc = candidates_maybe(store_deployment_started_after(a->db, a->arena, a->repository->id,
                                                             environment, found ? d.id : 0, &d,
                                                             &own),
                              &found, &own, err);
    if (rc == 0 && found)
        m->next = (struct moment_release){.number = d.release_number, .at = d.started_at};
    return rc;
}

static int load_newest(const struct asked *a, struct moment *m, struct err *err)
{
    struct release r;
    struct err own = ERR_INIT;
    bool found;
    int rc = candidates_maybe(store_release_newest_at(a->db, a->arena, a->repository->id, a->at, &r,
                                                      &own),
                              &found, &own, err);

    /* r1 is no candidate by itself (C7). */
    if (rc == 0 && found && r.number > 1 && r.number > m->live.number &&
        r.number > m->going_out.number)
        m->waits = r.number;
    return rc;
}

/* What stops it then ------------------------------------------------------------------------------- */

static int load_stops(const struct asked *a, const struct config_environment *e, struct moment *m,
                      struct err *err)
{
    struct hold *holds = NULL;
    struct freeze *freezes = NULL;
    struct interval *configured;
    size_t n_holds = 0, n_freezes = 0, n = 0;
    int rc =
        store_hold_at(a->db, a->arena, a->repository->id, e->name, a->at, &holds, &n_holds, err);

    if (rc == 0)
        rc = store_freeze_at(a->db, a->arena, a->at, &freezes, &n_freezes, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n_holds; i++)
        verdict_bind(&m->stops, &(struct cause){.kind = CAUSE_HOLD,
                                                .who = holds[i].actor,
                                                .why = holds[i].reason,
                                                .since = holds[i].held_at,
                                                .until = holds[i].until_at != 0 ? holds[i].until_at
                                                                                : VERDICT_NEVER});
    for (size_t i = 0; i < n_freezes; i++)
        if (store_freeze_covers(&freezes[i], a->repository->name, e->name))
            verdict_bind(&m->stops, &(struct cause){.kind = CAUSE_FREEZE,
                                                    .what = freezes[i].name,
                                                    .since = freezes[i].from_at,
                                                    .until = freezes[i].to_at});
    if (a->at >= a->configured_at)
        n = interval_freezes(a->snapshot->config, e, calendar_zone(a->snapshot->calendar, e), a->at,
                             a->at + 1, a->arena, &configured);
    for (size_t i = 0; i < n; i++)
        verdict_bind(&m->stops, &(struct cause){.kind = CAUSE_FREEZE,
                                                .what = configured[i].name,
                                                .since = configured[i].from,
                                                .until = configured[i].to});
    return 0;
}

/* What is foreseen --------------------------------------------------------------------------------- */

/* Will what deploys now have come well out by then, in the time that the last ones took? */
static bool runs_out(const struct asked *a, const struct outlook *o, int64_t takes_ms)
{
    return a->at > a->now && o->has_open && o->open.state == DEPLOYMENT_DEPLOYING &&
           o->open.started_at + takes_ms <= a->at;
}

/* The play until then; what is recorded is its beginning. */
static void play_on(const struct asked *a, size_t index, struct moment *m)
{
    const struct foreseen *f = a->foreseen;

    if (runs_out(a, &f->outlooks[index], f->played[index].takes_ms)) {
        m->live = (struct moment_release){m->going_out.number,
                                          m->going_out.at + f->played[index].takes_ms, true};
        m->live_is_declared = false;
        m->going_out.number = 0;
    }
    for (size_t i = 0; i < f->n_starts; i++) {
        const struct forecast_start *s = &f->starts[i];
        struct moment_release r = {s->release_number, s->at, true};
        if (s->environment != index)
            continue;
        if (s->at > a->at) {
            if (m->next.number == 0)
                m->next = r;
        } else if (s->ends_at > a->at) {
            m->going_out = r;
        } else {
            r.at = s->ends_at;
            m->live = r;
            m->live_is_declared = false;
        }
    }
}

int moment_load(struct db *db, const struct snapshot *snapshot, const struct config_repo *repo,
                const struct repository *repository, time_ms now, time_ms at, struct arena *arena,
                struct moment **ret_moments, struct err *err)
{
    struct moment *list = arena_array(arena, repo->n_environments, sizeof(*list));
    struct foreseen foreseen;
    struct asked a = {.db = db,
                      .snapshot = snapshot,
                      .repository = repository,
                      .foreseen = &foreseen,
                      .arena = arena,
                      .now = now,
                      .at = at};
    int rc = foresee(db, snapshot, repo, repository, now, arena, &foreseen, err);

    if (rc == 0)
        rc = store_config_changed(db, &a.configured_at, err);
    for (size_t i = 0; i < repo->n_environments && rc == 0; i++) {
        const struct config_environment *e = &repo->environments[i];
        list[i] = (struct moment){.stops = verdict_go()};
        rc = load_live(&a, e->name, &list[i], err);
        if (rc == 0)
            rc = load_starts(&a, e->name, &list[i], err);
        if (rc < 0)
            break;
        play_on(&a, i, &list[i]);
        rc = load_newest(&a, &list[i], err);
        if (rc == 0)
            rc = load_stops(&a, e, &list[i], err);
    }
    *ret_moments = list;
    return rc;
}
