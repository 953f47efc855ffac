#include "server/api/api_barrier.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/timestamp.h"
#include "lib/rules/release_plan.h"
#include "lib/store/store_barrier.h"
#include "lib/store/store_pull_request.h"
#include "lib/store/store_release.h"
#include "server/api/api_act.h"
#include "server/api/api_environment.h"
#include "server/api/api_shape.h"
#include "server/api/api_verdict.h"

struct setting {
    struct api_act act;
    struct barrier barrier;
    char merge_sha[41]; /* "" = not merged */
};

/* The pull request of the path: known, and still able to go out. */
static int find_pull(struct setting *s)
{
    struct api_act *act = &s->act;
    struct pull_request pull = {.number = 0};
    int64_t number = 0;
    int rc = api_view_number(&act->view, 2, &number, &act->err);

    if (rc == 0)
        rc = store_pull_request_by_number(act->view.db, act->request->arena, act->repository.id,
                                          number, &pull, &act->err);
    if (rc == ERR_NOT_FOUND)
        return err_set(&act->err, ERR_NOT_FOUND, "%s has no pull request #%s that is known here",
                       act->repo->name, act->request->segments[2]);
    if (rc < 0)
        return rc;
    s->barrier.pull_number = number;
    s->barrier.title = pull.title;
    s->barrier.merged = pull.state == PULL_REQUEST_MERGED;
    memcpy(s->merge_sha, pull.merge_sha, sizeof(s->merge_sha));
    return 0;
}

/* What is live there cannot be kept back from it any more. */
static int check_not_live(struct setting *s)
{
    struct api_act *act = &s->act;
    struct api_environment env;
    struct release release = {.number = 0};
    int rc;

    if (!s->barrier.merged)
        return 0;
    rc = store_release_by_sha(act->view.db, act->request->arena, act->repository.id, s->merge_sha,
                              &release, &act->err);
    if (rc == ERR_NOT_FOUND)
        return 0; /* its commit was not seen yet */
    if (rc == 0)
        rc = api_environment_load(&act->view, &act->repository, act->environment, &env, &act->err);
    if (rc == 0 && env.live != NULL && env.live->release_number >= release.number)
        rc = err_set(&act->err, ERR_CONFLICT, "#%lld is live in %s already (r%lld)",
                     (long long)s->barrier.pull_number, act->environment->name,
                     (long long)env.live->release_number);
    return rc;
}

static const char *subject_of(const struct setting *s)
{
    return arena_printf(s->act.request->arena, "/%s/#%lld", s->barrier.environment,
                        (long long)s->barrier.pull_number);
}

static void shape(struct api_act *act, const char *key, const struct config_environment *config,
                  const struct barrier *b)
{
    const struct api_environment env = {.config = config};
    struct json_out *out = &act->out;

    json_begin_object(out, key);
    json_add_str(out, "environment", b->environment);
    json_add_int(out, "pull", b->pull_number);
    json_add_str(out, "title", b->title);
    json_add_bool(out, "merged", b->merged);
    api_shape_int_or_null(out, "release", b->release_number);
    json_add_time(out, "not_before", b->not_before);
    api_shape_text_or_null(out, "not_before_text",
                           config == NULL ? NULL
                                          : api_environment_time(&act->view, &env, b->not_before));
    json_add_str(out, "who", b->actor);
    json_add_str(out, "reason", b->reason);
    json_add_time(out, "set_at", b->set_at);
    json_end_object(out);
}

enum request_next api_barrier_list(struct request *request, struct reply *reply)
{
    struct barrier *list = NULL;
    struct api_act act;
    size_t n = 0;
    int rc = api_act_open(&act, request, reply, NULL, 0);

    if (rc == 0)
        rc = store_barrier_open(act.view.db, request->arena, act.repository.id, NULL, act.view.now,
                                &list, &n, &act.err);
    json_begin_array(&act.out, "barriers");
    for (size_t i = 0; rc == 0 && i < n; i++)
        shape(&act, NULL, config_environment(act.repo, list[i].environment), &list[i]);
    json_end_array(&act.out);
    return api_act_close(&act, rc, 200);
}

/* Asked inside the transaction: as many as the plan can name one by one, and no more. */
static int check_room(struct db *db, struct setting *s, struct err *err)
{
    struct barrier *list;
    size_t n;
    int rc = store_barrier_open(db, s->act.request->arena, s->barrier.repository_id,
                                s->barrier.environment, s->act.view.now, &list, &n, err);

    return rc < 0 || n <= RELEASE_PLAN_BARRIERS_MAX
               ? rc
               : err_set(err, ERR_CONFLICT, "%d pull requests are kept back in %s: lift one first",
                         RELEASE_PLAN_BARRIERS_MAX, s->barrier.environment);
}

static int write_barrier(struct db *db, void *arg, struct err *err)
{
    struct setting *s = arg;
    char until[TIMESTAMP_SIZE] = "";
    const char *detail;
    int rc = store_barrier_put(db, &s->barrier, &s->barrier.id, err);

    if (rc == 0)
        rc = check_room(db, s, err);
    if (s->barrier.not_before != 0)
        timestamp_format(s->barrier.not_before, until);
    detail = arena_printf(s->act.request->arena, "{\"barrier\":%lld,\"not_before\":%s%s%s}",
                          (long long)s->barrier.id, until[0] != '\0' ? "\"" : "null", until,
                          until[0] != '\0' ? "\"" : "");
    return rc < 0 ? rc : api_act_confirm(&s->act, db, "barrier.set", subject_of(s), detail, err);
}

enum request_next api_barrier_set(struct request *request, struct reply *reply)
{
    static const char *const keys[] = {"environment", "not_before", "reason"};
    struct setting s = {.barrier = {.id = 0}};
    struct api_environment env;
    struct api_act *act = &s.act;
    int rc = api_act_open(act, request, reply, keys, 3);

    if (rc == 0)
        rc = api_act_environment_of_body(act, RIGHT_OPERATE);
    if (rc == 0)
        rc = api_act_reason(act, true);
    if (rc == 0)
        rc = api_act_time(act, "not_before", &s.barrier.not_before);
    if (rc == 0 && s.barrier.not_before != 0 && s.barrier.not_before <= act->view.now)
        rc = err_set(&act->err, ERR_INVALID, "not_before: that time is over");
    if (rc == 0)
        rc = find_pull(&s);
    if (rc == 0)
        rc = check_not_live(&s);
    if (rc < 0)
        return api_act_close(act, rc, 0);
    s.barrier.repository_id = act->repository.id;
    s.barrier.environment = act->environment->name;
    s.barrier.actor = request->actor.name;
    s.barrier.way = request->actor.way;
    s.barrier.reason = act->reason;
    s.barrier.set_at = act->view.now;
    rc = api_act_write(act, write_barrier, &s);
    if (rc == 0) {
        shape(act, "barrier", act->environment, &s.barrier);
        rc = api_environment_load(&act->view, &act->repository, act->environment, &env, &act->err);
    }
    if (rc == 0)
        rc = api_verdict_shape(&act->out, "verdict", &act->view, &env, &act->err);
    return api_act_close(act, rc, 201);
}

static int write_lift(struct db *db, void *arg, struct err *err)
{
    struct setting *s = arg;
    int rc = store_barrier_lift(db, s->barrier.repository_id, s->barrier.environment,
                                s->barrier.pull_number, s->act.request->actor.name, s->act.view.now,
                                err);

    return rc < 0 ? rc : api_act_confirm(&s->act, db, "barrier.lift", subject_of(s), NULL, err);
}

enum request_next api_barrier_lift(struct request *request, struct reply *reply)
{
    static const char *const keys[] = {"environment", "reason"};
    struct setting s = {.barrier = {.id = 0}};
    struct api_act *act = &s.act;
    int rc = api_act_open(act, request, reply, keys, 2);

    if (rc == 0)
        rc = api_act_environment_of_body(act, RIGHT_OPERATE);
    if (rc == 0)
        rc = api_act_reason(act, false);
    if (rc == 0)
        rc = api_view_number(&act->view, 2, &s.barrier.pull_number, &act->err);
    if (rc < 0)
        return api_act_close(act, rc, 0);
    s.barrier.repository_id = act->repository.id;
    s.barrier.environment = act->environment->name;
    rc = api_act_write(act, write_lift, &s);
    if (rc == 0)
        json_add_int(&act->out, "pull", s.barrier.pull_number);
    return api_act_close(act, rc, 200);
}
