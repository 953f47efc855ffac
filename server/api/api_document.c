#include "server/api/api_document.h"

#include "lib/base/arena.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/model/config.h"
#include "server/api/api_view.h"
#include "server/api/reply.h"
#include "server/flow/job_document.h"

#define ANSWER_MAX ((size_t)8 << 20)

struct listing {
    struct json_out *out;
    struct arena *arena;
    const struct config *config;
    const struct config_repo *repo;
};

static void add(const struct listing *l, const char *name, const struct config_job *job,
                const char *digest, const char *text)
{
    json_begin_object(l->out, NULL);
    json_add_str(l->out, "name", arena_printf(l->arena, "%s@%s", name, JOB_DOCUMENT_VERSION));
    json_add_str(l->out, "job", job->name);
    json_add_str(l->out, "digest", digest);
    json_add_str(l->out, "text", text);
    json_end_object(l->out);
}

/* One for each database: its name stands in it. */
static int add_probes(const struct listing *l, const struct config_job *job, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; i < l->repo->n_environments && rc == 0; i++) {
        const struct config_environment *e = &l->repo->environments[i];
        char digest[DIGEST_HEX_SIZE];
        const char *text;

        if (!config_job_runs(job, e))
            continue;
        rc = job_document_probe(l->arena, l->repo, job,
                                config_database(l->config, e, job->once, l->arena), &text, digest,
                                err);
        if (rc == 0)
            add(l, arena_printf(l->arena, "%s-%s-%s", JOB_DOCUMENT_PROBE, job->name, e->name), job,
                digest, text);
    }
    return rc;
}

static int add_job(const struct listing *l, const struct config_job *job, struct err *err)
{
    char digest[DIGEST_HEX_SIZE];
    const char *text;
    int rc = job_document_make(l->arena, l->repo, job, &text, digest, err);

    if (rc < 0)
        return rc;
    add(l, job->name, job, digest, text);
    return job->once != NULL && job_document_has_probe(job) ? add_probes(l, job, err) : 0;
}

static int add_jobs(struct api_view *view, struct json_out *out, struct err *err)
{
    const struct config_repo *repo = NULL;
    struct repository repository;
    int rc = api_view_repository(view, &repo, &repository, err);

    json_begin_array(out, "documents");
    for (size_t i = 0; rc == 0 && i < repo->n_jobs; i++)
        rc = add_job(&(struct listing){out, view->request->arena, view->config, repo},
                     &repo->jobs[i], err);
    json_end_array(out);
    return rc;
}

enum request_next api_document_list(struct request *request, struct reply *reply)
{
    return api_view_answer(request, reply, ANSWER_MAX, add_jobs);
}
