#include "server/flow/launch.h"

#include "lib/base/arena.h"
#include "lib/base/log.h"
#include "lib/model/config.h"
#include "lib/rules/progress.h"
#include "lib/rules/rules_promise.h"
#include "lib/rules/verdict.h"
#include "lib/store/store_command.h"
#include "server/flow/agenda.h"
#include "server/flow/bulk.h"
#include "server/flow/ground.h"
#include "server/flow/handout.h"
#include "server/flow/deploy.h"
#include "server/flow/dispatch.h"
#include "server/flow/flow.h"
#include "server/flow/moves.h"
#include "server/flow/outlook.h"

struct launch {
    struct cut *cut;
    struct bulk_item *item;
    struct outlook *outlook; /* as if the cut were written: its start is judged by it */
    struct moves start;
    struct handout handout; /* its first commands: written as released, with their lines */
    bool rests;             /* what comes of it is known ... */
    time_ms next;           /* ... until then */
    bool followed;          /* so it is with its commands */
    time_ms follow_at;
};

bool launch_waits_for_signs(const struct verdict *v)
{
    return verdict_cause(v, CAUSE_HOST_SILENT) != NULL ||
           verdict_cause(v, CAUSE_HOST_LACKS_DOCUMENT) != NULL ||
           verdict_cause(v, CAUSE_NO_HOST) != NULL;
}

/* Judging ------------------------------------------------------------------------------------------ */

/* What it was cut for is taken with it. */
static void take_wish(struct outlook *o)
{
    struct release_facts *f = &o->facts;

    if (o->plan.hotfix) {
        f->open_wish = f->hotfix;
        f->hotfix = (struct plan_wish){.release = NULL};
        o->has_hotfix = false;
    } else if (o->plan.wish) {
        f->open_wish = f->wish;
        f->wish = (struct plan_wish){.release = NULL};
        o->has_wish = false;
    }
}

/* As it would be loaded: what is open stands among the facts, and late hosts are not asked for. */
static struct outlook *with_cut(const struct cut *c)
{
    struct outlook *o = arena_alloc(c->arena, sizeof(*o));
    struct release_facts *f = &o->facts;

    *o = *c->outlook;
    take_wish(o);
    o->has_open = true;
    o->open = c->deployment;
    o->n_late = 0;
    f->open = &o->open;
    f->open_rows = (int64_t)c->n_rows;
    f->open_release = c->outlook->plan.target;
    f->n_late = 0;
    f->late_unapproved = false;
    f->late_again_at = 0;
    outlook_judge(o, c->look->snapshot, c->environment, c->look->now);
    return o;
}

static bool is_plain(const struct cut *c)
{
    const struct release_plan *p = &c->outlook->plan;

    return p->action == PLAN_CUT && p->verdict.go && !p->rollback && !p->target->failed &&
           c->deployment.kind == DEPLOYMENT_RELEASE && c->n_rows <= DEPLOY_SLICE;
}

/* Once it has started its environment waits for its end, or for something that is heard of. Of an occurrence it is not
 * known here which one comes next. */
bool launch_rests(struct look *look, const struct outlook *before,
                  const struct config_environment *environment, const struct deployment *started,
                  time_ms *ret_next)
{
    struct outlook *o = arena_alloc(look->arena, sizeof(*o));
    const struct release_plan *p = &o->plan;
    struct gate_facts *g = &o->facts.gate;
    struct promise none = {.id = 0};

    if (before->facts.on == DEPLOYMENT_ON_SCHEDULE || before->lacks.n_voided > 0 ||
        started->kind != DEPLOYMENT_RELEASE)
        return false;
    *o = *before;
    o->open = *started;
    o->facts.open = &o->open;
    g->open_deployment = arena_printf(look->arena, "r%lld", (long long)o->open.release_number);
    g->open_state = o->open.state;
    g->open_since = o->open.started_at;
    outlook_judge(o, look->snapshot, environment, look->now);
    *ret_next = p->wakes_at;
    return p->action == PLAN_WAIT && p->n_decisions == 0 && p->wish_ends == PLAN_GOES_ON &&
           p->hotfix_ends == PLAN_GOES_ON && p->rollback_ends == PLAN_GOES_ON &&
           !launch_waits_for_signs(&p->verdict) &&
           rules_promise_judge(NULL, p, o->promised_at, look->now, &none) == RULES_PROMISE_STANDS;
}

/* The jobs that begin, and the commands that are free for their hosts then; false = something else is to be done. One
 * without enough time is signed anew by the room. */
static bool begin(struct cut *c, const struct progress_plan *plan)
{
    for (size_t i = 0; i < plan->n_moves; i++) {
        const struct progress_move *m = &plan->moves[i];
        if (m->kind != PROGRESS_JOB_START &&
            (m->kind != PROGRESS_RELEASE ||
             m->invocation->start_by < c->look->now + m->job->start_within_ms))
            return false;
    }
    for (size_t i = 0; i < plan->n_moves; i++) {
        const struct progress_move *m = &plan->moves[i];
        if (m->kind == PROGRESS_RELEASE) {
            c->rows[m->invocation - c->rows].released_at = c->look->now;
        } else {
            c->jobs[m->job->number].state = JOB_RUNNING;
            c->jobs[m->job->number].started_at = c->look->now;
        }
    }
    return plan->n_moves > 0;
}

static int find_commands(struct launch *l, struct ground *ground, struct err *err)
{
    struct cut *c = l->cut;
    struct look *look = c->look;
    struct progress_facts f = {.deployment = &c->deployment,
                               .jobs = c->jobs,
                               .n_jobs = c->n_jobs,
                               .invocations = c->rows,
                               .n_invocations = c->n_rows,
                               .heard_since = flow_heard_since(look->flow)};
    struct progress_plan plan;
    const struct standing *standing;
    struct invocation *earlier;
    size_t n_earlier = 0;
    int rc = ground_standing(ground, &standing, err);

    if (rc == 0 && standing->running)
        rc = store_command_of_track(look->flow->db, c->arena, &c->deployment, look->now, &earlier,
                                    &n_earlier, err);
    if (rc < 0 || n_earlier > 0)
        return rc;
    progress_make(&f, look->now, c->arena, &plan);
    if (!begin(c, &plan))
        return 0;
    progress_make(&f, look->now, c->arena, &plan);
    l->followed = plan.n_moves == 0;
    l->follow_at = plan.next_change < look->now + HOST_UNKNOWN_AFTER_MS
                       ? plan.next_change
                       : look->now + HOST_UNKNOWN_AFTER_MS;
    return 0;
}

/* Writing ------------------------------------------------------------------------------------------ */

static int tell_jobs(struct db *db, const struct cut *c, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; i < c->n_jobs && rc == 0; i++) {
        const struct dispatch_line line = {.act = "job.start",
                                           .subject = c->subject,
                                           .deployment_id = c->deployment.id,
                                           .job = c->jobs[i].name,
                                           .command = "",
                                           .to = ""};
        if (c->jobs[i].state == JOB_RUNNING)
            rc = dispatch_line(db, c->look->now, &line, err);
    }
    return rc;
}

/* Whose host waits at the door in this moment has its command with the commit. */
static void offer(struct cut *c)
{
    for (size_t i = 0; i < c->n_rows; i++) {
        struct invocation *row = &c->rows[i];
        bool waits = row->released_at != 0 && handout_waits(c->look, row);

        row->offered_at = waits ? row->released_at : 0;
        row->redeliver_at = waits ? row->released_at + COMMAND_VISIBILITY_MS : 0;
    }
}

/* It may be run again: what it fills in is the same then, but for who waits, which is asked anew. */
static int apply(struct db *db, void *arg, struct err *err)
{
    struct launch *l = arg;
    struct cut *c = l->cut;
    int rc = deploy_write(db, c, err);

    offer(c);
    l->outlook->open.id = c->deployment.id;
    if (rc == 0)
        rc = deploy_write_rows(db, c, 0, err);
    if (rc == 0)
        rc = moves_move(db, &l->start, err);
    if (rc == 0)
        rc = tell_jobs(db, c, err);
    return rc < 0 ? rc : handout_write(db, &l->handout, err);
}

/* After its commit. */
static void launched(struct look *look, void *arg)
{
    struct launch *l = arg;
    const struct cut *c = l->cut;
    const struct deployment *d = &c->deployment;
    const struct config_environment *e = c->environment;
    struct agenda *agenda = look->flow->agenda;

    deploy_tell(c);
    log_notice("deployment.start", "deployment=%lld repo=%s environment=%s release=r%lld cause=%s",
               (long long)d->id, LOG(d->repository), LOG(d->environment),
               (long long)d->release_number, LOG(NULL));
    look->started = true;
    if (l->followed)
        agenda_run_at(agenda, d->id, e->repo, e, l->follow_at);
    else
        (void)agenda_run(agenda, d->id, e->repo, e);
    agenda_touch_needing(agenda, e);
    bulk_rest(l->item, l->rests ? l->next : VERDICT_NEVER);
    if (!l->rests)
        agenda_touch(agenda, l->item->entry);
    handout_tell(look, &l->handout);
}

static void keep_commands(struct bulk *bulk, struct launch *l)
{
    struct cut *c = l->cut;

    l->handout =
        (struct handout){.bulk = bulk, .item = l->item, .deployment = &c->deployment, .kept = true};
    for (size_t i = 0; i < c->n_rows; i++)
        if (c->rows[i].released_at != 0)
            handout_add(&l->handout, &c->jobs[c->rows[i].job_number], &c->rows[i]);
    handout_post(&l->handout);
}

int launch_try(struct bulk *bulk, struct bulk_item *item, struct ground *ground, struct cut *c,
               const struct moves *moves, bool *ret_launched, struct err *err)
{
    struct launch *l;
    int rc;

    *ret_launched = false;
    if (!is_plain(c))
        return 0;
    l = arena_alloc(c->arena, sizeof(*l));
    *l = (struct launch){.cut = c, .item = item, .outlook = with_cut(c), .start = *moves};
    if (l->outlook->plan.action != PLAN_START)
        return 0;
    l->start.outlook = l->outlook;
    l->start.to = DEPLOYMENT_DEPLOYING;
    l->start.act = "deployment.start";
    l->start.passed = moves_passed(c->arena, &l->outlook->plan.passed);
    l->start.is_written = true;
    c->deployment.state = DEPLOYMENT_DEPLOYING;
    c->deployment.started_at = c->look->now;
    c->deployment.passed = l->start.passed;
    l->rests = c->outlook->lacks.n_voided == 0 &&
               launch_rests(c->look, l->outlook, c->environment, &c->deployment, &l->next);
    rc = find_commands(l, ground, err);
    if (rc < 0)
        return rc;
    keep_commands(bulk, l);
    bulk_add_again(bulk, item, apply, l, FLOW_DEPLOYMENTS, launched);
    *ret_launched = true;
    return 0;
}
