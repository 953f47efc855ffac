#include "lib/rules/deployment_plan.h"

#include <stdlib.h>
#include <string.h>

static const struct host *host_named(const struct host *hosts, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(hosts[i].name, name) == 0)
            return &hosts[i];
    return NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct planned_host *)a)->name, ((const struct planned_host *)b)->name);
}

struct planning {
    const struct config_environment *environment;
    const struct deployment_fleet *fleet; /* NULL = whatever hosts there are */
    struct arena *arena;
    struct deployment_plan *plan;
};

/* A job that gets its hosts; those before `n_before` are of its earlier roles. */
struct hosting {
    struct planned_job *job;
    const char *role;
    size_t n_before, cap;
    bool some; /* the role finds one, be it drained */
};

static void add_host(struct planning *p, struct hosting *to, const char *name,
                     const struct host *host)
{
    struct planned_job *job = to->job;
    struct planned_host *h;

    to->some = true;
    if (host != NULL && host->drained_at != 0)
        return;
    for (size_t i = 0; i < to->n_before; i++)
        if (strcmp(job->hosts[i].name, name) == 0) {
            job->hosts[i].roles = arena_printf(p->arena, "%s,%s", job->hosts[i].roles, to->role);
            return;
        }
    h = ARENA_PUSH(p->arena, job->hosts, job->n_hosts, to->cap);
    h->name = name;
    h->host = host;
    h->roles = to->role;
}

static void add_named(struct planning *p, struct hosting *to, const struct config_role *r)
{
    for (size_t i = 0; i < r->hosts.n; i++) {
        const char *name = r->hosts.items[i];
        add_host(p, to, name,
                 p->fleet != NULL ? host_named(p->fleet->hosts, p->fleet->n_hosts, name) : NULL);
    }
}

static void add_tagged(struct planning *p, struct hosting *to, const struct config_role *r)
{
    const struct deployment_fleet *f = p->fleet;

    for (size_t i = 0; f != NULL && i < f->n_hosts; i++) {
        const struct host *h = &f->hosts[i];
        time_ms gone_at = host_gone_at(h, f->gone_after_ms);
        if (!config_role_finds(r, h->name, &h->tags) || f->now >= gone_at)
            continue;
        if (p->plan->gone_at == 0 || gone_at < p->plan->gone_at)
            p->plan->gone_at = gone_at;
        add_host(p, to, h->name, h);
    }
}

/* Is one of its roles in this environment? */
static bool add_hosts(struct planning *p, struct planned_job *job)
{
    const struct config_environment *e = p->environment;
    struct hosting to = {.job = job};
    bool any = false;

    for (size_t i = 0; i < job->job->runs_on.n; i++) {
        bool covered = false;
        to.role = job->job->runs_on.items[i];
        to.some = false;
        for (size_t k = 0; k < e->n_roles; k++) {
            if (!config_role_covers(e, &e->roles[k], to.role))
                continue;
            covered = true;
            to.n_before = job->n_hosts;
            if (e->roles[k].tags.n > 0)
                add_tagged(p, &to, &e->roles[k]);
            else
                add_named(p, &to, &e->roles[k]);
        }
        if (covered && !to.some)
            p->plan->role_without_host = to.role;
        any = any || covered;
    }
    if (job->n_hosts > 1)
        qsort(job->hosts, job->n_hosts, sizeof(*job->hosts), by_name);
    return any;
}

static void set_pace(struct planned_job *job)
{
    const struct config_job *c = job->job;
    bool health = c->health.http != NULL || c->health.run != NULL;
    int64_t n = (int64_t)job->n_hosts;

    job->max_parallel = c->max_parallel_percent ? n * c->max_parallel / 100 : c->max_parallel;
    if (job->max_parallel < 1)
        job->max_parallel = 1;
    job->ramp = health || !c->max_parallel_percent || c->max_parallel != 100;
}

static int place_of(const struct deployment_plan *plan, const struct config_job *job)
{
    for (size_t i = 0; i < plan->n_jobs; i++)
        if (plan->jobs[i].job == job)
            return (int)i;
    return -1;
}

/* What it needs and runs here comes first; a job that does not run here is passed over. */
static void add_job(struct planning *p, const struct config_job *job, size_t depth)
{
    struct planned_job *planned;
    bool covered;

    if (!config_job_runs(job, p->environment) || place_of(p->plan, job) >= 0 || depth == 0)
        return;
    for (size_t i = 0; i < job->n_needs; i++)
        add_job(p, job->needs[i], depth - 1);
    planned = &p->plan->jobs[p->plan->n_jobs];
    *planned = (struct planned_job){.job = job};
    covered = add_hosts(p, planned);
    if (!covered || (planned->n_hosts == 0 && p->fleet != NULL))
        return; /* none of its roles, or no host of them, is in this environment */
    for (size_t i = 0; i < job->n_needs; i++) {
        int at = place_of(p->plan, job->needs[i]);
        if (at >= 0)
            planned->needs[planned->n_needs++] = at;
    }
    set_pace(planned);
    p->plan->n_jobs++;
}

void deployment_plan_make(const struct config_environment *environment,
                          const struct deployment_fleet *fleet, struct arena *arena,
                          struct deployment_plan *ret_plan)
{
    const struct config_repo *repo = environment->repo;
    struct planning p = {environment, fleet, arena, ret_plan};

    *ret_plan = (struct deployment_plan){.n_jobs = 0};
    ret_plan->jobs = arena_array(arena, repo->n_jobs + 1, sizeof(*ret_plan->jobs));
    for (size_t i = 0; i < repo->n_jobs; i++)
        add_job(&p, &repo->jobs[i], repo->n_jobs + 1);
}

static bool is_named(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return names == NULL;
}

static void add_need(struct planned_job *job, int need)
{
    for (size_t i = 0; i < job->n_needs; i++)
        if (job->needs[i] == need)
            return;
    job->needs[job->n_needs++] = need;
}

/* What it needs of those that stay, over those that go. `kept`: new places, -1 = it goes. */
static void keep_needs(const struct deployment_plan *plan, const struct planned_job *of,
                       const int *kept, struct planned_job *job)
{
    for (size_t i = 0; i < of->n_needs; i++) {
        if (kept[of->needs[i]] >= 0)
            add_need(job, kept[of->needs[i]]);
        else
            keep_needs(plan, &plan->jobs[of->needs[i]], kept, job);
    }
}

void deployment_plan_narrow(const struct deployment_plan *plan, const char *const *names,
                            size_t n_names, struct arena *arena, struct deployment_plan *ret_plan)
{
    int *kept = arena_array(arena, plan->n_jobs, sizeof(*kept));

    *ret_plan = (struct deployment_plan){.role_without_host = NULL};
    ret_plan->jobs = arena_array(arena, plan->n_jobs, sizeof(*ret_plan->jobs));
    for (size_t i = 0; i < plan->n_jobs; i++) {
        const struct planned_job *from = &plan->jobs[i];
        struct planned_job *job = &ret_plan->jobs[ret_plan->n_jobs];

        kept[i] = -1;
        *job = (struct planned_job){.job = from->job};
        job->hosts = arena_array(arena, from->n_hosts, sizeof(*job->hosts));
        for (size_t k = 0; k < from->n_hosts && from->job->once == NULL; k++)
            if (is_named(names, n_names, from->hosts[k].name))
                job->hosts[job->n_hosts++] = from->hosts[k];
        if (job->n_hosts == 0)
            continue;
        keep_needs(plan, from, kept, job);
        set_pace(job);
        kept[i] = (int)ret_plan->n_jobs++;
    }
}
