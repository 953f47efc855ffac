#include "server/flow/foresee.h"

#include <string.h>

#include "lib/calendar/occurrence.h"
#include "lib/model/host.h"
#include "lib/rules/rules_occurrence.h"
#include "lib/store/store_occurrence.h"
#include "server/flow/outlook.h"
#include "server/flow/snapshot.h"

#define OCCURRENCES_MAX 256
#define TAKES_UNKNOWN_MS 60000 /* where nothing was deployed yet */

/* Undecided ones from what may still start until the end of the view (F6). */
static int load_occurrences(struct db *db, const struct snapshot *snapshot,
                            const struct repository *repository, const struct config_environment *e,
                            time_ms now, struct arena *arena, struct forecast_environment *f,
                            struct err *err)
{
    struct occurrence *found = arena_array(arena, OCCURRENCES_MAX, sizeof(*found));
    struct plan_occurrence *list = arena_array(arena, OCCURRENCES_MAX, sizeof(*list));
    size_t n = occurrence_list(snapshot->calendar, e, now - e->grace_ms, now + FORESEE_MS, found,
                               OCCURRENCES_MAX);
    int rc = 0;

    for (size_t i = 0; i < n && rc == 0; i++) {
        const struct occurrence_key key = {repository->id, e->name, found[i].date, found[i].time};
        struct plan_occurrence *o = &list[f->n_occurrences];
        time_ms since = found[i].due_at; /* of what is ahead: it stays in the schedule */
        enum occurrence_stage stage;
        bool decided = false;
        *o = (struct plan_occurrence){.due_at = found[i].due_at};
        memcpy(o->date, found[i].date, sizeof(o->date));
        memcpy(o->time, found[i].time, sizeof(o->time));
        if (found[i].due_at <= now) {
            rc = store_occurrence_is_decided(db, &key, &decided, err);
            if (rc == 0)
                rc = store_schedule_since(db, repository->id, e->name,
                                          arena_printf(arena, "%s %s", found[i].time, e->timezone),
                                          &since, err);
        }
        stage = rules_occurrence_stage(&f->facts, o, decided, since, now);
        if (rc < 0 || stage == OCCURRENCE_NOTHING || stage == OCCURRENCE_MISSED)
            continue;
        f->n_occurrences++;
    }
    f->occurrences = list;
    return rc;
}

int foresee(struct db *db, const struct snapshot *snapshot, const struct config_repo *repo,
            const struct repository *repository, time_ms now, struct arena *arena,
            struct foreseen *ret_foreseen, struct err *err)
{
    struct forecast_environment *list = arena_array(arena, repo->n_environments, sizeof(*list));
    struct foreseen f = {.repo = repo};
    int rc = 0;

    f.outlooks = arena_array(arena, repo->n_environments, sizeof(*f.outlooks));
    for (size_t i = 0; i < repo->n_environments && rc == 0; i++) {
        const struct config_environment *e = &repo->environments[i];
        struct outlook *o = &f.outlooks[i];
        rc = outlook_make(db, snapshot, repository, e, now, arena, o, err);
        if (rc < 0)
            break;
        list[i] = (struct forecast_environment){.name = e->name,
                                                .facts = o->facts,
                                                .takes_ms = TAKES_UNKNOWN_MS};
        if (o->has_live && o->live.started_at != 0 && o->live.ended_at > o->live.started_at)
            list[i].takes_ms = o->live.ended_at - o->live.started_at;
        rc = load_occurrences(db, snapshot, repository, e, now, arena, &list[i], err);
    }
    if (rc < 0)
        return rc;
    f.played = list;
    f.n_starts = forecast_make(list, repo->n_environments, now, now + FORESEE_MS, FORESEE_MAX,
                               arena, &f.starts);
    *ret_foreseen = f;
    return 0;
}

int foresee_outlook(struct db *db, const struct snapshot *snapshot,
                    const struct repository *repository,
                    const struct config_environment *environment, time_ms now, time_ms at,
                    struct arena *arena, struct outlook *ret_outlook, struct err *err)
{
    int rc = (at > now ? outlook_make_ahead : outlook_make)(db, snapshot, repository, environment,
                                                            at, arena, ret_outlook, err);
    struct gate_facts *g = &ret_outlook->facts.gate;
    struct gate_host *hosts;

    if (rc < 0 || at <= now)
        return rc;
    hosts = arena_array(arena, g->n_hosts, sizeof(*hosts));
    for (size_t i = 0; i < g->n_hosts; i++) {
        hosts[i] = g->hosts[i];
        if (now - hosts[i].seen_at < HOST_SILENT_AFTER_MS)
            hosts[i].seen_at = at;
    }
    g->hosts = hosts;
    if (g->source_failure == NULL && g->source_seen_at != 0 &&
        now - g->source_seen_at < GATE_SOURCE_FRESH_MS)
        g->source_seen_at = at;
    release_plan_make(&ret_outlook->facts, at, &ret_outlook->plan);
    return 0;
}

const struct forecast_start *foresee_start(const struct foreseen *foreseen, size_t environment,
                                           int64_t number)
{
    for (size_t i = 0; i < foreseen->n_starts; i++) {
        const struct forecast_start *s = &foreseen->starts[i];
        if (s->environment == environment && s->release_number >= number && s->from_number < number)
            return s;
    }
    return NULL;
}
