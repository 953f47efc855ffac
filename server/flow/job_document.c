#include "server/flow/job_document.h"

#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "lib/model/config.h"
#include "lib/ssm/document.h"
#include "lib/ssm/document_shipped.h"

/* Where a step runs: user, folder, variables. A probe of the job stands in the place of the step that it asks about. */
static void set_place(struct arena *arena, const struct config_repo *repo,
                      const struct config_job *job, const struct config_step *step,
                      struct document_step *ret)
{
    const struct document_settings settings = {repo->root, repo->keep, repo->mirror, repo->branch};
    struct config_pairs env = {.n = 0};

    env.items = arena_array(arena, job->env.n + step->env.n, sizeof(*env.items));
    for (size_t i = 0; i < job->env.n; i++)
        env.items[env.n++] = job->env.items[i];
    for (size_t i = 0; i < step->env.n; i++)
        env.items[env.n++] = step->env.items[i];
    ret->run_as = step->run_as;
    ret->working_directory = step->working_directory;
    document_shipped_environment(arena, &settings, step->uses != NULL ? &step->with : NULL, &env,
                                 &ret->environment);
}

static int add_step(struct arena *arena, const struct config_repo *repo,
                    const struct config_job *job, const struct config_step *step,
                    struct document *document, struct err *err)
{
    struct document_step steps[DOCUMENT_SHIPPED_STEPS] = {{.action = DOCUMENT_RUN}};
    size_t n = 1;
    int rc = 0;

    if (step->uses != NULL) {
        rc = document_shipped_steps(arena, step->uses, step->name, steps, &n, err);
    } else {
        steps[0].name = step->name;
        steps[0].script = step->run;
    }
    for (size_t i = 0; i < n && rc == 0; i++) {
        steps[i].action = DOCUMENT_RUN;
        steps[i].timeout_s = job->once == NULL        ? job->timeout_ms / 1000
                             : job->kill_after_ms > 0 ? (job->kill_after_ms + 999) / 1000
                                                      : DOCUMENT_TIMEOUT_MAX_S;
        set_place(arena, repo, job, step, &steps[i]);
        document->steps[document->n_steps++] = steps[i];
    }
    return rc;
}

static void add_health(struct arena *arena, const struct config_repo *repo,
                       const struct config_job *job, struct document *document)
{
    const struct document_settings settings = {repo->root, repo->keep, repo->mirror, repo->branch};
    struct document_step *s = &document->steps[document->n_steps];

    if (job->health.http == NULL && job->health.run == NULL)
        return;
    /* The host asks again and again until it is well or the time is over. */
    *s = (struct document_step){.action = DOCUMENT_HEALTH,
                                .name = "health",
                                .http = job->health.http,
                                .expect = job->health.expect,
                                .within_s = (job->health.within_ms + 999) / 1000,
                                .script = job->health.run,
                                .run_as = "",
                                .working_directory = ""};
    document_shipped_environment(arena, &settings, NULL, &job->env, &s->environment);
    document->n_steps++;
}

int job_document_make(struct arena *arena, const struct config_repo *repo,
                      const struct config_job *job, const char **ret_text, char *ret_digest,
                      struct err *err)
{
    struct document document = {.description =
                                    arena_printf(arena, "%s of %s", job->name, repo->name)};
    int rc = 0;

    document.steps =
        arena_array(arena, job->n_steps * DOCUMENT_SHIPPED_STEPS + 1, sizeof(*document.steps));
    for (size_t i = 0; i < job->n_steps && rc == 0; i++)
        rc = add_step(arena, repo, job, &job->steps[i], &document, err);
    if (rc == 0) {
        add_health(arena, repo, job, &document);
        rc = document_make(arena, &document, ret_text, ret_digest, err);
    }
    return rc < 0 ? err_wrap(err, "job %s", job->name) : 0;
}

static const char *probe_script(const struct config_job *job)
{
    if (job->probe != NULL)
        return job->probe;
    return config_step_migrates(config_job_asked(job))
               ? document_shipped_find("migrate-probe")->script
               : NULL;
}

bool job_document_has_probe(const struct config_job *job)
{
    return probe_script(job) != NULL;
}

int job_document_probe(struct arena *arena, const struct config_repo *repo,
                       const struct config_job *job, const char *database, const char **ret_text,
                       char *ret_digest, struct err *err)
{
    struct document_step step = {.action = DOCUMENT_RUN,
                                 .name = "probe",
                                 .script = probe_script(job),
                                 .timeout_s = JOB_DOCUMENT_PROBE_S};
    const struct document document = {.description = arena_printf(arena, "probe of %s", database),
                                      .steps = &step,
                                      .n_steps = 1};

    set_place(arena, repo, job, config_job_asked(job), &step);
    return document_make(arena, &document, ret_text, ret_digest, err);
}
