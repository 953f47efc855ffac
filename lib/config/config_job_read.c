/* Jobs and their steps: the `jobs` part of a repository. */
#include <assert.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/config/reader.h"

#define KILL_AFTER_MIN_MS 5000
#define MINUTE_MS 60000
#define START_WITHIN_MAX_MS (INT64_C(30) * 24 * 60 * MINUTE_MS)
#define STEPS_MAX 64

static const char *const shipped[] = {"fetch", "migrate", "activate", "restart", "publish", NULL};

static void read_run_as(struct reader *r, struct yaml_node *node, const char **value)
{
    if (node != NULL && node->kind == YAML_SCALAR && node->text[0] == '\0')
        return;
    reader_word(r, node, "a user's name", value);
}

static void read_folder(struct reader *r, struct yaml_node *node, const char **value)
{
    const char *text = NULL;

    reader_text(r, node, &text);
    if (text == NULL)
        return;
    if (text[0] != '/')
        problems_error(r->problems, node->line, node->column, "%s must be an absolute path",
                       node->key->text);
    else
        *value = text;
}

/* A shipped document and what it wants `with`. */
static void check_uses(struct reader *r, const struct yaml_node *node,
                       const struct config_step *step)
{
    char name[65];
    size_t n = strcspn(step->uses, "@");
    bool known = false;

    assert(node != NULL); /* `uses` was read from it */
    if (n >= sizeof(name) || (step->uses[n] == '@' && !names_is_document(step->uses))) {
        problems_error(r->problems, node->line, node->column,
                       "uses: the name of a document is expected, such as fetch or fetch@1");
        return;
    }
    memcpy(name, step->uses, n);
    name[n] = '\0';
    for (size_t i = 0; shipped[i] != NULL; i++)
        known = known || strcmp(name, shipped[i]) == 0;
    if (!known) {
        problems_error(
            r->problems, node->line, node->column,
            "no document \"%.60s\" is shipped; there are fetch, migrate, activate, restart "
            "and publish",
            name);
        problems_suggest(r->problems, str_nearest(name, shipped, 5));
    }
}

static const char *with_of(const struct config_step *step, const char *key)
{
    for (size_t i = 0; i < step->with.n; i++)
        if (strcmp(step->with.items[i].key, key) == 0)
            return step->with.items[i].value;
    return NULL;
}

static void check_with(struct reader *r, const struct yaml_node *node,
                       const struct config_step *step)
{
    const char *command = with_of(step, "command");

    assert(node != NULL);
    for (size_t i = 0; i < step->with.n; i++) {
        const char *key = step->with.items[i].key;
        bool ok = (str_starts(step->uses, "restart") &&
                   (str_eq(key, "unit") || str_eq(key, "command"))) ||
                  (str_starts(step->uses, "migrate") && str_eq(key, "tool")) ||
                  (str_starts(step->uses, "publish") && str_eq(key, "dir"));
        if (!ok)
            problems_error(r->problems, node->line, node->column, "%s takes no \"%.60s\"",
                           step->uses, key);
    }
    if (str_starts(step->uses, "restart") && (with_of(step, "unit") == NULL) == (command == NULL))
        problems_error(r->problems, node->line, node->column,
                       "restart wants either with: { unit: NAME } or with: { command: /PATH }");
    if (str_starts(step->uses, "restart") && command != NULL && command[0] != '/')
        problems_error(r->problems, node->line, node->column,
                       "restart: the command must be an absolute path");
    if (str_starts(step->uses, "migrate") && !str_eq(with_of(step, "tool"), "rails"))
        problems_error(r->problems, node->line, node->column,
                       "migrate wants with: { tool: rails }; for other tools write own steps");
}

static void read_step(struct reader *r, const struct config_job *job, struct yaml_node *node,
                      struct config_step *step)
{
    const struct yaml_node *run, *uses;

    step->place = reader_place(r, node);
    if (!reader_map(r, node, "a step",
                    READER_KEYS("name", "run", "uses", "with", "env", "run-as",
                                "working-directory")))
        return;
    run = yaml_tree_get(node, "run");
    uses = yaml_tree_get(node, "uses");
    reader_text(r, yaml_tree_get(node, "run"), &step->run);
    reader_text(r, yaml_tree_get(node, "uses"), &step->uses);
    reader_word(r, yaml_tree_get(node, "name"), "a name", &step->name);
    reader_pairs(r, yaml_tree_get(node, "with"), false, &step->with);
    reader_pairs(r, yaml_tree_get(node, "env"), true, &step->env);
    read_run_as(r, yaml_tree_get(node, "run-as"), &step->run_as);
    read_folder(r, yaml_tree_get(node, "working-directory"), &step->working_directory);
    if ((run == NULL) == (uses == NULL))
        problems_error(r->problems, node->line, node->column,
                       "a step has either `run` (a script) or `uses` (a shipped document)");
    if (step->with.n > 0 && step->uses == NULL)
        problems_error(r->problems, node->line, node->column, "`with` goes only with `uses`");
    if (step->uses != NULL) {
        check_uses(r, uses, step);
        check_with(r, uses, step);
    }
    (void)job;
}

static void read_health(struct reader *r, struct yaml_node *node, struct config_health *health)
{
    struct yaml_node *http, *run;

    if (!reader_map(r, node, "health", READER_KEYS("http", "run", "expect", "within")))
        return;
    http = yaml_tree_get(node, "http");
    run = yaml_tree_get(node, "run");
    reader_text(r, http, &health->http);
    reader_text(r, run, &health->run);
    reader_int(r, yaml_tree_get(node, "expect"), 100, 599, &health->expect);
    reader_duration(r, yaml_tree_get(node, "within"), 1000, &health->within_ms);
    if ((http == NULL) == (run == NULL))
        problems_error(r->problems, node->line, node->column, "health has either `http` or `run`");
    if (http != NULL && health->http != NULL && !str_starts(health->http, "http://") &&
        !str_starts(health->http, "https://"))
        problems_error(r->problems, http->line, http->column,
                       "health.http must be an http(s) address");
}

static void read_max_parallel(struct reader *r, struct yaml_node *node, struct config_job *job)
{
    size_t n = node != NULL && node->kind == YAML_SCALAR ? strlen(node->text) : 0;
    char digits[16];
    int64_t percent;

    if (n > 1 && n < sizeof(digits) && node->text[n - 1] == '%') {
        memcpy(digits, node->text, n - 1);
        digits[n - 1] = '\0';
        if (str_parse_int64(digits, &percent) == 0 && percent >= 1 && percent <= 100) {
            job->max_parallel = percent;
            job->max_parallel_percent = true;
            return;
        }
    }
    reader_int(r, node, 1, 1000000, &job->max_parallel);
}

/* Names of steps are unique: a log and a result name them. */
static void name_steps(struct reader *r, struct config_job *job)
{
    for (size_t i = 0; i < job->n_steps; i++) {
        struct config_step *s = &job->steps[i];
        if (s->name == NULL && s->uses != NULL)
            s->name = arena_strn(r->arena, s->uses, strcspn(s->uses, "@"));
        if (s->name == NULL)
            s->name = arena_printf(r->arena, "step-%zu", i + 1);
        for (size_t k = 0; k < i; k++)
            if (strcmp(job->steps[k].name, s->name) == 0)
                problems_error(r->problems, s->place.line, s->place.column,
                               "two steps of job %s are named %s; give one of them a `name`",
                               job->name, s->name);
    }
}

static void read_steps(struct reader *r, struct config_job *job, struct yaml_node *node)
{
    size_t n = 0;

    if (node == NULL || node->kind != YAML_LIST || node->first == NULL) {
        problems_error(r->problems, node != NULL ? node->line : job->place.line,
                       node != NULL ? node->column : job->place.column,
                       "job %s needs `steps`: a list with at least one step", job->name);
        return;
    }
    for (const struct yaml_node *c = node->first; c != NULL; c = c->next)
        n++;
    if (n > STEPS_MAX) {
        problems_error(r->problems, node->line, node->column, "at most %d steps in a job",
                       STEPS_MAX);
        return;
    }
    job->steps = arena_array(r->arena, n, sizeof(*job->steps));
    for (struct yaml_node *c = node->first; c != NULL; c = c->next)
        read_step(r, job, c, &job->steps[job->n_steps++]);
    name_steps(r, job);
}

/* What a step does not say it has from its job, what that does not say from the repository. */
static void inherit(struct config_repo *repo, struct config_job *job, const char *run_as,
                    const char *working_directory)
{
    for (size_t i = 0; i < job->n_steps; i++) {
        struct config_step *s = &job->steps[i];
        if (s->run_as == NULL)
            s->run_as = run_as != NULL ? run_as : repo->run_as;
        if (s->working_directory == NULL)
            s->working_directory = working_directory != NULL ? working_directory : "";
    }
}

/* What belongs to a migrate job. */
static void read_once(struct reader *r, struct yaml_node *node, struct config_job *job)
{
    struct yaml_node *probe = yaml_tree_get(node, "probe");
    struct yaml_node *kill = yaml_tree_get(node, "kill-after");

    reader_duration(r, kill, KILL_AFTER_MIN_MS, &job->kill_after_ms);
    if (probe != NULL && reader_map(r, probe, "a probe", READER_KEYS("run")))
        reader_text(r, yaml_tree_get(probe, "run"), &job->probe);
    if (job->once == NULL && (probe != NULL || kill != NULL))
        problems_error(
            r->problems, job->place.line, job->place.column,
            "job %s has `probe` or `kill-after` without `once`: they are about a database",
            job->name);
}

void config_job_read(struct reader *r, struct config_repo *repo, struct yaml_node *node,
                     struct config_job *job)
{
    const char *run_as = NULL, *folder = NULL;
    int64_t minutes = 60;

    job->max_parallel = 1;
    job->start_within_ms = 2 * MINUTE_MS;
    job->health.expect = 200;
    job->health.within_ms = 30000;
    if (!reader_map(r, node, "a job",
                    READER_KEYS("runs-on", "needs", "environments", "once", "primary", "kill-after",
                                "probe", "max-parallel", "max-errors", "start-within",
                                "timeout-minutes", "health", "env", "run-as", "working-directory",
                                "steps")))
        return;
    reader_words(r, yaml_tree_get(node, "runs-on"), "the name of a role", &job->runs_on);
    if (job->runs_on.n == 0)
        problems_error(r->problems, job->place.line, job->place.column,
                       "job %s needs `runs-on`: its roles", job->name);
    reader_words(r, yaml_tree_get(node, "environments"), "the name of an environment",
                 &job->environments);
    reader_word(r, yaml_tree_get(node, "once"), "the name of a database", &job->once);
    reader_word(r, yaml_tree_get(node, "primary"), "the name of a host", &job->primary);
    if (yaml_tree_get(node, "max-parallel") != NULL)
        read_max_parallel(r, yaml_tree_get(node, "max-parallel"), job);
    reader_int(r, yaml_tree_get(node, "max-errors"), 0, 1000000, &job->max_errors);
    job->start_within_set = yaml_tree_get(node, "start-within") != NULL;
    reader_duration(r, yaml_tree_get(node, "start-within"), 1000, &job->start_within_ms);
    if (job->start_within_ms > START_WITHIN_MAX_MS)
        problems_error(r->problems, job->place.line, job->place.column,
                       "job %s: `start-within` is 30d at most: hosts keep no order for longer",
                       job->name);
    reader_int(r, yaml_tree_get(node, "timeout-minutes"), 1, 2880, &minutes);
    job->timeout_ms = minutes * MINUTE_MS;
    if (yaml_tree_get(node, "health") != NULL)
        read_health(r, yaml_tree_get(node, "health"), &job->health);
    reader_pairs(r, yaml_tree_get(node, "env"), true, &job->env);
    read_run_as(r, yaml_tree_get(node, "run-as"), &run_as);
    read_folder(r, yaml_tree_get(node, "working-directory"), &folder);
    read_steps(r, job, yaml_tree_get(node, "steps"));
    inherit(repo, job, run_as, folder);
    read_once(r, node, job);
}
