#include "server/api/api_act.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/calendar/occurrence.h"
#include "lib/calendar/when.h"
#include "lib/store/store_journal.h"
#include "server/api/api.h"
#include "server/api/api_body.h"
#include "server/api/api_missing.h"
#include "server/api/api_write.h"
#include "server/api/policy.h"
#include "server/api/reply.h"
#include "server/flow/snapshot.h"

#define ANSWER_MAX ((size_t)4 << 20)

int api_act_open(struct api_act *act, struct request *request, struct reply *reply,
                 const char *const *keys, size_t n_keys)
{
    int rc;

    *act = (struct api_act){.request = request, .reply = reply};
    buf_init(&act->buf, ANSWER_MAX);
    json_out_init(&act->out, &act->buf);
    json_begin_object(&act->out, NULL);
    rc = api_view_open(&act->view, request, &act->err);
    if (rc == 0)
        rc = api_view_repository(&act->view, &act->repo, &act->repository, &act->err);
    if (rc == 0)
        rc = api_body_read(request, keys, n_keys, &act->body, &act->err);
    return rc;
}

enum request_next api_act_close(struct api_act *act, int rc, int status)
{
    api_view_close(&act->view);
    json_free(act->body);
    json_end_object(&act->out);
    if (rc < 0) {
        buf_deinit(&act->buf);
        reply_error(act->request, act->reply, &act->err);
    } else {
        reply_json_buf(act->request, act->reply, status, &act->buf);
    }
    return REQUEST_DONE;
}

static bool is_last(const struct config_repo *repo, const struct config_environment *e)
{
    for (size_t i = 0; i < repo->n_environments; i++)
        for (size_t k = 0; k < repo->environments[i].n_needs; k++)
            if (repo->environments[i].needs[k] == e)
                return false;
    return e->on != CONFIG_ON_PULL_REQUEST;
}

/* The one that nobody needs; two flows have two ends, and then a person says which is meant. */
static int find_last(struct api_act *act, const struct config_environment **ret_found)
{
    const struct config_environment *found = NULL;

    for (size_t i = 0; i < act->repo->n_environments; i++) {
        const struct config_environment *e = &act->repo->environments[i];
        if (!is_last(act->repo, e))
            continue;
        if (found != NULL)
            return err_set(&act->err, ERR_INVALID,
                           "%s has several last environments: name one, such as %s or %s",
                           act->repo->name, found->name, e->name);
        found = e;
    }
    *ret_found = found;
    return 0;
}

int api_act_environment(struct api_act *act, const char *name, enum right right)
{
    const struct config_environment *found =
        name != NULL ? config_environment(act->repo, name) : NULL;
    int rc = name == NULL ? find_last(act, &found) : 0;

    if (rc < 0)
        return rc;
    if (found == NULL)
        return api_missing_environment(act->repo, name != NULL ? name : "", &act->err);
    if (found->on == CONFIG_ON_PULL_REQUEST)
        return err_set(&act->err, ERR_INVALID, "%s shows pull requests, not releases", found->name);
    /* The rights of an environment replace those of its repository (A4). */
    rc = policy_require(act->request, found, right, &act->err);
    if (rc < 0)
        return rc;
    act->environment = found;
    act->right = right;
    return 0;
}

int api_act_environment_of_body(struct api_act *act, enum right right)
{
    const char *name = NULL;
    int rc = api_body_text(act->request, act->body, "environment", 64, &name, &act->err);

    return rc < 0 ? rc : api_act_environment(act, name, right);
}

int api_act_reason(struct api_act *act, bool required)
{
    int rc = api_body_text(act->request, act->body, "reason", API_ACT_REASON_MAX, &act->reason,
                           &act->err);

    if (rc == 0 && act->reason != NULL && act->reason[strspn(act->reason, " ")] == '\0')
        act->reason = NULL;
    if (rc == 0 && required && act->reason == NULL)
        rc = err_set(&act->err, ERR_INVALID, "reason: say why; it is told to everybody concerned");
    return rc;
}

int api_act_time(struct api_act *act, const char *key, time_ms *ret_time)
{
    const struct when when = {.zone = calendar_zone(act->view.snapshot->calendar, act->environment),
                              .now = act->view.now};
    const char *text = NULL;
    int rc = api_body_text(act->request, act->body, key, 64, &text, &act->err);

    *ret_time = 0;
    if (rc < 0 || text == NULL)
        return rc;
    rc = when_read(&when, text, ret_time, &act->err);
    return rc < 0 ? err_wrap(&act->err, "%s", key) : 0;
}

int api_act_write(struct api_act *act, int (*fn)(struct db *db, void *arg, struct err *err),
                  void *arg)
{
    int rc = api_write_do(act->request, fn, arg, &act->err);

    if (rc == 0 && !api_write_is_dry(act->request))
        act->request->api->ring_flow(act->request->api->flow);
    return rc;
}

/* By the configuration of now; it may be another than the one that the act was read by. */
static int confirm_environment(struct api_act *act, struct err *err)
{
    const struct snapshot *now = snapshots_take(act->request->api->snapshots);
    const struct config_environment *environment =
        config_environment(config_repo(now->config, act->repo->name), act->environment->name);
    int rc = environment != NULL
                 ? policy_require(act->request, environment, act->right, err)
                 : err_set(err, ERR_CONFLICT, "%s of %s left the configuration a moment ago",
                           act->environment->name, act->repo->name);

    snapshots_give(now);
    return rc;
}

int api_act_confirm(struct api_act *act, struct db *db, const char *name, const char *subject,
                    const char *detail, struct err *err)
{
    const struct journal_entry entry = {
        .at = act->view.now,
        .actor = act->request->actor.name,
        .way = act->request->actor.way,
        .act = name,
        .subject = arena_printf(act->request->arena, "%s%s", act->repo->name, subject),
        .detail = detail,
        .reason = act->reason,
    };
    int rc = policy_confirm(db, act->request, err);

    if (rc == 0 && act->environment != NULL)
        rc = confirm_environment(act, err);
    return rc < 0 ? rc : store_journal_add(db, &entry, err);
}
