#include "server/api/api_document.h"

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/model/config.h"
#include "server/api/api_view.h"
#include "server/api/reply.h"
#include "server/flow/job_document.h"

#define ANSWER_MAX ((size_t)8 << 20)

static int add_job(struct json_out *out, struct arena *arena, const struct config_repo *repo,
                   const struct config_job *job, struct err *err)
{
    char digest[DIGEST_HEX_SIZE];
    const char *text;
    int rc = job_document_make(arena, repo, job, &text, digest, err);

    if (rc < 0)
        return rc;
    json_begin_object(out, NULL);
    json_add_str(out, "name", arena_printf(arena, "%s@%s", job->name, JOB_DOCUMENT_VERSION));
    json_add_str(out, "job", job->name);
    json_add_str(out, "digest", digest);
    json_add_str(out, "text", text);
    json_end_object(out);
    return 0;
}

enum request_next api_document_list(struct request *request, struct reply *reply)
{
    const struct config_repo *repo = NULL;
    struct repository repository;
    struct err err = ERR_INIT;
    struct api_view view;
    struct json_out out;
    struct buf buf;
    int rc = api_view_open(&view, request, &err);

    buf_init(&buf, ANSWER_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_begin_array(&out, "documents");
    if (rc == 0)
        rc = api_view_repository(&view, &repo, &repository, &err);
    for (size_t i = 0; rc == 0 && i < repo->n_jobs; i++)
        rc = add_job(&out, request->arena, repo, &repo->jobs[i], &err);
    json_end_array(&out);
    json_end_object(&out);
    api_view_close(&view);
    if (rc < 0) {
        buf_deinit(&buf);
        reply_error(request, reply, &err);
        return REQUEST_DONE;
    }
    reply_json_buf(request, reply, 200, &buf);
    return REQUEST_DONE;
}
