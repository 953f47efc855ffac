#include "server/api/api_retry.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/rules/choices.h"
#include "lib/rules/rules_retry.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_retry.h"
#include "server/api/api_act.h"
#include "server/api/api_body.h"
#include "server/api/api_environment.h"
#include "server/api/api_shape.h"
#include "server/api/api_verdict.h"
#include "server/api/api_wish.h"
#include "server/api/api_write.h"
#include "server/flow/outlook.h"
#include "server/flow/under_way.h"

struct retrying {
    struct api_act act;
    struct under_way open;
    struct rules_retry judged;
    struct outlook *outlook;
    const char *leave_out; /* name, NULL */
    int64_t ended; /* the release whose deployment there has ended, and which comes out again; 0 */
    struct wish wish; /* by this */
};

/* Looking ----------------------------------------------------------------------------------------- */

static const char *time_text(struct retrying *r, time_ms t)
{
    const struct api_environment env = {.config = r->act.environment};

    return api_environment_time(&r->act.view, &env, t);
}

/* Nothing is stopped there. */
static int refuse_nothing(struct retrying *r, struct err *err)
{
    struct api_act *act = &r->act;
    const char *env = act->environment->name;

    if (r->open.is_open && r->open.deployment.cancel_at == 0)
        return err_set(err, ERR_CONFLICT, "r%lld is %s in %s: nothing of it failed",
                       (long long)r->open.deployment.release_number,
                       deployment_states[r->open.deployment.state].text, env);
    if (r->open.is_open)
        return err_set(err, ERR_CONFLICT, "r%lld in %s is being ended by %s",
                       (long long)r->open.deployment.release_number, env,
                       r->open.deployment.cancel_by);
    return err_set(err, ERR_NOT_FOUND, "nothing has stopped in %s of %s", env, act->repo->name);
}

/* Nothing is open there: what ended as failed, or was cancelled, comes out again by a person's word (C1). */
static int find_ended(struct retrying *r)
{
    struct api_act *act = &r->act;
    struct deployment *last = NULL;
    size_t n = 0;
    int rc = under_way_load(act->view.db, act->request->arena, act->repository.id,
                            act->environment->name, &r->open, &act->err);

    if (rc == 0 && !r->open.is_open)
        rc = store_deployment_list(act->view.db, act->request->arena, act->repository.id,
                                   act->environment->name, 0, 1, &last, &n, &act->err);
    if (rc < 0 || n == 0 || last->kind != DEPLOYMENT_RELEASE ||
        (last->state != DEPLOYMENT_FAILED && last->state != DEPLOYMENT_CANCELLED))
        return rc;
    r->ended = last->release_number;
    return r->leave_out == NULL
               ? 0
               : err_set(&act->err, ERR_CONFLICT,
                         "leave_out: the deployment of r%lld in %s has ended; the next one is for "
                         "all hosts that are not drained",
                         (long long)r->ended, act->environment->name);
}

static int refuse(struct retrying *r, struct err *err)
{
    const struct rules_retry *j = &r->judged;

    switch (j->answer) {
    case RULES_RETRY_GOES:
        return 0;
    case RULES_RETRY_NOT_STOPPED:
        return refuse_nothing(r, err);
    case RULES_RETRY_UNSETTLED:
        return err_set(
            err, ERR_CONFLICT,
            "the migrate job on %s (%s) is to be decided first: slipway migrate status %s",
            j->attempt->database, attempt_states[j->attempt->state].text, j->attempt->database);
    case RULES_RETRY_STILL_RUNS:
        return err_set(err, ERR_CONFLICT,
                       "%s may still run what it was told, until %s; then it can be tried again. "
                       "Before that: --leave-out %s",
                       j->invocation->host, time_text(r, j->until), j->invocation->host);
    case RULES_RETRY_NO_SUCH_HOST:
        return err_set(err, ERR_NOT_FOUND,
                       "leave_out: %s is not among the hosts of this deployment, or was left out "
                       "before",
                       r->leave_out);
    case RULES_RETRY_NOBODY_LEFT:
        return err_set(err, ERR_CONFLICT, "without %s no host is left: cancel it, or roll back",
                       r->leave_out);
    }
    return 0;
}

static int judge(struct retrying *r, struct db *db, struct err *err)
{
    struct api_act *act = &r->act;
    int rc = under_way_load(db, act->request->arena, act->repository.id, act->environment->name,
                            &r->open, err);

    if (rc < 0)
        return rc;
    if (!r->open.is_open)
        return refuse_nothing(r, err);
    r->judged = rules_retry_judge(&r->open.facts, r->leave_out, act->view.now, act->request->arena);
    return refuse(r, err);
}

/* The last column: holds and undecided databases bind, time does not. */
static int check_gate(struct retrying *r)
{
    struct api_act *act = &r->act;
    struct verdict v;
    int rc;

    r->outlook = arena_alloc(act->request->arena, sizeof(*r->outlook));
    rc = outlook_make(act->view.db, act->view.snapshot, &act->repository, act->environment,
                      act->view.now, act->request->arena, r->outlook, &act->err);
    if (rc < 0)
        return rc;
    v = choices_gate_of_retry(&r->outlook->facts.gate, act->view.now);
    if (v.go)
        return 0;
    return err_set(&act->err, ERR_CONFLICT, "not now: %s%s%s",
                   api_verdict_text(&act->view, &v.causes[0]),
                   v.causes[0].until != VERDICT_NEVER ? "; possible from " : "",
                   v.causes[0].until != VERDICT_NEVER ? time_text(r, v.causes[0].until) : "");
}

/* Writing ----------------------------------------------------------------------------------------- */

static int write_all(struct db *db, struct retrying *r, struct err *err)
{
    const struct rules_retry *j = &r->judged;
    const struct deployment *d = &r->open.deployment;
    struct api_act *act = &r->act;
    time_ms now = act->view.now;
    int rc = store_deployment_move(db, d->id, DEPLOYMENT_ATTENTION, DEPLOYMENT_DEPLOYING, NULL, now,
                                   err);

    if (rc == 0 && j->leave_out != NULL)
        rc = store_retry_leave_out(db, d->id, j->leave_out, act->request->actor.name, act->reason,
                                   now, err);
    for (size_t i = 0; i < j->n_again && rc == 0; i++)
        rc = store_retry_again(db, j->again[i], now, err);
    for (size_t i = 0; i < j->n_reopen && rc == 0; i++)
        rc = store_retry_job(db, d->id, j->reopen[i], now, err);
    return rc;
}

static int write_retry(struct db *db, void *arg, struct err *err)
{
    struct retrying *r = arg;
    struct api_act *act = &r->act;
    struct arena *arena = act->request->arena;
    int rc = stops_unchanged(db, &r->outlook->stops, act->repository.id, act->repo->name,
                             act->environment->name, act->view.now, err);

    if (rc == 0)
        rc = judge(r, db, err);
    if (rc == 0)
        rc = write_all(db, r, err);
    return rc < 0
               ? rc
               : api_act_confirm(act, db,
                                 r->leave_out != NULL ? "deployment.leave-out" : "deployment.retry",
                                 arena_printf(arena, "/%s/r%lld", act->environment->name,
                                              (long long)r->open.deployment.release_number),
                                 arena_printf(arena, "{\"deployment\":%lld,\"commands\":%zu%s%s%s}",
                                              (long long)r->open.deployment.id, r->judged.n_again,
                                              r->leave_out != NULL ? ",\"host\":\"" : "",
                                              r->leave_out != NULL ? r->leave_out : "",
                                              r->leave_out != NULL ? "\"" : ""),
                                 err);
}

/* Answering --------------------------------------------------------------------------------------- */

static void answer(struct retrying *r)
{
    const struct under_way *u = &r->open;
    struct json_out *out = &r->act.out;

    json_add_bool(out, "dry_run", api_write_is_dry(r->act.request));
    json_add_str(out, "environment", r->act.environment->name);
    json_add_int(out, "release", r->ended != 0 ? r->ended : u->deployment.release_number);
    api_shape_int_or_null(out, "deployment", u->deployment.id);
    if (r->ended != 0) {
        json_begin_object(out, "wish");
        json_add_time(out, "start_at", r->wish.start_at);
        api_shape_text_or_null(out, "start_text",
                               r->wish.start_at != 0 ? time_text(r, r->wish.start_at) : NULL);
        json_end_object(out);
    } else {
        json_add_null(out, "wish");
    }
    json_add_str(out, "leaves_out", r->leave_out);
    json_begin_array(out, "again");
    for (size_t i = 0; i < r->judged.n_again; i++) {
        const struct invocation *inv = r->judged.again[i];
        json_begin_object(out, NULL);
        json_add_str(out, "host", inv->host);
        json_add_str(out, "job", u->facts.jobs[inv->job_number].name);
        json_add_str(out, "was", inv->details);
        json_end_object(out);
    }
    json_end_array(out);
}

static int go_on(struct retrying *r)
{
    int rc = judge(r, r->act.view.db, &r->act.err);

    if (rc == 0)
        rc = check_gate(r);
    return rc < 0 ? rc : api_act_write(&r->act, write_retry, r);
}

enum request_next api_retry_go(struct request *request, struct reply *reply)
{
    static const char *const keys[] = {"environment", "leave_out", "reason"};
    struct retrying r = {.leave_out = NULL};
    struct api_act *act = &r.act;
    int rc = api_act_open(act, request, reply, keys, 3);

    if (rc == 0)
        rc = api_act_environment_of_body(act, RIGHT_OPERATE);
    if (rc == 0)
        rc = api_body_text(request, act->body, "leave_out", 64, &r.leave_out, &act->err);
    if (rc == 0)
        rc = api_act_reason(act, false);
    if (rc == 0)
        rc = find_ended(&r);
    if (rc == 0)
        rc = r.ended != 0 ? api_wish_ask(act, r.ended, &r.wish) : go_on(&r);
    if (rc == 0)
        answer(&r);
    return api_act_close(act, rc, api_write_is_dry(request) ? 200 : 202);
}
