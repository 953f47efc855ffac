#include "lib/rules/forecast.h"

#include <string.h>

#include "lib/model/host.h"
#include "lib/rules/rules_occurrence.h"

#define STEPS_MAX 5000
#define STAYS (INT64_MAX / 4) /* seen then: it is as well as now for as long as anybody asks */

/* An environment while it is played through. */
struct played {
    const struct forecast_environment *given;
    struct release_facts facts;
    struct plan_release
        *releases; /* all that were there; facts.releases begins behind what is live */
    size_t n_releases;
    size_t n_all;  /* behind them, those that only a wish or an open deployment names */
    bool *decided; /* of each occurrence */
    struct deployment open;
    time_ms ends_at;              /* of what deploys, VERDICT_NEVER = nothing does */
    struct plan_occurrence taken; /* the one that a waiting cut is for */
};

struct play {
    struct played *environments;
    size_t n;
    struct arena *arena;
    struct forecast_start *starts;
    size_t n_starts, cap, max;
};

#define NAMED_MAX 6 /* wish, hotfix, rollback, what is open, what it was cut for */

/* Our own copy of a release: what is proven in the play is written there. */
static const struct plan_release *own(struct played *e, const struct plan_release *release)
{
    if (release == NULL)
        return NULL;
    for (size_t i = 0; i < e->n_all; i++)
        if (e->releases[i].number == release->number)
            return &e->releases[i];
    e->releases[e->n_all] = *release;
    return &e->releases[e->n_all++];
}

static void set_up(struct play *p, struct played *e, const struct forecast_environment *given,
                   time_ms now)
{
    struct gate_host *hosts;

    *e = (struct played){.given = given, .facts = given->facts, .ends_at = VERDICT_NEVER};
    e->n_releases = given->facts.n_releases;
    e->n_all = e->n_releases;
    e->releases = arena_array(p->arena, e->n_releases + NAMED_MAX, sizeof(*e->releases));
    if (e->n_releases > 0)
        memcpy(e->releases, given->facts.releases, e->n_releases * sizeof(*e->releases));
    e->facts.releases = e->releases;
    e->facts.wish.release = own(e, given->facts.wish.release);
    e->facts.hotfix.release = own(e, given->facts.hotfix.release);
    e->facts.rollback.release = own(e, given->facts.rollback.release);
    e->facts.open_rollback.release = own(e, given->facts.open_rollback.release);
    e->facts.open_release = own(e, given->facts.open_release);
    e->facts.open_wish.release = own(e, given->facts.open_wish.release);
    e->decided = arena_array(p->arena, given->n_occurrences, sizeof(*e->decided));
    hosts = arena_array(p->arena, given->facts.gate.n_hosts, sizeof(*hosts));
    for (size_t i = 0; i < given->facts.gate.n_hosts; i++) {
        hosts[i] = given->facts.gate.hosts[i];
        if (now - hosts[i].seen_at < HOST_SILENT_AFTER_MS)
            hosts[i].seen_at = STAYS;
    }
    e->facts.gate.hosts = hosts;
    if (now - e->facts.gate.source_seen_at < GATE_SOURCE_FRESH_MS)
        e->facts.gate.source_seen_at = STAYS;
    e->facts.missed = NULL;
    e->facts.n_missed = 0;
    if (given->facts.open == NULL)
        return;
    e->open = *given->facts.open;
    e->facts.open = &e->open;
    memcpy(e->taken.date, e->open.occurrence_date, sizeof(e->taken.date));
    memcpy(e->taken.time, e->open.occurrence_time, sizeof(e->taken.time));
    if (e->open.state == DEPLOYMENT_DEPLOYING) {
        e->ends_at = e->open.started_at + given->takes_ms;
        if (e->ends_at <= now)
            e->ends_at = now + 1000; /* it takes longer than the last ones did */
    }
}

/* What the clock brings: the present occurrence and the next. */
static void set_clock(struct played *e, time_ms t)
{
    struct release_facts *f = &e->facts;

    f->current.date[0] = '\0';
    f->next.date[0] = '\0';
    for (size_t i = 0; i < e->given->n_occurrences; i++) {
        const struct plan_occurrence *o = &e->given->occurrences[i];
        enum occurrence_stage stage = rules_occurrence_stage(f, o, e->decided[i], o->due_at, t);
        if (stage == OCCURRENCE_AHEAD) {
            f->next = *o;
            break;
        }
        if (stage == OCCURRENCE_DUE && f->current.date[0] == '\0')
            f->current = *o;
    }
}

static void decide(struct played *e, const struct plan_occurrence *o)
{
    for (size_t i = 0; i < e->given->n_occurrences; i++)
        if (strcmp(e->given->occurrences[i].date, o->date) == 0 &&
            strcmp(e->given->occurrences[i].time, o->time) == 0)
            e->decided[i] = true;
}

static bool needs_something_foretold(const struct plan_release *target, const struct play *p)
{
    for (size_t i = 0; i < p->n_starts; i++)
        for (size_t k = 0; k < target->n_needs; k++)
            if (p->starts[i].release_number == target->number &&
                strcmp(p->environments[p->starts[i].environment].given->name,
                       target->needs[k].environment) == 0)
                return true;
    return false;
}

static void start(struct play *p, struct played *e, const struct plan_release *target, time_ms t)
{
    struct forecast_start *s = ARENA_PUSH(p->arena, p->starts, p->n_starts, p->cap);

    p->n_starts--; /* it is not among those that it may stand on */
    *s = (struct forecast_start){.environment = (size_t)(e - p->environments),
                                 .release_number = target->number,
                                 .from_number = e->facts.live_number,
                                 .at = t,
                                 .ends_at = t + e->given->takes_ms,
                                 .assumes = needs_something_foretold(target, p)};
    p->n_starts++;
    e->open.state = DEPLOYMENT_DEPLOYING;
    e->open.release_number = target->number;
    e->open.from_number = e->facts.live_number;
    e->open.started_at = t;
    e->facts.open = &e->open;
    e->facts.open_release = target;
    e->ends_at = t + e->given->takes_ms;
    if (e->taken.date[0] != '\0')
        decide(e, &e->taken);
    e->taken.date[0] = '\0';
}

/* A rollback leaves the environment held: nothing more is foreseen there (R3). */
static void hold(struct played *e)
{
    static const struct gate_hold held = {.until = VERDICT_NEVER};

    e->facts.gate.holds = &held;
    e->facts.gate.n_holds = 1;
}

/* A cut whose time has not come: it stands, and what comes later does not join it. */
static void cut(struct played *e, const struct release_plan *plan, time_ms t)
{
    bool has_wish = plan->wish || plan->hotfix;

    e->open =
        (struct deployment){.state = DEPLOYMENT_WAITING,
                            .release_number = plan->target->number,
                            .from_number = e->facts.live_number,
                            .trigger = e->facts.on,
                            .cut_at = t,
                            .start_at = plan->start_at,
                            .start_until = plan->start_until != VERDICT_NEVER ? plan->start_until
                                           : plan->start_at > t ? plan->start_at + e->facts.grace_ms
                                                                : t + e->facts.grace_ms};
    e->taken = plan->occurrence;
    e->facts.open = &e->open;
    e->facts.open_release = plan->target;
    e->facts.open_rows = 0;
    e->facts.config_changed = false;
    e->facts.open_wish = (struct plan_wish){.release = NULL};
    if (has_wish)
        e->facts.open_wish = plan->hotfix ? e->facts.hotfix : e->facts.wish;
    if (plan->rollback) {
        e->open.kind = DEPLOYMENT_ROLLBACK;
        e->facts.open_rollback = e->facts.rollback;
        e->facts.rollback.release = NULL;
        hold(e);
    }
    if (plan->hotfix)
        e->facts.hotfix.release = NULL;
    else if (plan->wish)
        e->facts.wish.release = NULL;
}

/* It did not start: what was asked for stays asked for, and undone before its time is over it is cut anew. */
static void undo(struct played *e, time_ms t)
{
    struct plan_wish *wish = e->facts.open_wish.hotfix ? &e->facts.hotfix : &e->facts.wish;

    if (e->taken.date[0] != '\0' && e->open.start_until != 0 && t >= e->open.start_until)
        decide(e, &e->taken);
    e->taken.date[0] = '\0';
    if (wish->release == NULL)
        *wish = e->facts.open_wish;
    e->facts.open_wish = (struct plan_wish){.release = NULL};
    e->facts.open = NULL;
    e->facts.open_release = NULL;
}

/* Nothing is open any more, and nobody waits for it. */
static void close_open(struct played *e)
{
    e->ends_at = VERDICT_NEVER;
    e->facts.open = NULL;
    e->facts.open_release = NULL;
    e->facts.gate.open_deployment = NULL;
}

/* The attempt that ran when the play began came well out too: nobody waits for its database any more. */
static void settle(struct play *p, struct played *e)
{
    const char *database = e->facts.gate.unsettled_database;

    if (!e->facts.open_unsettled || database == NULL)
        return;
    e->facts.open_unsettled = false;
    for (size_t k = 0; k < p->n; k++) {
        struct gate_facts *g = &p->environments[k].facts.gate;
        if (g->unsettled_database != NULL && strcmp(g->unsettled_database, database) == 0)
            g->unsettled_database = NULL;
    }
}

/* It came well out: live here, proven for those that need this environment. */
static void end(struct play *p, struct played *e)
{
    int64_t number = e->open.release_number;
    size_t i = 0;

    settle(p, e);
    close_open(e);
    e->facts.live_number = number;
    while (i < e->n_releases && e->releases[i].number <= number)
        i++;
    e->facts.releases = e->releases + i;
    e->facts.n_releases = e->n_releases - i;
    if (e->facts.wish.release != NULL && e->facts.wish.release->number <= number)
        e->facts.wish.release = NULL;
    for (size_t k = 0; k < p->n; k++)
        for (size_t r = 0; r < p->environments[k].n_all; r++) {
            struct plan_release *release = &p->environments[k].releases[r];
            for (size_t n = 0; n < release->n_needs; n++) {
                struct gate_need *need = &release->needs[n];
                if (strcmp(need->environment, e->given->name) != 0)
                    continue;
                if (release->number == number) {
                    need->proven = true;
                    need->unrehearsed = NULL;
                } else if (release->number < number) {
                    need->passed_by = true;
                }
            }
        }
}

/* All moves of one environment at `t`. Returns when to look again. */
static time_ms look(struct play *p, struct played *e, time_ms t, bool *ret_moved)
{
    struct release_plan plan;

    if (e->ends_at <= t) {
        end(p, e);
        *ret_moved = true;
    }
    set_clock(e, t);
    release_plan_make(&e->facts, t, &plan);
    for (size_t i = 0; i < plan.n_decisions; i++)
        decide(e, &plan.decisions[i].occurrence);
    switch (plan.action) {
    case PLAN_CUT:
        cut(e, &plan, t);
        if (plan.verdict.go)
            start(p, e, plan.target, t);
        *ret_moved = true;
        break;
    case PLAN_START:
        start(p, e, plan.target, t);
        *ret_moved = true;
        break;
    case PLAN_UNDO:
        undo(e, t);
        *ret_moved = true;
        break;
    case PLAN_CATCH_UP: /* it brings nothing new */
        e->facts.n_late = 0;
        *ret_moved = true;
        break;
    case PLAN_GO_BACK:
        hold(e);
        close_open(e);
        *ret_moved = true;
        break;
    case PLAN_GIVE_UP:
        close_open(e);
        *ret_moved = true;
        break;
    case PLAN_WAIT:
        break;
    }
    return plan.next_change < e->ends_at ? plan.next_change : e->ends_at;
}

/* A due time may be further away than the plan's next change says: an occurrence that finds nothing. */
static time_ms clock_change(const struct played *e, time_ms t)
{
    time_ms next = VERDICT_NEVER;

    for (size_t i = 0; i < e->given->n_occurrences; i++) {
        time_ms due = e->given->occurrences[i].due_at;
        if (e->decided[i])
            continue;
        if (due - e->facts.cut_off_ms > t && due - e->facts.cut_off_ms < next)
            next = due - e->facts.cut_off_ms;
        if (due > t && due < next)
            next = due;
        if (due + e->facts.grace_ms > t && due + e->facts.grace_ms < next)
            next = due + e->facts.grace_ms;
    }
    return next;
}

size_t forecast_make(const struct forecast_environment *environments, size_t n, time_ms now,
                     time_ms until, size_t max, struct arena *arena,
                     struct forecast_start **ret_starts)
{
    struct play p = {.n = n, .arena = arena, .max = max};
    time_ms t = now;

    p.environments = arena_array(arena, n, sizeof(*p.environments));
    for (size_t i = 0; i < n; i++)
        set_up(&p, &p.environments[i], &environments[i], now);
    for (int step = 0; step < STEPS_MAX && t < until && p.n_starts < max; step++) {
        time_ms next = VERDICT_NEVER;
        bool moved = false;
        for (size_t i = 0; i < n && p.n_starts < max; i++) {
            time_ms change = look(&p, &p.environments[i], t, &moved);
            time_ms tick = clock_change(&p.environments[i], t);
            next = change < next ? change : next;
            next = tick < next ? tick : next;
        }
        if (moved)
            continue; /* one move may allow another at once */
        if (next <= t || next == VERDICT_NEVER)
            break;
        t = next;
    }
    *ret_starts = p.starts;
    return p.n_starts;
}
