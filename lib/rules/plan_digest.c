#include "lib/rules/plan_digest.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/rules/deployment_plan.h"

#define TEXT_MAX (4 * 1024 * 1024)

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct config_pair *)a)->key, ((const struct config_pair *)b)->key);
}

/* As an object, by name; the last of two of one name is what a host gets. */
static void add_pairs(struct json_out *o, struct arena *arena, const char *key,
                      const struct config_pairs *first, const struct config_pairs *then)
{
    struct config_pair *sorted =
        arena_array(arena, first->n + (then != NULL ? then->n : 0), sizeof(*sorted));
    size_t n = 0;

    for (size_t i = 0; i < first->n; i++)
        sorted[n++] = first->items[i];
    for (size_t i = 0; then != NULL && i < then->n; i++) {
        size_t at = 0;
        while (at < n && strcmp(sorted[at].key, then->items[i].key) != 0)
            at++;
        sorted[at] = then->items[i];
        n += at == n;
    }
    if (n > 1)
        qsort(sorted, n, sizeof(*sorted), by_key);
    json_begin_object(o, key);
    for (size_t i = 0; i < n; i++)
        json_add_str(o, sorted[i].key, sorted[i].value);
    json_end_object(o);
}

static void add_script(struct json_out *o, const char *key, const char *script)
{
    char digest[DIGEST_HEX_SIZE];

    if (script == NULL) {
        json_add_null(o, key);
        return;
    }
    digest_sha256_hex(script, strlen(script), digest);
    json_add_str(o, key, digest);
}

static void add_step(const struct plan_digest *p, struct json_out *o, const struct config_job *job,
                     const struct config_step *step)
{
    json_begin_object(o, NULL);
    json_begin_array(o, "documents");
    for (size_t i = 0; i < p->n_documents && step->uses != NULL; i++) {
        if (strcmp(p->documents[i].uses, step->uses) != 0)
            continue;
        json_begin_object(o, NULL);
        json_add_str(o, "digest", p->documents[i].digest);
        json_add_str(o, "name", p->documents[i].name);
        json_end_object(o);
    }
    json_end_array(o);
    add_pairs(o, p->arena, "env", &job->env, &step->env);
    json_add_str(o, "name", step->name);
    json_add_str(o, "run-as", step->run_as);
    add_script(o, "script", step->run);
    add_pairs(o, p->arena, "with", &step->with, NULL);
    json_add_str(o, "working-directory", step->working_directory);
    json_end_object(o);
}

static void add_health(struct json_out *o, const struct config_health *health)
{
    if (health->http == NULL && health->run == NULL) {
        json_add_null(o, "health");
        return;
    }
    json_begin_object(o, "health");
    json_add_int(o, "expect", health->expect);
    json_add_str(o, "http", health->http);
    add_script(o, "script", health->run);
    json_add_int(o, "within", health->within_ms);
    json_end_object(o);
}

static void add_limits(struct json_out *o, const struct config_job *job)
{
    json_begin_object(o, "limits");
    json_add_int(o, "max-errors", job->max_errors);
    json_add_int(o, "max-parallel", job->max_parallel);
    json_add_bool(o, "max-parallel-percent", job->max_parallel_percent);
    json_add_int(o, "start-within", job->start_within_ms);
    json_add_int(o, "timeout", job->timeout_ms);
    json_end_object(o);
}

static void add_job(const struct plan_digest *p, struct json_out *o,
                    const struct deployment_plan *plan, const struct planned_job *planned)
{
    const struct config_job *job = planned->job;

    json_begin_object(o, NULL);
    json_add_str(o, "database",
                 job->once == NULL
                     ? NULL
                     : config_database(p->config, p->environment, job->once, p->arena));
    add_health(o, &job->health);
    add_limits(o, job);
    json_add_str(o, "name", job->name);
    json_begin_array(o, "needs");
    for (size_t i = 0; i < planned->n_needs; i++)
        json_add_str(o, NULL, plan->jobs[planned->needs[i]].job->name);
    json_end_array(o);
    json_begin_array(o, "roles");
    for (size_t i = 0; i < job->runs_on.n; i++)
        json_add_str(o, NULL, job->runs_on.items[i]);
    json_end_array(o);
    json_begin_array(o, "steps");
    for (size_t i = 0; i < job->n_steps; i++)
        add_step(p, o, job, &job->steps[i]);
    json_end_array(o);
    json_end_object(o);
}

void plan_digest_init(struct plan_digest *plan, const struct config *config,
                      const struct config_environment *environment,
                      const struct plan_digest_document *documents, size_t n_documents,
                      struct arena *arena)
{
    struct deployment_plan jobs = {.n_jobs = 0};
    struct json_out o;
    struct buf buf;

    *plan = (struct plan_digest){.config = config,
                                 .environment = environment,
                                 .documents = documents,
                                 .n_documents = n_documents,
                                 .arena = arena};
    /* Without hosts: which of them are registered or drained is no part of it. */
    deployment_plan_make(environment, NULL, arena, &jobs);
    buf_init(&buf, TEXT_MAX);
    json_out_init(&o, &buf);
    json_begin_array(&o, NULL);
    for (size_t i = 0; i < jobs.n_jobs; i++)
        add_job(plan, &o, &jobs, &jobs.jobs[i]);
    json_end_array(&o);
    plan->jobs = arena_str(arena, buf_str(&buf));
    buf_deinit(&buf);
}

const char *plan_digest_make(const struct plan_digest *plan, const char *sha,
                             char ret_digest[PLAN_DIGEST_SIZE])
{
    const struct config_environment *e = plan->environment;
    struct json_out o;
    struct buf buf;
    const char *text;

    buf_init(&buf, TEXT_MAX + 1024);
    json_out_init(&o, &buf);
    json_begin_object(&o, NULL);
    json_add_str(&o, "commit", sha);
    json_add_str(&o, "environment", arena_printf(plan->arena, "%s/%s", e->repo->name, e->name));
    json_add_raw(&o, "jobs", plan->jobs);
    json_end_object(&o);
    text = arena_str(plan->arena, buf_str(&buf));
    buf_deinit(&buf);
    digest_sha256_hex(text, strlen(text), ret_digest);
    return text;
}

/* What differs -------------------------------------------------------------------------------- */

static const struct cJSON *job_named(const struct cJSON *plan, const char *name)
{
    for (const struct cJSON *j = json_first(json_array(plan, "jobs")); j != NULL; j = json_next(j))
        if (str_eq(json_str(j, "name"), name))
            return j;
    return NULL;
}

static const char *add_differing(struct arena *arena, const char *list, const struct cJSON *of,
                                 const struct cJSON *other, bool only_missing)
{
    for (const struct cJSON *j = json_first(json_array(of, "jobs")); j != NULL; j = json_next(j)) {
        const char *name = json_str(j, "name");
        const struct cJSON *there = name != NULL ? job_named(other, name) : NULL;
        if (name != NULL && (there == NULL || (!only_missing && !json_same(j, there))))
            list = arena_printf(arena, "%s%s%s", list, list[0] != '\0' ? ", " : "", name);
    }
    return list;
}

const char *plan_digest_differ(struct arena *arena, const char *before, const char *after)
{
    struct cJSON *a = NULL, *b = NULL;
    const char *list = "";

    if (before != NULL && after != NULL &&
        json_parse(before, strlen(before), NULL, &a, NULL) == 0 &&
        json_parse(after, strlen(after), NULL, &b, NULL) == 0) {
        list = add_differing(arena, list, b, a, false);
        list = add_differing(arena, list, a, b, true);
    }
    json_free(a);
    json_free(b);
    return list;
}
