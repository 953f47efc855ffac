#include "server/flow/naming.h"

#include "lib/base/str.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_deployment.h"

const char *naming_of(struct arena *arena, const struct config *config, const char *repository,
                      const char *environment, const char *job, const char *database)
{
    const struct config_repo *repo = config_repo(config, repository);
    const struct config_environment *e =
        repo != NULL ? config_environment(repo, environment) : NULL;
    const char *found = NULL;

    for (size_t i = 0; e != NULL && i < repo->n_jobs; i++) {
        const char *name;

        if (repo->jobs[i].once == NULL)
            continue;
        name = config_database(config, e, repo->jobs[i].once, arena);
        if (str_eq(repo->jobs[i].name, job))
            return name;
        if (str_eq(name, database))
            found = name;
    }
    return found;
}

static bool migrates(struct arena *arena, const struct config *config,
                     const struct config_environment *e, const char *database)
{
    for (size_t i = 0; i < e->repo->n_jobs; i++)
        if (e->repo->jobs[i].once != NULL &&
            str_eq(config_database(config, e, e->repo->jobs[i].once, arena), database))
            return true;
    return false;
}

bool naming_uses(struct arena *arena, const struct config *config, const struct config_repo *repo,
                 const char *database)
{
    for (size_t i = 0; i < repo->n_environments; i++)
        if (migrates(arena, config, &repo->environments[i], database))
            return true;
    return false;
}

bool naming_knows(struct arena *arena, const struct config *config, const char *database)
{
    for (size_t i = 0; i < config->n_repos; i++)
        if (naming_uses(arena, config, &config->repos[i], database))
            return true;
    return false;
}

bool naming_lets(struct arena *arena, const struct config *config, const char *database,
                 const char *host, const struct config_pairs *tags)
{
    for (size_t i = 0; i < config->n_repos; i++)
        for (size_t k = 0; k < config->repos[i].n_environments; k++) {
            const struct config_environment *e = &config->repos[i].environments[k];

            if (config_environment_finds(e, host, tags) && migrates(arena, config, e, database))
                return true;
        }
    return false;
}

struct namings {
    struct db *db;
    struct arena *arena;
    const struct config *config;
};

static const char *called(const struct namings *n, const char *name)
{
    return name == NULL ? "names it no more" : arena_printf(n->arena, "calls it %s", name);
}

static int check_attempt(const struct namings *n, const struct attempt *a, struct err *err)
{
    struct deployment d;
    struct job *jobs = NULL;
    const char *name;
    size_t n_jobs = 0;
    int rc = store_deployment_by_id(n->db, n->arena, a->deployment_id, &d, err);

    if (rc == 0)
        rc = store_deployment_jobs(n->db, n->arena, a->deployment_id, &jobs, &n_jobs, err);
    if (rc < 0)
        return rc;
    name = naming_of(n->arena, n->config, d.repository, d.environment,
                     jobs != NULL && (size_t)a->job_number < n_jobs ? jobs[a->job_number].name : "",
                     a->database);
    if (str_eq(name, a->database))
        return 0;
    return err_set(err, ERR_CONFLICT,
                   "database %s is held by the migrate attempt of r%lld (%s), and this "
                   "configuration %s. Put the old name back; let that attempt end, or decide it "
                   "(slipway migrate status); then rename",
                   a->database, (long long)a->release_number, attempt_states[a->state].text,
                   called(n, name));
}

static int check_deployment(const struct namings *n, const struct deployment *d, struct err *err)
{
    struct job *jobs = NULL;
    size_t n_jobs = 0;
    int rc = store_deployment_jobs(n->db, n->arena, d->id, &jobs, &n_jobs, err);

    for (size_t i = 0; i < n_jobs && rc == 0; i++) {
        const char *name;

        if (jobs[i].database == NULL || jobs[i].state == JOB_SUCCEEDED)
            continue;
        name = naming_of(n->arena, n->config, d->repository, d->environment, jobs[i].name,
                         jobs[i].database);
        if (!str_eq(name, jobs[i].database))
            rc = err_set(err, ERR_CONFLICT,
                         "database %s is going to be migrated by r%lld, on its way to %s/%s, and "
                         "this configuration %s. Put the old name back; let that deployment end, "
                         "or cancel it; then rename",
                         jobs[i].database, (long long)d->release_number, d->repository,
                         d->environment, called(n, name));
    }
    return rc;
}

int naming_check(struct db *db, struct arena *arena, const struct config *config, struct err *err)
{
    const struct namings n = {db, arena, config};
    struct attempt *attempts = NULL;
    struct deployment *open = NULL;
    size_t n_attempts = 0, n_open = 0;
    int rc = store_attempt_all_unsettled(db, arena, &attempts, &n_attempts, err);

    for (size_t i = 0; i < n_attempts && rc == 0; i++)
        rc = check_attempt(&n, &attempts[i], err);
    if (rc == 0)
        rc = store_deployment_all_open(db, arena, &open, &n_open, err);
    for (size_t i = 0; i < n_open && rc == 0; i++)
        if (open[i].state != DEPLOYMENT_WAITING)
            rc = check_deployment(&n, &open[i], err);
    return rc;
}
