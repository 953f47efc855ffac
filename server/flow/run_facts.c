#include "server/flow/run_facts.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/rules/progress_index.h"
#include "lib/rules/verdict.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_command.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_host.h"
#include "lib/store/store_retry.h"
#include "server/flow/flow.h"

#define EARLIER_MS                                                                                 \
    60000 /* its host may still run a command of an earlier deployment, until that is too old */

/* Only of those that were let go anything is asked of their hosts (progress.c). */
static int load_hosts(struct look *look, struct progress_facts *f, struct err *err)
{
    struct host *hosts;
    int rc = 0;

    for (size_t i = 0; i < f->n_invocations; i++)
        if (f->invocations[i].released_at != 0 && !invocation_has_ended(f->invocations[i].status)) {
            rc = store_host_of_deployment(look->flow->db, look->arena, f->deployment->id, &hosts,
                                          &f->n_hosts, err);
            f->hosts = hosts;
            break;
        }
    return rc;
}

int run_facts_load(struct look *look, const struct deployment *deployment,
                   struct run_facts *ret_facts, struct err *err)
{
    struct progress_facts *f = &ret_facts->known;
    struct db *db = look->flow->db;
    struct arena *arena = look->arena;
    int64_t id = deployment->id;
    struct attempt *attempts;
    struct invocation *earlier;
    const char **left_out;
    struct job *jobs;
    int rc;

    *f = (struct progress_facts){.deployment = deployment,
                                 .heard_since = flow_heard_since(look->flow)};
    if ((rc = store_deployment_jobs(db, arena, id, &jobs, &f->n_jobs, err)) < 0 ||
        (rc = store_command_invocations(db, arena, id, &ret_facts->invocations, &f->n_invocations,
                                        err)) < 0)
        return rc;
    f->jobs = jobs;
    f->invocations = ret_facts->invocations;
    if ((rc = store_command_of_track(db, arena, deployment, look->now, &earlier, &f->n_earlier,
                                     err)) < 0 ||
        (rc = store_attempt_of_deployment(db, arena, id, &attempts, &f->n_attempts, err)) < 0 ||
        (rc = store_retry_left_out(db, arena, id, &left_out, &f->n_left_out, err)) < 0 ||
        (rc = load_hosts(look, f, err)) < 0)
        return rc;
    f->earlier = earlier;
    f->attempts = attempts;
    f->left_out = left_out;
    f->index = progress_index_make(f, arena);
    return 0;
}

bool run_facts_is_unsettled(const struct attempt *attempts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (attempts[i].settled_at == 0)
            return true;
    return false;
}

/* That a host took its command is written without a line; from then on it may be silent for so long (M5). */
static bool waits_for_a_word(const struct progress_facts *f)
{
    for (size_t i = 0; i < f->n_invocations; i++)
        if (f->invocations[i].released_at != 0 && f->invocations[i].acknowledged_at == 0 &&
            f->invocations[i].status == INVOCATION_PENDING)
            return true;
    return false;
}

time_ms run_facts_next(const struct progress_facts *f, const struct progress_plan *plan,
                       time_ms now)
{
    time_ms next = plan->next_change;

    if (f->n_earlier > 0 && now + EARLIER_MS < next)
        next = now + EARLIER_MS;
    if (waits_for_a_word(f) && now + HOST_UNKNOWN_AFTER_MS < next)
        next = now + HOST_UNKNOWN_AFTER_MS;
    return next;
}

bool run_facts_play(struct look *look, const struct run_facts *f, const struct progress_plan *made,
                    time_ms *ret_rest)
{
    struct job *jobs = arena_array(look->arena, f->known.n_jobs, sizeof(*jobs));
    struct progress_facts played = f->known;
    struct progress_plan then;

    memcpy(jobs, f->known.jobs, played.n_jobs * sizeof(*jobs)); /* moves stand on their states */
    played.jobs = jobs;
    for (size_t i = 0; i < made->n_moves; i++) {
        const struct progress_move *m = &made->moves[i];
        if (m->kind == PROGRESS_RELEASE) {
            f->invocations[m->invocation - f->invocations].released_at = look->now;
        } else {
            jobs[m->job->number].started_at = look->now;
            jobs[m->job->number].state = JOB_RUNNING;
        }
    }
    progress_make(&played, look->now, look->arena, &then);
    *ret_rest = run_facts_next(&played, &then, look->now);
    return then.n_moves == 0;
}
