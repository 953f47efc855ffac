#include "server/api/api_check.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/store/store_check.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_pull_request.h"
#include "lib/store/store_release.h"
#include "server/api/api.h"
#include "server/api/api_act.h"
#include "server/api/api_body.h"
#include "server/api/api_environment.h"
#include "server/api/api_events.h"
#include "server/api/api_missing.h"
#include "server/api/api_shape.h"
#include "server/api/api_verdict.h"
#include "server/api/api_write.h"
#include "server/api/asker.h"
#include "server/api/policy.h"
#include "server/flow/outlook.h"
#include "server/flow/snapshot.h"

struct checking {
    struct api_act act;
    struct check check;
    const struct config_environment *looked_at; /* of a release's */
    const char *subject;                        /* "/stage/r7", "/#412" */
};

void api_check_shape(struct json_out *out, const char *key, const struct check *check)
{
    json_begin_object(out, key);
    api_shape_int_or_null(out, "id", check->id);
    json_add_str(out, "environment", check->environment);
    api_shape_int_or_null(out, "release", check->release_number);
    api_shape_int_or_null(out, "pull", check->pull_number);
    json_add_str(out, "sha", check->sha);
    json_add_str(out, "state", check_states[check->state].text);
    json_add_bool(out, "ok", check->ok);
    json_add_str(out, "who", check->actor);
    json_add_str(out, "reason", check->reason);
    json_add_time(out, "checked_at", check->checked_at);
    json_end_object(out);
}

/* What is said --------------------------------------------------------------------------------------- */

static int read_word(struct checking *c)
{
    struct api_act *act = &c->act;
    int rc;

    if (json_get(act->body, "ok") == NULL || !json_bool(act->body, "ok", &c->check.ok))
        return err_set(&act->err, ERR_INVALID, "ok: true, or false with a reason");
    rc = api_act_reason(act, false);
    if (rc == 0 && !c->check.ok && act->reason == NULL)
        rc = err_set(&act->err, ERR_INVALID,
                     "reason: say what needs a fix; whoever made it will read it");
    c->check.reason = act->reason;
    c->check.repository_id = act->repository.id;
    c->check.actor = act->request->actor.name;
    c->check.way = act->request->actor.way;
    c->check.checked_at = act->view.now;
    return rc;
}

/* The rights of an environment, or, for a pull request, of any in which somebody looks. */
static unsigned rights_of(const struct checking *c, const struct request *request,
                          const struct config_repo *repo)
{
    unsigned bits = 0;

    if (c->looked_at != NULL) {
        const struct config_environment *e = config_environment(repo, c->looked_at->name);
        return e != NULL ? policy_rights_in_environment(request, e) : 0;
    }
    bits = policy_rights_in_repo(request, repo);
    for (size_t i = 0; i < repo->n_environments; i++)
        if (repo->environments[i].check)
            bits |= policy_rights_in_environment(request, &repo->environments[i]);
    return bits;
}

static void take_rights(struct check *check, unsigned bits)
{
    check->code = (bits & RIGHT_BIT(RIGHT_APPROVE_CODE)) != 0;
    check->content = (bits & RIGHT_BIT(RIGHT_APPROVE_CONTENT)) != 0;
}

static int require_right(struct checking *c)
{
    struct api_act *act = &c->act;
    const struct config_environment *e = c->looked_at;
    bool pull = c->check.pull_number != 0;

    take_rights(&c->check, rights_of(c, act->request, act->repo));
    if (c->check.content || (c->check.code && !pull))
        return 0;
    for (size_t i = 0; i < act->repo->n_environments && e == NULL; i++)
        if (act->repo->environments[i].check || i + 1 == act->repo->n_environments)
            e = &act->repo->environments[i];
    return err_set(&act->err, ERR_DENIED, "%s may not check this in %s. Those who may: %s",
                   act->request->actor.name, act->repo->name,
                   e != NULL ? lacks_who(act->request->arena, e, !pull, true) : "nobody");
}

/* Writing -------------------------------------------------------------------------------------------- */

static int still_may(struct db *db, struct checking *c, struct err *err)
{
    const struct snapshot *now = snapshots_take(c->act.request->api->snapshots);
    const struct config_repo *repo = config_repo(now->config, c->act.repo->name);
    struct request again = *c->act.request;
    struct check then = {.id = 0};
    int rc = asker_again(db, &again, err);

    if (rc == 0 && repo != NULL)
        take_rights(&then, rights_of(c, &again, repo));
    if (rc == 0 && ((c->check.code && !then.code) || (c->check.content && !then.content)))
        rc = err_set(err, ERR_DENIED, "%s may not check this any more", again.actor.name);
    snapshots_give(now);
    return rc;
}

/* The head may have moved since it was read; then what was shown is not what would be checked (T22). */
static int still_there(struct db *db, struct checking *c, struct err *err)
{
    struct pull_request pull;
    int rc;

    if (c->check.pull_number == 0)
        return 0;
    rc = store_pull_request_by_number(db, c->act.request->arena, c->check.repository_id,
                                      c->check.pull_number, &pull, err);
    if (rc == 0 && strcmp(pull.head_sha, c->check.sha) != 0)
        rc = err_set(err, ERR_CONFLICT,
                     "#%lld moved from %.7s to %.7s since you looked; nothing was saved. "
                     "Please look again",
                     (long long)c->check.pull_number, c->check.sha, pull.head_sha);
    return rc;
}

static int write_check(struct db *db, void *arg, struct err *err)
{
    struct checking *c = arg;
    int rc = still_may(db, c, err);

    if (rc == 0)
        rc = still_there(db, c, err);
    if (rc == 0)
        rc = store_check_put(db, &c->check, &c->check.id, err);
    return rc < 0 ? rc
                  : api_act_confirm(&c->act, db, c->check.ok ? "check.ok" : "check.needs-fix",
                                    c->subject,
                                    arena_printf(c->act.request->arena,
                                                 "{\"check\":%lld,\"sha\":\"%s\"}",
                                                 (long long)c->check.id, c->check.sha),
                                    err);
}

/* What waits behind it, once this was said. */
static int add_verdicts(struct checking *c)
{
    struct api_act *act = &c->act;
    const struct lacks_change said = {.check = &c->check};
    int rc = 0;

    json_begin_array(&act->out, "waits");
    for (size_t i = 0; i < act->repo->n_environments && rc == 0; i++) {
        const struct config_environment *e = &act->repo->environments[i];
        struct outlook *then;
        bool concerned = false;
        for (size_t k = 0; k < e->n_needs; k++)
            concerned = concerned || (e->needs[k]->check &&
                                      (c->looked_at == NULL || e->needs[k] == c->looked_at));
        if (!concerned)
            continue;
        then = arena_alloc(act->request->arena, sizeof(*then));
        rc = outlook_suppose_said(act->view.db, act->view.snapshot, &act->repository, e, &said,
                                  act->view.now, act->request->arena, then, &act->err);
        if (rc < 0 || then->plan.target == NULL)
            continue;
        json_begin_object(&act->out, NULL);
        json_add_str(&act->out, "environment", e->name);
        json_add_int(&act->out, "release", then->plan.target->number);
        api_verdict_causes(&act->out, "causes", &act->view, NULL, &then->plan.verdict);
        json_end_object(&act->out);
    }
    json_end_array(&act->out);
    return rc;
}

static enum request_next save(struct checking *c, int rc)
{
    struct api_act *act = &c->act;
    bool dry = api_write_is_dry(act->request);

    if (rc == 0)
        rc = require_right(c);
    if (rc == 0)
        rc = api_act_write(act, write_check, c);
    if (rc == 0 && !dry)
        api_events_publish(act->request->api->events, API_EVENTS_DEPLOYMENTS);
    if (rc == 0 && dry)
        c->check.id = 0;
    if (rc == 0) {
        api_check_shape(&act->out, "check", &c->check);
        json_add_bool(&act->out, "dry_run", dry);
        rc = add_verdicts(c);
    }
    return api_act_close(act, rc, dry ? 200 : 201);
}

/* A release ------------------------------------------------------------------------------------------ */

/* The environment in which people look: the one that is named, or the only one. */
static int find_environment(struct checking *c)
{
    struct api_act *act = &c->act;
    const struct config_environment *found = NULL;
    const char *name = NULL;
    size_t n = 0;
    int rc = api_body_text(act->request, act->body, "environment", 64, &name, &act->err);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < act->repo->n_environments; i++)
        if (act->repo->environments[i].check &&
            (name == NULL || str_eq(name, act->repo->environments[i].name))) {
            found = &act->repo->environments[i];
            n++;
        }
    if (name != NULL && config_environment(act->repo, name) == NULL)
        return api_missing_environment(act->repo, name, &act->err);
    if (n == 0)
        return err_set(&act->err, ERR_CONFLICT, "%s%s%s asks for no check",
                       name != NULL ? name : "", name != NULL ? " of " : "", act->repo->name);
    if (n > 1)
        return err_set(&act->err, ERR_INVALID,
                       "environment: %s asks for checks in several; say which is meant",
                       act->repo->name);
    c->looked_at = found;
    c->check.environment = found->name;
    return 0;
}

/* It must be there to be looked at. */
static int find_release(struct checking *c)
{
    struct api_act *act = &c->act;
    struct deployment last;
    struct release release;
    int64_t number = 0;
    int rc = api_view_number(&act->view, 2, &number, &act->err);

    if (rc == 0)
        rc = store_release_by_number(act->view.db, act->request->arena, act->repository.id, number,
                                     &release, &act->err);
    if (rc == ERR_NOT_FOUND)
        return api_missing_release(act->repo, act->request->segments[2], &act->err);
    if (rc == 0)
        rc = store_deployment_last_of(act->view.db, act->request->arena, act->repository.id,
                                      c->check.environment, number, &last, &act->err);
    if (rc == ERR_NOT_FOUND || (rc == 0 && last.state != DEPLOYMENT_SUCCEEDED))
        return err_set(&act->err, ERR_CONFLICT, "r%lld has not succeeded in %s: nobody can see it",
                       (long long)number, c->check.environment);
    if (rc < 0)
        return rc;
    c->check.release_number = number;
    memcpy(c->check.sha, release.sha, sizeof(c->check.sha));
    c->subject =
        arena_printf(act->request->arena, "/%s/r%lld", c->check.environment, (long long)number);
    return 0;
}

enum request_next api_check_release(struct request *request, struct reply *reply)
{
    static const char *const keys[] = {"environment", "ok", "reason"};
    struct checking c = {.subject = ""};
    int rc = api_act_open(&c.act, request, reply, keys, 3);

    if (rc == 0)
        rc = read_word(&c);
    if (rc == 0)
        rc = find_environment(&c);
    if (rc == 0)
        rc = find_release(&c);
    return save(&c, rc);
}

/* A pull request --------------------------------------------------------------------------------------- */

static int find_pull(struct checking *c)
{
    struct api_act *act = &c->act;
    struct pull_request pull = {.number = 0};
    const char *shown = NULL;
    int64_t number = 0;
    int rc = api_view_number(&act->view, 2, &number, &act->err);

    if (rc == 0)
        rc = store_pull_request_by_number(act->view.db, act->request->arena, act->repository.id,
                                          number, &pull, &act->err);
    if (rc == ERR_NOT_FOUND)
        return err_set(&act->err, rc, "%s has no pull request #%s that was heard of",
                       act->repo->name, act->request->segments[2]);
    if (rc == 0)
        rc = api_body_text(act->request, act->body, "head", 40, &shown, &act->err);
    if (rc < 0)
        return rc;
    if (shown != NULL && !names_is_sha40(shown))
        return err_set(&act->err, ERR_INVALID, "head: expected the 40 digits of a commit");
    if (pull.state == PULL_REQUEST_CLOSED)
        return err_set(&act->err, ERR_CONFLICT, "#%lld was closed without being merged",
                       (long long)number);
    c->check.pull_number = number;
    memcpy(c->check.sha, shown != NULL ? shown : pull.head_sha, sizeof(c->check.sha));
    c->subject = arena_printf(act->request->arena, "/#%lld", (long long)number);
    return 0;
}

enum request_next api_check_pull(struct request *request, struct reply *reply)
{
    static const char *const keys[] = {"ok", "reason", "head"};
    struct checking c = {.subject = ""};
    int rc = api_act_open(&c.act, request, reply, keys, 3);

    if (rc == 0)
        rc = read_word(&c);
    if (rc == 0)
        rc = find_pull(&c);
    return save(&c, rc);
}
