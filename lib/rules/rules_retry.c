#include "lib/rules/rules_retry.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "lib/rules/progress_index.h"

static bool is_left_out(const struct progress_facts *f, const struct rules_retry *r,
                        const struct invocation *inv)
{
    return progress_is_left_out(f, inv->host_id) ||
           (r->leave_out != NULL && strcmp(r->leave_out, inv->host_id) == 0);
}

static void find_host(const struct progress_facts *f, const char *name, struct rules_retry *r)
{
    r->answer = RULES_RETRY_NO_SUCH_HOST;
    for (size_t i = 0; i < f->n_invocations; i++)
        if (str_eq(f->invocations[i].host, name) &&
            !progress_is_left_out(f, f->invocations[i].host_id)) {
            r->leave_out = f->invocations[i].host_id;
            r->answer = RULES_RETRY_GOES;
        }
}

/* Its last sign that it runs, and so long after it as its job may take: then it is over, whatever it was. */
static time_ms runs_until(const struct job *job, const struct invocation *inv)
{
    time_ms since = inv->began_at != 0          ? inv->began_at
                    : inv->acknowledged_at != 0 ? inv->acknowledged_at
                                                : inv->offered_at;

    return since + job->timeout_ms;
}

static void push(const struct invocation *inv, struct rules_retry *r, size_t *cap,
                 struct arena *arena)
{
    *ARENA_PUSH(arena, r->again, r->n_again, *cap) = inv;
}

/* Does the job go on with what is tried again? */
static bool goes_on(const struct rules_retry *r, const struct job *job)
{
    if (job->state == JOB_FAILED || job->state == JOB_CANCELLED)
        return true;
    for (size_t i = 0; i < r->n_again; i++)
        if (r->again[i]->job_number == job->number)
            return job->state == JOB_SUCCEEDED;
    return false;
}

/* The same, with its invocations found by host. */
static const struct progress_facts *by_host(const struct progress_facts *facts, struct arena *arena)
{
    struct progress_facts *indexed;

    if (facts->index != NULL)
        return facts;
    indexed = arena_alloc(arena, sizeof(*indexed));
    *indexed = *facts;
    indexed->index = progress_index_make(facts, arena);
    return indexed;
}

struct rules_retry rules_retry_judge(const struct progress_facts *facts, const char *leave_out,
                                     time_ms now, struct arena *arena)
{
    const struct progress_facts *f = by_host(facts, arena);
    struct rules_retry r = {.answer = RULES_RETRY_GOES};
    size_t cap = 0, cap_jobs = 0, n_hosts = 0;

    if (f->deployment->state != DEPLOYMENT_ATTENTION || f->deployment->cancel_at != 0) {
        r.answer = RULES_RETRY_NOT_STOPPED;
        return r;
    }
    for (size_t i = 0; i < f->n_attempts; i++)
        if (f->attempts[i].settled_at == 0) {
            r.answer = RULES_RETRY_UNSETTLED;
            r.attempt = &f->attempts[i];
            return r;
        }
    if (leave_out != NULL)
        find_host(f, leave_out, &r);
    for (size_t i = 0; i < f->n_invocations && r.answer == RULES_RETRY_GOES; i++) {
        const struct invocation *inv = &f->invocations[i];
        const struct job *job = &f->jobs[inv->job_number];
        if (job->database != NULL || is_left_out(f, &r, inv) || !progress_is_last_try(f, i))
            continue;
        n_hosts++;
        if (inv->status == INVOCATION_UNKNOWN && now < runs_until(job, inv)) {
            r.answer = RULES_RETRY_STILL_RUNS;
            r.invocation = inv;
            r.until = runs_until(job, inv);
        } else if (inv->status == INVOCATION_UNKNOWN ||
                   (invocation_has_ended(inv->status) && inv->status != INVOCATION_SUCCESS)) {
            push(inv, &r, &cap, arena);
        }
    }
    if (r.answer != RULES_RETRY_GOES)
        return r;
    if (leave_out != NULL && n_hosts == 0)
        r.answer = RULES_RETRY_NOBODY_LEFT;
    for (size_t i = 0; i < f->n_jobs; i++)
        if (goes_on(&r, &f->jobs[i]))
            *ARENA_PUSH(arena, r.reopen, r.n_reopen, cap_jobs) = &f->jobs[i];
    return r;
}
