#include "lib/model/config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/names.h"
#include "lib/base/str.h"

const char *const config_right_names[CONFIG_RIGHTS] = {"view",    "approve-content", "approve-code",
                                                       "operate", "hotfix",          "admin"};
const char *const config_on_names[4] = {"pull-request", "merge", "schedule", "release"};

const struct config_repo *config_repo(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->n_repos; i++)
        if (strcasecmp(config->repos[i].name, name) == 0) /* as on GitHub */
            return &config->repos[i];
    return NULL;
}

const struct config_environment *config_environment(const struct config_repo *repo,
                                                    const char *name)
{
    for (size_t i = 0; repo != NULL && i < repo->n_environments; i++)
        if (strcmp(repo->environments[i].name, name) == 0)
            return &repo->environments[i];
    return NULL;
}

static bool list_has(const struct config_list *list, const char *word)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i], word) == 0)
            return true;
    return false;
}

bool config_freeze_covers(const struct config_freeze *freeze,
                          const struct config_environment *environment)
{
    bool repo = freeze->repos.n == 0;

    for (size_t i = 0; i < freeze->repos.n; i++)
        repo = repo || strcasecmp(freeze->repos.items[i], environment->repo->name) == 0;
    return repo &&
           (freeze->environments.n == 0 || list_has(&freeze->environments, environment->name));
}

bool config_job_runs(const struct config_job *job, const struct config_environment *environment)
{
    return job->environments.n == 0 || list_has(&job->environments, environment->name);
}

static bool has_pair(const struct config_pairs *pairs, const struct config_pair *pair)
{
    for (size_t i = 0; pairs != NULL && i < pairs->n; i++)
        if (strcmp(pairs->items[i].key, pair->key) == 0 &&
            strcmp(pairs->items[i].value, pair->value) == 0)
            return true;
    return false;
}

bool config_step_migrates(const struct config_step *step)
{
    return str_eq(step->uses, "migrate") || str_starts(step->uses, "migrate@");
}

const struct config_step *config_job_asked(const struct config_job *job)
{
    for (size_t i = 0; i < job->n_steps; i++)
        if (config_step_migrates(&job->steps[i]))
            return &job->steps[i];
    for (size_t i = 0; i < job->n_steps; i++)
        if (job->steps[i].run != NULL)
            return &job->steps[i];
    return &job->steps[0];
}

bool config_role_finds(const struct config_role *r, const char *name,
                       const struct config_pairs *tags)
{
    if (r->ssm != names_is_machine_id(name))
        return false;
    if (r->tags.n == 0)
        return list_has(&r->hosts, name);
    for (size_t i = 0; i < r->tags.n; i++)
        if (!has_pair(tags, &r->tags.items[i]))
            return false;
    return true;
}

bool config_environment_finds(const struct config_environment *e, const char *name,
                              const struct config_pairs *tags)
{
    for (size_t i = 0; i < e->n_roles; i++)
        if (config_role_finds(&e->roles[i], name, tags))
            return true;
    return false;
}

bool config_role_covers(const struct config_environment *environment, const struct config_role *r,
                        const char *role)
{
    if (strcmp(r->name, role) == 0)
        return true;
    if (strcmp(r->name, "all") != 0)
        return false;
    for (size_t i = 0; i < environment->n_roles; i++)
        if (strcmp(environment->roles[i].name, role) == 0)
            return false;
    return true;
}

const char *config_database(const struct config *config,
                            const struct config_environment *environment, const char *once,
                            struct arena *arena)
{
    const char *full =
        arena_printf(arena, "%s/%s/%s", environment->repo->name, environment->name, once);

    for (size_t i = 0; i < config->n_databases; i++)
        if (list_has(&config->databases[i].members, full))
            return config->databases[i].name;
    return full;
}

void config_free(struct config *config)
{
    struct arena *arena = config == NULL ? NULL : config->arena;

    if (arena == NULL)
        return;
    arena_deinit(arena);
    free(arena);
}
