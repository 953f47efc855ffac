/* A repository: its environments, roles and jobs. */
#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/config/reader.h"

#define MINUTE_MS 60000
#define ENVIRONMENTS_MAX 16
#define JOBS_MAX 32
#define ROLES_MAX 64
#define CI_MAX 20

static size_t count(const struct yaml_node *map)
{
    size_t n = 0;

    for (const struct yaml_node *c = map->first; c != NULL; c = c->next)
        n++;
    return n;
}

/* A map of named things: each key a word, at most `max`; false if there is nothing to read. */
static bool named_map(struct reader *r, struct yaml_node *node, const char *what, size_t max)
{
    if (node == NULL)
        return false;
    if (node->kind != YAML_MAP) {
        problems_error(r->problems, node->line, node->column, "a map of %s is expected", what);
        return false;
    }
    if (count(node) > max) {
        problems_error(r->problems, node->line, node->column, "at most %zu %s", max, what);
        return false;
    }
    for (const struct yaml_node *c = node->first; c != NULL; c = c->next)
        if (!names_is_word(c->key->text))
            problems_error(r->problems, c->key->line, c->key->column,
                           "\"%.60s\" cannot be a name here (letters, digits, '.', '_', '-')",
                           c->key->text);
    return true;
}

static void read_role(struct reader *r, struct yaml_node *node, struct config_role *role)
{
    struct yaml_node *agent, *ssm, *by;

    role->name = node->key->text;
    role->place = reader_key_place(r, node);
    if (!reader_map(r, node, "a role", READER_KEYS("agent", "ssm")))
        return;
    agent = yaml_tree_get(node, "agent");
    ssm = yaml_tree_get(node, "ssm");
    if ((agent == NULL) == (ssm == NULL)) {
        problems_error(r->problems, role->place.line, role->place.column,
                       "role %s is either by `agent` or by `ssm`", role->name);
        return;
    }
    by = agent != NULL ? agent : ssm;
    role->ssm = ssm != NULL;
    if (role->ssm && r->config->aws_region == NULL)
        problems_error(r->problems, role->place.line, role->place.column,
                       "role %s is by `ssm`, and nothing says where: write aws: { region: REGION } "
                       "at the top of the file",
                       role->name);
    if (!reader_map(r, by, "hosts of a role", READER_KEYS("hosts", "tags")))
        return;
    reader_words(r, yaml_tree_get(by, "hosts"), "the name of a host", &role->hosts);
    reader_pairs(r, yaml_tree_get(by, "tags"), false, &role->tags);
    if ((role->hosts.n == 0) == (role->tags.n == 0))
        problems_error(r->problems, by->line, by->column, "role %s has either `hosts` or `tags`",
                       role->name);
    for (size_t i = 0; i < role->hosts.n; i++) {
        if (names_is_machine_id(role->hosts.items[i]) != role->ssm)
            problems_error(r->problems, by->line, by->column,
                           role->ssm ? "host %s of role %s is by ssm: its instance id at AWS is "
                                       "expected (i-... or mi-...)"
                                     : "host %s of role %s has an instance id as its name: such "
                                       "hosts are by `ssm`",
                           role->hosts.items[i], role->name);
        for (size_t k = 0; k < i; k++)
            if (strcmp(role->hosts.items[i], role->hosts.items[k]) == 0)
                problems_error(r->problems, by->line, by->column, "host %s stands twice in role %s",
                               role->hosts.items[i], role->name);
    }
}

static void read_roles(struct reader *r, struct yaml_node *node, struct config_environment *e)
{
    if (node == NULL) {
        problems_error(r->problems, e->place.line, e->place.column, "environment %s needs `roles`",
                       e->name);
        return;
    }
    if (!named_map(r, node, "roles", ROLES_MAX))
        return;
    e->roles = arena_array(r->arena, count(node), sizeof(*e->roles));
    for (struct yaml_node *c = node->first; c != NULL; c = c->next)
        read_role(r, c, &e->roles[e->n_roles++]);
}

static void read_when(struct reader *r, struct yaml_node *node, struct config_environment *e)
{
    static const char *const on[] = {"pull-request", "merge", "schedule", "release", NULL};
    static const char *const after[] = {"stand", "next", "rollback", NULL};
    struct yaml_node *at = yaml_tree_get(node, "at");

    if (yaml_tree_get(node, "on") == NULL)
        problems_error(r->problems, e->place.line, e->place.column,
                       "environment %s needs `on`: pull-request, merge, schedule or release",
                       e->name);
    e->on = (enum config_on)reader_choice(r, yaml_tree_get(node, "on"), on, CONFIG_ON_RELEASE);
    reader_times(r, at, &e->at);
    if (at != NULL && e->on != CONFIG_ON_SCHEDULE)
        problems_error(r->problems, at->key->line, at->key->column,
                       "`at` goes with on: schedule; environment %s is on: %s", e->name,
                       config_on_names[e->on]);
    if (e->on == CONFIG_ON_SCHEDULE && at == NULL && yaml_tree_get(node, "between") == NULL)
        problems_error(r->problems, e->place.line, e->place.column,
                       "environment %s is on: schedule and needs `at` or `between`", e->name);
    reader_zone(r, yaml_tree_get(node, "timezone"), &e->timezone);
    reader_duration(r, yaml_tree_get(node, "cut-off"), 0, &e->cut_off_ms);
    reader_duration(r, yaml_tree_get(node, "grace"), 1000, &e->grace_ms);
    e->after_failure = (enum config_after_failure)reader_choice(
        r, yaml_tree_get(node, "after-failure"), after,
        e->on == CONFIG_ON_MERGE || e->on == CONFIG_ON_PULL_REQUEST ? CONFIG_NEXT : CONFIG_STAND);
    config_when_read(r, node, e);
}

/* What belongs to a release before it may start here: approvals, CI; and what people must have looked at. */
static void read_proofs(struct reader *r, struct yaml_node *node, struct config_environment *e)
{
    static const char *const checks[] = {"none", "required", NULL};
    struct yaml_node *approvals = yaml_tree_get(node, "approvals");
    struct yaml_node *ci = yaml_tree_get(node, "ci");

    e->check = reader_choice(r, yaml_tree_get(node, "check"), checks, 0) == 1;
    reader_list(r, ci, &e->ci);
    for (size_t i = 0; i < e->ci.n; i++)
        for (size_t k = 0; k < i; k++)
            if (strcasecmp(e->ci.items[i], e->ci.items[k]) == 0)
                problems_error(r->problems, ci->line, ci->column, "\"%.60s\" stands twice in `ci`",
                               e->ci.items[i]);
    if (e->ci.n > CI_MAX)
        problems_error(r->problems, ci->line, ci->column, "at most %d names in `ci`", CI_MAX);
    if (approvals == NULL ||
        !reader_map(r, approvals, "approvals", READER_KEYS("code", "content", "self", "expire")))
        return;
    reader_int(r, yaml_tree_get(approvals, "code"), 0, 20, &e->approvals.code);
    reader_int(r, yaml_tree_get(approvals, "content"), 0, 20, &e->approvals.content);
    reader_bool(r, yaml_tree_get(approvals, "self"), &e->approvals.self);
    reader_duration(r, yaml_tree_get(approvals, "expire"), 60000, &e->approvals.expire_ms);
}

static void read_environment(struct reader *r, struct config_repo *repo, struct yaml_node *node,
                             struct config_environment *e)
{
    e->name = node->key->text;
    e->place = reader_key_place(r, node);
    e->repo = repo;
    e->timezone = r->config->timezone;
    e->grace_ms = 15 * MINUTE_MS;
    e->rights = repo->rights;
    if (!reader_map(r, node, "an environment",
                    READER_KEYS("on", "at", "between", "calendar", "timezone", "cut-off", "grace",
                                "delay", "needs", "check", "ci", "approvals", "after-failure",
                                "merge", "url", "roles", "rights")))
        return;
    read_when(r, node, e);
    reader_text(r, yaml_tree_get(node, "url"), &e->url);
    reader_rights(r, yaml_tree_get(node, "rights"), &e->rights);
    read_roles(r, yaml_tree_get(node, "roles"), e);
    read_proofs(r, node, e);
    config_not_built_environment(r, node, e);
}

/* `needs` of environments and jobs are names until everything they can name was read. */
static void resolve_environments(struct reader *r, struct config_repo *repo, struct yaml_node *node)
{
    size_t i = 0;

    for (struct yaml_node *c = node->first; c != NULL; c = c->next, i++) {
        struct config_environment *e = &repo->environments[i];
        struct yaml_node *needs = yaml_tree_get(c, "needs");
        struct config_list names = {.n = 0};
        reader_words(r, needs, "the name of an environment", &names);
        e->needs = arena_array(r->arena, names.n, sizeof(*e->needs));
        for (size_t k = 0; k < names.n; k++) {
            const struct config_environment *found = config_environment(repo, names.items[k]);
            if (found == NULL)
                problems_error(r->problems, needs->line, needs->column,
                               "environment %s needs \"%.60s\", which is not an environment of %s",
                               e->name, names.items[k], repo->name);
            else
                e->needs[e->n_needs++] = &repo->environments[found - repo->environments];
        }
    }
}

static struct config_job *find_job(struct config_repo *repo, const char *name)
{
    for (size_t i = 0; i < repo->n_jobs; i++)
        if (strcmp(repo->jobs[i].name, name) == 0)
            return &repo->jobs[i];
    return NULL;
}

static void resolve_jobs(struct reader *r, struct config_repo *repo, struct yaml_node *node)
{
    size_t i = 0;

    for (struct yaml_node *c = node->first; c != NULL; c = c->next, i++) {
        struct config_job *job = &repo->jobs[i];
        struct yaml_node *needs = yaml_tree_get(c, "needs");
        struct config_list names = {.n = 0};
        reader_words(r, needs, "the name of a job", &names);
        job->needs = arena_array(r->arena, names.n, sizeof(*job->needs));
        for (size_t k = 0; k < names.n; k++) {
            struct config_job *found = find_job(repo, names.items[k]);
            if (found == NULL)
                problems_error(r->problems, needs->line, needs->column,
                               "job %s needs \"%.60s\", which is not a job of %s", job->name,
                               names.items[k], repo->name);
            else
                job->needs[job->n_needs++] = found;
        }
    }
}

static void read_mirror(struct reader *r, struct yaml_node *node, struct config_repo *repo)
{
    repo->mirror = "";
    if (node == NULL) {
        problems_error(r->problems, repo->place.line, repo->place.column,
                       "repository %s needs `mirror`: the address it is fetched from", repo->name);
        return;
    }
    reader_text(r, node, &repo->mirror);
    if (str_starts(repo->mirror, "file:///")) {
        const char *path = repo->mirror + strlen("file://");
        bool inside = strstr(path, "/../") == NULL && !str_ends(path, "/..");
        bool under = false;
        for (size_t i = 0; i < r->config->mirror_roots.n; i++) {
            const char *root = r->config->mirror_roots.items[i];
            size_t n = strlen(root);
            under = under || (strncmp(path, root, n) == 0 && path[n] == '/');
        }
        if (!inside || !under)
            problems_error(r->problems, node->line, node->column,
                           "a file: mirror must lie under one of `mirror-roots`");
    } else if (!str_starts(repo->mirror, "https://")) {
        problems_error(r->problems, node->line, node->column,
                       "mirror must begin with https:// (or file:/// under `mirror-roots`)");
    } else if (strchr(repo->mirror + 8, '@') != NULL) {
        problems_error(r->problems, node->line, node->column,
                       "no user or token in the address of a mirror: secrets come only from files");
    }
}

static void read_content(struct reader *r, struct yaml_node *node, struct config_repo *repo)
{
    if (node == NULL || !reader_map(r, node, "content", READER_KEYS("paths", "max-file", "types")))
        return;
    reader_list(r, yaml_tree_get(node, "paths"), &repo->content);
    if (repo->content.n == 0)
        problems_error(r->problems, node->line, node->column, "content needs `paths`");
}

void config_repo_read(struct reader *r, struct yaml_node *node)
{
    struct config_repo *repo =
        ARENA_PUSH(r->arena, r->config->repos, r->config->n_repos, r->cap_repos);
    struct yaml_node *environments, *jobs, *branch, *root;
    static const char *const languages[] = {"en", "ja", NULL};

    repo->name = node->key->text;
    repo->place = reader_key_place(r, node);
    repo->branch = "main";
    repo->keep = 5;
    repo->run_as = "";
    repo->language = r->config->language;
    repo->rights = r->config->rights;
    if (!names_is_repo(repo->name))
        problems_error(r->problems, repo->place.line, repo->place.column,
                       "\"%.100s\" is not the name of a repository (owner/name)", repo->name);
    if (!reader_map(r, node, "a repository",
                    READER_KEYS("branch", "mirror", "content", "root", "run-as", "keep", "language",
                                "rights", "environments", "jobs")))
        return;
    branch = yaml_tree_get(node, "branch");
    reader_text(r, branch, &repo->branch);
    if (branch != NULL && !names_is_branch(repo->branch))
        problems_error(r->problems, branch->line, branch->column,
                       "\"%.100s\" is not the name of a branch", repo->branch);
    read_mirror(r, yaml_tree_get(node, "mirror"), repo);
    read_content(r, yaml_tree_get(node, "content"), repo);
    root = yaml_tree_get(node, "root");
    reader_text(r, root, &repo->root);
    if (root != NULL && repo->root != NULL && repo->root[0] != '/')
        problems_error(r->problems, root->line, root->column,
                       "root of %s must be an absolute path on the hosts", repo->name);
    if (yaml_tree_get(node, "run-as") != NULL)
        reader_word(r, yaml_tree_get(node, "run-as"), "a user's name", &repo->run_as);
    reader_int(r, yaml_tree_get(node, "keep"), 2, 100, &repo->keep);
    repo->language = languages[reader_choice(r, yaml_tree_get(node, "language"), languages,
                                             str_eq(repo->language, "ja"))];
    reader_rights(r, yaml_tree_get(node, "rights"), &repo->rights);

    environments = yaml_tree_get(node, "environments");
    jobs = yaml_tree_get(node, "jobs");
    if (environments == NULL || jobs == NULL)
        problems_error(r->problems, repo->place.line, repo->place.column,
                       "repository %s needs `environments` and `jobs`", repo->name);
    if (named_map(r, environments, "environments", ENVIRONMENTS_MAX)) {
        repo->environments =
            arena_array(r->arena, count(environments), sizeof(*repo->environments));
        for (struct yaml_node *c = environments->first; c != NULL; c = c->next)
            read_environment(r, repo, c, &repo->environments[repo->n_environments++]);
        resolve_environments(r, repo, environments);
    }
    if (jobs != NULL && named_map(r, jobs, "jobs", JOBS_MAX)) {
        repo->jobs = arena_array(r->arena, count(jobs), sizeof(*repo->jobs));
        for (struct yaml_node *c = jobs->first; c != NULL; c = c->next) {
            struct config_job *job = &repo->jobs[repo->n_jobs++];
            job->name = c->key->text;
            job->place = reader_key_place(r, c);
            config_job_read(r, repo, c, job);
        }
        resolve_jobs(r, repo, jobs);
    }
    config_not_built_repo(r, node, repo);
}
