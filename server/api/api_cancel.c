#include "server/api/api_cancel.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/rules/progress_cancel.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_cancel.h"
#include "lib/store/store_command.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_occurrence.h"
#include "lib/store/store_wish.h"
#include "server/api/api_act.h"
#include "server/api/api_body.h"
#include "server/api/api_shape.h"
#include "server/api/api_write.h"

struct cancelling {
    struct api_act act;
    bool has_open;
    struct deployment open;
    struct progress_facts facts; /* of what is open */
    struct wish wish;            /* else what was asked for */
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

    return api_cancel_write(&c->act, db, &c->open, c->act.reason, err);
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
    struct arena *arena = act->request->arena;
    struct db *db = act->view.db;
    struct invocation *invocations;
    struct attempt *attempts;
    struct err own = ERR_INIT;
    struct job *jobs;
    int rc = store_deployment_open(db, arena, act->repository.id, act->environment->name, &c->open,
                                   &own);

    if (rc == ERR_NOT_FOUND)
        return 0;
    if (rc < 0) {
        act->err = own;
        return rc;
    }
    c->has_open = true;
    if (c->open.cancel_at != 0)
        return err_set(&act->err, ERR_CONFLICT, "%s asked for that already: r%lld is being ended",
                       c->open.cancel_by, (long long)c->open.release_number);
    c->facts.deployment = &c->open;
    if ((rc = store_deployment_jobs(db, arena, c->open.id, &jobs, &c->facts.n_jobs, &act->err)) <
            0 ||
        (rc = store_command_invocations(db, arena, c->open.id, &invocations,
                                        &c->facts.n_invocations, &act->err)) < 0 ||
        (rc = store_attempt_of_deployment(db, arena, c->open.id, &attempts, &c->facts.n_attempts,
                                          &act->err)) < 0)
        return rc;
    c->facts.jobs = jobs;
    c->facts.invocations = invocations;
    c->facts.attempts = attempts;
    return 0;
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
    for (size_t i = 0; i < c->facts.n_invocations; i++) {
        const struct invocation *inv = &c->facts.invocations[i];
        const struct job *job = &c->facts.jobs[inv->job_number];
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
    bool touched = c->has_open && progress_cancel_touched_any(&c->facts);

    json_add_bool(out, "dry_run", api_write_is_dry(c->act.request));
    json_add_str(out, "environment", c->act.environment->name);
    json_add_str(out, "cancels", c->has_open ? "deployment" : "wish");
    json_add_int(out, "release", c->has_open ? c->open.release_number : c->wish.release_number);
    api_shape_int_or_null(out, "deployment", c->has_open ? c->open.id : 0);
    json_add_str(out, "state", c->has_open ? deployment_states[c->open.state].text : NULL);
    json_add_str(out, "ends",
                 !c->has_open ? NULL
                 : touched    ? deployment_states[DEPLOYMENT_FAILED].text
                              : deployment_states[DEPLOYMENT_CANCELLED].text);
    add_running(out, c);
}

enum request_next api_cancel_open(struct request *request, struct reply *reply)
{
    static const char *const keys[] = {"environment", "reason", "wish"};
    struct cancelling c = {.has_open = false};
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
    if (rc == 0 && !c.has_open)
        rc = load_wish(&c);
    if (rc == 0)
        rc = api_act_write(act, c.has_open ? write_cancel : write_withdrawal, &c);
    if (rc == 0)
        answer(&c);
    return api_act_close(act, rc, api_write_is_dry(request) ? 200 : 202);
}
