#include "lib/rules/progress_cancel.h"

#include "lib/base/arena.h"
#include "lib/base/str.h"

struct cancelling {
    const struct progress_facts *facts;
    time_ms now;
    struct arena *arena;
    struct progress_plan *plan;
    size_t cap;
    bool may_run; /* something of it still runs, or may */
};

static struct progress_move *move_add(struct cancelling *c, enum progress_kind kind,
                                      const struct job *job)
{
    struct progress_move *m = ARENA_PUSH(c->arena, c->plan->moves, c->plan->n_moves, c->cap);

    m->kind = kind;
    m->job = job;
    return m;
}

bool progress_cancel_touched(const struct job *job, const struct invocation *inv)
{
    if (!job->touches || inv->offered_at == 0)
        return false;
    return !str_eq(inv->details, "NotStarted");
}

bool progress_cancel_touched_any(const struct progress_facts *f)
{
    for (size_t i = 0; i < f->n_attempts; i++)
        if (f->attempts[i].state != ATTEMPT_CANCELLED &&
            f->attempts[i].state != ATTEMPT_NOT_STARTED)
            return true;
    for (size_t i = 0; i < f->n_invocations; i++)
        if (progress_cancel_touched(&f->jobs[f->invocations[i].job_number], &f->invocations[i]))
            return true;
    return false;
}

/* Who was asked and does not answer is unknown in the end; nobody is before the server listens. */
static void wait_for_end(struct cancelling *c, const struct job *job, const struct invocation *inv)
{
    time_ms since = inv->cancel_at > c->facts->heard_since ? inv->cancel_at : c->facts->heard_since;
    time_ms limit = since + PROGRESS_CANCEL_UNKNOWN_MS;

    if (c->now >= limit)
        move_add(c, PROGRESS_LOST, job)->invocation = inv;
    else if (limit < c->plan->next_change)
        c->plan->next_change = limit;
}

static void end_command(struct cancelling *c, const struct invocation *inv)
{
    const struct job *job = &c->facts->jobs[inv->job_number];

    switch (inv->status) {
    case INVOCATION_PENDING:
    case INVOCATION_IN_PROGRESS:
        c->may_run = true;
        move_add(c, inv->offered_at == 0 ? PROGRESS_LEAVE_OUT : PROGRESS_CANCEL, job)->invocation =
            inv;
        break;
    case INVOCATION_CANCELLING:
        c->may_run = true;
        wait_for_end(c, job, inv);
        break;
    case INVOCATION_SUCCESS:
    case INVOCATION_FAILED:
    case INVOCATION_TIMED_OUT:
    case INVOCATION_CANCELLED:
    case INVOCATION_UNKNOWN: /* lost before: nobody can end it */
    case INVOCATION_STATUSES_COUNT:
        break;
    }
}

static const char *why(const struct cancelling *c)
{
    const struct deployment *d = c->facts->deployment;

    return arena_printf(c->arena, "cancelled by %s%s%s", d->cancel_by,
                        d->cancel_reason != NULL ? ": " : "",
                        d->cancel_reason != NULL ? d->cancel_reason : "");
}

void progress_cancel_make(const struct progress_facts *f, time_ms now, struct arena *arena,
                          struct progress_plan *plan)
{
    struct cancelling c = {.facts = f, .now = now, .arena = arena, .plan = plan};
    struct progress_move *m;

    for (size_t i = 0; i < f->n_invocations; i++)
        end_command(&c, &f->invocations[i]);
    if (c.may_run)
        return;
    for (size_t i = 0; i < f->n_jobs; i++) {
        if (f->jobs[i].state != JOB_WAITING && f->jobs[i].state != JOB_RUNNING)
            continue;
        m = move_add(&c, PROGRESS_JOB_END, &f->jobs[i]);
        m->job_state = JOB_CANCELLED;
        m->cause = why(&c);
    }
    if (plan->n_moves > 0)
        return;
    m = move_add(&c, PROGRESS_DEPLOYMENT_END, NULL);
    m->deployment_state = progress_cancel_touched_any(f) ? DEPLOYMENT_FAILED : DEPLOYMENT_CANCELLED;
    m->cause = why(&c);
}
