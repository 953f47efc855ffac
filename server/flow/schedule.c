/*
 * schedule: those environments whose time it is, or that heard some news: outlook, plan, one move each.
 *
 * The plan says cut, start, undo, give up, or wait. The agenda says whom a look concerns; what is decided in one look
 * is posted in one bulk, and moves.c is what is written. Nothing else is loaded: what does not wait for now costs
 * nothing now.
 */
#include "lib/base/arena.h"
#include "lib/base/log.h"
#include "lib/model/config.h"
#include "lib/store/store_pull_request.h"
#include "server/flow/agenda.h"
#include "server/flow/bulk.h"
#include "server/flow/bulk_line.h"
#include "server/flow/ground.h"
#include "server/flow/deploy.h"
#include "server/flow/flow.h"
#include "server/flow/launch.h"
#include "server/flow/moves.h"
#include "server/flow/outlook.h"
#include "server/flow/snapshot.h"
#include "server/flow/tell.h"

#define BATCH 32 /* judged on one snapshot; then the other rooms have their turn */
#define IMPOSSIBLE_MS 60000

/* Why the cut is undone: the plan's reason, and what stood in the way. */
static const char *undo_cause(struct look *look, const struct release_plan *plan)
{
    const struct verdict *v = &plan->verdict;

    for (size_t i = 0; i < v->n_causes; i++)
        if (v->causes[i].kind != CAUSE_SCHEDULE)
            return arena_printf(look->arena, "%s: %s%s%s%s%s%s%s", plan->reason,
                                verdict_cause_key(v->causes[i].kind),
                                v->causes[i].what != NULL ? " " : "",
                                v->causes[i].what != NULL ? v->causes[i].what : "",
                                v->causes[i].who != NULL ? " by " : "",
                                v->causes[i].who != NULL ? v->causes[i].who : "",
                                v->causes[i].why != NULL ? ": " : "",
                                v->causes[i].why != NULL ? v->causes[i].why : "");
    return plan->reason;
}

/* One environment in its turn. */
struct turn {
    struct look *look;
    struct bulk *bulk;
    struct ground *ground;
    struct bulk_item *item;
    const struct config_environment *environment;
    struct outlook *outlook;
    struct moves *moves;
};

/* After its commit: the dispatch room follows it. */
static void started(struct look *look, void *arg)
{
    const struct moves *s = arg;
    struct agenda *agenda = look->flow->agenda;

    look->started = true;
    agenda_touch(agenda, agenda_run(agenda, s->outlook->open.id, s->config->repo, s->config));
    agenda_touch_needing(agenda, s->config);
    if (s->rests != NULL)
        bulk_rest(s->rests, s->rests_until);
}

/* What ends, or goes back, is a fact of its neighbours. */
static void ended(struct look *look, void *arg)
{
    const struct moves *s = arg;

    agenda_touch_environments(look->flow->agenda, s->config->repo);
    (void)agenda_touch_run(look->flow->agenda, s->outlook->open.id); /* it is followed no more */
}

static void move(struct turn *t, enum deployment_state to, const char *act, const char *cause)
{
    const struct deployment *d = &t->outlook->open;
    struct moves *s = t->moves;

    s->to = to;
    s->act = act;
    s->cause = cause;
    log_notice(act, "deployment=%lld repo=%s environment=%s release=r%lld cause=%s",
               (long long)d->id, LOG(d->repository), LOG(d->environment),
               (long long)d->release_number, LOG(cause));
    bulk_add(t->bulk, t->item, moves_move, s, FLOW_DEPLOYMENTS,
             to == DEPLOYMENT_DEPLOYING ? started : ended);
}

/* Hosts are read once, and not again while thousands of them are told. */
static void find_rest(struct turn *t)
{
    struct deployment d = t->outlook->open;

    d.state = DEPLOYMENT_DEPLOYING;
    d.started_at = t->look->now;
    d.passed = t->moves->passed;
    if (launch_rests(t->look, t->outlook, t->environment, &d, &t->moves->rests_until))
        t->moves->rests = t->item;
}

/* A deployment that cannot be made of this configuration concerns this environment alone: said, and tried
 * again later. */
static int cut(struct turn *t, struct err *err)
{
    struct err own = ERR_INIT;
    struct cut *made;
    int rc = deploy_make(t->look, t->outlook, t->environment, &made, &own);
    bool launched = false;

    if (rc == 0)
        rc = launch_try(t->bulk, t->item, t->ground, made, t->moves, &launched, &own);
    if (rc == 0 && !launched)
        deploy_post(t->bulk, t->item, made);

    if (rc == ERR_INVALID || rc == ERR_NOT_FOUND) {
        log_error("deployment.impossible", "what=%s err=%s", LOG(t->moves->subject), LOG(own.text));
        bulk_again(t->item, t->look->now + IMPOSSIBLE_MS);
        return 0;
    }
    if (rc < 0)
        *err = own;
    return rc;
}

#define TAKEN_BACK_TOLD 12

/* Its pull requests by number, else its releases. */
static int taken_back(struct look *look, const struct outlook *o, const char **ret_text,
                      struct err *err)
{
    const struct rollback *r = &o->open_rollback;
    struct pull_in_release *pulls;
    const char *text = "";
    size_t n = 0;
    int rc =
        store_pull_request_in_range(look->flow->db, look->arena, o->repository_id, r->to_number,
                                    r->left_number, TAKEN_BACK_TOLD + 1, &pulls, &n, err);

    for (size_t i = 0; rc == 0 && i < n && i < TAKEN_BACK_TOLD; i++)
        text = arena_printf(look->arena, "%s%s#%lld", text, i > 0 ? ", " : " (",
                            (long long)pulls[i].pull.number);
    *ret_text = rc < 0 || n == 0 ? NULL
                                 : arena_printf(look->arena, "%s%s)", text,
                                                n > TAKEN_BACK_TOLD ? " and more" : "");
    return rc;
}

/* What the judgement says beside the move itself. */
static int say(struct turn *t, struct err *err)
{
    const struct outlook *o = t->outlook;
    const struct release_plan *plan = &o->plan;
    struct moves *s = t->moves;
    int rc;

    for (size_t i = 0; i < o->lacks.n_voided; i++)
        log_notice("approval.void", "what=%s release=r%lld actor=%s jobs=%s", LOG(s->subject),
                   (long long)o->lacks.voided[i].approval->release_number,
                   LOG(o->lacks.voided[i].approval->actor), LOG(o->lacks.voided[i].jobs));
    if (o->lacks.n_voided > 0)
        bulk_add(t->bulk, t->item, moves_void, s, FLOW_DEPLOYMENTS, NULL);
    if (plan->n_decisions > 0)
        bulk_add(t->bulk, t->item, moves_decide, s, FLOW_DEPLOYMENTS, NULL);
    rc = tell_promise(t->look, t->bulk, t->item, o, t->environment->name, s->subject, err);
    if (plan->wish_ends == PLAN_GOES_ON && plan->hotfix_ends == PLAN_GOES_ON &&
        plan->rollback_ends == PLAN_GOES_ON)
        return rc;
    log_notice("wish.end", "what=%s why=%s%s%s", LOG(s->subject),
               release_plan_ends[plan->wish_ends], release_plan_ends[plan->hotfix_ends],
               release_plan_ends[plan->rollback_ends]);
    bulk_add(t->bulk, t->item, moves_end_asked, s, FLOW_DEPLOYMENTS, ended);
    return rc;
}

static int act(struct turn *t, struct err *err)
{
    const struct release_plan *plan = &t->outlook->plan;
    struct moves *s = t->moves;
    int rc = say(t, err);

    agenda_wait_for_signs(t->look->flow->agenda, t->item->entry,
                          launch_waits_for_signs(&plan->verdict));
    if (rc < 0)
        return rc;
    if (t->outlook->has_open && t->outlook->open.state != DEPLOYMENT_WAITING) /* or runs again */
        (void)agenda_run(t->look->flow->agenda, t->outlook->open.id, t->environment->repo,
                         t->environment);
    switch (plan->action) {
    case PLAN_WAIT:
        bulk_again(t->item, plan->wakes_at);
        break;
    case PLAN_CUT:
    case PLAN_CATCH_UP:
        return cut(t, err);
    case PLAN_START:
        if (t->outlook->open.kind != DEPLOYMENT_CATCH_UP)
            s->passed = moves_passed(t->look->arena, &plan->passed);
        if (plan->rollback && (rc = taken_back(t->look, t->outlook, &s->taken_back, err)) < 0)
            return rc;
        find_rest(t);
        move(t, DEPLOYMENT_DEPLOYING, "deployment.start", NULL);
        break;
    case PLAN_UNDO:
        move(t, DEPLOYMENT_SUPERSEDED, "deployment.undo", undo_cause(t->look, plan));
        break;
    case PLAN_GO_BACK:
    case PLAN_GIVE_UP:
        s->goes_back = plan->action == PLAN_GO_BACK;
        move(t, DEPLOYMENT_FAILED, "deployment.give-up", t->outlook->open.cause);
        break;
    }
    return 0;
}

static int judge(struct bulk *bulk, struct ground *ground, struct agenda_entry *entry,
                 struct err *err)
{
    struct look *look = bulk->look;
    const struct repository *repository;
    struct turn t = {.look = look,
                     .bulk = bulk,
                     .ground = ground,
                     .item = bulk_item(bulk, entry),
                     .environment = entry->environment,
                     .outlook = arena_alloc(look->arena, sizeof(*t.outlook)),
                     .moves = arena_alloc(look->arena, sizeof(*t.moves))};
    int rc = ground_repository(ground, entry->repo->name, &repository, err);

    if (rc == 0)
        rc = outlook_make_with(ground, look->snapshot, repository, t.environment, look->arena,
                               t.outlook, err);
    if (rc < 0)
        return rc;
    *t.moves = (struct moves){.repository_id = repository->id,
                              .environment = t.environment->name,
                              .config = t.environment,
                              .outlook = t.outlook,
                              .subject = arena_printf(look->arena, "%s/%s", repository->name,
                                                      t.environment->name),
                              .now = look->now,
                              .arena = look->arena,
                              .flow = look->flow};
    return act(&t, err);
}

/* Up to BATCH of those that are due. */
static int judge_batch(struct look *look, struct err *err)
{
    struct agenda_entry *entry;
    struct ground ground;
    struct bulk *bulk;
    size_t n = 0;
    int rc = bulk_line_begin(look, &bulk, err);

    if (rc < 0)
        return rc;
    ground_init(&ground, look->flow->db, &bulk->arena, look->now);
    while (rc == 0 && n++ < BATCH && (entry = agenda_take(look, AGENDA_ENVIRONMENTS)) != NULL) {
        rc = judge(bulk, &ground, entry, err);
        bulk_turn(bulk);
    }
    if (rc == 0)
        return bulk_line_add(look, bulk, err);
    bulk_line_give_up(bulk);
    return rc;
}

int schedule_look(struct look *look, struct err *err)
{
    int rc = 0;

    agenda_open(&look->flow->agenda, look->snapshot);
    if (look->whole)
        agenda_touch_environments(look->flow->agenda, NULL);
    if (agenda_has_due(look, AGENDA_ENVIRONMENTS))
        rc = judge_batch(look, err);
    look->more = look->more || agenda_has_due(look, AGENDA_ENVIRONMENTS);
    return rc;
}
