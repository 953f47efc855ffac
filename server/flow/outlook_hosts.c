#include "server/flow/outlook_hosts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/digest.h"
#include "lib/rules/progress_cancel.h"
#include "lib/ssm/aws_script.h"
#include "lib/store/store_command.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_host.h"
#include "lib/store/store_host_document.h"
#include "server/flow/candidates.h"
#include "server/flow/ground.h"
#include "server/flow/job_document.h"
#include "server/flow/outlook.h"
#include "server/flow/snapshot.h"

/* The document of a job, as a host in strict mode must have it. */
struct wanted {
    const char *name; /* "web@1" */
    char digest[DIGEST_HEX_SIZE];
};

/* What cannot be made has no digest that a host could have: the cut says why. */
static void want(struct candidates *m, const struct config_job *job, struct wanted *w)
{
    struct err err = ERR_INIT;
    const char *text;

    if (w->name != NULL)
        return;
    w->name = arena_printf(m->arena, "%s@%s", job->name, JOB_DOCUMENT_VERSION);
    if (job_document_make(m->arena, m->environment->repo, job, &text, w->digest, &err) < 0)
        w->digest[0] = '\0';
}

/* The first of the plan's documents that lies not on its disk (T37). */
static int load_lack(struct candidates *m, const struct host *host, const struct config_job *job,
                     struct wanted *w, struct gate_host *entry, struct err *err)
{
    bool has = true;
    int rc = 0;

    if (host == NULL || host->strict == NULL || entry->lacks != NULL)
        return 0;
    want(m, job, w);
    rc = store_host_document_has(m->db, host->id, w->digest, &has, err);
    if (rc == 0 && !has)
        entry->lacks = w->name;
    return rc;
}

static int by_planned_name(const void *name, const void *host)
{
    return strcmp(name, ((const struct planned_host *)host)->name);
}

/* The number that its name has already, of a job before it or of the host before it; NULL = none has it. Hosts of a job
 * are sorted by name. */
static const size_t *number_before(const struct deployment_plan *plan, size_t *const *numbers,
                                   size_t job, size_t host)
{
    const struct planned_host *h = &plan->jobs[job].hosts[host];

    if (host > 0 && strcmp(h[-1].name, h->name) == 0)
        return &numbers[job][host - 1];
    for (size_t j = 0; j < job; j++) {
        const struct planned_job *before = &plan->jobs[j];
        const struct planned_host *found = before->n_hosts > 0
                                               ? bsearch(h->name, before->hosts, before->n_hosts,
                                                         sizeof(*before->hosts), by_planned_name)
                                               : NULL;
        if (found != NULL)
            return &numbers[j][found - before->hosts];
    }
    return NULL;
}

/* Hosts of all jobs of a plan, each once. */
static int gate_hosts(struct candidates *m, const struct deployment_plan *plan,
                      const struct gate_host **ret_hosts, size_t *ret_n, struct err *err)
{
    struct gate_facts *g = &m->outlook->facts.gate;
    size_t **numbers = arena_array(m->arena, plan->n_jobs, sizeof(*numbers)); /* of hosts, by job */
    struct gate_host *hosts = NULL;
    size_t cap = 0, n = 0;
    int rc = 0;

    for (size_t j = 0; j < plan->n_jobs; j++) {
        const struct planned_job *job = &plan->jobs[j];
        struct wanted wanted = {.name = NULL};
        if (job->job->start_within_ms > g->start_within_ms)
            g->start_within_ms = job->job->start_within_ms;
        numbers[j] = arena_array(m->arena, job->n_hosts, sizeof(**numbers));
        for (size_t i = 0; i < job->n_hosts && rc == 0; i++) {
            const struct planned_host *h = &job->hosts[i];
            const size_t *before = number_before(plan, numbers, j, i);
            numbers[j][i] = before != NULL ? *before : n;
            if (before == NULL) {
                struct gate_host *entry = ARENA_PUSH(m->arena, hosts, n, cap);
                entry->name = h->name;
                entry->known = h->host != NULL;
                entry->seen_at = h->host != NULL ? h->host->seen_at : 0;
            }
            assert(hosts != NULL); /* one of that number is there */
            rc = load_lack(m, h->host, job->job, &wanted, &hosts[numbers[j][i]], err);
        }
    }
    *ret_hosts = hosts;
    *ret_n = n;
    return rc;
}

/* Those that a role names, as far as they registered. */
static int load_named(struct candidates *m, const struct config_role *r, size_t *cap,
                      struct err *err)
{
    struct outlook *o = m->outlook;
    int rc = 0;

    for (size_t i = 0; i < r->hosts.n && rc == 0; i++) {
        struct err own = ERR_INIT;
        const struct host *host;
        bool found;
        rc = candidates_maybe(ground_host(m->ground, r->hosts.items[i], &host, &own), &found, &own,
                              err);
        if (rc == 0 && found)
            *ARENA_PUSH(m->arena, o->hosts, o->n_hosts, *cap) = *host;
    }
    return rc;
}

/* Those that have the first of a role's tags; who has them all is seen when they are marked. */
static int load_tagged(struct candidates *m, const struct config_role *r, size_t *cap,
                       struct err *err)
{
    struct outlook *o = m->outlook;
    struct host *hosts;
    size_t n;
    int rc = store_host_tagged(m->db, m->arena, r->tags.items[0].key, r->tags.items[0].value,
                               &hosts, &n, err);

    for (size_t i = 0; rc == 0 && i < n; i++)
        *ARENA_PUSH(m->arena, o->hosts, o->n_hosts, *cap) = hosts[i];
    return rc;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct host *)a)->name, ((const struct host *)b)->name);
}

/* By name, each once: several roles may find it. */
static void sort_hosts(struct outlook *o)
{
    size_t n = 0;

    if (o->n_hosts == 0)
        return;
    qsort(o->hosts, o->n_hosts, sizeof(*o->hosts), by_name);
    for (size_t i = 1; i < o->n_hosts; i++)
        if (strcmp(o->hosts[i].name, o->hosts[n].name) != 0)
            o->hosts[++n] = o->hosts[i];
    o->n_hosts = n + 1;
}

/* The machines that the environment's roles find, with the tags that they ask for. */
static int load_fleet(struct candidates *m, struct err *err)
{
    const struct config_environment *e = m->environment;
    struct outlook *o = m->outlook;
    size_t cap = 0;
    int rc = 0;

    for (size_t i = 0; i < e->n_roles && rc == 0; i++)
        rc = e->roles[i].tags.n > 0 ? load_tagged(m, &e->roles[i], &cap, err)
                                    : load_named(m, &e->roles[i], &cap, err);
    sort_hosts(o);
    for (size_t i = 0; i < e->n_roles && rc == 0; i++)
        for (size_t k = 0; k < e->roles[i].tags.n && rc == 0; k++)
            rc = store_host_mark_tagged(m->db, m->arena, &e->roles[i].tags.items[k], o->hosts,
                                        o->n_hosts, err);
    return rc;
}

/* Would AWS take what it runs? It is longer there than for an agent. */
static bool fits_aws(struct candidates *m, const struct planned_job *job)
{
    char digest[DIGEST_HEX_SIZE];
    struct err err = ERR_INIT;
    const char *text;

    return job_document_make(m->arena, m->environment->repo, job->job, &text, digest, &err) < 0 ||
           aws_script_check(m->arena, text, job->job->once != NULL, m->snapshot->config->redact,
                            &err) == 0;
}

/* Why AWS could not carry a job to its hosts; NULL = it can. A migrate job needs one with slipway-once (migrate.md 9). */
static const char *lack_at_aws(struct candidates *m, const struct planned_job *job)
{
    bool is_carried = false, has_once = false;

    for (size_t i = 0; i < job->n_hosts; i++) {
        const struct host *h = job->hosts[i].host;

        is_carried = is_carried || (h != NULL && h->by_ssm);
        has_once = has_once || h == NULL || !h->by_ssm || h->protocol >= HOST_PROTOCOL_PERMIT;
    }
    if (is_carried && job->job->once != NULL && !has_once)
        return arena_printf(m->arena, "%s (slipway-once)", job->job->name);
    return is_carried && !fits_aws(m, job) ? arena_printf(m->arena, "%s (60 KB)", job->job->name)
                                           : NULL;
}

int outlook_hosts_load(struct candidates *m, struct err *err)
{
    const struct config_environment *e = m->environment;
    struct outlook *o = m->outlook;
    struct deployment_plan *plan = &o->jobs;
    struct gate_facts *g = &o->facts.gate;
    struct deployment_fleet fleet = {.gone_after_ms = m->snapshot->config->gone_after_ms,
                                     .now = m->now};
    int rc = load_fleet(m, err);

    if (rc < 0)
        return rc;
    fleet.hosts = o->hosts;
    fleet.n_hosts = o->n_hosts;
    deployment_plan_make(e, &fleet, m->arena, plan);
    o->facts.gone_at = plan->gone_at;
    g->role_without_host = plan->role_without_host;
    for (size_t j = 0; j < plan->n_jobs && g->role_without_host == NULL; j++)
        g->role_without_host = lack_at_aws(m, &plan->jobs[j]);
    if (plan->n_jobs == 0 && g->role_without_host == NULL)
        g->role_without_host = "any job";
    return gate_hosts(m, plan, &g->hosts, &g->n_hosts, err);
}

/* What a deployment that was left half way may have changed on its hosts: only that goes back. */
static int load_touched(struct candidates *m, int64_t deployment_id, const char ***ret_names,
                        size_t *ret_n, struct err *err)
{
    struct invocation *invocations;
    const char **names = NULL;
    struct job *jobs;
    size_t n, n_jobs, cap = 0;
    int rc = store_deployment_jobs(m->db, m->arena, deployment_id, &jobs, &n_jobs, err);

    *ret_n = 0;
    if (rc == 0)
        rc = store_command_invocations(m->db, m->arena, deployment_id, &invocations, &n, err);
    for (size_t i = 0; rc == 0 && i < n; i++)
        if (progress_cancel_touched(&jobs[invocations[i].job_number], &invocations[i]))
            *ARENA_PUSH(m->arena, names, *ret_n, cap) = invocations[i].host;
    *ret_names = names;
    return rc;
}

int outlook_hosts_rollback(struct candidates *m, struct err *err)
{
    struct outlook *o = m->outlook;
    bool is_open = o->has_open && o->open.kind == DEPLOYMENT_ROLLBACK;
    const struct rollback *r = is_open ? &o->open_rollback : &o->rollback;
    struct plan_rollback *p = is_open ? &o->facts.open_rollback : &o->facts.rollback;
    const char **touched = NULL;
    size_t n_touched = 0;
    int rc = 0;

    if (!is_open && !o->has_rollback)
        return 0;
    if (r->left_deployment_id != 0)
        rc = load_touched(m, r->left_deployment_id, &touched, &n_touched, err);
    if (rc < 0)
        return rc;
    deployment_plan_narrow(&o->jobs, r->left_deployment_id != 0 ? touched : NULL, n_touched,
                           m->arena, &o->rollback_jobs);
    p->untouched = o->rollback_jobs.n_jobs == 0;
    return gate_hosts(m, &o->rollback_jobs, &p->hosts, &p->n_hosts, err);
}
