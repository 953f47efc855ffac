#include "lib/rules/rules_schedule.h"

#include <string.h>

#include "lib/rules/candidate.h"

static void decide(struct release_plan *p, const struct plan_occurrence *at, const char *decision,
                   const char *cause)
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

/* What kept it from starting until the last instant of its interval, as far as that can still be known: a
 * freeze or a hold that was there, another deployment that is still open, a source that was not seen since; else
 * only that its time passed. */
static const char *deferred_by(const struct release_facts *f, const struct plan_occurrence *at)
{
    time_ms last = at->due_at + f->grace_ms - 1;
    const struct plan_release *newest = candidate_newest(f, at, last, false);

    for (size_t i = 0; i < f->gate.n_freezes; i++)
        if (f->gate.freezes[i].from <= last && last < f->gate.freezes[i].to)
            return verdict_cause_key(CAUSE_FREEZE);
    for (size_t i = 0; i < f->gate.n_holds; i++)
        if (f->gate.holds[i].since <= last && last < f->gate.holds[i].until)
            return verdict_cause_key(CAUSE_HOLD);
    if (newest != NULL && candidate_newest(f, at, last, true) == NULL)
        for (size_t i = 0; i < newest->n_lacks; i++)
            if (newest->lacks[i].from <= last) /* it lacks it still: so it did then */
                return verdict_cause_key(newest->lacks[i].kind);
    if (f->open != NULL && f->open->state != DEPLOYMENT_WAITING && f->open->started_at <= last)
        return verdict_cause_key(CAUSE_OPEN_DEPLOYMENT);
    if (f->gate.source_seen_at != 0 && f->gate.source_seen_at + GATE_SOURCE_FRESH_MS <= last)
        return verdict_cause_key(CAUSE_SOURCE_NOT_SEEN);
    return verdict_cause_key(CAUSE_SCHEDULE);
}

void rules_schedule_missed(const struct release_facts *f, struct release_plan *p)
{
    for (size_t i = 0; i < f->n_missed; i++) {
        const struct plan_occurrence *at = &f->missed[i];
        bool had = candidate_newest(f, at, at->due_at, false) != NULL ||
                   (f->wish.release != NULL && f->wish.at == at->due_at);
        if (is_cut_for(f->open, at))
            continue;
        decide(p, at, had ? "deferred" : "skipped", had ? deferred_by(f, at) : NULL);
    }
}

static bool is_pin_of(const struct plan_wish *wish, const struct plan_occurrence *at)
{
    return wish != NULL && at->date[0] != '\0' && (wish->at == 0 || wish->at == at->due_at);
}

const struct plan_wish *rules_schedule_target(const struct release_facts *f,
                                              const struct plan_wish *wish, struct release_plan *p,
                                              time_ms now)
{
    const struct plan_occurrence none = {.due_at = 0};

    if (f->current.date[0] != '\0') {
        p->occurrence = f->current;
        if (wish != NULL && is_pin_of(wish, &f->current)) {
            p->target = wish->release;
            return wish;
        }
        p->target =
            candidate_choose(f, &f->current, now > f->current.due_at ? now : f->current.due_at);
        if (p->target != NULL)
            return NULL;
        /* Nothing was there at its cut: nothing to wait for. */
        decide(p, &f->current, "skipped", NULL);
    }
    p->occurrence = f->next;
    if (wish != NULL && is_pin_of(wish, &f->next)) {
        p->target = wish->release;
        return wish;
    }
    p->target = candidate_choose(f, &none, f->next.date[0] != '\0' ? f->next.due_at : now);
    if (p->target != NULL || wish == NULL)
        return NULL;
    /* Nothing goes before the pin: the pin itself is what comes next. */
    p->target = wish->release;
    p->occurrence = none;
    return wish;
}
