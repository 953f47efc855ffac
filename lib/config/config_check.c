/* What only the whole configuration shows: roles that jobs name, cycles, primaries, databases. */
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "lib/config/reader.h"

static void error_at(struct reader *r, const struct config_place *at, const char *text)
{
    problems_move(r->problems, at->file);
    problems_error(r->problems, at->line, at->column, "%s", text);
}

static void warn_at(struct reader *r, const struct config_place *at, const char *text)
{
    problems_move(r->problems, at->file);
    problems_warn(r->problems, at->line, at->column, "%s", text);
}

/* Does anything reachable from `e` need `wanted`? Depth is bounded by the number of environments. */
static bool environment_reaches(const struct config_environment *e,
                                const struct config_environment *wanted, size_t depth)
{
    for (size_t i = 0; depth > 0 && i < e->n_needs; i++)
        if (e->needs[i] == wanted || environment_reaches(e->needs[i], wanted, depth - 1))
            return true;
    return false;
}

/* Kahn's algorithm: jobs that are never free of needs are in a cycle. */
static void check_job_cycles(struct reader *r, const struct config_repo *repo)
{
    bool done[64] = {false};
    bool moved = true;

    while (moved) {
        moved = false;
        for (size_t i = 0; i < repo->n_jobs && i < 64; i++) {
            bool free_of_needs = !done[i];
            for (size_t k = 0; k < repo->jobs[i].n_needs; k++)
                free_of_needs = free_of_needs && done[repo->jobs[i].needs[k] - repo->jobs];
            if (free_of_needs) {
                done[i] = true;
                moved = true;
            }
        }
    }
    for (size_t i = 0; i < repo->n_jobs && i < 64; i++)
        if (!done[i])
            error_at(r, &repo->jobs[i].place,
                     arena_printf(r->arena, "job %s needs itself, over other jobs",
                                  repo->jobs[i].name));
}

static bool role_is_known(const struct config_repo *repo, const char *role)
{
    for (size_t i = 0; i < repo->n_environments; i++)
        if (repo->environments[i].n_roles == 0)
            return true; /* its roles could not be read: that is told already */
    for (size_t i = 0; i < repo->n_environments; i++)
        for (size_t k = 0; k < repo->environments[i].n_roles; k++)
            if (config_role_covers(&repo->environments[i], &repo->environments[i].roles[k], role))
                return true;
    return repo->n_environments == 0;
}

static void check_roles(struct reader *r, const struct config_repo *repo,
                        const struct config_job *job)
{
    const char *roles[64];
    size_t n = 0;

    for (size_t i = 0; i < repo->n_environments; i++)
        for (size_t k = 0; k < repo->environments[i].n_roles && n < 64; k++)
            roles[n++] = repo->environments[i].roles[k].name;
    for (size_t i = 0; i < job->runs_on.n; i++) {
        if (role_is_known(repo, job->runs_on.items[i]))
            continue;
        error_at(r, &job->place,
                 arena_printf(r->arena,
                              "job %s runs on role \"%s\", which no environment of %s has",
                              job->name, job->runs_on.items[i], repo->name));
        problems_suggest(r->problems, str_nearest(job->runs_on.items[i], roles, n));
    }
    for (size_t i = 0; i < job->environments.n; i++)
        if (config_environment(repo, job->environments.items[i]) == NULL)
            error_at(r, &job->place,
                     arena_printf(r->arena,
                                  "job %s names environment \"%s\", which %s does not have",
                                  job->name, job->environments.items[i], repo->name));
}

/* Hosts of a job in one environment, and whether `host` is among them. */
static size_t job_hosts(const struct config_environment *e, const struct config_job *job,
                        const char *host, bool *ret_found)
{
    size_t n = 0;

    for (size_t i = 0; i < job->runs_on.n; i++)
        for (size_t k = 0; k < e->n_roles; k++) {
            if (!config_role_covers(e, &e->roles[k], job->runs_on.items[i]))
                continue;
            n += e->roles[k].tags.n > 0 ? 2 : e->roles[k].hosts.n;
            for (size_t h = 0; host != NULL && h < e->roles[k].hosts.n; h++)
                *ret_found = *ret_found || strcmp(e->roles[k].hosts.items[h], host) == 0;
            *ret_found = *ret_found || (host != NULL && e->roles[k].tags.n > 0);
        }
    return n;
}

static void check_once(struct reader *r, const struct config_repo *repo,
                       const struct config_job *job)
{
    bool found = false, several = false;

    if (job->primary != NULL && job->once == NULL)
        error_at(r, &job->place,
                 arena_printf(r->arena, "job %s has `primary` without `once`", job->name));
    if (job->once == NULL)
        return;
    if (job->health.http != NULL || job->health.run != NULL)
        error_at(r, &job->place,
                 arena_printf(r->arena, "job %s runs once on a database and takes no `health`",
                              job->name));
    for (size_t i = 0; i < repo->n_environments; i++)
        if (config_job_runs(job, &repo->environments[i]))
            several = job_hosts(&repo->environments[i], job, job->primary, &found) > 1 || several;
    if (job->primary != NULL && !found)
        error_at(r, &job->place,
                 arena_printf(r->arena, "primary \"%s\" of job %s is not among its hosts",
                              job->primary, job->name));
    if (several && job->primary == NULL)
        warn_at(r, &job->place,
                arena_printf(
                    r->arena,
                    "job %s has several hosts and no `primary`: the first by name that is online "
                    "will run it",
                    job->name));
}

static bool has_pair(const struct config_pairs *pairs, const struct config_pair *wanted)
{
    for (size_t i = 0; i < pairs->n; i++)
        if (strcmp(pairs->items[i].key, wanted->key) == 0)
            return strcmp(pairs->items[i].value, wanted->value) == 0;
    return false;
}

static bool same_pairs(const struct config_pairs *a, const struct config_pairs *b)
{
    for (size_t i = 0; i < a->n; i++)
        if (!has_pair(b, &a->items[i]))
            return false;
    return a->n == b->n;
}

/* What a probe proves is true of the place in which it asked: no other step may look into another database. */
static void check_probe(struct reader *r, const struct config_job *job)
{
    const struct config_step *asked;

    if (job->once == NULL || job->n_steps == 0)
        return;
    asked = config_job_asked(job);
    if (!config_step_migrates(asked) && (job->probe == NULL || asked->run == NULL))
        return; /* nothing is asked, or nothing of ours looks into a database */
    for (size_t i = 0; i < job->n_steps; i++) {
        const struct config_step *step = &job->steps[i];

        if (!(config_step_migrates(asked) ? config_step_migrates(step) : step->run != NULL) ||
            (same_pairs(&step->env, &asked->env) && same_pairs(&step->with, &asked->with) &&
             str_eq(step->run_as, asked->run_as) &&
             str_eq(step->working_directory, asked->working_directory)))
            continue;
        error_at(r, &step->place,
                 arena_printf(r->arena,
                              "step %s of job %s runs in another place than step %s, where its "
                              "probe asks: what is proved there need not be true here. Give both "
                              "the same `env`, `with`, `run-as` and `working-directory`, best by "
                              "the job",
                              step->name, job->name, asked->name));
    }
}

/* One job of a repository, as it migrates one of its databases. */
struct migrates {
    const struct config_job *job;
    const struct config_environment *environment;
    const char *database;
};

/* A release migrates a database once (M2): the second job would be told as done, and would never run. */
static void check_databases(struct reader *r, const struct config_repo *repo)
{
    struct migrates *all = NULL;
    size_t n = 0, cap = 0;

    for (size_t i = 0; i < repo->n_jobs; i++)
        for (size_t k = 0; k < repo->n_environments && repo->jobs[i].once != NULL; k++) {
            const struct config_environment *e = &repo->environments[k];

            if (config_job_runs(&repo->jobs[i], e))
                *ARENA_PUSH(r->arena, all, n, cap) =
                    (struct migrates){&repo->jobs[i], e,
                                      config_database(r->config, e, repo->jobs[i].once, r->arena)};
        }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++) {
            if (all[i].job == all[k].job || strcmp(all[i].database, all[k].database) != 0)
                continue;
            error_at(r, &all[i].job->place,
                     arena_printf(r->arena,
                                  "job %s in %s and job %s in %s migrate one database, %s, and a "
                                  "release migrates a database only once: the second of them "
                                  "would never run. Make them steps of one job, or name another "
                                  "database with `once`",
                                  all[k].job->name, all[k].environment->name, all[i].job->name,
                                  all[i].environment->name, all[i].database));
            break;
        }
}

static void check_root(struct reader *r, const struct config_repo *repo,
                       const struct config_job *job)
{
    for (size_t i = 0; i < job->n_steps; i++)
        if (job->steps[i].uses != NULL && !str_starts(job->steps[i].uses, "restart") &&
            repo->root == NULL)
            error_at(r, &job->steps[i].place,
                     arena_printf(r->arena,
                                  "%s needs `root` of repository %s: the folder on the hosts",
                                  job->steps[i].uses, repo->name));
}

static bool writes_commit(const struct config_job *job)
{
    for (size_t i = 0; i < job->n_steps; i++)
        if (str_starts(job->steps[i].uses, "activate") || str_starts(job->steps[i].uses, "publish"))
            return true;
    return false;
}

/* A check is waited for by what needs the environment. */
static void check_is_waited_for(struct reader *r, const struct config_repo *repo,
                                const struct config_environment *e)
{
    for (size_t i = 0; i < repo->n_environments; i++)
        for (size_t k = 0; k < repo->environments[i].n_needs; k++)
            if (repo->environments[i].needs[k] == e)
                return;
    error_at(r, &e->place,
             arena_printf(r->arena,
                          "check: required in %s: nothing needs it, so nothing would wait; it "
                          "belongs where people look, and what follows has `needs: [%s]`",
                          e->name, e->name));
}

static void check_repo(struct reader *r, const struct config_repo *repo)
{
    bool proof = false;

    for (size_t i = 0; i < repo->n_environments; i++) {
        const struct config_environment *e = &repo->environments[i];
        if (e->check)
            check_is_waited_for(r, repo, e);
        if (environment_reaches(e, e, repo->n_environments))
            error_at(r, &e->place, arena_printf(r->arena, "environment %s needs itself", e->name));
    }
    check_job_cycles(r, repo);
    check_databases(r, repo);
    for (size_t i = 0; i < repo->n_jobs; i++) {
        check_roles(r, repo, &repo->jobs[i]);
        check_once(r, repo, &repo->jobs[i]);
        check_probe(r, &repo->jobs[i]);
        check_root(r, repo, &repo->jobs[i]);
        proof = proof || writes_commit(&repo->jobs[i]);
    }
    if (!proof && repo->n_jobs > 0)
        warn_at(r, &repo->place,
                arena_printf(
                    r->arena,
                    "no step of %s reports the commit (activate, publish): a deployment is proven "
                    "by exit codes and health alone",
                    repo->name));
}

void config_check(struct reader *r)
{
    struct config *c = r->config;

    config_when_read_check(r);
    config_freeze_read_check(r);
    for (size_t i = 0; i < c->n_repos; i++)
        check_repo(r, &c->repos[i]);
    if (c->webhook_secret_files.n == 0) {
        problems_move(r->problems, r->file);
        problems_error(
            r->problems, 0, 0,
            "github.webhook-secret-files is missing: without a secret the server does not start");
    }
}
