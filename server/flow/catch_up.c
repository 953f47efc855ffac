#include "server/flow/catch_up.h"

#include <string.h>

#include "lib/base/str.h"
#include "lib/rules/plan_digest.h"
#include "lib/store/store_command.h"
#include "lib/store/store_late.h"
#include "server/flow/candidates.h"
#include "server/flow/ground.h"
#include "server/flow/deploy.h"
#include "server/flow/outlook.h"
#include "server/flow/snapshot.h"

#define BUSY_LOOK_MS 60000 /* nothing tells when the time of a lost command is over */

/* Were all hosts of today in the snapshot of what is live? After a change of the configuration, a declaration, or a
 * rollback that touched only some, nobody knows without asking. */
static bool had_all_hosts(const struct candidates *m)
{
    const struct outlook *o = m->outlook;

    return !o->live_is_declared && o->live.kind == DEPLOYMENT_RELEASE &&
           strcmp(o->live.config_digest, m->snapshot->digest) == 0;
}

/* What hosts may still be running of this track, whoever told them. */
struct track {
    struct invocation *running;
    size_t n;
};

static bool is_busy(const struct track *track, const struct host *host)
{
    for (size_t i = 0; i < track->n; i++)
        if (strcmp(track->running[i].host_id, host->id) == 0)
            return true;
    return false;
}

static int judge(struct candidates *m, const struct track *track, const struct host *host,
                 struct catch_up_host *ret_late, struct err *err)
{
    const struct outlook *o = m->outlook;
    struct late_facts f = {.host = host, .live_sha = o->live.sha};
    struct late_history history;
    int rc = store_late_history(m->db, host, m->repository->id, m->environment->name, o->live.sha,
                                &history, err);

    if (rc < 0)
        return rc;
    f.declared_at = o->live_is_declared ? o->live.ended_at : 0;
    f.has_last = history.last_id != 0;
    f.last_sha = history.last_sha;
    f.last_well = history.last_well;
    f.last_cut_at = history.last_cut_at;
    f.turn_at = history.turn_at;
    f.busy = is_busy(track, host);
    f.n_failed = history.n_failed;
    *ret_late = (struct catch_up_host){.name = host->name,
                                       .host = host,
                                       .why = late_judge(&f, m->now),
                                       .n_failed = f.n_failed};
    return 0;
}

/* A host stands in several jobs. */
static bool was_asked(const struct deployment_plan *plan, size_t job, const struct host *host)
{
    for (size_t j = 0; j < job; j++)
        for (size_t i = 0; deploy_touches(plan->jobs[j].job) && i < plan->jobs[j].n_hosts; i++)
            if (plan->jobs[j].hosts[i].host == host)
                return true;
    return false;
}

static int load_late(struct candidates *m, struct err *err)
{
    struct outlook *o = m->outlook;
    const struct deployment_plan *plan = &o->jobs;
    const struct deployment none = {.repository_id = m->repository->id,
                                    .environment = m->environment->name};
    bool ask_all = !had_all_hosts(m);
    const struct standing *standing;
    struct track track = {.n = 0};
    size_t cap = 0;
    int rc = ground_standing(m->ground, &standing, err);

    if (rc == 0 && standing->running)
        rc = store_command_of_track(m->db, m->arena, &none, m->now, &track.running, &track.n, err);

    for (size_t j = 0; j < plan->n_jobs && rc == 0; j++)
        for (size_t i = 0;
             deploy_touches(plan->jobs[j].job) && i < plan->jobs[j].n_hosts && rc == 0; i++) {
            const struct host *host = plan->jobs[j].hosts[i].host;
            struct catch_up_host late;
            if (host == NULL || !(ask_all || late_is_possible(host, o->live.cut_at)) ||
                was_asked(plan, j, host))
                continue;
            rc = judge(m, &track, host, &late, err);
            if (rc == 0 && late.why != LATE_HAS_IT)
                *ARENA_PUSH(m->arena, o->late, o->n_late, cap) = late;
        }
    return rc;
}

/* "Kept" are the approvals of what is live, and they are for its plan: hosts do not get another one that nobody
 * approved (A1). */
static bool is_approved(const struct outlook *o)
{
    char digest[PLAN_DIGEST_SIZE];

    if (!o->lacks.binds_plan)
        return true;
    (void)plan_digest_make(&o->lacks.plan, o->live.sha, digest);
    return str_eq(digest, o->live.plan_digest);
}

int catch_up_load(struct candidates *m, struct err *err)
{
    struct outlook *o = m->outlook;
    struct release_facts *f = &o->facts;
    const char **names;
    int rc;

    if (!o->has_live || o->has_open)
        return 0;
    if ((rc = load_late(m, err)) < 0 || o->n_late == 0)
        return rc;
    names = arena_array(m->arena, o->n_late, sizeof(*names));
    for (size_t i = 0; i < o->n_late; i++)
        if (o->late[i].why == LATE_NOW)
            names[f->n_late++] = o->late[i].name;
        else if (o->late[i].why == LATE_BUSY)
            f->late_again_at = m->now + BUSY_LOOK_MS;
    if (f->n_late > 0)
        deployment_plan_narrow(&o->jobs, names, f->n_late, m->arena, &o->late_jobs);
    f->late_unapproved = !is_approved(o);
    return 0;
}
