#include "server/api/api_cancel.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/rules/progress_cancel.h"
#include "lib/store/store_cancel.h"
#include "lib/store/store_occurrence.h"
#include "lib/store/store_wish.h"
#include "server/api/api_act.h"
#include "server/api/api_body.h"
#include "server/api/api_shape.h"
#include "server/api/api_write.h"
#include "server/flow/under_way.h"

struct cancelling {
    struct api_act act;
    struct under_way open;
    struct wish wish; /* where nothing is open: what was asked for */
    bool wish_only;
};

/* Writing ----------------------------------------------------------------------------------------- */

/* What was to go out then does not, and neither does something older in its place. */
static int skip_start(struct db *db, const struct deployment *d, time_ms now, struct err *err)
{
    const struct occurrence_key key = {d->repository_id, d->environment, d->occurrence_date,
                                       d->occurrence_time};

    return d->occurrence_date[0] == '\0'
               ? 0
               : store_occurrence_decide(db, &key, d->start_at, "skipped", NULL, 0, now, err);
}

int api_cancel_write(struct api_act *act, struct db *db, const struct deployment *seen,
                     const char *reason, struct err *err)
{
    struct arena *arena = act->request->arena;
    const char *actor = act->request->actor.name;
    const struct cancel cancel = {.actor = actor,
                                  .reason = reason,
                                  .cause = arena_printf(arena, "cancelled by %s%s%s", actor,
                                                        reason != NULL ? ": " : "",
                                                        reason != NULL ? reason : ""),
                                  .at = act->view.now};
    const char *subject =
        arena_printf(arena, "/%s/r%lld", seen->environment, (long long)seen->release_number);
    bool ended = false;
    int rc = store_cancel_deployment(db, seen, &cancel, &ended, err);

    if (rc == ERR_CONFLICT)
        return err_set(err, ERR_CONFLICT,
                       "deployment %lld moved on while you looked, or is being cancelled already; "
                       "look again",
                       (long long)seen->id);
    if (rc == 0 && ended)
        rc = skip_start(db, seen, act->view.now, err);
    return rc < 0 ? rc
                  : api_act_confirm(act, db, "deployment.cancel", subject,
                                    arena_printf(arena, "{\"deployment\":%lld,\"to\":\"%s\"}",
                                                 (long long)seen->id,
                                                 ended ? "cancelled" : "cancelling"),
                                    err);
}

static int write_cancel(struct db *db, void *arg, struct err *err)
{
    struct cancelling *c = arg;

    return api_cancel_write(&c->act, db, &c->open.deployment, c->act.reason, err);
}

static int write_withdrawal(struct db *db, void *arg, struct err *err)
{
    struct cancelling *c = arg;
    const char *subject = arena_printf(c->act.request->arena, "/%s/r%lld", c->wish.environment,
                                       (long long)c->wish.release_number);
    int rc = store_wish_withdraw(db, c->wish.id, c->act.view.now, err);

    return rc < 0 ? rc : api_act_confirm(&c->act, db, "wish.withdraw", subject, NULL, err);
}

/* Looking ----------------------------------------------------------------------------------------- */

static int load_open(struct cancelling *c)
{
    struct api_act *act = &c->act;
    int rc = under_way_load(act->view.db, act->request->arena, act->repository.id,
                            act->environment->name, &c->open, &act->err);

    if (rc == 0 && c->open.is_open && c->open.deployment.cancel_at != 0)
        rc = err_set(&act->err, ERR_CONFLICT, "%s asked for that already: r%lld is being ended",
                     c->open.deployment.cancel_by, (long long)c->open.deployment.release_number);
    return rc;
}

/* A hotfix before the pin or go-live that it went before. */
static int load_wish(struct cancelling *c)
{
    struct api_act *act = &c->act;
    int rc = ERR_NOT_FOUND;

    for (int hotfix = 1; rc == ERR_NOT_FOUND && hotfix >= 0; hotfix--)
        rc = store_wish_open(act->view.db, act->request->arena, act->repository.id,
                             act->environment->name, hotfix == 1, &c->wish, &act->err);
    return rc != ERR_NOT_FOUND
               ? rc
               : err_set(&act->err, ERR_NOT_FOUND,
                         c->wish_only
                             ? "nothing is asked for in %s of %s"
                             : "nothing is going out in %s of %s, and nothing is asked for",
                         act->environment->name, act->repo->name);
}

/* Answering --------------------------------------------------------------------------------------- */

/* What its hosts still run, or may: each is asked to end it. */
static void add_running(struct json_out *out, const struct cancelling *c)
{
    json_begin_array(out, "running");
    for (size_t i = 0; i < c->open.facts.n_invocations; i++) {
        const struct invocation *inv = &c->open.facts.invocations[i];
        const struct job *job = &c->open.facts.jobs[inv->job_number];
        if (inv->offered_at == 0 || invocation_has_ended(inv->status))
            continue;
        json_begin_object(out, NULL);
        json_add_str(out, "host", inv->host);
        json_add_str(out, "job", job->name);
        json_add_str(out, "status", invocation_statuses[inv->status].text);
        json_add_str(out, "database", job->database);
        json_end_object(out);
    }
    json_end_array(out);
}

static void answer(struct cancelling *c)
{
    struct json_out *out = &c->act.out;
    bool touched = c->open.is_open && progress_cancel_touched_any(&c->open.facts);

    json_add_bool(out, "dry_run", api_write_is_dry(c->act.request));
    json_add_str(out, "environment", c->act.environment->name);
    json_add_str(out, "cancels", c->open.is_open ? "deployment" : "wish");
    json_add_int(out, "release",
                 c->open.is_open ? c->open.deployment.release_number : c->wish.release_number);
    api_shape_int_or_null(out, "deployment", c->open.is_open ? c->open.deployment.id : 0);
    json_add_str(out, "state",
                 c->open.is_open ? deployment_states[c->open.deployment.state].text : NULL);
    json_add_str(out, "ends",
                 !c->open.is_open ? NULL
                 : touched        ? deployment_states[DEPLOYMENT_FAILED].text
                                  : deployment_states[DEPLOYMENT_CANCELLED].text);
    add_running(out, c);
}

enum request_next api_cancel_open(struct request *request, struct reply *reply)
{
    static const char *const keys[] = {"environment", "reason", "wish"};
    struct cancelling c = {.wish_only = false};
    struct api_act *act = &c.act;
    int rc = api_act_open(act, request, reply, keys, 3);

    if (rc == 0)
        rc = api_act_environment_of_body(act, RIGHT_OPERATE);
    if (rc == 0)
        rc = api_act_reason(act, false);
    if (rc == 0)
        rc = api_body_flag(act->body, "wish", &c.wish_only, &act->err);
    if (rc == 0 && !c.wish_only)
        rc = load_open(&c);
    if (rc == 0 && !c.open.is_open)
        rc = load_wish(&c);
    if (rc == 0)
        rc = api_act_write(act, c.open.is_open ? write_cancel : write_withdrawal, &c);
    if (rc == 0)
        answer(&c);
    return api_act_close(act, rc, api_write_is_dry(request) ? 200 : 202);
}
