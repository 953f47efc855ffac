#include "server/api/api_migrate_facts.h"

#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "lib/model/host.h"
#include "lib/rules/progress_cancel.h"
#include "lib/store/store_command.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_probe.h"

#define PROBES 20

static void judge(struct api_migrate_facts *f, time_ms now)
{
    struct settle_facts *s = &f->settle;
    const struct invocation *inv = &f->invocation;

    *s = (struct settle_facts){.attempt = f->attempt.settled_at == 0 ? &f->attempt : NULL,
                               .permitted_at = inv->began_at == 0 ? inv->permitted_at : 0,
                               .quiet_since =
                                   f->attempt.gone_at != 0 ? f->attempt.gone_at : inv->heard_at,
                               .is_over = !deployment_is_open(f->deployment.state) ||
                                          f->deployment.cancel_at != 0,
                               .now = now};
    for (size_t i = 0; i < f->n_probes; i++) {
        const struct probe *p = &f->probes[i];

        if (p->ended_at == 0)
            continue;
        if (s->probe == NULL)
            s->probe = p;
        if (p->holders > 0 && p->ended_at > s->holder_seen_at)
            s->holder_seen_at = p->ended_at;
    }
    f->is_silent = (f->attempt.state == ATTEMPT_PERMITTED || f->attempt.state == ATTEMPT_RUNNING) &&
                   now - inv->heard_at >= HOST_SILENT_AFTER_MS;
    /* Unknown, and heard again: heartbeats come only of what runs. */
    s->is_alive = f->attempt.state == ATTEMPT_UNKNOWN && f->attempt.gone_at == 0 &&
                  inv->began_at != 0 && inv->heard_at != 0 &&
                  now - inv->heard_at < HOST_SILENT_AFTER_MS;
}

/* Jobs before the migrate job, and beside it, may have been at work on their hosts. */
static int find_touched(struct db *db, struct arena *arena, struct api_migrate_facts *f,
                        struct err *err)
{
    struct invocation *invocations = NULL;
    struct job *jobs = NULL;
    size_t n = 0, n_jobs = 0;
    int rc = store_deployment_jobs(db, arena, f->attempt.deployment_id, &jobs, &n_jobs, err);

    if (rc == 0)
        rc = store_command_invocations(db, arena, f->attempt.deployment_id, &invocations, &n, err);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        const struct invocation *inv = &invocations[i];

        if (inv->job_number != f->attempt.job_number && (size_t)inv->job_number < n_jobs &&
            progress_cancel_touched(&jobs[inv->job_number], inv) &&
            !str_list_has(f->touched, inv->host))
            f->touched = f->touched == NULL ? inv->host
                                            : arena_printf(arena, "%s,%s", f->touched, inv->host);
    }
    return rc;
}

int api_migrate_facts_load(struct db *db, struct arena *arena, const struct config *config,
                           const struct attempt *attempt, time_ms now, struct api_migrate_facts *f,
                           struct err *err)
{
    const struct config_repo *repo;
    int rc;

    *f = (struct api_migrate_facts){.attempt = *attempt};
    if ((rc = store_command_invocation(db, arena, attempt->command_id, attempt->host_id,
                                       &f->invocation, err)) < 0 ||
        (rc = store_deployment_by_id(db, arena, attempt->deployment_id, &f->deployment, err)) < 0 ||
        (rc = store_probe_of_attempt(db, arena, attempt->id, PROBES, &f->probes, &f->n_probes,
                                     err)) < 0 ||
        (attempt->settled_at == 0 && (rc = find_touched(db, arena, f, err)) < 0))
        return rc;
    repo = config_repo(config, f->deployment.repository);
    f->environment = repo != NULL ? config_environment(repo, f->deployment.environment) : NULL;
    judge(f, now);
    return 0;
}
