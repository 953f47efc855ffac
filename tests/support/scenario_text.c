#include "tests/support/scenario_text.h"

#include <string.h>

#include "lib/base/str.h"
#include "lib/calendar/occurrence.h"
#include "lib/calendar/zone.h"
#include "lib/rules/progress.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_command.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_host.h"
#include "server/flow/catch_up.h"
#include "tests/support/scenario_time.h"

#define TEXT_MAX (1 << 16)
#define DAY_MS INT64_C(86400000)
#define ALWAYS_SEEN (INT64_MAX / 2) /* what begins there never comes */

struct page {
    struct scenario_world *world;
    const struct config_environment *environment;
    const struct zone *zone;
    struct buf *buf;
};

static struct page page_of(struct scenario_world *w, const struct config_environment *e,
                           struct buf *buf)
{
    if (!str_eq(e->timezone, w->zone_name))
        buf_addf(buf, "times of %s\n", e->timezone);
    return (struct page){w, e, calendar_zone(w->snapshot->calendar, e), buf};
}

static void add_time(struct page *p, const char *before, time_ms t)
{
    buf_adds(p->buf, before);
    scenario_time_print(p->world, p->zone, t, p->buf);
}

static void add_next_change(struct page *p, time_ms t)
{
    if (t >= ALWAYS_SEEN)
        buf_adds(p->buf, "next change at an event\n");
    else {
        add_time(p, "next change ", t);
        buf_addc(p->buf, '\n');
    }
}

void scenario_text_cause(struct scenario_world *w, const struct config_environment *e,
                         const struct cause *c, struct buf *buf)
{
    struct page p = {w, e, calendar_zone(w->snapshot->calendar, e), buf};

    buf_adds(buf, verdict_cause_key(c->kind));
    if (c->what != NULL)
        buf_addf(buf, " %s", c->what);
    if (c->who != NULL)
        buf_addf(buf, " by %s", c->who);
    if (c->why != NULL)
        buf_addf(buf, ": %s", c->why);
    if (c->line != 0)
        buf_addf(buf, ", line %d", c->line);
    if (c->since != 0)
        add_time(&p, ", since ", c->since);
    if (c->until != VERDICT_NEVER)
        add_time(&p, ", until ", c->until);
    buf_addc(buf, '\n');
}

/* The plan ---------------------------------------------------------------------------------------- */

static void add_cause(struct page *p, const char *before, const struct cause *c)
{
    buf_adds(p->buf, before);
    scenario_text_cause(p->world, p->environment, c, p->buf);
}

static void add_action(struct page *p, const struct outlook *o)
{
    static const char *const words[] = {
        [PLAN_WAIT] = "wait",        [PLAN_CUT] = "cut",         [PLAN_START] = "start",
        [PLAN_UNDO] = "undo",        [PLAN_GIVE_UP] = "give up", [PLAN_GO_BACK] = "go back",
        [PLAN_CATCH_UP] = "catch up"};
    const struct release_plan *plan = &o->plan;

    buf_adds(p->buf, words[plan->action]);
    if (plan->action == PLAN_GIVE_UP)
        buf_addf(p->buf, " r%lld for", (long long)o->open.release_number);
    else if (plan->action == PLAN_WAIT)
        buf_adds(p->buf, plan->target != NULL ? " with" : ": nothing to bring");
    if (plan->target != NULL)
        buf_addf(p->buf, "%s r%lld", plan->action == PLAN_CATCH_UP ? ", then" : "",
                 (long long)plan->target->number);
    if (plan->reason != NULL)
        buf_addf(p->buf, ": %s", plan->reason);
    buf_addc(p->buf, '\n');
}

static void add_start(struct page *p, const struct release_plan *plan)
{
    if (plan->start_at == VERDICT_NEVER)
        buf_adds(p->buf, "no start is known");
    else
        add_time(p, "start at ", plan->start_at);
    if (plan->start_until != VERDICT_NEVER)
        add_time(p, ", before ", plan->start_until);
    if (plan->occurrence.date[0] != '\0')
        buf_addf(p->buf, ", for %s %s", plan->occurrence.date, plan->occurrence.time);
    buf_addc(p->buf, '\n');
}

/* Only where it is not the plan's own start: people's stops moved it. */
static void add_promise(struct page *p, const struct outlook *o)
{
    if (o->promised_at == o->plan.start_at ||
        (o->promised_at == VERDICT_NEVER && o->has_open &&
         o->open.state == DEPLOYMENT_DEPLOYING)) /* it goes out now: nothing is promised */
        return;
    if (o->promised_at == VERDICT_NEVER)
        buf_adds(p->buf, "promised: not before somebody acts");
    else
        add_time(p, "promised at ", o->promised_at);
    buf_addc(p->buf, '\n');
}

static void add_newest(struct page *p, const struct release_plan *plan)
{
    const char *before;

    if (plan->newest == NULL)
        return;
    before = arena_printf(&p->world->arena, "newest r%lld lacks ", (long long)plan->newest->number);
    for (size_t i = 0; i < plan->newest_verdict.n_causes; i++)
        add_cause(p, before, &plan->newest_verdict.causes[i]);
    if (plan->newest_verdict.n_causes == 0)
        buf_addf(p->buf, "%snothing\n", before);
}

static void add_plan(struct page *p, const struct outlook *o)
{
    const struct release_plan *plan = &o->plan;

    add_action(p, o);
    if (o->has_open)
        buf_addf(p->buf, "r%lld is %s\n", (long long)o->open.release_number,
                 deployment_states[o->open.state].text);
    if (plan->target != NULL) {
        add_start(p, plan);
        add_promise(p, o);
        if (plan->verdict.go)
            buf_adds(p->buf, "nothing is against it\n");
        else if (plan->verdict.n_causes == 0)
            buf_adds(p->buf, "because of nothing that is said\n");
    }
    for (size_t i = 0; i < plan->verdict.n_causes; i++)
        add_cause(p, "because ", &plan->verdict.causes[i]);
    if (plan->verdict.n_left_out > 0)
        buf_addf(p->buf, "because of %zu more\n", plan->verdict.n_left_out);
    for (size_t i = 0; plan->hotfix && i < plan->passed.n_causes; i++)
        add_cause(p, "the hotfix passes ", &plan->passed.causes[i]);
    add_newest(p, plan);
    if (plan->wish_ends != PLAN_GOES_ON)
        buf_addf(p->buf, "the wish for %s ends: %s\n", o->facts.wish.release->name,
                 release_plan_ends[plan->wish_ends]);
    if (plan->hotfix_ends != PLAN_GOES_ON)
        buf_addf(p->buf, "the hotfix of %s ends: %s\n", o->facts.hotfix.release->name,
                 release_plan_ends[plan->hotfix_ends]);
    for (size_t i = 0; i < plan->n_decisions; i++) {
        const struct plan_decision *d = &plan->decisions[i];
        buf_addf(p->buf, "occurrence %s %s is %s%s%s\n", d->occurrence.date, d->occurrence.time,
                 d->decision, d->cause != NULL ? ": " : "", d->cause != NULL ? d->cause : "");
    }
}

/* Who misses what is live, and whether it gets it (P7). */
static void add_late(struct page *p, const struct outlook *o)
{
    const struct release_plan *plan = &o->plan;

    for (size_t i = 0; i < o->n_late; i++)
        buf_addf(p->buf, "late: %s, %s\n", o->late[i].name, late_keys[o->late[i].why]);
    for (size_t i = 0; o->facts.n_late > 0 && i < plan->late_verdict.n_causes; i++)
        add_cause(p, "late ones wait because ", &plan->late_verdict.causes[i]);
    if (plan->late != PLAN_LATE_GOES)
        buf_addf(p->buf, "late ones wait: %s\n", release_plan_late[plan->late]);
}

/* The plan as long as those that talk go on talking: their silence is no change. */
static time_ms quiet_next_change(struct scenario_world *w, const struct outlook *o)
{
    struct release_facts facts = o->facts;
    struct gate_host *hosts = arena_array(&w->arena, facts.gate.n_hosts, sizeof(*hosts));
    struct release_plan *plan = arena_alloc(&w->arena, sizeof(*plan));

    for (size_t i = 0; i < facts.gate.n_hosts; i++) {
        hosts[i] = facts.gate.hosts[i];
        if (scenario_names_have(&w->online, hosts[i].name))
            hosts[i].seen_at = ALWAYS_SEEN;
    }
    facts.gate.hosts = hosts;
    if (scenario_names_have(&w->seen, w->repository))
        facts.gate.source_seen_at = ALWAYS_SEEN;
    release_plan_make(&facts, w->clock.now, plan);
    return plan->next_change;
}

/* The text of the plan at another instant, with the facts of now. */
static int plan_at(struct page *p, time_ms t, struct buf *buf, struct err *err)
{
    struct page other = page_of(p->world, p->environment, buf);
    struct outlook *o = arena_alloc(&p->world->arena, sizeof(*o));
    int rc = scenario_world_outlook(p->world, p->environment, t, &p->world->arena, o, err);

    if (rc == 0)
        add_plan(&other, o);
    return rc;
}

/* "The verdict holds on [now, next_change) as long as the facts do" (gate.h). */
static int check_plan_holds(struct page *p, time_ms next, struct err *err)
{
    time_ms now = p->world->clock.now;
    time_ms end = next < now + 30 * DAY_MS ? next : now + 30 * DAY_MS;
    const time_ms instants[] = {now + 1, now + (end - now) / 2, end - 1};
    struct buf then;
    int rc = 0;

    buf_init(&then, TEXT_MAX);
    for (size_t i = 0; i < 3 && rc == 0; i++) {
        if (instants[i] <= now || instants[i] >= end)
            continue;
        buf_reset(&then);
        rc = plan_at(p, instants[i], &then, err);
        if (rc == 0 && strcmp(buf_str(&then), buf_str(p->buf)) != 0) {
            add_time(p, SCENARIO_TEXT_BROKEN ", at ", instants[i]);
            buf_addf(p->buf, ", to:\n%s", buf_str(&then));
            break;
        }
    }
    buf_deinit(&then);
    return rc;
}

int scenario_text_plan(struct scenario_world *w, const struct config_environment *e,
                       struct buf *buf, struct err *err)
{
    struct outlook *o = arena_alloc(&w->arena, sizeof(*o));
    struct page p = page_of(w, e, buf);
    int rc = scenario_world_outlook(w, e, w->clock.now, &w->arena, o, err);

    if (rc < 0)
        return rc;
    add_plan(&p, o);
    /* What is undone or given up is so at once. */
    if (o->plan.action != PLAN_UNDO && o->plan.action != PLAN_GIVE_UP &&
        o->plan.action != PLAN_GO_BACK && o->plan.action != PLAN_CATCH_UP)
        rc = check_plan_holds(&p, o->plan.next_change, err);
    if (rc == 0) {
        add_late(&p, o);
        add_next_change(&p, quiet_next_change(w, o));
    }
    return rc;
}

/* Moves ------------------------------------------------------------------------------------------- */

static void add_move(struct page *p, const struct progress_move *m)
{
    const char *job = m->job != NULL ? m->job->name : "";
    const char *host = m->invocation != NULL ? m->invocation->host : "";

    switch (m->kind) {
    case PROGRESS_JOB_START:
        buf_addf(p->buf, "start %s", job);
        break;
    case PROGRESS_RELEASE:
        buf_addf(p->buf, "release %s on %s", job, host);
        break;
    case PROGRESS_RETRY:
        buf_addf(p->buf, "make %s on %s anew", job, host);
        break;
    case PROGRESS_UNDELIVERED:
        buf_addf(p->buf, "call %s on %s undelivered", job, host);
        break;
    case PROGRESS_LOST:
        buf_addf(p->buf, "call %s on %s unknown", job, host);
        break;
    case PROGRESS_LEAVE_OUT:
        buf_addf(p->buf, "leave %s on %s out", job, host);
        break;
    case PROGRESS_CANCEL:
        buf_addf(p->buf, "ask %s to end %s", host, job);
        break;
    case PROGRESS_ATTEMPT_PLAN:
        buf_addf(p->buf, "plan an attempt of %s", job);
        break;
    case PROGRESS_ATTEMPT_MOVE:
        buf_addf(p->buf, "the attempt of %s is %s", job, attempt_states[m->attempt_state].text);
        break;
    case PROGRESS_ATTEMPT_ALARM:
        buf_addf(p->buf, "tell people that %s takes long", job);
        break;
    case PROGRESS_JOB_END:
        buf_addf(p->buf, "end %s: %s", job, job_states[m->job_state].text);
        break;
    case PROGRESS_DEPLOYMENT_END:
        buf_addf(p->buf, "end the deployment: %s", deployment_states[m->deployment_state].text);
        break;
    }
    if (m->cause != NULL)
        buf_addf(p->buf, ", %s", m->cause);
    buf_addc(p->buf, '\n');
}

struct running {
    struct deployment deployment;
    struct job *jobs;
    struct invocation *invocations;
    struct attempt *attempts;
    struct host *hosts;
    struct progress_facts facts;
};

static int load_running(struct scenario_world *w, const struct config_environment *e,
                        struct running *r, struct err *err)
{
    struct progress_facts *f = &r->facts;
    int64_t id;
    int rc = scenario_world_deployment(w, e, &r->deployment, err);

    if (rc < 0)
        return rc;
    id = r->deployment.id;
    *f = (struct progress_facts){.deployment = &r->deployment, .heard_since = w->flow.heard_since};
    if ((rc = store_deployment_jobs(w->db, &w->arena, id, &r->jobs, &f->n_jobs, err)) < 0 ||
        (rc = store_command_invocations(w->db, &w->arena, id, &r->invocations, &f->n_invocations,
                                        err)) < 0 ||
        (rc = store_attempt_of_deployment(w->db, &w->arena, id, &r->attempts, &f->n_attempts,
                                          err)) < 0 ||
        (rc = store_host_list(w->db, &w->arena, &r->hosts, &f->n_hosts, err)) < 0)
        return rc;
    f->jobs = r->jobs;
    f->invocations = r->invocations;
    f->attempts = r->attempts;
    f->hosts = r->hosts;
    return 0;
}

static time_ms add_moves(struct page *p, const struct progress_facts *facts, time_ms now)
{
    struct progress_plan plan;

    progress_make(facts, now, &p->world->arena, &plan);
    for (size_t i = 0; i < plan.n_moves; i++)
        add_move(p, &plan.moves[i]);
    if (plan.n_moves == 0)
        buf_adds(p->buf, "nothing to do\n");
    return plan.next_change;
}

/* As long as they are heard: what runs on hosts that are online does not fall silent. */
static time_ms quiet_progress(struct scenario_world *w, struct running *r)
{
    struct progress_plan plan;

    for (size_t i = 0; i < r->facts.n_invocations; i++)
        if (scenario_names_have(&w->online, r->invocations[i].host))
            r->invocations[i].heard_at = ALWAYS_SEEN;
    progress_make(&r->facts, w->clock.now, &w->arena, &plan);
    return plan.next_change;
}

static void check_moves_hold(struct page *p, const struct progress_facts *facts, time_ms next)
{
    time_ms now = p->world->clock.now;
    time_ms end = next < now + DAY_MS ? next : now + DAY_MS;
    struct page other;
    struct buf then;

    buf_init(&then, TEXT_MAX);
    other = page_of(p->world, p->environment, &then);
    (void)add_moves(&other, facts, end - 1);
    if (strcmp(buf_str(&then), buf_str(p->buf)) != 0) {
        add_time(p, SCENARIO_TEXT_BROKEN ", at ", end - 1);
        buf_addf(p->buf, ", to:\n%s", buf_str(&then));
    }
    buf_deinit(&then);
}

int scenario_text_moves(struct scenario_world *w, const struct config_environment *e,
                        struct buf *buf, struct err *err)
{
    struct running r = {.jobs = NULL};
    struct page p = page_of(w, e, buf);
    int rc = load_running(w, e, &r, err);

    if (rc < 0)
        return rc;
    check_moves_hold(&p, &r.facts, add_moves(&p, &r.facts, w->clock.now));
    add_next_change(&p, quiet_progress(w, &r));
    return 0;
}

/* The open deployment ----------------------------------------------------------------------------- */

/* What is out and not taken may still begin, until its start-by (G8). */
static void add_status(struct page *p, const struct invocation *inv)
{
    const char *status = invocation_statuses[inv->status].text;

    if (inv->status != INVOCATION_PENDING) {
        buf_adds(p->buf, status);
        if (!str_eq(inv->details, status))
            buf_addf(p->buf, " (%s)", inv->details);
    } else if (inv->acknowledged_at != 0) {
        buf_adds(p->buf, "has taken it");
    } else if (inv->released_at == 0) {
        buf_adds(p->buf, "waits");
    } else {
        buf_adds(p->buf, inv->offered_at != 0 ? "was offered it" : "may fetch it");
        add_time(p, " before ", inv->start_by);
    }
}

static void add_hosts(struct page *p, const struct running *r, const struct job *job)
{
    const struct progress_facts *f = &r->facts;
    const char *between = "; ";

    for (size_t i = 0; i < f->n_invocations; i++) {
        const struct invocation *inv = &f->invocations[i];
        bool is_last = i + 1 == f->n_invocations ||
                       f->invocations[i + 1].job_number != job->number ||
                       !str_eq(f->invocations[i + 1].host, inv->host);
        if (inv->job_number != job->number || !is_last)
            continue;
        buf_addf(p->buf, "%s%s ", between, inv->host);
        add_status(p, inv);
        between = ", ";
    }
}

static void add_job(struct page *p, const struct running *r, const struct job *job)
{
    buf_addf(p->buf, "%s: %s", job->name, job_states[job->state].text);
    if (job->cause != NULL)
        buf_addf(p->buf, ", %s", job->cause);
    add_hosts(p, r, job);
    for (size_t i = 0; i < r->facts.n_attempts; i++)
        if (r->attempts[i].job_number == job->number)
            buf_addf(p->buf, "; attempt %lld on %s is %s%s%s", (long long)r->attempts[i].n,
                     r->attempts[i].host, attempt_states[r->attempts[i].state].text,
                     r->attempts[i].changed == 0 ? ", with nothing to do" : "",
                     r->attempts[i].settled_at == 0 ? ", unsettled" : "");
    buf_addc(p->buf, '\n');
}

int scenario_text_deployment(struct scenario_world *w, const struct config_environment *e,
                             struct buf *buf, struct err *err)
{
    struct running r = {.jobs = NULL};
    const struct deployment *d = &r.deployment;
    struct page p = page_of(w, e, buf);
    int rc = load_running(w, e, &r, err);

    if (rc < 0)
        return rc;
    buf_addf(buf, "%s%sr%lld", d->kind != DEPLOYMENT_RELEASE ? deployment_kinds[d->kind].text : "",
             d->kind == DEPLOYMENT_ROLLBACK   ? " to "
             : d->kind == DEPLOYMENT_CATCH_UP ? " with "
                                              : "",
             (long long)d->release_number);
    if (d->from_number != 0)
        buf_addf(buf, " over r%lld", (long long)d->from_number);
    else
        buf_adds(buf, " over nobody knows what");
    buf_addf(buf, ", %s, on %s, %s%s%s\n", lane_name(d->lane), deployment_triggers[d->trigger].text,
             deployment_states[d->state].text, d->cause != NULL ? ": " : "",
             d->cause != NULL ? d->cause : "");
    add_time(&p, "cut at ", d->cut_at);
    add_time(&p, ", start at ", d->start_at);
    if (d->start_until != 0)
        add_time(&p, ", before ", d->start_until);
    if (d->occurrence_date[0] != '\0')
        buf_addf(buf, ", for %s %s", d->occurrence_date, d->occurrence_time);
    buf_addc(buf, '\n');
    for (size_t i = 0; i < r.facts.n_jobs; i++)
        add_job(&p, &r, &r.jobs[i]);
    return 0;
}
