#include "server/flow/under_way.h"

#include "lib/rules/progress_cancel.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_command.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_retry.h"

int under_way_load(struct db *db, struct arena *arena, int64_t repository_id,
                   const char *environment, struct under_way *ret_under_way, struct err *err)
{
    struct under_way *u = ret_under_way;
    struct progress_facts *f = &u->facts;
    struct invocation *invocations;
    struct attempt *attempts;
    const char **left_out;
    struct err own = ERR_INIT;
    struct job *jobs;
    int rc;

    *u = (struct under_way){.is_open = false};
    rc = store_deployment_open(db, arena, repository_id, environment, &u->deployment, &own);
    if (rc == ERR_NOT_FOUND)
        return 0;
    if (rc < 0) {
        *err = own;
        return rc;
    }
    if ((rc = store_deployment_jobs(db, arena, u->deployment.id, &jobs, &f->n_jobs, err)) < 0 ||
        (rc = store_command_invocations(db, arena, u->deployment.id, &invocations,
                                        &f->n_invocations, err)) < 0 ||
        (rc = store_attempt_of_deployment(db, arena, u->deployment.id, &attempts, &f->n_attempts,
                                          err)) < 0)
        return rc;
    if ((rc = store_retry_left_out(db, arena, u->deployment.id, &left_out, &f->n_left_out, err)) <
        0)
        return rc;
    f->left_out = left_out;
    u->is_open = true;
    f->deployment = &u->deployment;
    f->jobs = jobs;
    f->invocations = invocations;
    f->attempts = attempts;
    return 0;
}

bool under_way_touched_hosts(const struct under_way *u)
{
    for (size_t i = 0; i < u->facts.n_invocations; i++)
        if (progress_cancel_touched(&u->facts.jobs[u->facts.invocations[i].job_number],
                                    &u->facts.invocations[i]))
            return true;
    return false;
}
