#include "server/flow/promises.h"

#include "lib/calendar/occurrence.h"
#include "lib/rules/soonest.h"
#include "lib/store/store_repository.h"
#include "server/flow/outlook.h"
#include "server/flow/snapshot.h"
#include "server/flow/times.h"

#define DAY_MS INT64_C(86400000)
#define TRIES_MAX 1000 /* occurrences looked at: the calendar's horizon ends it sooner */

/* At the first occurrence behind `g` at which it could start; `g` is stopped that long at the least. */
static time_ms start_later(const struct snapshot *snapshot, const struct config_environment *e,
                           struct gate_facts *g, time_ms stopped_until, time_ms now)
{
    struct occurrence next;

    for (int i = 0; i < TRIES_MAX && stopped_until != VERDICT_NEVER; i++) {
        time_ms from = g->start_at + 1;
        if (stopped_until - e->grace_ms > from)
            from = stopped_until - e->grace_ms; /* its grace may reach behind the stop (F7) */
        if (!occurrence_next(snapshot->calendar, e, from, &next))
            break;
        if (g->limited && next.due_at >= g->horizon) /* unknown so far: who asks looks further */
            return g->horizon < now + TIMES_DAYS_MAX * DAY_MS ? next.due_at : VERDICT_NEVER;
        g->start_at = next.due_at;
        g->start_until = next.due_at + e->grace_ms;
        if (soonest_start(g, now, &stopped_until))
            return stopped_until;
    }
    return VERDICT_NEVER;
}

/* Until it has come out well it is a candidate still; but nobody waits for another start of it. */
static bool goes_out_now(const struct outlook *outlook, const struct plan_release *target)
{
    return outlook->has_open && outlook->open.state == DEPLOYMENT_DEPLOYING &&
           target->number <= outlook->open.release_number;
}

/* What the target was asked for by, NULL = nobody asked. */
static const struct plan_wish *asked_by(const struct release_facts *f,
                                        const struct release_plan *plan)
{
    if (f->open != NULL && f->open->state == DEPLOYMENT_WAITING && plan->target == f->open_release)
        return f->open_wish.release != NULL ? &f->open_wish : NULL;
    return plan->hotfix ? &f->hotfix : plan->wish ? &f->wish : NULL;
}

time_ms promises_start(const struct outlook *outlook, const struct snapshot *snapshot,
                       const struct config_environment *environment, time_ms now)
{
    const struct release_plan *plan = &outlook->plan;
    struct gate_facts g = outlook->facts.gate;
    bool on_schedule = outlook->facts.on == DEPLOYMENT_ON_SCHEDULE && !plan->hotfix;
    struct gate_barrier barriers[RELEASE_PLAN_BARRIERS_MAX];
    time_ms at;

    if (plan->target == NULL || plan->start_at == VERDICT_NEVER ||
        goes_out_now(outlook, plan->target))
        return VERDICT_NEVER;
    g.start_at = plan->start_at;
    if (plan->hotfix)
        g.pass = GATE_HOTFIX; /* it waits for no time that it passes */
    if (!plan->rollback) {    /* what may not go before T is promised no earlier */
        g.barriers = barriers;
        g.n_barriers = release_plan_barriers(&outlook->facts, plan->target,
                                             asked_by(&outlook->facts, plan), barriers);
    }
    /* What has no times of its own is cut anew when the grace of a cut is over. */
    g.start_until = on_schedule || plan->hotfix ? plan->start_until : VERDICT_NEVER;
    if (soonest_start(&g, now, &at))
        return at;
    return on_schedule ? start_later(snapshot, environment, &g, at, now) : VERDICT_NEVER;
}

/* What all steps of one answer share. */
struct supposing {
    struct db *db;
    const struct snapshot *snapshot;
    const struct stops_change *change;
    time_ms now;
    struct arena *arena;
    struct promises *promises;
    size_t cap_moved, cap_under_way;
};

static int look_at(struct supposing *s, const struct repository *repository,
                   const struct config_environment *e, struct err *err)
{
    struct outlook *before = arena_alloc(s->arena, sizeof(*before));
    struct outlook *after = arena_alloc(s->arena, sizeof(*after));
    struct promises *p = s->promises;
    const struct release *release;
    int rc = outlook_make(s->db, s->snapshot, repository, e, s->now, s->arena, before, err);

    if (rc == 0)
        rc = outlook_suppose(s->db, s->snapshot, repository, e, NULL, s->change, s->now, s->arena,
                             after, err);
    if (rc < 0)
        return rc;
    if (before->has_open && before->open.state == DEPLOYMENT_DEPLOYING)
        *ARENA_PUSH(s->arena, p->under_way, p->n_under_way, s->cap_under_way) =
            (struct promises_under_way){e, before->open.release_number};
    release = outlook_release(after, after->plan.target);
    if (release == NULL || before->promised_at == after->promised_at)
        return 0;
    *ARENA_PUSH(s->arena, p->moved, p->n_moved, s->cap_moved) =
        (struct promises_moved){.environment = e,
                                .repository_id = repository->id,
                                .release = release,
                                .live_number = after->has_live ? after->live.release_number : 0,
                                .before = before->promised_at,
                                .after = after->promised_at};
    return 0;
}

int promises_suppose(struct db *db, const struct snapshot *snapshot,
                     const struct stops_change *change, time_ms now, struct arena *arena,
                     struct promises *ret_promises, struct err *err)
{
    const struct config *config = snapshot->config;
    struct promises promises = {.moved = NULL};
    struct supposing s = {.db = db,
                          .snapshot = snapshot,
                          .change = change,
                          .now = now,
                          .arena = arena,
                          .promises = &promises};
    int rc = 0;

    for (size_t i = 0; i < config->n_repos && rc == 0; i++) {
        const struct config_repo *repo = &config->repos[i];
        struct repository repository;
        rc = store_repository_by_name(db, arena, repo->name, &repository, err);
        if (rc == ERR_NOT_FOUND) {
            rc = 0; /* nothing of it was seen, so nothing is promised */
            continue;
        }
        for (size_t k = 0; k < repo->n_environments && rc == 0; k++)
            if (stops_change_concerns(change, &repository, repo->environments[k].name))
                rc = look_at(&s, &repository, &repo->environments[k], err);
    }
    if (rc == 0)
        *ret_promises = promises;
    return rc;
}
