/*
 * schedule: for each environment of each repository: outlook, plan, one move.
 *
 * The plan says cut, start, undo, give up, or wait; every occurrence is decided once (I8). An undone cut
 * takes its commands along before anybody was told of them, and opens the wish it came from again.
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/model/config.h"
#include "lib/store/store_approval.h"
#include "lib/store/store_barrier.h"
#include "lib/store/store_check.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_occurrence.h"
#include "lib/store/store_hold.h"
#include "lib/store/store_promise.h"
#include "lib/store/store_pull_request.h"
#include "lib/store/store_repository.h"
#include "lib/store/store_rollback.h"
#include "lib/store/store_wish.h"
#include "server/flow/agenda.h"
#include "server/flow/clockwatch.h"
#include "server/flow/deploy.h"
#include "server/flow/flow.h"
#include "server/flow/outlook.h"
#include "server/flow/snapshot.h"
#include "server/flow/tell.h"
#include "server/flow/way_back.h"

#define IMPOSSIBLE_MS 60000

/* A move of the open deployment, and the occurrences that are decided with it. */
struct scheduled {
    int64_t repository_id;
    const char *environment;
    const struct outlook *outlook;
    enum deployment_state to;
    const char *act;
    const char *subject;
    const char *cause;
    const char *passed;     /* JSON, NULL = it passed nothing */
    bool goes_back;         /* it ends, and a rollback is asked for */
    const char *taken_back; /* " (#7, #6)": what a rollback takes back; NULL */
    time_ms now;
    struct arena *arena;
    const struct flow *flow;
};

static int decide_occurrence(struct db *db, const struct scheduled *s,
                             const struct plan_occurrence *o, const char *decision,
                             const char *cause, int64_t deployment_id, struct err *err)
{
    const struct occurrence_key key = {s->repository_id, s->environment, o->date, o->time};

    return store_occurrence_decide(db, &key, o->due_at, decision, cause, deployment_id, s->now,
                                   err);
}

/* That its time passed, or that its source was not seen, says little where nobody was there at its last instant. */
static const char *decision_cause(const struct scheduled *s, const struct plan_decision *d)
{
    time_ms last = d->occurrence.due_at + s->outlook->facts.grace_ms - 1;
    const char *why = s->flow != NULL ? clockwatch_unattended(s->flow, last) : NULL;

    return why != NULL && d->cause != NULL &&
                   (strcmp(d->cause, verdict_cause_key(CAUSE_SCHEDULE)) == 0 ||
                    strcmp(d->cause, verdict_cause_key(CAUSE_SOURCE_NOT_SEEN)) == 0)
               ? why
               : d->cause;
}

static int apply_decisions(struct db *db, void *arg, struct err *err)
{
    const struct scheduled *s = arg;
    const struct release_plan *plan = &s->outlook->plan;
    int rc = 0;

    for (size_t i = 0; i < plan->n_decisions && rc == 0; i++) {
        const struct plan_decision *d = &plan->decisions[i];
        char detail[96];
        snprintf(detail, sizeof(detail), "{\"at\":\"%.10s %.8s\"}", d->occurrence.date,
                 d->occurrence.time);
        rc = decide_occurrence(db, s, &d->occurrence, d->decision, decision_cause(s, d), 0, err);
        if (rc == 0)
            rc = look_journal(db, s->now,
                              d->decision[0] == 'd' ? "occurrence.defer" : "occurrence.skip",
                              s->subject, detail, decision_cause(s, d), err);
    }
    return rc;
}

/* A wish that cannot come true any more says so, and ends (C2). */
static int end_wish(struct db *db, const struct scheduled *s, const struct wish *w,
                    enum plan_end end, struct err *err)
{
    char detail[96];
    int rc = store_wish_end(db, w->id, release_plan_ends[end], s->now, err);

    snprintf(detail, sizeof(detail), "{\"wish\":%lld,\"release\":%lld,\"ended\":\"%s\"}",
             (long long)w->id, (long long)w->release_number, release_plan_ends[end]);
    return rc < 0 ? rc : look_journal(db, s->now, "wish.end", s->subject, detail, NULL, err);
}

static int end_rollback(struct db *db, const struct scheduled *s, struct err *err)
{
    const struct rollback *r = &s->outlook->rollback;
    const char *why = release_plan_ends[s->outlook->plan.rollback_ends];
    char detail[96];
    int rc = store_rollback_end(db, r->id, why, err);

    snprintf(detail, sizeof(detail), "{\"rollback\":%lld,\"to\":%lld,\"ended\":\"%s\"}",
             (long long)r->id, (long long)r->to_number, why);
    return rc < 0 ? rc : look_journal(db, s->now, "rollback.end", s->subject, detail, NULL, err);
}

static int apply_wishes(struct db *db, void *arg, struct err *err)
{
    const struct scheduled *s = arg;
    const struct outlook *o = s->outlook;
    int rc = 0;

    if (o->plan.wish_ends != PLAN_GOES_ON)
        rc = end_wish(db, s, &o->wish, o->plan.wish_ends, err);
    if (rc == 0 && o->plan.hotfix_ends != PLAN_GOES_ON)
        rc = end_wish(db, s, &o->hotfix, o->plan.hotfix_ends, err);
    if (rc == 0 && o->plan.rollback_ends != PLAN_GOES_ON)
        rc = end_rollback(db, s, err);
    return rc;
}

/* The occurrence a deployment was cut for. */
static struct plan_occurrence occurrence_of(const struct deployment *d)
{
    struct plan_occurrence o = {.due_at = d->start_at};

    memcpy(o.date, d->occurrence_date, sizeof(o.date));
    memcpy(o.time, d->occurrence_time, sizeof(o.time));
    return o;
}

/* What the start passed, where a normal one would wait: stored with the deployment, for people. */
static const char *passed_json(struct arena *arena, const struct verdict *v)
{
    struct json_out out;
    struct buf buf;
    const char *text;

    buf_init(&buf, 65536);
    json_out_init(&out, &buf);
    json_begin_array(&out, NULL);
    for (size_t i = 0; i < v->n_causes; i++) {
        const struct cause *c = &v->causes[i];
        json_begin_object(&out, NULL);
        json_add_str(&out, "cause", verdict_cause_key(c->kind));
        json_add_str(&out, "what", c->what);
        json_add_str(&out, "who", c->who);
        json_add_str(&out, "why", c->why);
        json_add_int(&out, "line", c->line);
        json_add_int(&out, "until", c->until == VERDICT_NEVER ? 0 : c->until);
        json_end_object(&out);
    }
    json_end_array(&out);
    text = arena_str(arena, buf_str(&buf));
    buf_deinit(&buf);
    return text;
}

/* By the environment's own wish (P5). */
static int ask_for_rollback(struct db *db, const struct scheduled *s, struct err *err)
{
    const struct rules_rollback *back = &s->outlook->way_back->judged;
    const struct deployment *d = &s->outlook->open;
    const struct rollback r = {.repository_id = s->repository_id,
                               .environment = s->environment,
                               .to_number = back->target,
                               .left_number = back->newest,
                               .left_deployment_id = back->touched_only ? d->id : 0,
                               .actor = "slipway",
                               .way = "timer",
                               .reason = arena_printf(s->arena, "after-failure: rollback; %s",
                                                      d->cause != NULL ? d->cause : "it failed"),
                               .asked_at = s->now};
    int64_t id = 0;
    int rc = store_rollback_put(db, &r, &id, err);

    return rc < 0 ? rc
                  : look_journal(db, s->now, "rollback.ask",
                                 arena_printf(s->arena, "%s/r%lld", s->subject,
                                              (long long)r.to_number),
                                 arena_printf(s->arena, "{\"rollback\":%lld,\"left\":%lld}",
                                              (long long)id, (long long)back->left),
                                 r.reason, err);
}

/* From the start of a rollback on the environment is held, with its reason; what it takes back is told with it (R3). */
static int hold_after_rollback(struct db *db, const struct scheduled *s, struct err *err)
{
    const struct rollback *r = &s->outlook->open_rollback;
    const struct deployment *d = &s->outlook->open;
    const struct hold hold = {.repository_id = s->repository_id,
                              .environment = s->environment,
                              .actor = r->actor,
                              .way = r->way,
                              .reason =
                                  arena_printf(s->arena, "rolled back from r%lld to r%lld%s: %s",
                                               (long long)r->left_number, (long long)r->to_number,
                                               s->taken_back != NULL ? s->taken_back : "",
                                               r->reason),
                              .held_at = s->now,
                              .deployment_id = d->id};
    int64_t id = 0;
    int rc = store_hold_put(db, &hold, &id, err);

    return rc < 0 ? rc
                  : look_journal(db, s->now, "hold.add", s->subject,
                                 arena_printf(s->arena, "{\"hold\":%lld,\"deployment\":%lld}",
                                              (long long)id, (long long)d->id),
                                 hold.reason, err);
}

/* Somebody may have said "needs a fix" since it was judged; what passes checks does not ask. */
static int checks_unchanged(struct db *db, const struct scheduled *s, struct err *err)
{
    const struct lacks *lacks = &s->outlook->lacks;

    if (lacks->n_looked_at == 0 || verdict_cause(&s->outlook->plan.passed, CAUSE_CHECK) != NULL)
        return 0;
    return store_check_unchanged(db, s->repository_id, lacks->newest_check, err);
}

/* A start stands on its approvals: each is written down with it, and one that was taken back since it was
 * judged undoes the move (A1, I6). What passes approvals stands on none. */
static int stand_on_approvals(struct db *db, const struct scheduled *s, const struct deployment *d,
                              struct err *err)
{
    const struct lacks *lacks = &s->outlook->lacks;
    const struct config_approvals *rule = &lacks->environment->approvals;
    struct rules_approval_facts f;
    char digest[PLAN_DIGEST_SIZE];
    int64_t needed = 0;
    int rc = 0;

    if (!lacks->binds_plan || d->kind != DEPLOYMENT_RELEASE ||
        verdict_cause(&s->outlook->plan.passed, CAUSE_APPROVAL) != NULL)
        return 0;
    lacks_approvals(lacks, d->release_number, d->sha, &f, digest);
    if (strcmp(digest, d->plan_digest) != 0)
        return err_set(err, ERR_CONFLICT, "the plan is another than at the cut");
    for (size_t i = 0; i < f.n_changes; i++)
        if (rules_approval_needs(rule, &f.changes[i]) > needed)
            needed = rules_approval_needs(rule, &f.changes[i]);
    for (size_t i = 0; i < f.n_approvals && needed > 0 && rc == 0; i++)
        if (s->now < rules_approval_expires_at(rule, &f.approvals[i]))
            rc = store_approval_used(db, d->id, f.approvals[i].id, err);
    return rc < 0 || needed == 0 ? rc : store_approval_needed(db, d->id, needed, err);
}

static int apply_move(struct db *db, void *arg, struct err *err)
{
    const struct scheduled *s = arg;
    const struct deployment *d = &s->outlook->open;
    struct plan_occurrence o = occurrence_of(d);
    const char *detail =
        arena_printf(s->arena, "{\"deployment\":%lld%s%s}", (long long)d->id,
                     s->passed != NULL ? ",\"passed\":" : "", s->passed != NULL ? s->passed : "");
    int rc = 0;

    /* A start stands on what the gate judged: a barrier, hold or freeze that came since undoes it (T27). */
    if (s->to == DEPLOYMENT_DEPLOYING)
        rc = store_barrier_unchanged(db, s->repository_id, s->environment, s->outlook->barrier_id,
                                     err);
    if (rc == 0 && s->to == DEPLOYMENT_DEPLOYING)
        rc = stops_unchanged(db, &s->outlook->stops, s->repository_id, d->repository,
                             s->environment, s->now, err);
    if (rc == 0 && s->to == DEPLOYMENT_DEPLOYING)
        rc = stand_on_approvals(db, s, d, err);
    if (rc == 0 && s->to == DEPLOYMENT_DEPLOYING)
        rc = checks_unchanged(db, s, err);
    if (rc == 0)
        rc = store_deployment_move(db, d->id, d->state, s->to, s->cause, s->now, err);
    if (rc == 0 && s->passed != NULL)
        rc = store_deployment_passed(db, d->id, s->passed, err);
    if (rc == 0 && s->to != DEPLOYMENT_DEPLOYING)
        rc = store_deployment_sweep(db, d->id, s->now, err);
    if (rc == 0 && s->to == DEPLOYMENT_SUPERSEDED && d->kind == DEPLOYMENT_ROLLBACK)
        rc = store_rollback_reopen(db, d->id, err);
    if (rc == 0 && s->to == DEPLOYMENT_DEPLOYING && d->kind == DEPLOYMENT_ROLLBACK)
        rc = hold_after_rollback(db, s, err);
    if (rc == 0 && s->to == DEPLOYMENT_SUPERSEDED && d->wish_id != 0)
        rc = store_wish_reopen(db, d->wish_id, err);
    if (rc == 0 && o.date[0] != '\0' && s->to == DEPLOYMENT_DEPLOYING)
        rc = decide_occurrence(db, s, &o, "started", NULL, d->id, err);
    /* Its time is over: deferred. Undone earlier, it is cut anew for the same occurrence. */
    if (rc == 0 && o.date[0] != '\0' && s->to == DEPLOYMENT_SUPERSEDED && d->start_until != 0 &&
        s->now >= d->start_until)
        rc = decide_occurrence(db, s, &o, "deferred", s->cause, d->id, err);
    if (rc == 0 && s->to == DEPLOYMENT_DEPLOYING && d->kind == DEPLOYMENT_RELEASE)
        rc = store_promise_keep(db, s->repository_id, s->environment, d->id, s->now, err);
    if (rc == 0 && s->goes_back)
        rc = ask_for_rollback(db, s, err);
    return rc < 0 ? rc : look_journal(db, s->now, s->act, s->subject, detail, s->cause, err);
}

static int move(struct look *look, struct scheduled *s, struct err *err)
{
    const struct deployment *d = &s->outlook->open;

    log_notice(s->act, "deployment=%lld repo=%s environment=%s release=r%lld cause=%s",
               (long long)d->id, LOG(d->repository), LOG(d->environment),
               (long long)d->release_number, LOG(s->cause));
    return look_write(look, apply_move, s, FLOW_DEPLOYMENTS, err);
}

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

/* A deployment that cannot be made of this configuration concerns this environment alone: said, and tried
 * again later. */
static int cut(struct look *look, const struct outlook *outlook, const struct config_environment *e,
               const char *subject,
               int (*make)(struct look *look, const struct outlook *outlook,
                           const struct config_environment *e, struct err *err),
               struct err *err)
{
    struct err own = ERR_INIT;
    int rc = make(look, outlook, e, &own);

    if (rc == ERR_INVALID || rc == ERR_NOT_FOUND) {
        log_error("deployment.impossible", "what=%s err=%s", LOG(subject), LOG(own.text));
        look_again(look, look->now + IMPOSSIBLE_MS);
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

/* Approvals for a plan that is not the plan any more end, and say why (A1). */
struct voiding {
    const struct outlook *outlook;
    const char *subject; /* owner/name/environment */
    time_ms now;
    struct arena *arena;
};

static int apply_void(struct db *db, void *arg, struct err *err)
{
    const struct voiding *v = arg;
    const struct lacks *lacks = &v->outlook->lacks;
    int rc = 0;

    for (size_t i = 0; i < lacks->n_voided && rc == 0; i++) {
        const struct approval *a = lacks->voided[i].approval;
        const char *jobs = lacks->voided[i].jobs;
        rc = store_approval_void(db, a->id, jobs[0] != '\0' ? jobs : "the plan", v->now, err);
        if (rc == 0)
            rc = look_journal(db, v->now, "approval.void",
                              arena_printf(v->arena, "%s/r%lld", v->subject,
                                           (long long)a->release_number),
                              arena_printf(v->arena, "{\"approval\":%lld,\"jobs\":\"%s\"}",
                                           (long long)a->id, jobs),
                              NULL, err);
    }
    return rc;
}

static int end_void(struct look *look, const struct outlook *outlook, const char *subject,
                    struct err *err)
{
    struct voiding v = {outlook, subject, look->now, look->arena};

    for (size_t i = 0; i < outlook->lacks.n_voided; i++)
        log_notice("approval.void", "what=%s release=r%lld actor=%s jobs=%s", LOG(subject),
                   (long long)outlook->lacks.voided[i].approval->release_number,
                   LOG(outlook->lacks.voided[i].approval->actor),
                   LOG(outlook->lacks.voided[i].jobs));
    return outlook->lacks.n_voided == 0 ? 0
                                        : look_write(look, apply_void, &v, FLOW_DEPLOYMENTS, err);
}

static int act(struct look *look, struct outlook *outlook, const struct repository *repository,
               const struct config_environment *e, struct err *err)
{
    const struct release_plan *plan = &outlook->plan;
    struct scheduled s = {.repository_id = repository->id,
                          .environment = e->name,
                          .outlook = outlook,
                          .subject = arena_printf(look->arena, "%s/%s", repository->name, e->name),
                          .now = look->now,
                          .arena = look->arena,
                          .flow = look->flow};
    int rc = 0;

    rc = end_void(look, outlook, s.subject, err);
    if (rc == 0 && plan->n_decisions > 0)
        rc = look_write(look, apply_decisions, &s, FLOW_DEPLOYMENTS, err);
    if (rc == 0)
        rc = tell_promise(look, outlook, e->name, s.subject, err);
    if (rc == 0 && (plan->wish_ends != PLAN_GOES_ON || plan->hotfix_ends != PLAN_GOES_ON ||
                    plan->rollback_ends != PLAN_GOES_ON)) {
        log_notice("wish.end", "what=%s why=%s%s%s", LOG(s.subject),
                   release_plan_ends[plan->wish_ends], release_plan_ends[plan->hotfix_ends],
                   release_plan_ends[plan->rollback_ends]);
        rc = look_write(look, apply_wishes, &s, FLOW_DEPLOYMENTS, err);
    }
    if (rc < 0)
        return rc;
    switch (plan->action) {
    case PLAN_WAIT:
        look_again(look, plan->next_change);
        return 0;
    case PLAN_CUT:
        return cut(look, outlook, e, s.subject, deploy_cut, err);
    case PLAN_CATCH_UP:
        return cut(look, outlook, e, s.subject, deploy_catch_up, err);
    case PLAN_START:
        s.to = DEPLOYMENT_DEPLOYING;
        s.act = "deployment.start";
        if (plan->passed.n_causes > 0 && outlook->open.kind != DEPLOYMENT_CATCH_UP)
            s.passed = passed_json(look->arena, &plan->passed);
        if (plan->rollback && (rc = taken_back(look, outlook, &s.taken_back, err)) < 0)
            return rc;
        return move(look, &s, err);
    case PLAN_UNDO:
        s.to = DEPLOYMENT_SUPERSEDED;
        s.act = "deployment.undo";
        s.cause = undo_cause(look, plan);
        return move(look, &s, err);
    case PLAN_GO_BACK:
    case PLAN_GIVE_UP:
        s.to = DEPLOYMENT_FAILED;
        s.goes_back = plan->action == PLAN_GO_BACK;
        s.act = "deployment.give-up";
        s.cause = outlook->open.cause;
        return move(look, &s, err);
    }
    return 0;
}

static int judge(struct look *look, const struct repository *repository,
                 const struct config_environment *e, struct err *err)
{
    struct outlook *outlook = arena_alloc(look->arena, sizeof(*outlook));
    int rc = outlook_make(look->flow->db, look->snapshot, repository, e, look->now, look->arena,
                          outlook, err);

    return rc < 0 ? rc : act(look, outlook, repository, e, err);
}

/* Those that are due; the row of the repository is read when one is. */
static int look_at(struct look *look, size_t index, struct err *err)
{
    const struct config_repo *repo = &look->snapshot->config->repos[index];
    struct agenda *agenda = look->flow->agenda;
    struct repository repository = {.id = 0};
    int rc = 0;

    for (size_t k = 0; k < repo->n_environments && rc == 0; k++) {
        const struct config_environment *e = &repo->environments[k];
        struct agenda_entry *entry = agenda_environment(agenda, index, k);
        struct agenda_judging judging;
        if (!agenda_is_due(look, entry))
            continue;
        if (repository.id == 0)
            rc =
                store_repository_by_name(look->flow->db, look->arena, repo->name, &repository, err);
        judging = agenda_begin(look, entry);
        if (rc == 0)
            rc = judge(look, &repository, e, err);
        /* Databases may be shared over repositories. */
        if (agenda_end(&judging))
            agenda_touch(agenda, look->snapshot->config->n_databases > 0 ? NULL : e);
    }
    return rc;
}

int schedule_look(struct look *look, struct err *err)
{
    int rc = 0;

    agenda_open(&look->flow->agenda, look->snapshot);
    for (size_t i = 0; i < look->snapshot->config->n_repos && rc == 0; i++)
        rc = look_at(look, i, err);
    return rc;
}
