#include "lib/rules/progress_attempts.h"

#include <string.h>

#include "lib/base/str.h"

const struct attempt *progress_attempts_last(const struct progress_facts *f, const struct job *job)
{
    const struct attempt *attempt = NULL;

    for (size_t i = 0; i < f->n_attempts; i++)
        if (f->attempts[i].job_number == job->number)
            attempt = &f->attempts[i];
    return attempt;
}

bool progress_attempts_is_settled(const struct progress_facts *f, const struct invocation *inv)
{
    for (size_t i = 0; i < f->n_attempts; i++)
        if (strcmp(f->attempts[i].command_id, inv->command_id) == 0)
            return f->attempts[i].settled_at != 0;
    return false;
}

bool progress_attempts_is_wanted(const struct job *job, const struct attempt *attempt)
{
    return str_eq(attempt->decision, "retry") ||
           (attempt->settled_at != 0 && attempt->state != ATTEMPT_SUCCEEDED &&
            attempt->planned_at < job->retried_at);
}

bool progress_attempts_halt(const struct progress_facts *f, const struct job *job)
{
    const struct attempt *attempt = progress_attempts_last(f, job);

    if (job->database == NULL || job->state != JOB_RUNNING || attempt == NULL)
        return job->database != NULL && job->state == JOB_FAILED;
    return (attempt->state == ATTEMPT_FAILED || attempt->state == ATTEMPT_UNKNOWN) &&
           !progress_attempts_is_wanted(job, attempt);
}

const struct invocation *progress_attempts_invocation(const struct progress_facts *f,
                                                      const struct attempt *attempt)
{
    for (size_t i = 0; i < f->n_invocations; i++)
        if (strcmp(f->invocations[i].command_id, attempt->command_id) == 0)
            return &f->invocations[i];
    return NULL;
}

const struct attempt *progress_attempts_given_up(const struct progress_facts *f)
{
    for (size_t i = 0; i < f->n_jobs; i++) {
        const struct attempt *attempt = progress_attempts_last(f, &f->jobs[i]);

        if (f->jobs[i].state == JOB_FAILED && attempt != NULL && attempt->decision != NULL &&
            attempt->state != ATTEMPT_SUCCEEDED &&
            !progress_attempts_is_wanted(&f->jobs[i], attempt))
            return attempt;
    }
    return NULL;
}

const char *progress_attempts_cause(struct arena *arena, const char *decision, const char *by,
                                    const char *reason)
{
    return arena_printf(arena, "its migrate job: %s by %s: %s", decision, by, reason);
}
