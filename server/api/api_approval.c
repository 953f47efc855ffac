#include "server/api/api_approval.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "lib/rules/rules_approval.h"
#include "lib/store/store_approval.h"
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

struct approving {
    struct api_act act;
    struct release release;
    struct outlook *outlook; /* as it is */
    struct rules_approval_facts facts;
    struct approval approval; /* on its way in, or the one that is taken back */
    const char *plan;         /* the text behind its digest */
    const char *expected;     /* digest that the asker has seen, NULL */
};

static const char *sentence(struct api_view *view, const struct config_environment *environment,
                            const struct approval *a, time_ms expires)
{
    const struct api_environment env = {.config = environment};
    bool expired = a->state == APPROVAL_GRANTED && view->now >= expires;
    const struct message_value values[] = {
        {"who", a->account.login != NULL ? a->account.login : a->actor},
        {"release", arena_printf(view->request->arena, "r%lld", (long long)a->release_number)},
        {"what", environment->name},
        {"why", a->ended},
        {"when", api_environment_time(view, &env,
                                      a->ended_at != 0           ? a->ended_at
                                      : expires == VERDICT_NEVER ? 0
                                                                 : expires)}};

    return messages_fill(view->request->arena, view->language,
                         arena_printf(view->request->arena, "approval.%s",
                                      expired ? "expired" : approval_states[a->state].text),
                         values, sizeof(values) / sizeof(*values));
}

void api_approval_shape(struct json_out *out, const char *key, struct api_view *view,
                        const struct config_environment *environment,
                        const struct approval *approval)
{
    const struct approval *a = approval;
    time_ms expires = rules_approval_expires_at(&environment->approvals, a);

    json_begin_object(out, key);
    api_shape_int_or_null(out, "id", a->id);
    json_add_str(out, "environment", environment->name);
    json_add_int(out, "release", a->release_number);
    json_add_str(out, "plan", a->plan_digest);
    json_add_str(out, "state", approval_states[a->state].text);
    json_add_str(out, "who", a->actor);
    json_add_str(out, "login", a->account.login);
    json_add_bool(out, "code", a->code);
    json_add_bool(out, "content", a->content);
    json_add_str(out, "reason", a->reason);
    json_add_time(out, "granted_at", a->granted_at);
    json_add_time(out, "expires_at", expires == VERDICT_NEVER ? 0 : expires);
    json_add_time(out, "ended_at", a->ended_at);
    json_add_str(out, "ended_by", a->ended_by);
    json_add_str(out, "ended", a->ended);
    json_add_str(out, "text", sentence(view, environment, a, expires));
    json_end_object(out);
}

/* What is asked -------------------------------------------------------------------------------------- */

static int find_release(struct approving *a)
{
    struct api_act *act = &a->act;
    int64_t number = 0;
    int rc = api_view_number(&act->view, 2, &number, &act->err);

    if (rc == 0)
        rc = store_release_by_number(act->view.db, act->request->arena, act->repository.id, number,
                                     &a->release, &act->err);
    if (rc == ERR_NOT_FOUND)
        rc = api_missing_release(act->repo, act->request->segments[2], &act->err);
    if (rc == 0 && a->release.off_line)
        rc = err_set(&act->err, ERR_CONFLICT, "r%lld is no longer on %s", (long long)number,
                     act->repo->branch);
    return rc;
}

/* The plan that would go out now, and what was said of it so far. */
static int load(struct approving *a)
{
    struct api_act *act = &a->act;
    char digest[PLAN_DIGEST_SIZE];
    int rc;

    a->outlook = arena_alloc(act->request->arena, sizeof(*a->outlook));
    rc = outlook_make(act->view.db, act->view.snapshot, &act->repository, act->environment,
                      act->view.now, act->request->arena, a->outlook, &act->err);
    if (rc < 0)
        return rc;
    if (a->outlook->has_live && a->release.number <= a->outlook->live.release_number)
        return err_set(&act->err, ERR_CONFLICT, "r%lld is live in %s already (r%lld)",
                       (long long)a->release.number, act->environment->name,
                       (long long)a->outlook->live.release_number);
    if (!a->outlook->lacks.binds_plan)
        return err_set(&act->err, ERR_CONFLICT, "%s of %s asks for no approvals",
                       act->environment->name, act->repo->name);
    a->plan = plan_digest_make(&a->outlook->lacks.plan, a->release.sha, digest);
    lacks_approvals(&a->outlook->lacks, a->release.number, a->release.sha, &a->facts, digest);
    memcpy(a->approval.plan_digest, digest, sizeof(a->approval.plan_digest));
    if (a->expected != NULL && strcmp(a->expected, digest) != 0)
        return err_set(&act->err, ERR_CONFLICT,
                       "plan: the plan for %s changed since it was shown; nothing was approved. "
                       "Look at r%lld again",
                       act->environment->name, (long long)a->release.number);
    return 0;
}

static const char *why_not(enum rules_approval_word word)
{
    static const char *const words[] = {[RULES_APPROVAL_COUNTS] = "counts",
                                        [RULES_APPROVAL_OTHER_LANE] = "other-lane",
                                        [RULES_APPROVAL_OWN] = "own",
                                        [RULES_APPROVAL_NOBODY] = "no-account",
                                        [RULES_APPROVAL_EXPIRED] = "expired"};

    return words[word];
}

static const char *reason_of(const struct approving *a, enum rules_approval_word word,
                             const char *change)
{
    const struct actor *actor = &a->act.request->actor;

    switch (word) {
    case RULES_APPROVAL_OWN:
        return arena_printf(a->act.request->arena, "%s made some of %s", actor->name, change);
    case RULES_APPROVAL_NOBODY:
        return arena_printf(a->act.request->arena,
                            "nobody knows whose account at GitHub %s is, so it may be the author's "
                            "own; use a token that was made with --login",
                            actor->name);
    default:
        return arena_printf(a->act.request->arena, "%s is of the other lane", change);
    }
}

/* An approval that counts for nothing would only look like one (T24). */
static int check_counts(struct approving *a)
{
    struct api_act *act = &a->act;
    const struct config_approvals *rule = &a->facts.rule;
    const char *why = NULL;
    bool code = false, content = false;

    for (size_t i = 0; i < a->facts.n_changes; i++) {
        const struct change *c = &a->facts.changes[i];
        enum rules_approval_word word = rules_approval_of(rule, c, &a->approval, act->view.now);
        if (rules_approval_needs(rule, c) == 0)
            continue;
        if (word == RULES_APPROVAL_COUNTS)
            return 0;
        if (why == NULL)
            why = reason_of(a, word, lacks_change_name(act->request->arena, c));
        code = code || c->lane != LANE_CONTENT;
        content = content || c->lane == LANE_CONTENT;
    }
    if (why == NULL)
        return err_set(&act->err, ERR_CONFLICT, "r%lld needs no approval in %s",
                       (long long)a->release.number, act->environment->name);
    return err_set(&act->err, ERR_DENIED, "not approved: %s. Those who may: %s", why,
                   lacks_who(act->request->arena, act->environment, code, content));
}

/* By which rights he may approve here, by the configuration `environment` is of. */
static void read_rights(const struct request *request, const struct config_environment *environment,
                        bool *ret_code, bool *ret_content)
{
    unsigned bits = policy_rights_in_environment(request, environment);

    *ret_code = (bits & RIGHT_BIT(RIGHT_APPROVE_CODE)) != 0;
    *ret_content = (bits & RIGHT_BIT(RIGHT_APPROVE_CONTENT)) != 0;
}

static int begin(struct approving *a, struct request *request, struct reply *reply,
                 const char *const *keys, size_t n_keys)
{
    struct api_act *act = &a->act;
    int rc = api_act_open(act, request, reply, keys, n_keys);

    if (rc == 0)
        rc = api_act_environment_of_body(act, RIGHT_VIEW);
    if (rc == 0)
        rc = api_act_reason(act, false);
    if (rc == 0)
        rc = api_body_text(request, act->body, "plan", 64, &a->expected, &act->err);
    if (rc == 0)
        rc = find_release(a);
    if (rc < 0)
        return rc;
    a->approval = (struct approval){.repository_id = act->repository.id,
                                    .environment = act->environment->name,
                                    .release_number = a->release.number,
                                    .actor = request->actor.name,
                                    .way = request->actor.way,
                                    .reason = act->reason,
                                    .account = {request->actor.github_id, request->actor.login},
                                    .granted_at = act->view.now};
    read_rights(request, act->environment, &a->approval.code, &a->approval.content);
    if (!a->approval.code && !a->approval.content)
        return err_set(&act->err, ERR_DENIED, "%s may not approve for %s of %s. Those who may: %s",
                       request->actor.name, act->environment->name, act->repo->name,
                       lacks_who(request->arena, act->environment, true, true));
    return load(a);
}

static const char *subject_of(struct approving *a)
{
    return arena_printf(a->act.request->arena, "/%s/r%lld", a->approval.environment,
                        (long long)a->release.number);
}

static const char *detail_of(struct approving *a)
{
    return arena_printf(a->act.request->arena, "{\"approval\":%lld,\"plan\":\"%s\"}",
                        (long long)a->approval.id, a->approval.plan_digest);
}

/* Granting ------------------------------------------------------------------------------------------- */

/* Rights and plan as they are when it is written, not as they were when it was read (T23). */
static int still_may(struct db *db, struct approving *a, struct err *err)
{
    struct api_act *act = &a->act;
    const struct snapshot *now = snapshots_take(act->request->api->snapshots);
    const struct config_environment *e =
        config_environment(config_repo(now->config, act->repo->name), act->environment->name);
    struct request again = *act->request;
    bool code = false, content = false;
    int rc = asker_again(db, &again, err);

    if (rc == 0 && (e == NULL || strcmp(now->digest, act->view.snapshot->digest) != 0))
        rc = err_set(err, ERR_CONFLICT,
                     "the configuration changed a moment ago; nothing was approved. Look again");
    if (rc == 0)
        read_rights(&again, e, &code, &content);
    if (rc == 0 && ((a->approval.code && !code) || (a->approval.content && !content)))
        rc = err_set(err, ERR_DENIED, "%s may not approve for %s any more",
                     act->request->actor.name, e->name);
    snapshots_give(now);
    return rc;
}

/* What the same person said of another plan is void with this. */
static int end_older(struct db *db, struct approving *a, struct err *err)
{
    const struct lacks *l = &a->outlook->lacks;
    int rc = 0;

    for (size_t i = 0; i < l->n_voided && rc == 0; i++) {
        const struct approval *old = l->voided[i].approval;
        if (old->release_number == a->release.number && str_eq(old->actor, a->approval.actor))
            rc = store_approval_void(db, old->id,
                                     l->voided[i].jobs[0] != '\0' ? l->voided[i].jobs : "the plan",
                                     a->approval.granted_at, err);
    }
    return rc == ERR_CONFLICT ? 0 : rc; /* the flow was quicker */
}

static int write_grant(struct db *db, void *arg, struct err *err)
{
    struct approving *a = arg;
    int rc = still_may(db, a, err);

    if (rc == 0)
        rc = end_older(db, a, err);
    if (rc == 0)
        rc = store_approval_plan_put(db, a->approval.plan_digest, a->plan, err);
    if (rc == 0)
        rc = store_approval_grant(db, &a->approval, &a->approval.id, err);
    if (rc == ERR_CONFLICT && a->approval.id == 0)
        rc = err_set(err, ERR_CONFLICT, "%s has approved r%lld for %s already", a->approval.actor,
                     (long long)a->release.number, a->approval.environment);
    return rc < 0
               ? rc
               : api_act_confirm(&a->act, db, "approval.grant", subject_of(a), detail_of(a), err);
}

static void add_changes(struct approving *a)
{
    struct json_out *out = &a->act.out;
    struct arena *arena = a->act.request->arena;

    json_begin_array(out, "changes");
    for (size_t i = 0; i < a->facts.n_changes; i++) {
        const struct change *c = &a->facts.changes[i];
        enum rules_approval_word word =
            rules_approval_of(&a->facts.rule, c, &a->approval, a->act.view.now);
        json_begin_object(out, NULL);
        json_add_str(out, "change", lacks_change_name(arena, c));
        json_add_str(out, "lane", c->lane == LANE_CONTENT ? "content" : "code");
        json_add_bool(out, "counts", word == RULES_APPROVAL_COUNTS);
        json_add_str(out, "why_not", word == RULES_APPROVAL_COUNTS ? NULL : why_not(word));
        json_add_int(out, "has", rules_approval_has(&a->facts, c, a->act.view.now));
        json_add_int(out, "needs", rules_approval_needs(&a->facts.rule, c));
        json_end_object(out);
    }
    json_end_array(out);
}

/* How it stands once this was said: what it lacks, and the start it is promised for. */
static int answer(struct approving *a, const struct lacks_change *said)
{
    struct api_act *act = &a->act;
    struct json_out *out = &act->out;
    struct outlook *then = arena_alloc(act->request->arena, sizeof(*then));
    const struct api_environment env = {.config = act->environment};
    char digest[PLAN_DIGEST_SIZE];
    struct verdict verdict;
    time_ms start;
    int rc =
        outlook_suppose_said(act->view.db, act->view.snapshot, &act->repository, act->environment,
                             said, act->view.now, act->request->arena, then, &act->err);

    if (rc < 0)
        return rc;
    lacks_approvals(&then->lacks, a->release.number, a->release.sha, &a->facts, digest);
    verdict = release_plan_judge(&then->facts, &then->plan, a->release.number, act->view.now);
    start = then->plan.target != NULL && then->plan.target->number == a->release.number &&
                    then->promised_at != VERDICT_NEVER
                ? then->promised_at
                : 0;
    api_approval_shape(out, "approval", &act->view, act->environment, &a->approval);
    json_add_str(out, "sha", a->release.sha);
    json_add_bool(out, "approved", rules_approval_judge(&a->facts, act->view.now).approved);
    add_changes(a);
    api_verdict_causes(out, "lacks", &act->view, NULL, &verdict);
    json_add_time(out, "start_at", start);
    api_shape_text_or_null(out, "start_text", api_environment_time(&act->view, &env, start));
    json_add_bool(out, "dry_run", api_write_is_dry(act->request));
    return 0;
}

static void tell(const struct request *request)
{
    if (!api_write_is_dry(request))
        api_events_publish(request->api->events, API_EVENTS_DEPLOYMENTS);
}

enum request_next api_approval_grant(struct request *request, struct reply *reply)
{
    static const char *const keys[] = {"environment", "reason", "plan"};
    struct approving a = {.plan = NULL};
    const struct lacks_change said = {.granted = &a.approval};
    int rc = begin(&a, request, reply, keys, 3);

    if (rc == 0)
        rc = check_counts(&a);
    if (rc == 0)
        rc = api_act_write(&a.act, write_grant, &a);
    if (rc == 0)
        tell(request);
    if (rc == 0 && api_write_is_dry(request))
        a.approval.id = 0;
    if (rc == 0)
        rc = answer(&a, &said);
    return api_act_close(&a.act, rc, api_write_is_dry(request) ? 200 : 201);
}

/* Taking back ---------------------------------------------------------------------------------------- */

/* One's own alone: what others said is theirs, and a hold stops it. */
static int find_own(struct approving *a)
{
    const struct lacks *l = &a->outlook->lacks;
    const struct deployment *open = &a->outlook->open;

    if (a->outlook->has_open && open->state != DEPLOYMENT_WAITING &&
        open->release_number == a->release.number)
        return err_set(&a->act.err, ERR_CONFLICT,
                       "r%lld has started going to %s: taking the approval back would stop nothing",
                       (long long)a->release.number, a->act.environment->name);
    for (size_t i = 0; i < l->n_approvals; i++)
        if (l->approvals[i].release_number == a->release.number &&
            str_eq(l->approvals[i].actor, a->act.request->actor.name)) {
            a->approval = l->approvals[i];
            return 0;
        }
    return err_set(&a->act.err, ERR_NOT_FOUND, "%s has not approved r%lld for %s",
                   a->act.request->actor.name, (long long)a->release.number,
                   a->act.environment->name);
}

static int write_withdrawal(struct db *db, void *arg, struct err *err)
{
    struct approving *a = arg;
    int rc = store_approval_withdraw(db, a->approval.id, a->act.request->actor.name,
                                     a->act.view.now, err);

    return rc < 0 ? rc
                  : api_act_confirm(&a->act, db, "approval.withdraw", subject_of(a), detail_of(a),
                                    err);
}

enum request_next api_approval_withdraw(struct request *request, struct reply *reply)
{
    static const char *const keys[] = {"environment", "reason"};
    struct lacks_change said = {.granted = NULL};
    struct approving a = {.plan = NULL};
    int rc = begin(&a, request, reply, keys, 2);

    if (rc == 0)
        rc = find_own(&a);
    if (rc == 0)
        rc = api_act_write(&a.act, write_withdrawal, &a);
    if (rc == 0) {
        tell(request);
        said.withdrawn = a.approval.id;
        a.approval.state = APPROVAL_WITHDRAWN;
        a.approval.ended_at = a.act.view.now;
        a.approval.ended_by = request->actor.name;
        rc = answer(&a, &said);
    }
    return api_act_close(&a.act, rc, 200);
}
