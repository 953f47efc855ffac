#include "server/api/api_rollback.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "server/api/api_act.h"
#include "server/api/api_body.h"
#include "server/api/api_cancel.h"
#include "server/api/api_environment.h"
#include "server/api/api_shape.h"
#include "server/api/api_verdict.h"
#include "server/api/api_write.h"
#include "server/flow/outlook.h"
#include "server/flow/way_back.h"

struct rolling {
    struct api_act act;
    struct way_back way;
    struct rollback rollback;
    struct outlook *supposed; /* as if it were asked for, and what is open had ended */
    int64_t to;               /* named; 0 = none is */
    int64_t live;
};

/* Looking ----------------------------------------------------------------------------------------- */

static int read_to(struct rolling *r)
{
    const char *text = NULL;
    int rc = api_body_text(r->act.request, r->act.body, "to", 20, &text, &r->act.err);

    if (rc < 0 || text == NULL)
        return rc;
    return str_parse_int64(text[0] == 'r' ? text + 1 : text, &r->to) < 0 || r->to < 1
               ? err_set(&r->act.err, ERR_INVALID, "to: expected a release such as r127, not %s",
                         text)
               : 0;
}

/* What is live, by the same function that the flow asks. */
static int load_live(struct rolling *r, struct db *db, int64_t *ret_live, struct err *err)
{
    struct api_act *act = &r->act;
    struct outlook *o = arena_alloc(act->request->arena, sizeof(*o));
    int rc = outlook_make(db, act->view.snapshot, &act->repository, act->environment, act->view.now,
                          act->request->arena, o, err);

    if (rc == 0 && o->has_rollback)
        rc = err_set(err, ERR_CONFLICT,
                     "%s asked for a rollback to r%lld already; it begins as soon as what is open "
                     "has ended",
                     o->rollback.actor, (long long)o->rollback.to_number);
    *ret_live = o->facts.live_number;
    return rc;
}

static int refuse(const struct rolling *r, struct err *err)
{
    const char *env = r->act.environment->name;
    long long left = (long long)r->way.judged.left;

    switch (r->way.judged.answer) {
    case RULES_ROLLBACK_GOES:
        return 0;
    case RULES_ROLLBACK_NOTHING_LIVE:
        return err_set(err, ERR_CONFLICT,
                       "nobody knows what is live in %s: nothing succeeded there yet. `slipway "
                       "baseline` declares it",
                       env);
    case RULES_ROLLBACK_NO_TARGET:
        return err_set(err, ERR_CONFLICT, "nothing older than r%lld ever succeeded in %s", left,
                       env);
    case RULES_ROLLBACK_NOT_OLDER:
        return err_set(err, ERR_INVALID, "to: r%lld is not older than r%lld, which is being left",
                       (long long)r->to, left);
    case RULES_ROLLBACK_NEVER_THERE:
        return err_set(err, ERR_CONFLICT, "to: r%lld never succeeded in %s", (long long)r->to, env);
    case RULES_ROLLBACK_NOTHING_TOUCHED:
        return err_set(err, ERR_CONFLICT,
                       "r%lld has not touched a host of %s, which runs r%lld as before: `slipway "
                       "cancel %s %s` ends it",
                       left, env, (long long)r->live, r->act.repo->name, env);
    }
    return 0;
}

/* Which release comes back, which are taken back, and what stands between. On any connection. */
static int judge(struct rolling *r, struct db *db, struct err *err)
{
    struct api_act *act = &r->act;
    int rc = load_live(r, db, &r->live, err);

    if (rc == 0)
        rc = way_back_find(db, act->request->arena, act->repository.id, act->environment->name,
                           r->live, r->to, &r->way, err);
    return rc < 0 ? rc : refuse(r, err);
}

/* A database that was changed does not go back with the code (R2). */
static int check_changes(struct rolling *r)
{
    const struct rollback_change *c = r->way.n_changes > 0 ? &r->way.changes[0] : NULL;

    if (c == NULL || r->rollback.across_migration)
        return 0;
    return err_set(
        &r->act.err, ERR_CONFLICT,
        "r%lld ran a migrate job on %s that changed it, or may have (%s): r%lld would run "
        "on the changed database. If that works, the same with --across-migration",
        (long long)c->release_number, c->database, c->state, (long long)r->way.judged.target);
}

static int suppose(struct rolling *r)
{
    struct api_act *act = &r->act;
    struct rollback *b = &r->rollback;

    b->repository_id = act->repository.id;
    b->environment = act->environment->name;
    b->to_number = r->way.judged.target;
    b->left_number = r->way.judged.newest;
    b->left_deployment_id = r->way.judged.touched_only ? r->way.open.deployment.id : 0;
    b->actor = act->request->actor.name;
    b->way = act->request->actor.way;
    b->reason = act->reason;
    b->asked_at = act->view.now;
    r->supposed = arena_alloc(act->request->arena, sizeof(*r->supposed));
    return outlook_suppose_rollback(act->view.db, act->view.snapshot, &act->repository,
                                    act->environment, b, act->view.now, act->request->arena,
                                    r->supposed, &act->err);
}

/* A rollback is meant for now: it waits for a silent host as long as its job says, and for nothing else. */
static int check_gate(struct rolling *r)
{
    const struct verdict *v = &r->supposed->plan.verdict;
    const struct api_environment env = {.config = r->act.environment};

    for (size_t i = 0; i < v->n_causes; i++) {
        const struct cause *c = &v->causes[i];
        if (c->kind == CAUSE_HOST_SILENT || c->kind == CAUSE_HOST_LACKS_DOCUMENT)
            continue;
        if (c->kind == CAUSE_UNSETTLED && c->command != NULL)
            return err_set(&r->act.err, ERR_CONFLICT,
                           "%s. Or the same with --beside-unsettled, which migrates nothing",
                           api_verdict_text(&r->act.view, c));
        if (c->kind == CAUSE_UNSETTLED)
            return err_set(&r->act.err, ERR_CONFLICT,
                           "nobody knows yet how the migrate job on %s ended. Decide it first "
                           "(`slipway migrate`), or the same with --beside-unsettled",
                           c->what);
        return err_set(&r->act.err, ERR_CONFLICT, "not now: %s%s%s",
                       api_verdict_text(&r->act.view, c),
                       c->until != VERDICT_NEVER ? "; possible from " : "",
                       c->until != VERDICT_NEVER
                           ? api_environment_time(&r->act.view, &env, c->until)
                           : "");
    }
    return 0;
}

/* Writing ----------------------------------------------------------------------------------------- */

static const char *detail_of(const struct rolling *r)
{
    return arena_printf(r->act.request->arena,
                        "{\"rollback\":%lld,\"left\":%lld,\"across_migration\":%s,"
                        "\"beside_unsettled\":%s,\"touched_only\":%s}",
                        (long long)r->rollback.id, (long long)r->way.judged.left,
                        r->rollback.across_migration ? "true" : "false",
                        r->rollback.beside_unsettled ? "true" : "false",
                        r->way.judged.touched_only ? "true" : "false");
}

/* What was judged is judged again by what is there now: what is open, what is live. */
static int write_rollback(struct db *db, void *arg, struct err *err)
{
    struct rolling *r = arg, again = *r;
    struct arena *arena = r->act.request->arena;
    int rc = judge(&again, db, err);

    if (rc == 0 && (again.way.judged.target != r->way.judged.target ||
                    again.way.judged.left != r->way.judged.left ||
                    again.way.judged.touched_only != r->way.judged.touched_only ||
                    again.way.n_changes != r->way.n_changes ||
                    again.way.open.deployment.id != r->way.open.deployment.id))
        rc = err_set(err, ERR_CONFLICT, "%s moved on while you looked; look again",
                     r->act.environment->name);
    if (rc == 0 && r->way.open.is_open && again.way.open.deployment.cancel_at == 0)
        rc = api_cancel_write(&r->act, db, &again.way.open.deployment,
                              arena_printf(arena, "a rollback to r%lld: %s",
                                           (long long)r->way.judged.target, r->act.reason),
                              err);
    if (rc == 0)
        rc = store_rollback_put(db, &r->rollback, &r->rollback.id, err);
    return rc < 0 ? rc
                  : api_act_confirm(&r->act, db, "rollback.ask",
                                    arena_printf(arena, "/%s/r%lld", r->rollback.environment,
                                                 (long long)r->way.judged.target),
                                    detail_of(r), err);
}

/* Answering --------------------------------------------------------------------------------------- */

static void add_hosts(struct json_out *out, const struct rolling *r)
{
    const struct plan_rollback *p = &r->supposed->facts.rollback;

    json_begin_array(out, "hosts");
    for (size_t i = 0; i < p->n_hosts; i++)
        json_add_str(out, NULL, p->hosts[i].name);
    json_end_array(out);
}

static void add_changes(struct json_out *out, const struct rolling *r)
{
    json_begin_array(out, "migrations");
    for (size_t i = 0; i < r->way.n_changes; i++) {
        json_begin_object(out, NULL);
        json_add_int(out, "release", r->way.changes[i].release_number);
        json_add_str(out, "database", r->way.changes[i].database);
        json_add_str(out, "state", r->way.changes[i].state);
        json_end_object(out);
    }
    json_end_array(out);
}

static int answer(struct rolling *r)
{
    struct json_out *out = &r->act.out;
    const struct deployment *open = &r->way.open.deployment;

    json_add_bool(out, "dry_run", api_write_is_dry(r->act.request));
    json_add_str(out, "environment", r->act.environment->name);
    json_add_int(out, "leaves", r->way.judged.left);
    json_add_int(out, "to", r->way.judged.target);
    json_add_bool(out, "touched_only", r->way.judged.touched_only);
    add_hosts(out, r);
    add_changes(out, r);
    if (r->way.open.is_open) {
        json_begin_object(out, "cancels");
        json_add_int(out, "deployment", open->id);
        json_add_int(out, "release", open->release_number);
        json_add_str(out, "state", deployment_states[open->state].text);
        json_end_object(out);
    } else {
        json_add_null(out, "cancels");
    }
    api_verdict_causes(out, "passes", &r->act.view, NULL, &r->supposed->plan.passed);
    api_verdict_causes(out, "lacks", &r->act.view, NULL, &r->supposed->plan.verdict);
    return api_shape_pulls(out, "takes_back", &r->act.view, r->act.repository.id,
                           r->way.judged.target, r->way.judged.newest, &r->act.err);
}

enum request_next api_rollback_ask(struct request *request, struct reply *reply)
{
    static const char *const keys[] = {"environment", "to", "across_migration", "beside_unsettled",
                                       "reason"};
    struct rolling r = {.to = 0};
    struct api_act *act = &r.act;
    int rc = api_act_open(act, request, reply, keys, 5);

    if (rc == 0)
        rc = api_act_environment_of_body(act, RIGHT_OPERATE);
    if (rc == 0)
        rc = api_act_reason(act, true);
    if (rc == 0)
        rc = read_to(&r);
    if (rc == 0)
        rc = api_body_flag(act->body, "across_migration", &r.rollback.across_migration, &act->err);
    if (rc == 0)
        rc = api_body_flag(act->body, "beside_unsettled", &r.rollback.beside_unsettled, &act->err);
    if (rc == 0)
        rc = judge(&r, act->view.db, &act->err);
    if (rc == 0)
        rc = check_changes(&r);
    if (rc == 0)
        rc = suppose(&r);
    if (rc == 0)
        rc = check_gate(&r);
    if (rc == 0)
        rc = api_act_write(act, write_rollback, &r);
    if (rc == 0)
        rc = answer(&r);
    return api_act_close(act, rc, api_write_is_dry(request) ? 200 : 202);
}
