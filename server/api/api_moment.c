#include "server/api/api_moment.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/calendar/when.h"
#include "lib/calendar/zone.h"
#include "lib/store/store_release.h"
#include "lib/store/store_repository.h"
#include "server/api/api.h"
#include "server/api/api_environment.h"
#include "server/api/api_shape.h"
#include "server/api/api_verdict.h"
#include "server/api/reply.h"
#include "server/flow/foresee.h"
#include "server/flow/moment.h"

#define ANSWER_MAX ((size_t)16 << 20)
#define DAY_MS INT64_C(86400000)

struct telling {
    struct api_view *view;
    struct json_out *out;
    struct err *err;
    int64_t repository_id;
    const struct api_environment *env; /* for its zone */
};

/* The asked instant, in the server's zone. ERR_INVALID: none, or further ahead than anything is foreseen. */
static int read_at(struct api_view *view, time_ms *ret_at, const struct zone **ret_zone,
                   struct err *err)
{
    const char *text = request_query(view->request, "at");
    struct when when = {.now = view->now};
    int rc = zone_open(view->config->timezone, &when.zone, err);

    if (rc == 0 && text == NULL)
        return err_set(err, ERR_INVALID, "at: expected an instant, such as \"2026-11-20 18:00\"");
    if (rc == 0)
        rc = when_read(&when, text, ret_at, err);
    if (rc < 0)
        return err_wrap(err, "at");
    if (*ret_at > view->now + FORESEE_MS)
        return err_set(err, ERR_INVALID,
                       "at: %s is further ahead than %d days, and so far nothing is foreseen", text,
                       (int)(FORESEE_MS / DAY_MS));
    *ret_zone = when.zone;
    return 0;
}

/* A release in its place, or null. The keys tell what its instant is. */
static int add_release(struct telling *t, const char *key, const struct moment_release *r,
                       const char *at_key, const char *text_key)
{
    struct release release = {.number = 0};
    int rc = 0;

    if (r->number == 0) {
        json_add_null(t->out, key);
        return 0;
    }
    rc = store_release_by_number(t->view->db, t->view->request->arena, t->repository_id, r->number,
                                 &release, t->err);
    json_begin_object(t->out, key);
    json_add_int(t->out, "release", r->number);
    json_add_str(t->out, "sha", rc == 0 ? release.sha : NULL);
    json_add_str(t->out, "subject", rc == 0 ? release.subject : NULL);
    json_add_time(t->out, at_key, r->at);
    api_shape_text_or_null(t->out, text_key, api_environment_time(t->view, t->env, r->at));
    json_add_bool(t->out, "foreseen", r->foreseen);
    json_end_object(t->out);
    return rc;
}

static int add_environment(struct telling *t, const struct moment *m)
{
    int rc;

    json_begin_object(t->out, NULL);
    json_add_str(t->out, "name", t->env->config->name);
    json_add_str(t->out, "timezone", t->env->config->timezone);
    rc = add_release(t, "live", &m->live, "since", "since_text");
    json_add_bool(t->out, "declared", m->live_is_declared);
    if (rc == 0)
        rc = add_release(t, "going_out", &m->going_out, "since", "since_text");
    if (rc == 0)
        rc = add_release(t, "next", &m->next, "start_at", "start_text");
    api_shape_int_or_null(t->out, "waits", m->waits);
    api_verdict_causes(t->out, "stops", t->view, t->env, &m->stops);
    json_end_object(t->out);
    return rc;
}

static int add_repository(struct api_view *view, struct json_out *out,
                          const struct config_repo *repo, time_ms at, struct err *err)
{
    struct repository repository;
    struct telling t = {.view = view, .out = out, .err = err};
    struct moment *moments;
    int rc = store_repository_by_name(view->db, view->request->arena, repo->name, &repository, err);

    if (rc == ERR_NOT_FOUND)
        return 0; /* nothing of it was seen yet */
    if (rc == 0)
        rc = moment_load(view->db, view->snapshot, repo, &repository, view->now, at,
                         view->request->arena, &moments, err);
    if (rc < 0)
        return rc;
    t.repository_id = repository.id;
    json_begin_object(out, NULL);
    json_add_str(out, "name", repo->name);
    json_begin_array(out, "environments");
    for (size_t i = 0; i < repo->n_environments && rc == 0; i++) {
        const struct api_environment env = {.config = &repo->environments[i]};
        t.env = &env;
        rc = add_environment(&t, &moments[i]);
    }
    json_end_array(out);
    json_end_object(out);
    return rc;
}

static int add_moment(struct api_view *view, struct json_out *out, struct err *err)
{
    const char *only = request_query(view->request, "repository");
    const struct zone *zone = NULL;
    char text[ZONE_TEXT_SIZE];
    time_ms at = 0;
    int rc = read_at(view, &at, &zone, err);

    if (rc < 0)
        return rc;
    zone_text(zone, at, view->language, text);
    json_add_time(out, "at", at);
    json_add_str(out, "at_text", text);
    json_add_bool(out, "ahead", at > view->now);
    json_begin_array(out, "repositories");
    for (size_t i = 0; i < view->config->n_repos && rc == 0; i++) {
        const struct config_repo *repo = &view->config->repos[i];

        if ((only == NULL || repo == config_repo(view->config, only)) && api_view_shows(view, repo))
            rc = add_repository(view, out, repo, at, err);
    }
    json_end_array(out);
    return rc;
}

enum request_next api_moment_get(struct request *request, struct reply *reply)
{
    return api_view_answer(request, reply, ANSWER_MAX, add_moment);
}
