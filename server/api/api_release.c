#include "server/api/api_release.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/store/store_approval.h"
#include "lib/store/store_check.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_host.h"
#include "lib/store/store_output.h"
#include "lib/store/store_pull_request.h"
#include "lib/store/store_release.h"
#include "server/api/api_approval.h"
#include "server/api/api_check.h"
#include "server/api/api_choices.h"
#include "server/api/api_environment.h"
#include "server/api/api_missing.h"
#include "server/api/api_shape.h"
#include "server/api/api_verdict.h"
#include "server/api/reply.h"

#define ANSWER_MAX ((size_t)16 << 20)
#define PAGE_MAX 100
#define PAGE_USUAL 50
#define CHUNKS_MAX 200 /* of output in one answer */

/* What all handlers of this file begin with. */
struct scene {
    struct request *request;
    struct reply *reply;
    struct api_view view;
    const struct config_repo *repo;
    struct repository repository;
    struct api_environment *environments; /* of the repository, in file order */
    size_t n_environments;
    struct json_out out;
    struct buf buf;
    struct err err;
};

/* `environments`: load them too. An object is open in `out` afterwards. */
static int scene_open(struct scene *s, struct request *request, struct reply *reply,
                      bool environments)
{
    int rc;

    *s = (struct scene){.request = request, .reply = reply};
    buf_init(&s->buf, ANSWER_MAX);
    json_out_init(&s->out, &s->buf);
    json_begin_object(&s->out, NULL);
    rc = api_view_open(&s->view, request, &s->err);
    if (rc == 0)
        rc = api_view_repository(&s->view, &s->repo, &s->repository, &s->err);
    if (rc < 0 || !environments)
        return rc;
    s->environments =
        arena_array(request->arena, s->repo->n_environments, sizeof(*s->environments));
    for (size_t i = 0; rc == 0 && i < s->repo->n_environments; i++) {
        rc = api_environment_load(&s->view, &s->repository, &s->repo->environments[i],
                                  &s->environments[i], &s->err);
        s->n_environments += rc == 0;
    }
    return rc;
}

/* Close what is open and answer: the object with `status`, or the error. */
static enum request_next scene_close(struct scene *s, int rc, int status)
{
    api_view_close(&s->view);
    json_end_object(&s->out);
    if (rc < 0) {
        buf_deinit(&s->buf);
        reply_error(s->request, s->reply, &s->err);
    } else {
        reply_json_buf(s->request, s->reply, status, &s->buf);
    }
    return REQUEST_DONE;
}

/* Releases -------------------------------------------------------------------------------------- */

static void add_places(struct scene *s, int64_t number)
{
    json_begin_array(&s->out, "environments");
    for (size_t i = 0; i < s->n_environments; i++) {
        const struct deployment *d;
        enum shown shown = api_environment_shows(&s->environments[i], number, &d);

        json_begin_object(&s->out, NULL);
        json_add_str(&s->out, "name", s->environments[i].config->name);
        json_add_str(&s->out, "timezone", s->environments[i].config->timezone);
        json_add_str(&s->out, "state", shown_key(shown));
        json_add_bool(&s->out, "rolled_back",
                      api_environment_rolled_back(&s->environments[i], number));
        api_shape_int_or_null(&s->out, "deployment", d != NULL ? d->id : 0);
        json_add_time(&s->out, "at",
                      d == NULL          ? 0
                      : d->ended_at != 0 ? d->ended_at
                                         : d->started_at);
        json_end_object(&s->out);
    }
    json_end_array(&s->out);
}

/* The members of a release in the object that is open. */
static int add_release(struct scene *s, const struct release *release)
{
    int rc;

    api_shape_release(&s->out, release);
    rc = api_shape_pulls(&s->out, "pulls", &s->view, s->repository.id, release->number - 1,
                         release->number, &s->err);
    if (rc == 0)
        add_places(s, release->number);
    return rc;
}

static int add_page(struct scene *s, int64_t before, int64_t limit)
{
    struct release *releases = NULL;
    size_t n = 0;
    int rc = store_release_list(s->view.db, s->request->arena, s->repository.id, before,
                                (size_t)limit, &releases, &n, &s->err);

    if (rc < 0)
        return rc;
    json_begin_array(&s->out, "releases");
    for (size_t i = 0; rc == 0 && i < n; i++) {
        json_begin_object(&s->out, NULL);
        rc = add_release(s, &releases[i]);
        json_end_object(&s->out);
    }
    json_end_array(&s->out);
    api_shape_int_or_null(&s->out, "next",
                          n == (size_t)limit && releases[n - 1].number > 1 ? releases[n - 1].number
                                                                           : 0);
    return rc;
}

enum request_next api_release_list(struct request *request, struct reply *reply)
{
    struct scene s;
    int64_t before = 0;
    int64_t limit = PAGE_USUAL;
    int rc = scene_open(&s, request, reply, true);

    if (rc == 0)
        rc = request_query_int(request, "before", 1, INT64_MAX, 0, &before, &s.err);
    if (rc == 0)
        rc = request_query_int(request, "limit", 1, PAGE_MAX, PAGE_USUAL, &limit, &s.err);
    if (rc == 0)
        rc = add_page(&s, before, limit);
    return scene_close(&s, rc, 200);
}

/* One ------------------------------------------------------------------------------------------- */

static int find_release(struct scene *s, struct release *ret_release)
{
    int64_t number = 0;
    int rc = api_view_number(&s->view, 2, &number, &s->err);

    if (rc == 0)
        rc = store_release_by_number(s->view.db, s->request->arena, s->repository.id, number,
                                     ret_release, &s->err);
    if (rc == ERR_NOT_FOUND)
        (void)api_missing_release(s->repo, s->request->segments[2], &s->err);
    return rc;
}

static int add_deployments(struct scene *s, int64_t number)
{
    struct deployment *deployments;
    size_t n;
    int rc = store_deployment_of_release(s->view.db, s->request->arena, s->repository.id, number,
                                         &deployments, &n, &s->err);

    if (rc < 0)
        return rc;
    json_begin_array(&s->out, "deployments");
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = api_shape_deployment(&s->out, &s->view, &deployments[i], &s->err);
    json_end_array(&s->out);
    return rc;
}

/* Verdicts of those environments in which this release, or one that holds it, is still to come. */
static int add_verdicts(struct scene *s, const struct release *release)
{
    int64_t number = release->number;
    int rc = 0;

    json_begin_array(&s->out, "verdicts");
    for (size_t i = 0; rc == 0 && i < s->n_environments; i++) {
        const struct api_environment *env = &s->environments[i];
        int64_t live = env->live != NULL ? env->live->release_number : 0;

        if (env->next == NULL || number <= live)
            continue;
        /* It does not go with the next one: what does it lack itself? (C1) */
        if (number > env->next->number)
            rc = api_verdict_waits(&s->out, NULL, &s->view, env, release, &s->err);
        else
            rc = api_verdict_shape(&s->out, NULL, &s->view, env, &s->err);
    }
    json_end_array(&s->out);
    return rc;
}

/* Where it has stopped, and what may be done about it (P5). */
static int add_attention(struct scene *s, int64_t number)
{
    int rc = 0;

    json_begin_array(&s->out, "attention");
    for (size_t i = 0; rc == 0 && i < s->n_environments; i++) {
        const struct deployment *open = s->environments[i].open;

        if (open != NULL && open->state == DEPLOYMENT_ATTENTION && open->release_number == number)
            rc = api_choices_shape(&s->out, NULL, &s->view, &s->environments[i], &s->err);
    }
    json_end_array(&s->out);
    return rc;
}

/* Who approved it where, also what was taken back or is void: people ask why it counts no more. */
static int add_approvals(struct scene *s, int64_t number)
{
    int rc = 0;

    json_begin_array(&s->out, "approvals");
    for (size_t i = 0; i < s->n_environments && rc == 0; i++) {
        const struct config_environment *e = s->environments[i].config;
        struct approval *approvals = NULL;
        size_t n = 0;

        rc = store_approval_list(s->view.db, s->request->arena, s->repository.id, e->name, number,
                                 &approvals, &n, &s->err);
        for (size_t k = 0; k < n && rc == 0; k++)
            api_approval_shape(&s->out, NULL, &s->view, e, &approvals[k]);
    }
    json_end_array(&s->out);
    return rc;
}

/* What people found when they looked at it, where, and at its pull requests. */
static int add_checks(struct scene *s, int64_t number)
{
    struct pull_in_release *pulls = NULL;
    size_t n_pulls = 0;
    int rc =
        store_pull_request_in_range(s->view.db, s->request->arena, s->repository.id, number - 1,
                                    number, API_SHAPE_PULLS_MAX, &pulls, &n_pulls, &s->err);

    json_begin_array(&s->out, "checks");
    for (size_t i = 0; i < s->n_environments && rc == 0; i++) {
        struct check *checks = NULL;
        size_t n = 0;

        rc = store_check_of_releases(s->view.db, s->request->arena, s->repository.id,
                                     s->environments[i].config->name, number - 1, &checks, &n,
                                     &s->err);
        for (size_t k = 0; k < n && rc == 0; k++)
            if (checks[k].release_number == number)
                api_check_shape(&s->out, NULL, &checks[k]);
    }
    for (size_t i = 0; i < n_pulls && rc == 0; i++) {
        struct check check;
        struct err own = ERR_INIT;

        rc = store_check_of_pull(s->view.db, s->request->arena, s->repository.id,
                                 pulls[i].pull.number, &check, &own);
        if (rc == 0)
            api_check_shape(&s->out, NULL, &check);
        else if (rc == ERR_NOT_FOUND)
            rc = 0;
        else
            s->err = own;
    }
    json_end_array(&s->out);
    return rc;
}

enum request_next api_release_get(struct request *request, struct reply *reply)
{
    struct release release = {0};
    struct scene s;
    int rc = scene_open(&s, request, reply, true);

    if (rc == 0)
        rc = find_release(&s, &release);
    if (rc == 0)
        rc = add_release(&s, &release);
    if (rc == 0)
        rc = add_deployments(&s, release.number);
    if (rc == 0)
        rc = add_attention(&s, release.number);
    if (rc == 0)
        rc = add_verdicts(&s, &release);
    if (rc == 0)
        rc = add_approvals(&s, release.number);
    if (rc == 0)
        rc = add_checks(&s, release.number);
    if (rc == 0)
        rc = api_shape_pulls(&s.out, "not_included", &s.view, s.repository.id, release.number,
                             INT64_MAX, &s.err);
    return scene_close(&s, rc, 200);
}

/* Output ---------------------------------------------------------------------------------------- */

static void add_chunk(struct json_out *out, const struct output_line *line)
{
    const struct output_chunk *c = &line->chunk;

    json_begin_object(out, NULL);
    json_add_str(out, "command", c->command_id);
    json_add_str(out, "host", line->host);
    json_add_int(out, "number", c->number);
    json_add_str(out, "step", c->step);
    json_add_str(out, "stream", c->error_stream ? "err" : "out");
    json_add_time(out, "at", c->at);
    json_add_strn(out, "text", c->text, c->len);
    json_end_object(out);
}

/* May more still come? Something of this release is under way in that environment. One that neither the configuration
 * nor the release knows is a mistake. */
static int still_runs(struct scene *s, int64_t number, const char *environment, bool *ret_runs)
{
    struct deployment *deployments;
    bool known = environment == NULL || config_environment(s->repo, environment) != NULL;
    size_t n;
    int rc = store_deployment_of_release(s->view.db, s->request->arena, s->repository.id, number,
                                         &deployments, &n, &s->err);

    *ret_runs = false;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (environment != NULL && !str_eq(environment, deployments[i].environment))
            continue;
        known = true;
        *ret_runs = *ret_runs || deployment_is_open(deployments[i].state);
    }
    return rc == 0 && !known ? api_missing_environment(s->repo, environment, &s->err) : rc;
}

/* A name to choose by; an empty one chooses nothing. */
static const char *chosen(const struct scene *s, const char *key)
{
    const char *name = request_query(s->request, key);

    return name == NULL || *name == '\0' ? NULL : name;
}

static int must_be_a_host(struct scene *s, const char *name)
{
    struct host host = {0};
    int rc = store_host_by_name(s->view.db, s->request->arena, name, &host, &s->err);

    return rc == ERR_NOT_FOUND ? api_missing_host(name, &s->err) : rc;
}

static int add_output(struct scene *s, int64_t number)
{
    const char *environment = chosen(s, "environment");
    const char *host = chosen(s, "host");
    struct output_line *lines = NULL;
    int64_t after = 0;
    bool runs = false;
    size_t n = 0;
    int rc = request_query_int(s->request, "after", 0, INT64_MAX, 0, &after, &s->err);

    if (rc == 0)
        rc = still_runs(s, number, environment,
                        &runs); /* before the output: it may end in between */
    if (rc == 0)
        rc = store_output_of_release(s->view.db, s->request->arena, s->repository.id, number,
                                     environment, host, after, CHUNKS_MAX, &lines, &n, &s->err);
    if (rc == 0 && n == 0 && host != NULL)
        rc = must_be_a_host(s, host); /* silence of one that is none is a mistake */
    if (rc < 0)
        return rc;
    json_begin_array(&s->out, "chunks");
    for (size_t i = 0; i < n; i++)
        add_chunk(&s->out, &lines[i]);
    json_end_array(&s->out);
    json_add_str(&s->out, "next",
                 arena_printf(s->request->arena, "%lld",
                              (long long)(n > 0 ? lines[n - 1].arrival : after)));
    json_add_bool(&s->out, "running", runs || n == CHUNKS_MAX);
    return 0;
}

enum request_next api_release_logs(struct request *request, struct reply *reply)
{
    struct release release = {0};
    struct scene s;
    int rc = scene_open(&s, request, reply, false);

    if (rc == 0)
        rc = find_release(&s, &release);
    if (rc == 0)
        rc = add_output(&s, release.number);
    return scene_close(&s, rc, 200);
}
