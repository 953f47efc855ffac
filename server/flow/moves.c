#include "server/flow/moves.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/model/config.h"
#include "lib/store/store_approval.h"
#include "lib/store/store_barrier.h"
#include "lib/store/store_check.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_hold.h"
#include "lib/store/store_occurrence.h"
#include "lib/store/store_promise.h"
#include "lib/store/store_rollback.h"
#include "lib/store/store_wish.h"
#include "server/flow/clockwatch.h"
#include "server/flow/flow.h"
#include "server/flow/outlook.h"
#include "server/flow/way_back.h"

static int decide_occurrence(struct db *db, const struct moves *s, const struct plan_occurrence *o,
                             const char *decision, const char *cause, int64_t deployment_id,
                             struct err *err)
{
    const struct occurrence_key key = {s->repository_id, s->environment, o->date, o->time};

    return store_occurrence_decide(db, &key, o->due_at, decision, cause, deployment_id, s->now,
                                   err);
}

/* That its time passed, or that its source was not seen, says little where nobody was there at its last instant. */
static const char *decision_cause(const struct moves *s, const struct plan_decision *d)
{
    time_ms last = d->occurrence.due_at + s->outlook->facts.grace_ms - 1;
    const char *why = s->flow != NULL ? clockwatch_unattended(s->flow, last) : NULL;

    return why != NULL && d->cause != NULL &&
                   (strcmp(d->cause, verdict_cause_key(CAUSE_SCHEDULE)) == 0 ||
                    strcmp(d->cause, verdict_cause_key(CAUSE_SOURCE_NOT_SEEN)) == 0)
               ? why
               : d->cause;
}

const char *moves_passed(struct arena *arena, const struct verdict *v)
{
    struct json_out out;
    struct buf buf;
    const char *text;

    if (v->n_causes == 0)
        return NULL;
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

int moves_decide(struct db *db, void *arg, struct err *err)
{
    const struct moves *s = arg;
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
static int end_wish(struct db *db, const struct moves *s, const struct wish *w, enum plan_end end,
                    struct err *err)
{
    char detail[96];
    int rc = store_wish_end(db, w->id, release_plan_ends[end], s->now, err);

    snprintf(detail, sizeof(detail), "{\"wish\":%lld,\"release\":%lld,\"ended\":\"%s\"}",
             (long long)w->id, (long long)w->release_number, release_plan_ends[end]);
    return rc < 0 ? rc : look_journal(db, s->now, "wish.end", s->subject, detail, NULL, err);
}

static int end_rollback(struct db *db, const struct moves *s, struct err *err)
{
    const struct rollback *r = &s->outlook->rollback;
    const char *why = release_plan_ends[s->outlook->plan.rollback_ends];
    char detail[96];
    int rc = store_rollback_end(db, r->id, why, err);

    snprintf(detail, sizeof(detail), "{\"rollback\":%lld,\"to\":%lld,\"ended\":\"%s\"}",
             (long long)r->id, (long long)r->to_number, why);
    return rc < 0 ? rc : look_journal(db, s->now, "rollback.end", s->subject, detail, NULL, err);
}

int moves_end_asked(struct db *db, void *arg, struct err *err)
{
    const struct moves *s = arg;
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

/* By the environment's own wish (P5). */
static int ask_for_rollback(struct db *db, const struct moves *s, struct err *err)
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
static int hold_after_rollback(struct db *db, const struct moves *s, struct err *err)
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
static int checks_unchanged(struct db *db, const struct moves *s, struct err *err)
{
    const struct lacks *lacks = &s->outlook->lacks;

    if (lacks->n_looked_at == 0 || verdict_cause(&s->outlook->plan.passed, CAUSE_CHECK) != NULL)
        return 0;
    return store_check_unchanged(db, s->repository_id, lacks->newest_check, err);
}

/* A start stands on its approvals: each is written down with it, and one that was taken back since it was
 * judged undoes the move (A1, I6). What passes approvals stands on none. */
static int stand_on_approvals(struct db *db, const struct moves *s, const struct deployment *d,
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

int moves_move(struct db *db, void *arg, struct err *err)
{
    const struct moves *s = arg;
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
    if (rc == 0 && !s->is_written)
        rc = store_deployment_move(db, d->id, d->state, s->to, s->cause, s->now, err);
    if (rc == 0 && s->passed != NULL && !s->is_written)
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

int moves_void(struct db *db, void *arg, struct err *err)
{
    const struct moves *s = arg;
    const struct lacks *lacks = &s->outlook->lacks;
    int rc = 0;

    for (size_t i = 0; i < lacks->n_voided && rc == 0; i++) {
        const struct approval *a = lacks->voided[i].approval;
        const char *jobs = lacks->voided[i].jobs;
        rc = store_approval_void(db, a->id, jobs[0] != '\0' ? jobs : "the plan", s->now, err);
        if (rc == 0)
            rc = look_journal(db, s->now, "approval.void",
                              arena_printf(s->arena, "%s/r%lld", s->subject,
                                           (long long)a->release_number),
                              arena_printf(s->arena, "{\"approval\":%lld,\"jobs\":\"%s\"}",
                                           (long long)a->id, jobs),
                              NULL, err);
    }
    return rc;
}
