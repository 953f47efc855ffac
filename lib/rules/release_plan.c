#include "lib/rules/release_plan.h"

#include <string.h>

/* Does it have everything that belongs to a release here? */
static bool candidate_is_ready(const struct plan_release *r)
{
    for (size_t i = 0; i < r->n_needs; i++)
        if (!r->needs[i].proven || !r->needs[i].rehearsed)
            return false;
    return !r->failed;
}

/* A start at an occurrence brings only what was there at its cut: a promise is not widened later. */
static bool candidate_is_in_time(const struct release_facts *f, const struct plan_release *r,
                                 const struct plan_occurrence *at)
{
    return at->date[0] == '\0' || r->seen_at <= at->due_at - f->cut_off_ms;
}

/* r1 is the baseline: it goes out only if a person asks for it (C7). */
static const struct plan_release *newest_of(const struct release_facts *f,
                                            const struct plan_occurrence *at, bool ready)
{
    for (size_t i = f->n_releases; i > 0; i--) {
        const struct plan_release *r = &f->releases[i - 1];
        if (r->number > 1 && candidate_is_in_time(f, r, at) && (!ready || candidate_is_ready(r)))
            return r;
    }
    return NULL;
}

static struct gate_facts facts_of(const struct release_facts *f, const struct plan_release *target,
                                  time_ms start_at, time_ms start_until)
{
    struct gate_facts g = f->gate;

    g.start_at = start_at;
    g.start_until = start_until;
    if (target != NULL) {
        g.needs = target->needs;
        g.n_needs = target->n_needs;
        g.failed_before = target->failed;
        g.failed_at = target->failed_at;
    }
    return g;
}

static void plan_decide(struct release_plan *p, const struct plan_occurrence *at,
                        const char *decision, const char *cause)
{
    if (p->n_decisions < RELEASE_PLAN_DECISIONS_MAX)
        p->decisions[p->n_decisions++] =
            (struct plan_decision){.occurrence = *at, .decision = decision, .cause = cause};
}

/* A cut that waits for it: undoing that decides it too, and may do so only once (I8). */
static bool is_cut_for(const struct deployment *open, const struct plan_occurrence *at)
{
    return open != NULL && open->state == DEPLOYMENT_WAITING &&
           strcmp(open->occurrence_date, at->date) == 0 &&
           strcmp(open->occurrence_time, at->time) == 0;
}

/* Occurrences whose interval is over: deferred if there was something to bring, else skipped (F7). */
static void plan_missed(const struct release_facts *f, struct release_plan *p)
{
    for (size_t i = 0; i < f->n_missed; i++) {
        const struct plan_occurrence *at = &f->missed[i];
        bool had = newest_of(f, at, false) != NULL;
        if (is_cut_for(f->open, at))
            continue;
        plan_decide(p, at, had ? "deferred" : "skipped",
                    had ? verdict_cause_key(CAUSE_SCHEDULE) : NULL);
    }
}

/* When the target would start, by what the environment is `on:`. */
static void plan_times(const struct release_facts *f, struct release_plan *p, time_ms now)
{
    p->start_at = now;
    p->start_until = VERDICT_NEVER;
    switch (f->on) {
    case DEPLOYMENT_ON_MERGE:
        if (p->target != NULL)
            p->start_at = p->target->seen_at;
        break;
    case DEPLOYMENT_ON_RELEASE:
        p->start_at = f->wished != NULL ? f->wished_at : VERDICT_NEVER;
        break;
    case DEPLOYMENT_ON_SCHEDULE:
        if (p->occurrence.date[0] == '\0') {
            p->start_at = VERDICT_NEVER;
            break;
        }
        p->start_at = p->occurrence.due_at;
        p->start_until = p->occurrence.due_at + f->grace_ms;
        break;
    case DEPLOYMENT_TRIGGERS_COUNT:
        break;
    }
}

/* The target, and on a schedule the occurrence that it is for: the current one, else the next. */
static void plan_target(const struct release_facts *f, struct release_plan *p)
{
    struct plan_occurrence none = {.due_at = 0};

    if (f->on == DEPLOYMENT_ON_RELEASE && f->wished != NULL) {
        p->target = f->wished;
        return;
    }
    if (f->on == DEPLOYMENT_ON_SCHEDULE && f->current.date[0] != '\0') {
        p->occurrence = f->current;
        p->target = newest_of(f, &f->current, true);
        if (p->target == NULL)
            p->target = newest_of(f, &f->current, false);
        if (p->target != NULL)
            return;
        /* Nothing was there at its cut: nothing to wait for. */
        plan_decide(p, &f->current, "skipped", NULL);
    }
    p->occurrence = f->on == DEPLOYMENT_ON_SCHEDULE ? f->next : none;
    p->target = newest_of(f, &none, true);
    if (p->target == NULL)
        p->target = newest_of(f, &none, false);
}

/* Newer ones than the target say what they lack (C1). */
static void plan_newest(const struct release_facts *f, struct release_plan *p, time_ms now)
{
    const struct plan_release *newest = f->n_releases > 0 ? &f->releases[f->n_releases - 1] : NULL;
    struct gate_facts g;

    if (newest == NULL || p->target == NULL || newest->number <= p->target->number)
        return;
    p->newest = newest;
    g = facts_of(f, newest, p->start_at, p->start_until);
    p->newest_verdict = gate_judge(&g, now);
}

static void plan_without_open(const struct release_facts *f, struct release_plan *p, time_ms now)
{
    struct gate_facts g;
    bool cut_is_due;

    plan_target(f, p);
    plan_times(f, p, now);
    if (p->target == NULL) {
        p->verdict = verdict_go();
        p->verdict.go = false;
        /* An occurrence that finds nothing is decided at its time, not when somebody looks. */
        if (p->occurrence.date[0] != '\0')
            verdict_change_at(&p->verdict, p->occurrence.due_at - f->cut_off_ms);
        return;
    }
    /* Nobody asked: no time is promised, and no time stands in the way. */
    g = facts_of(f, p->target,
                 f->on == DEPLOYMENT_ON_RELEASE && f->wished == NULL ? now : p->start_at,
                 p->start_until);
    g.not_asked = f->on == DEPLOYMENT_ON_RELEASE && f->wished == NULL;
    if (f->wished != NULL)
        g.failed_before = false; /* a person brings it out again (C1) */
    p->verdict = gate_judge(&g, now);
    if (f->on == DEPLOYMENT_ON_SCHEDULE && p->start_at == VERDICT_NEVER && p->verdict.n_causes == 0)
        verdict_bind(&p->verdict, &(struct cause){.kind = CAUSE_SCHEDULE, .until = VERDICT_NEVER});
    plan_newest(f, p, now);

    cut_is_due = f->cut_off_ms > 0 && f->on == DEPLOYMENT_ON_SCHEDULE &&
                 p->start_at != VERDICT_NEVER && now >= p->start_at - f->cut_off_ms &&
                 now < p->start_until && candidate_is_ready(p->target) &&
                 verdict_cause(&p->verdict, CAUSE_NO_HOST) == NULL; /* hosts are part of it (P4) */
    if (p->verdict.go || cut_is_due)
        p->action = PLAN_CUT;
    else if (f->cut_off_ms > 0 && p->start_at != VERDICT_NEVER && now < p->start_at - f->cut_off_ms)
        verdict_change_at(&p->verdict, p->start_at - f->cut_off_ms);
}

static void plan_waiting(const struct release_facts *f, struct release_plan *p, time_ms now)
{
    struct gate_facts g =
        facts_of(f, f->open_release, f->open->start_at,
                 f->open->start_until == 0 ? VERDICT_NEVER : f->open->start_until);

    p->target = f->open_release;
    p->start_at = g.start_at;
    p->start_until = g.start_until;
    if (f->open->trigger == DEPLOYMENT_ON_RELEASE)
        g.failed_before = false;
    p->verdict = gate_judge(&g, now);
    if (f->config_changed) {
        p->action = PLAN_UNDO;
        p->reason = "the configuration changed after the cut";
    } else if (f->open_rows < f->open->rows_expected) {
        p->action = PLAN_UNDO;
        p->reason = "the cut was interrupted";
    } else if (now >= p->start_until) {
        p->action = PLAN_UNDO;
        p->reason = "its time passed before it could start";
    } else if (p->verdict.go) {
        p->action = PLAN_START;
    }
    plan_newest(f, p, now);
}

/* Deploying, or waiting for a person: what comes next binds behind it. */
static void plan_behind(const struct release_facts *f, struct release_plan *p, time_ms now)
{
    plan_without_open(f, p, now);
    p->action = PLAN_WAIT;
    if (f->open->state == DEPLOYMENT_ATTENTION && f->after_failure_next && !f->open_unsettled &&
        p->target != NULL && p->target->number > f->open->release_number &&
        candidate_is_ready(p->target)) {
        p->action = PLAN_GIVE_UP;
        p->reason = "a newer release follows";
    }
}

void release_plan_make(const struct release_facts *facts, time_ms now,
                       struct release_plan *ret_plan)
{
    *ret_plan = (struct release_plan){.action = PLAN_WAIT, .start_at = VERDICT_NEVER};

    plan_missed(facts, ret_plan);
    if (facts->open == NULL)
        plan_without_open(facts, ret_plan, now);
    else if (facts->open->state == DEPLOYMENT_WAITING)
        plan_waiting(facts, ret_plan, now);
    else
        plan_behind(facts, ret_plan, now);
    ret_plan->next_change = ret_plan->verdict.next_change;
}
