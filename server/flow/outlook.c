#include "server/flow/outlook.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "lib/calendar/occurrence.h"
#include "lib/rules/rules_occurrence.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_command.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_hold.h"
#include "lib/store/store_occurrence.h"
#include "lib/store/store_release.h"
#include "server/flow/candidates.h"
#include "server/flow/catch_up.h"
#include "server/flow/ground.h"
#include "server/flow/outlook_hosts.h"
#include "server/flow/promises.h"
#include "server/flow/snapshot.h"
#include "server/flow/times.h"
#include "server/flow/way_back.h"

#define OCCURRENCES_MAX                                                                            \
    128 /* looked through at once: more than one day has, so not all are due at one instant */
#define MISSED_MAX 64 /* told at once */
#define DAY_MS INT64_C(86400000)

/* Another program ships other documents: what waits is not what was approved any more (A1). */
static bool plan_changed(const struct outlook *o)
{
    char digest[PLAN_DIGEST_SIZE];

    if (!o->lacks.binds_plan || o->open.state != DEPLOYMENT_WAITING)
        return false;
    (void)plan_digest_make(&o->lacks.plan, o->open.sha, digest);
    return strcmp(digest, o->open.plan_digest) != 0;
}

static int load_open(struct candidates *m, struct err *err)
{
    struct outlook *o = m->outlook;
    struct attempt *attempts;
    size_t n_attempts;
    int rc;

    if (!o->has_open)
        return 0;
    o->facts.open = &o->open;
    o->facts.config_changed =
        strcmp(o->open.config_digest, m->snapshot->digest) != 0 || plan_changed(o);
    if ((rc = store_command_count(m->db, o->open.id, &o->facts.open_rows, err)) < 0 ||
        (rc = store_attempt_of_deployment(m->db, m->arena, o->open.id, &attempts, &n_attempts,
                                          err)) < 0)
        return rc;
    for (size_t i = 0; i < n_attempts; i++)
        o->facts.open_unsettled = o->facts.open_unsettled || attempts[i].settled_at == 0;
    return 0;
}

/* `after-failure: rollback`: without a person nothing goes back over a database that was changed (R2). */
static int load_way_back(struct candidates *m, struct err *err)
{
    struct outlook *o = m->outlook;
    struct release_facts *f = &o->facts;
    int rc;

    if (!f->after_failure_back || !o->has_open || o->open.state != DEPLOYMENT_ATTENTION)
        return 0;
    o->way_back = arena_alloc(m->arena, sizeof(*o->way_back));
    rc = way_back_find(m->db, m->arena, m->repository->id, m->environment->name, f->live_number, 0,
                       o->way_back, err);
    if (rc < 0)
        return rc;
    f->back_is_nothing = o->way_back->judged.answer == RULES_ROLLBACK_NOTHING_TOUCHED;
    if (o->way_back->judged.answer == RULES_ROLLBACK_GOES && o->way_back->n_changes == 0)
        f->back_to = o->way_back->judged.target;
    return 0;
}

static const char *rule_of(struct candidates *m, const struct occurrence *o)
{
    return arena_printf(m->arena, "%s %s", o->time, m->environment->timezone);
}

static struct plan_occurrence planned(const struct occurrence *o)
{
    struct plan_occurrence p = {.due_at = o->due_at};

    memcpy(p.date, o->date, sizeof(p.date));
    memcpy(p.time, o->time, sizeof(p.time));
    return p;
}

static int is_decided(struct candidates *m, const struct occurrence *o, bool *ret_decided,
                      struct err *err)
{
    const struct occurrence_key key = {m->repository->id, m->environment->name, o->date, o->time};

    return store_occurrence_is_decided(m->db, &key, ret_decided, err);
}

/* The first one behind `after` that is still to be decided: a promise names no other. */
static int load_next(struct candidates *m, time_ms after, struct err *err)
{
    struct occurrence o;
    bool decided = true;
    int rc = 0;

    while (rc == 0 && decided &&
           occurrence_next(m->snapshot->calendar, m->environment, after + 1, &o)) {
        after = o.due_at;
        rc = is_decided(m, &o, &decided, err);
        if (rc == 0 && !decided)
            m->outlook->facts.next = planned(&o);
    }
    return rc;
}

/* One that is over, or due now. */
static int sort_in(struct candidates *m, const struct occurrence *found,
                   struct plan_occurrence *missed, struct err *err)
{
    struct release_facts *f = &m->outlook->facts;
    struct plan_occurrence o = planned(found);
    enum occurrence_stage stage;
    bool decided = false;
    time_ms since = 0;
    int rc = is_decided(m, found, &decided, err);

    if (rc == 0)
        rc = store_schedule_since(m->db, m->repository->id, m->environment->name, rule_of(m, found),
                                  &since, err);
    if (rc < 0)
        return rc;
    stage = rules_occurrence_stage(f, &o, decided, since, m->now);
    if (stage == OCCURRENCE_MISSED)
        missed[f->n_missed++] = o;
    else if (stage == OCCURRENCE_DUE && f->current.date[0] == '\0')
        f->current = o;
    return 0;
}

/* The first instant of which something may be undecided: behind the last decision, and since the schedule is ours. */
static int undecided_since(struct candidates *m, time_ms *ret_from, struct err *err)
{
    const char *environment = m->environment->name;
    time_ms ours = 0;
    int rc = store_occurrence_latest(m->db, m->repository->id, environment, ret_from, err);

    if (rc == 0 && *ret_from < m->now - DAY_MS)
        rc = store_schedule_oldest(m->db, m->repository->id, environment, &ours, err);
    if (*ret_from < m->now - 30 * DAY_MS)
        *ret_from = m->now - 30 * DAY_MS;
    if (*ret_from < ours)
        *ret_from = ours;
    if (m->ahead && *ret_from <= m->now - m->environment->grace_ms)
        *ret_from = m->now - m->environment->grace_ms + 1;
    return rc;
}

/*
 * Undecided occurrences since this `at` is in the schedule: over (missed), current, and the next (F6). There may be
 * many that are not ours, decided or older than their `at`: they come in portions, and each is looked through.
 */
static int load_occurrences(struct candidates *m, struct err *err)
{
    const struct config_environment *e = m->environment;
    struct release_facts *f = &m->outlook->facts;
    struct occurrence found[OCCURRENCES_MAX];
    struct plan_occurrence *missed = arena_array(m->arena, MISSED_MAX, sizeof(*missed));
    time_ms cut_due = m->now + e->cut_off_ms;
    time_ms from;
    size_t n = OCCURRENCES_MAX;
    int rc = undecided_since(m, &from, err);

    f->missed = missed;
    while (rc == 0 && n == OCCURRENCES_MAX && f->current.date[0] == '\0' &&
           f->n_missed < MISSED_MAX) {
        n = occurrence_list(m->snapshot->calendar, e, from, cut_due + 1, found, OCCURRENCES_MAX);
        if (n == OCCURRENCES_MAX) /* more may be due at the last one's instant */
            from = found[n - 1].due_at;
        for (size_t i = 0; i < n && rc == 0 && f->n_missed < MISSED_MAX; i++)
            if (n < OCCURRENCES_MAX || found[i].due_at < from)
                rc = sort_in(m, &found[i], missed, err);
    }
    return rc < 0 ? rc : load_next(m, cut_due, err);
}

/* An attempt that holds a database of this environment (M2), or the fence before it (G5). */
static int load_unsettled(struct candidates *m, struct err *err)
{
    const struct config_repo *repo = m->environment->repo;
    struct gate_facts *g = &m->outlook->facts.gate;

    for (size_t i = 0; i < repo->n_jobs; i++) {
        struct attempt attempt;
        struct err own = ERR_INIT;
        const char *database;
        bool found, fenced = false;
        int rc;
        if (repo->jobs[i].once == NULL || !config_job_runs(&repo->jobs[i], m->environment))
            continue;
        database =
            config_database(m->snapshot->config, m->environment, repo->jobs[i].once, m->arena);
        rc = candidates_maybe(store_attempt_unsettled(m->db, m->arena, database, &attempt, &own),
                              &found, &own, err);
        if (rc == 0 && !found) {
            rc = store_attempt_is_fenced(m->db, database, &fenced, err);
            if (fenced) {
                g->unsettled_database = database;
                g->unsettled_host = NULL;
                g->unsettled_command =
                    arena_printf(m->arena, "slipway fence advance %s -m WHY", database);
                g->unsettled_since = 0;
            }
        }
        if (rc < 0)
            return rc;
        /* One of the open deployment itself is its own business. */
        if (!found || (m->outlook->has_open && attempt.deployment_id == m->outlook->open.id))
            continue;
        g->unsettled_database = attempt.database;
        g->unsettled_host = attempt.host;
        g->unsettled_command = NULL;
        g->unsettled_since = attempt.planned_at;
    }
    return 0;
}

/* Who is silent is waited for from the end of a hold, or of people's freeze, on (P2): of those that are over, the last. */
static int load_held(struct candidates *m, struct err *err)
{
    struct gate_facts *g = &m->outlook->facts.gate;
    const char *environment = m->environment->name;
    time_ms since = m->now - g->start_within_ms;
    int rc = 0;

    for (size_t i = 0; i < g->n_hosts; i++) {
        if (m->now - g->hosts[i].seen_at < HOST_SILENT_AFTER_MS && g->hosts[i].lacks == NULL)
            continue;
        rc = store_hold_ended(m->db, m->repository->id, environment, since, m->now, &g->held_until,
                              err);
        return rc < 0 ? rc
                      : stops_frozen_until(m->db, m->arena, m->repository, environment, since,
                                           m->now, &g->held_until, err);
    }
    return 0;
}

/* What the configuration opens and freezes, and behind it people's stops. */
static int load_stops(struct candidates *m, struct err *err)
{
    int rc = stops_load(m->ground, m->repository, m->environment->name, m->supposed, m->arena,
                        &m->outlook->stops, err);

    if (rc < 0)
        return rc;
    times_load(m->snapshot, m->environment, m->now, stops_end(&m->outlook->stops, m->now), m->arena,
               &m->outlook->facts.gate);
    stops_bind(&m->outlook->stops, m->arena, &m->outlook->facts.gate);
    return load_held(m, err);
}

static int load_gate(struct candidates *m, struct err *err)
{
    const struct config_environment *e = m->environment;
    struct outlook *o = m->outlook;
    struct gate_facts *g = &o->facts.gate;
    struct gate_setting *settings = arena_array(m->arena, e->n_unbuilt, sizeof(*settings));
    int rc = outlook_hosts_load(m, err);

    if (rc < 0 || (rc = outlook_hosts_rollback(m, err)) < 0 || (rc = catch_up_load(m, err)) < 0)
        return rc;
    for (size_t i = 0; i < e->n_unbuilt; i++)
        settings[i] = (struct gate_setting){e->unbuilt[i].setting, e->unbuilt[i].line};
    g->pass = GATE_NORMAL;
    g->not_built = settings;
    g->n_not_built = e->n_unbuilt;
    if (m->repository->rewritten_sha[0] != '\0')
        g->rewritten = arena_str(m->arena, m->repository->rewritten_sha);
    g->source_seen_at = m->repository->fetched_at;
    g->source_failure = m->repository->failure;
    if (o->has_open && o->open.state != DEPLOYMENT_WAITING) {
        g->open_deployment = arena_printf(m->arena, "r%lld", (long long)o->open.release_number);
        g->open_state = o->open.state;
        g->open_since = o->open.started_at;
    }
    rc = load_stops(m, err);
    return rc < 0 ? rc : load_unsettled(m, err);
}

void outlook_judge(struct outlook *o, const struct snapshot *snapshot,
                   const struct config_environment *environment, time_ms now)
{
    release_plan_make(&o->facts, now, &o->plan);
    o->promised_at = VERDICT_NEVER;
    if (o->plan.rollback) /* it goes now, and nobody is promised a time */
        return;
    o->promised_at = promises_start(o, snapshot, environment, now);
    times_explain(o, environment, now);
}

static int make(struct candidates *m, struct err *err)
{
    static const enum deployment_trigger triggers[] = {
        [CONFIG_ON_PULL_REQUEST] = DEPLOYMENT_ON_RELEASE, /* not built: it binds the gate */
        [CONFIG_ON_MERGE] = DEPLOYMENT_ON_MERGE,
        [CONFIG_ON_SCHEDULE] = DEPLOYMENT_ON_SCHEDULE,
        [CONFIG_ON_RELEASE] = DEPLOYMENT_ON_RELEASE};
    const struct config_environment *environment = m->environment;
    const struct repository *repository = m->repository;
    struct release_facts *f = &m->outlook->facts;
    int rc;

    *m->outlook = (struct outlook){.repository_id = repository->id};
    f->on = triggers[environment->on];
    f->grace_ms = environment->grace_ms;
    f->cut_off_ms = environment->cut_off_ms;
    f->delay_ms = environment->delay_ms;
    if (f->on == DEPLOYMENT_ON_SCHEDULE && environment->at.n == 0)
        f->on = DEPLOYMENT_ON_MERGE; /* without `at` it is due whenever its windows are open (F7) */
    f->after_failure_next = environment->after_failure == CONFIG_NEXT;
    f->after_failure_back = environment->after_failure == CONFIG_ROLLBACK;
    if ((rc = candidates_load(m, err)) < 0 || (rc = load_open(m, err)) < 0 ||
        (rc = load_way_back(m, err)) < 0 || (rc = load_gate(m, err)) < 0)
        return err_wrap(err, "%s %s", repository->name, environment->name);
    if (f->on == DEPLOYMENT_ON_SCHEDULE && (rc = load_occurrences(m, err)) < 0)
        return err_wrap(err, "%s %s", repository->name, environment->name);
    outlook_judge(m->outlook, m->snapshot, environment, m->now);
    while (times_look_further(m->snapshot, environment, m->now, m->arena, m->outlook)) {
        stops_bind(&m->outlook->stops, m->arena, &f->gate);
        outlook_judge(m->outlook, m->snapshot, environment, m->now);
    }
    return 0;
}

/* A question of its own. */
static int make_alone(struct candidates *m, struct err *err)
{
    m->ground = arena_alloc(m->arena, sizeof(*m->ground));
    ground_init(m->ground, m->db, m->arena, m->now);
    return make(m, err);
}

int outlook_make_with(struct ground *ground, const struct snapshot *snapshot,
                      const struct repository *repository,
                      const struct config_environment *environment, struct arena *arena,
                      struct outlook *ret_outlook, struct err *err)
{
    struct candidates m = {.db = ground->db,
                           .ground = ground,
                           .snapshot = snapshot,
                           .repository = repository,
                           .environment = environment,
                           .now = ground->now,
                           .arena = arena,
                           .outlook = ret_outlook};

    return make(&m, err);
}

int outlook_make(struct db *db, const struct snapshot *snapshot,
                 const struct repository *repository, const struct config_environment *environment,
                 time_ms now, struct arena *arena, struct outlook *ret_outlook, struct err *err)
{
    struct candidates m = {.db = db,
                           .snapshot = snapshot,
                           .repository = repository,
                           .environment = environment,
                           .now = now,
                           .arena = arena,
                           .outlook = ret_outlook};

    return make_alone(&m, err);
}

int outlook_make_ahead(struct db *db, const struct snapshot *snapshot,
                       const struct repository *repository,
                       const struct config_environment *environment, time_ms at,
                       struct arena *arena, struct outlook *ret_outlook, struct err *err)
{
    struct candidates m = {.db = db,
                           .snapshot = snapshot,
                           .repository = repository,
                           .environment = environment,
                           .now = at,
                           .arena = arena,
                           .outlook = ret_outlook,
                           .ahead = true};

    return make_alone(&m, err);
}

int outlook_suppose(struct db *db, const struct snapshot *snapshot,
                    const struct repository *repository,
                    const struct config_environment *environment, const struct wish *wish,
                    const struct stops_change *stops, time_ms now, struct arena *arena,
                    struct outlook *ret_outlook, struct err *err)
{
    struct candidates m = {.db = db,
                           .snapshot = snapshot,
                           .repository = repository,
                           .environment = environment,
                           .now = now,
                           .arena = arena,
                           .outlook = ret_outlook,
                           .suppose = wish,
                           .supposed = stops};

    return make_alone(&m, err);
}

int outlook_suppose_rollback(struct db *db, const struct snapshot *snapshot,
                             const struct repository *repository,
                             const struct config_environment *environment,
                             const struct rollback *rollback, time_ms now, struct arena *arena,
                             struct outlook *ret_outlook, struct err *err)
{
    struct candidates m = {.db = db,
                           .snapshot = snapshot,
                           .repository = repository,
                           .environment = environment,
                           .now = now,
                           .arena = arena,
                           .outlook = ret_outlook,
                           .suppose_rollback = rollback};

    return make_alone(&m, err);
}

int outlook_suppose_said(struct db *db, const struct snapshot *snapshot,
                         const struct repository *repository,
                         const struct config_environment *environment,
                         const struct lacks_change *said, time_ms now, struct arena *arena,
                         struct outlook *ret_outlook, struct err *err)
{
    struct candidates m = {.db = db,
                           .snapshot = snapshot,
                           .repository = repository,
                           .environment = environment,
                           .now = now,
                           .arena = arena,
                           .outlook = ret_outlook,
                           .said = said};

    return make_alone(&m, err);
}

const struct release *outlook_release(const struct outlook *outlook,
                                      const struct plan_release *candidate)
{
    for (size_t i = 0; candidate != NULL && i < outlook->n_releases; i++)
        if (outlook->releases[i].number == candidate->number)
            return &outlook->releases[i];
    return NULL;
}
