#include "lib/rules/release_plan.h"

#include <string.h>

#include "lib/rules/candidate.h"
#include "lib/rules/rules_schedule.h"

const char *const release_plan_ends[PLAN_ENDS] = {[PLAN_GOES_ON] = "",
                                                  [PLAN_PASSED] = "passed",
                                                  [PLAN_LIVE] = "live",
                                                  [PLAN_OFF_LINE] = "off-line",
                                                  [PLAN_UNTOUCHED] = "untouched"};

const char *const release_plan_late[PLAN_LATE_ENDS] = {[PLAN_LATE_GOES] = "",
                                                       [PLAN_LATE_START_IS_NEAR] = "start-is-near",
                                                       [PLAN_LATE_UNAPPROVED] = "unapproved"};

/* The gate ---------------------------------------------------------------------------------------- */

/* The facts of the gate for one release and start, with the barriers in its range. */
struct asked {
    struct gate_facts gate;
    struct gate_barrier barriers[RELEASE_PLAN_BARRIERS_MAX];
};

/* Those first that bind longest: of more than fit none is left out that something would pass by. */
enum barrier_class { BARRIER_FOR_EVER, BARRIER_UNTIL, BARRIER_NAMED, BARRIER_CLASSES };

static enum barrier_class class_of(const struct plan_wish *wish, const struct plan_barrier *b)
{
    return candidate_wish_names(wish, b) ? BARRIER_NAMED
           : b->until == VERDICT_NEVER   ? BARRIER_FOR_EVER
                                         : BARRIER_UNTIL;
}

size_t release_plan_barriers(const struct release_facts *f, const struct plan_release *target,
                             const struct plan_wish *wish, struct gate_barrier *ret_barriers)
{
    size_t n = 0;

    for (int class = 0; class < BARRIER_CLASSES; class ++)
        for (size_t i = 0; i < f->n_barriers && n < RELEASE_PLAN_BARRIERS_MAX; i++) {
            const struct plan_barrier *b = &f->barriers[i];
            if (candidate_has_barrier(f, b, target->number) && (int)class_of(wish, b) == class)
                ret_barriers[n++] = (struct gate_barrier){.pull = b->name,
                                                          .who = b->who,
                                                          .why = b->why,
                                                          .since = b->since,
                                                          .until = b->until,
                                                          .named = class == BARRIER_NAMED,
                                                          .rolled_back = b->rolled_back};
        }
    return n;
}

/* `wish`: what the target was asked for by, NULL = nobody asked. `occurrence`: it is for one. */
static void ask(const struct release_facts *f, const struct plan_release *target,
                const struct plan_wish *wish, bool occurrence, time_ms start_at,
                time_ms start_until, time_ms now, struct asked *asked)
{
    bool in_grace = occurrence && start_at <= now && now < start_until;
    const struct plan_barrier *apart =
        candidate_apart_from(f, start_at != VERDICT_NEVER && start_at > now ? start_at : now);
    struct gate_facts *g = &asked->gate;

    *g = f->gate;
    g->start_at = start_at;
    g->start_until = start_until;
    g->needs = target->needs;
    g->n_needs = target->n_needs;
    g->lacks = target->lacks;
    g->n_lacks = target->n_lacks;
    g->failed_before = target->failed && wish == NULL; /* a person brings it out again (C1) */
    g->failed_at = target->failed_at;
    g->not_asked = f->on == DEPLOYMENT_ON_RELEASE && wish == NULL;
    if (wish != NULL && wish->hotfix) {
        g->pass = GATE_HOTFIX;
        g->names_unrehearsed = wish->unrehearsed;
    }
    g->barriers = asked->barriers;
    g->n_barriers = release_plan_barriers(f, target, wish, asked->barriers);
    /* An occurrence before the pin's stays so, however late in its grace it starts. */
    if ((wish == NULL || wish->hotfix) &&
        candidate_is_pinned_later(f, target->number,
                                  in_grace || (start_at != VERDICT_NEVER && start_at > now)
                                      ? start_at
                                      : now)) {
        g->pinned = f->wish.release->name;
        g->pinned_by = f->wish.who;
        g->pinned_until = f->wish.at > now ? f->wish.at : start_until;
    }
    if (apart != NULL && target->number >= apart->number) {
        g->separate = candidate_oldest(f, apart->number)->name;
        g->separate_why = apart->name;
    }
}

/* The third column: it goes now, whatever the time is (R1). */
static void ask_as_rollback(const struct plan_rollback *rollback, struct asked *asked)
{
    struct gate_facts *g = &asked->gate;

    g->pass = GATE_ROLLBACK;
    g->names_unsettled = rollback->beside_unsettled;
    g->n_needs = 0;
    g->failed_before = false;
    g->not_asked = false;
    g->hosts = rollback->hosts;
    g->n_hosts = rollback->n_hosts;
    g->role_without_host = NULL;
}

/* What this start passes. A hotfix passes the time, too: what would be its start without it? */
static struct verdict passed_by(const struct release_facts *f, const struct asked *asked,
                                time_ms now)
{
    struct gate_facts g = asked->gate;

    if (g.pass == GATE_HOTFIX && f->on == DEPLOYMENT_ON_SCHEDULE && f->next.date[0] != '\0' &&
        !(f->current.date[0] != '\0' && f->current.due_at <= now))
        g.start_at = f->current.date[0] != '\0' ? f->current.due_at : f->next.due_at;
    return gate_passed(&g, now);
}

/* The plan ---------------------------------------------------------------------------------------- */

static time_ms wish_until(const struct release_facts *f, const struct plan_wish *wish)
{
    if (wish->hotfix)
        return wish->wished_at + RELEASE_PLAN_HOTFIX_MS;
    /* A pin is for one start. Elsewhere it is due from then on, whenever time allows (F4, F7). */
    return wish->at != 0 && f->on == DEPLOYMENT_ON_SCHEDULE ? wish->at + f->grace_ms
                                                            : VERDICT_NEVER;
}

/* Can it still come true? While its deployment is open it is not among the facts. */
static enum plan_end wish_end(const struct release_facts *f, const struct plan_wish *wish,
                              time_ms now)
{
    if (wish->release == NULL)
        return PLAN_GOES_ON;
    if (wish->release->off_line)
        return PLAN_OFF_LINE;
    if (f->live_number != 0 && wish->release->number <= f->live_number)
        return PLAN_LIVE;
    return now >= wish_until(f, wish) ? PLAN_PASSED : PLAN_GOES_ON;
}

static enum plan_end rollback_end(const struct release_facts *f, time_ms now)
{
    const struct plan_rollback *r = &f->rollback;

    if (r->release == NULL || (f->open != NULL && f->open->state != DEPLOYMENT_WAITING))
        return PLAN_GOES_ON; /* what it leaves comes to its end first */
    if (r->untouched)
        return PLAN_UNTOUCHED;
    return now >= r->asked_at + RELEASE_PLAN_ROLLBACK_MS ? PLAN_PASSED : PLAN_GOES_ON;
}

/* When the target would start, by what the environment is `on:`, or by what was asked for. */
static void plan_times(const struct release_facts *f, const struct plan_wish *wish,
                       struct release_plan *p, time_ms now)
{
    p->start_at = now;
    p->start_until = VERDICT_NEVER;
    if (p->rollback) {
        p->start_at = f->rollback.asked_at;
        p->start_until = f->rollback.asked_at + RELEASE_PLAN_ROLLBACK_MS;
        return;
    }
    if (wish != NULL && p->occurrence.date[0] == '\0') {
        p->start_at = wish->at != 0 && !wish->hotfix ? wish->at : wish->wished_at;
        p->start_until = wish_until(f, wish);
        return;
    }
    switch (f->on) {
    case DEPLOYMENT_ON_MERGE:
        if (p->target != NULL)
            p->start_at = candidate_due_at(f, p->target);
        break;
    case DEPLOYMENT_ON_RELEASE:
        p->start_at = VERDICT_NEVER;
        break;
    case DEPLOYMENT_ON_SCHEDULE:
        if (p->occurrence.date[0] == '\0') {
            p->start_at = VERDICT_NEVER;
            break;
        }
        p->start_at = p->occurrence.due_at;
        p->start_until = p->occurrence.due_at + f->grace_ms;
        break;
    case DEPLOYMENT_TRIGGERS_COUNT:
        break;
    }
}

/* Returns the wish by which it was chosen, NULL = by the rules alone. */
static const struct plan_wish *plan_target(const struct release_facts *f, struct release_plan *p,
                                           time_ms now)
{
    const struct plan_occurrence none = {.due_at = 0};
    const struct plan_wish *wish =
        f->wish.release != NULL && p->wish_ends == PLAN_GOES_ON ? &f->wish : NULL;

    if (f->rollback.release != NULL && p->rollback_ends == PLAN_GOES_ON) {
        p->rollback = true;
        p->target = f->rollback.release;
        return NULL;
    }
    if (f->hotfix.release != NULL && p->hotfix_ends == PLAN_GOES_ON) {
        p->hotfix = true;
        p->target = f->hotfix.release;
        return &f->hotfix;
    }
    if (f->on == DEPLOYMENT_ON_SCHEDULE)
        return rules_schedule_target(f, wish, p, now);
    p->target = wish != NULL ? wish->release : candidate_choose(f, &none, now);
    return wish;
}

/* Newer ones than the target say what they lack (C1). */
static void plan_newest(const struct release_facts *f, struct release_plan *p, time_ms now)
{
    const struct plan_release *newest = f->n_releases > 0 ? &f->releases[f->n_releases - 1] : NULL;

    if (newest == NULL || p->target == NULL || p->rollback || newest->number <= p->target->number)
        return;
    p->newest = newest;
    p->newest_verdict = release_plan_judge(f, p, newest->number, now);
    verdict_change_with(&p->verdict, &p->newest_verdict);
}

/* Another one may be chosen when a barrier ends, here or behind. */
static void plan_barriers_end(const struct release_facts *f, struct release_plan *p, time_ms now)
{
    for (size_t i = 0; i < f->n_barriers; i++)
        if (now < f->barriers[i].until)
            verdict_change_at(&p->verdict, f->barriers[i].until);
    for (size_t i = 0; i < f->n_apart; i++)
        if (now < f->apart[i].until)
            verdict_change_at(&p->verdict, f->apart[i].until);
}

/* ... or when an approval expires. */
static void plan_lacks_begin(const struct release_facts *f, struct release_plan *p, time_ms now)
{
    for (size_t i = 0; i < f->n_releases; i++)
        for (size_t k = 0; k < f->releases[i].n_lacks; k++)
            if (now < f->releases[i].lacks[k].from)
                verdict_change_at(&p->verdict, f->releases[i].lacks[k].from);
}

static bool cut_is_due(const struct release_facts *f, const struct plan_wish *wish,
                       const struct release_plan *p, time_ms now)
{
    time_ms start = p->start_at > now ? p->start_at : now;
    bool has_time = f->on == DEPLOYMENT_ON_SCHEDULE || (wish != NULL && wish->at != 0);

    return f->cut_off_ms > 0 && has_time && !p->hotfix && !p->rollback &&
           p->start_at != VERDICT_NEVER && now >= p->start_at - f->cut_off_ms &&
           now < p->start_until &&
           (wish != NULL ? candidate_is_proven(p->target) && candidate_is_allowed(p->target, start)
                         : candidate_is_ready(p->target, start)) &&
           !candidate_is_behind(f, wish, p->target->number, start) &&
           verdict_cause(&p->verdict, CAUSE_NO_HOST) == NULL; /* hosts are part of it (P4) */
}

static void plan_without_open(const struct release_facts *f, struct release_plan *p, time_ms now)
{
    const struct plan_wish *wish = plan_target(f, p, now);
    struct asked asked;
    time_ms cut_at;

    p->wish = wish == &f->wish;
    plan_times(f, wish, p, now);
    /* An occurrence is decided at its time, whether it finds something or not. */
    if (f->on == DEPLOYMENT_ON_SCHEDULE && f->next.date[0] != '\0')
        verdict_change_at(&p->verdict, f->next.due_at - f->cut_off_ms);
    if (p->target == NULL) {
        p->verdict.go = false;
        return;
    }
    cut_at = p->verdict.next_change;
    /* Nobody asked: no time is promised, and no time stands in the way. */
    ask(f, p->target, wish, p->occurrence.date[0] != '\0',
        f->on == DEPLOYMENT_ON_RELEASE && wish == NULL && !p->rollback ? now : p->start_at,
        p->start_until, now, &asked);
    if (p->rollback)
        ask_as_rollback(&f->rollback, &asked);
    p->verdict = gate_judge(&asked.gate, now);
    p->passed = passed_by(f, &asked, now);
    verdict_change_at(&p->verdict, cut_at);
    if (f->on == DEPLOYMENT_ON_SCHEDULE && p->start_at == VERDICT_NEVER && p->verdict.n_causes == 0)
        verdict_bind(&p->verdict, &(struct cause){.kind = CAUSE_SCHEDULE, .until = VERDICT_NEVER});
    if (p->verdict.go || cut_is_due(f, wish, p, now))
        p->action = PLAN_CUT;
    else if (f->cut_off_ms > 0 && p->start_at != VERDICT_NEVER && now < p->start_at - f->cut_off_ms)
        verdict_change_at(&p->verdict, p->start_at - f->cut_off_ms);
    plan_newest(f, p, now);
}

/* Why a cut that has not started is undone; NULL = it is not. */
static const char *undo_reason(const struct release_facts *f, const struct release_plan *p,
                               const struct gate_facts *asked, time_ms now)
{
    bool is_release = f->open->kind == DEPLOYMENT_RELEASE;

    if (f->config_changed)
        return "the configuration changed after the cut";
    if (f->open_rows < f->open->rows_expected)
        return "the cut was interrupted";
    if (now >= p->start_until)
        return "its time passed before it could start";
    if (is_release && f->open_release->off_line)
        return "its release is no longer on the branch";
    if (is_release && f->open->from_number != f->live_number)
        return "what is live was declared anew";
    if (f->open->kind == DEPLOYMENT_ROLLBACK)
        return NULL;
    if (f->rollback.release != NULL)
        return "a rollback goes first";
    if (f->hotfix.release != NULL && p->hotfix_ends == PLAN_GOES_ON && !p->hotfix)
        return "a hotfix goes first";
    if (f->wish.release != NULL && p->wish_ends == PLAN_GOES_ON && f->on == DEPLOYMENT_ON_RELEASE &&
        !p->hotfix)
        return "another release was asked for";
    for (size_t i = 0; i < asked->n_barriers; i++)
        if (!(asked->barriers[i].named &&
              (asked->pass == GATE_HOTFIX || asked->barriers[i].rolled_back)) &&
            asked->barriers[i].until > (now > p->start_at ? now : p->start_at))
            return "a pull request in it may not go out yet";
    return NULL;
}

/* When the time of what is open had come: a cut that is made at go has waited for its hosts already (P2). */
static time_ms due_of_open(const struct release_facts *f, const struct plan_wish *wish)
{
    time_ms due = f->open->start_at;

    if (f->open->occurrence_date[0] != '\0')
        return due;
    if (f->open->kind == DEPLOYMENT_ROLLBACK && f->open_rollback.release != NULL)
        due = f->open_rollback.asked_at;
    else if (wish != NULL)
        due = wish->at != 0 && !wish->hotfix ? wish->at : wish->wished_at;
    else if (f->on == DEPLOYMENT_ON_MERGE)
        due = candidate_due_at(f, f->open_release);
    return due < f->open->start_at ? due : f->open->start_at;
}

static void plan_waiting(const struct release_facts *f, struct release_plan *p, time_ms now)
{
    const struct plan_wish *wish = f->open_wish.release != NULL ? &f->open_wish : NULL;
    struct asked asked;

    p->target = f->open_release;
    p->hotfix = wish != NULL && wish->hotfix;
    p->start_at = f->open->start_at;
    p->start_until = f->open->start_until == 0 ? VERDICT_NEVER : f->open->start_until;
    ask(f, p->target, wish, false, p->start_at, p->start_until, now, &asked);
    asked.gate.not_asked = false;
    asked.gate.pinned = NULL; /* the pin came after the cut */
    asked.gate.due_at = due_of_open(f, wish);
    p->rollback = f->open->kind == DEPLOYMENT_ROLLBACK;
    if (p->rollback)
        ask_as_rollback(&f->open_rollback, &asked);
    p->verdict = gate_judge(&asked.gate, now);
    p->passed = passed_by(f, &asked, now);
    p->reason = undo_reason(f, p, &asked.gate, now);
    if (p->reason != NULL)
        p->action = PLAN_UNDO;
    else if (p->verdict.go)
        p->action = PLAN_START;
    plan_newest(f, p, now);
}

/* `after-failure: rollback` is one step back, no cascade: a rollback that fails stands. A migrate job that nobody
 * decided stands, too (P5, M6). */
static bool goes_back(const struct release_facts *f)
{
    return f->after_failure_back && f->open->state == DEPLOYMENT_ATTENTION &&
           f->open->kind == DEPLOYMENT_RELEASE && f->open->cancel_at == 0 && !f->open_unsettled &&
           (f->back_is_nothing || f->back_to != 0);
}

/* Deploying, or waiting for a person: what comes next binds behind it. */
static void plan_behind(const struct release_facts *f, struct release_plan *p, time_ms now)
{
    plan_without_open(f, p, now);
    p->action = PLAN_WAIT;
    if (goes_back(f)) {
        p->action = f->back_is_nothing ? PLAN_GIVE_UP : PLAN_GO_BACK;
        p->reason = f->back_is_nothing ? "no host was touched" : "after-failure: rollback";
        return;
    }
    if (f->open->state == DEPLOYMENT_ATTENTION && f->after_failure_next && !f->open_unsettled &&
        p->target != NULL && p->target->number > f->open->release_number &&
        (p->hotfix || (candidate_is_ready(p->target, now) &&
                       !candidate_is_behind(f, NULL, p->target->number, now)))) {
        p->action = PLAN_GIVE_UP;
        p->reason = "a newer release follows";
    }
}

/* At its time, and when it is over. */
static void plan_wish_changes(const struct release_facts *f, const struct plan_wish *wish,
                              struct release_plan *p, time_ms now)
{
    if (wish->release == NULL)
        return;
    if (now < wish->at)
        verdict_change_at(&p->verdict, wish->at);
    if (now < wish_until(f, wish))
        verdict_change_at(&p->verdict, wish_until(f, wish));
}

/* The fourth column: time passes, a hold and an undecided database bind. */
static struct verdict judge_late(const struct release_facts *f, time_ms now)
{
    struct gate_facts g = f->gate;

    g.pass = GATE_LATE_HOST;
    g.start_at = now;
    g.start_until = VERDICT_NEVER;
    g.n_hosts = 0; /* its own are online: that makes them late */
    g.role_without_host = NULL;
    return gate_judge(&g, now);
}

/* Shortly before the target's start, or in the interval in which it may still happen? */
static bool start_is_near(const struct release_plan *p, time_ms now)
{
    if (p->target == NULL || p->start_at == VERDICT_NEVER ||
        now < p->start_at - RELEASE_PLAN_LATE_NEAR_MS)
        return false;
    return now < p->start_at || (p->start_until != VERDICT_NEVER && now < p->start_until);
}

/* Nothing goes out now: late hosts catch up (P7). */
static void plan_late(const struct release_facts *f, struct release_plan *p, time_ms now)
{
    if (now < f->late_again_at)
        verdict_change_at(&p->verdict, f->late_again_at);
    if (f->n_late == 0)
        return;
    p->late_verdict = judge_late(f, now);
    verdict_change_with(&p->verdict, &p->late_verdict);
    if (f->late_unapproved) {
        p->late = PLAN_LATE_UNAPPROVED;
    } else if (start_is_near(p, now)) {
        p->late = PLAN_LATE_START_IS_NEAR;
        verdict_change_at(&p->verdict,
                          p->start_until == VERDICT_NEVER ? p->start_at : p->start_until);
    } else if (p->late_verdict.go && p->action == PLAN_WAIT && !p->rollback) {
        p->action = PLAN_CATCH_UP;
    }
    if (p->target != NULL && p->start_at != VERDICT_NEVER &&
        now < p->start_at - RELEASE_PLAN_LATE_NEAR_MS)
        verdict_change_at(&p->verdict, p->start_at - RELEASE_PLAN_LATE_NEAR_MS);
}

static const char *late_undo_reason(const struct release_facts *f, const struct release_plan *p,
                                    time_ms now)
{
    if (f->config_changed)
        return "the configuration changed after the cut";
    if (f->open_rows < f->open->rows_expected)
        return "the cut was interrupted";
    if (f->open->release_number != f->live_number)
        return "what is live was declared anew";
    if (p->action == PLAN_CUT || p->rollback || p->hotfix)
        return "what is to go out goes first";
    if (f->open->start_until != 0 && now >= f->open->start_until)
        return "its time passed before it could start";
    return NULL;
}

/* A cut for late hosts: what comes next is told as ever, and only its own start is decided. */
static void plan_waiting_late(const struct release_facts *f, struct release_plan *p, time_ms now)
{
    plan_without_open(f, p, now);
    p->late_verdict = judge_late(f, now);
    verdict_change_with(&p->verdict, &p->late_verdict);
    if (f->open->start_until > now)
        verdict_change_at(&p->verdict, f->open->start_until);
    p->reason = late_undo_reason(f, p, now);
    p->action = p->reason != NULL ? PLAN_UNDO : p->late_verdict.go ? PLAN_START : PLAN_WAIT;
}

void release_plan_make(const struct release_facts *facts, time_ms now,
                       struct release_plan *ret_plan)
{
    *ret_plan = (struct release_plan){.action = PLAN_WAIT,
                                      .start_at = VERDICT_NEVER,
                                      .verdict = verdict_go(),
                                      .passed = verdict_go(),
                                      .late_verdict = verdict_go(),
                                      .wish_ends = wish_end(facts, &facts->wish, now),
                                      .hotfix_ends = wish_end(facts, &facts->hotfix, now),
                                      .rollback_ends = rollback_end(facts, now)};

    rules_schedule_missed(facts, ret_plan);
    if (facts->open == NULL) {
        plan_without_open(facts, ret_plan, now);
        plan_late(facts, ret_plan, now);
    } else if (facts->open->state == DEPLOYMENT_WAITING &&
               facts->open->kind == DEPLOYMENT_CATCH_UP) {
        plan_waiting_late(facts, ret_plan, now);
    } else if (facts->open->state == DEPLOYMENT_WAITING)
        plan_waiting(facts, ret_plan, now);
    else
        plan_behind(facts, ret_plan, now);
    plan_barriers_end(facts, ret_plan, now);
    plan_lacks_begin(facts, ret_plan, now);
    plan_wish_changes(facts, &facts->wish, ret_plan, now);
    plan_wish_changes(facts, &facts->hotfix, ret_plan, now);
    if (facts->rollback.release != NULL &&
        now < facts->rollback.asked_at + RELEASE_PLAN_ROLLBACK_MS)
        verdict_change_at(&ret_plan->verdict, facts->rollback.asked_at + RELEASE_PLAN_ROLLBACK_MS);
    if (now < facts->gone_at)
        verdict_change_at(&ret_plan->verdict, facts->gone_at);
    ret_plan->next_change = ret_plan->verdict.next_change;
    ret_plan->wakes_at = ret_plan->verdict.wakes_at;
}

struct verdict release_plan_judge(const struct release_facts *facts,
                                  const struct release_plan *plan, int64_t number, time_ms now)
{
    const struct plan_release *r = NULL;
    struct verdict none = verdict_go();
    struct asked asked;
    time_ms start_at;

    if (plan->target != NULL && plan->target->number == number)
        return plan->verdict;
    for (size_t i = 0; i < facts->n_releases; i++)
        if (facts->releases[i].number == number)
            r = &facts->releases[i];
    none.go = false;
    if (r == NULL)
        return none;
    start_at = facts->on == DEPLOYMENT_ON_MERGE  ? candidate_due_at(facts, r)
               : plan->start_at == VERDICT_NEVER ? now
                                                 : plan->start_at;
    ask(facts, r, NULL, plan->occurrence.date[0] != '\0', start_at, plan->start_until, now, &asked);
    return gate_judge(&asked.gate, now);
}
