#include "tests/support/small_world.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/rules/forecast.h"
#include "lib/rules/release_plan.h"
#include "lib/rules/rules_occurrence.h"

#define MINUTE INT64_C(60000)
#define BEGIN INT64_C(1800000000000)
#define HAPPENS (180 * MINUTE) /* until then something may happen */
#define LASTS (780 * MINUTE)
#define TAKES (MINUTE + 7) /* it never ends when something else is due */
#define STAYS (INT64_MAX / 4)
#define NEVER INT64_MAX
#define PLACES_MAX 3
#define RELEASES_MAX 6 /* numbers 1 to 6 */
#define TIMES_MAX 20
#define INTERVALS_MAX 6
#define EVENTS_MAX 16
#define STARTS_MAX 64
#define ROUNDS_MAX 60

const char *const small_property_names[SMALL_PROPERTIES] = {
    [SMALL_FORECAST] = "forecast equals simulation",
    [SMALL_ORDER] = "arrival order does not change the end",
    [SMALL_ONE_OPEN] = "at most one open deployment",
    [SMALL_EDIT] = "an edit never fires",
    [SMALL_ONCE] = "each occurrence is decided once",
    [SMALL_CAUSE] = "nothing waits without a cause",
    [SMALL_END] = "every wait ends or names a person",
    [SMALL_HOLDS] = "a verdict holds until its next change",
};

enum kind { MERGE, ASK, HOLD, FREEZE, BARRIER, EDIT };

struct event {
    time_ms at;
    enum kind kind;
    size_t place;
    int64_t number; /* asked for, kept back */
    time_ms from, to;
};

struct known_time {
    struct plan_occurrence at;
    time_ms since; /* in the schedule */
    bool gone, decided;
};

struct place {
    char name[4];
    enum deployment_trigger on;
    int64_t grace, cut_off, delay;
    size_t needs; /* place before it, PLACES_MAX = none */
    struct interval windows[INTERVALS_MAX], freezes[INTERVALS_MAX];
    size_t n_windows, n_freezes;
    struct known_time times[TIMES_MAX];
    size_t n_times;
    struct plan_barrier barriers[INTERVALS_MAX];
    size_t n_barriers;
    struct gate_hold hold;
    bool held;
    int64_t live, wish, open_wish;
    time_ms wished_at, wish_at;
    bool proven[RELEASES_MAX + 1];
    bool open, edited;
    struct deployment d;
    struct plan_occurrence taken;
    time_ms ends, next;
    bool dirty;
};

struct start {
    time_ms at;
    size_t place;
    int64_t number;
};

struct world {
    struct small_report *r;
    struct arena *arena;
    uint64_t seed, random;
    struct place places[PLACES_MAX];
    size_t n_places;
    struct event events[EVENTS_MAX];
    size_t n_events, next_event;
    time_ms seen_at[RELEASES_MAX + 1];
    int64_t newest;
    time_ms now;
    bool other_order;
    struct start starts[STARTS_MAX];
    size_t n_starts;
};

/* What the rules are asked with; texts and arrays live as long as it. */
struct asked {
    struct release_facts f;
    struct plan_release releases[RELEASES_MAX + 3];
    struct plan_occurrence missed[TIMES_MAX];
    struct interval windows[INTERVALS_MAX], freezes[INTERVALS_MAX];
    struct plan_barrier barriers[INTERVALS_MAX], apart[2 * INTERVALS_MAX];
    struct gate_host host;
};

static const char *const release_names[RELEASES_MAX + 1] = {"r0", "r1", "r2", "r3",
                                                            "r4", "r5", "r6"};

static void wrong(struct world *w, enum small_property property, const struct place *p,
                  const char *what)
{
    if (w->r->wrong[property] == NULL)
        w->r->wrong[property] =
            arena_printf(w->arena, "seed %llu: %s%s at +%lld min%s: %s",
                         (unsigned long long)w->seed, p != NULL ? "environment " : "",
                         p != NULL ? p->name : "the world", (long long)((w->now - BEGIN) / MINUTE),
                         w->other_order ? ", in the other order" : "", what);
}

static int64_t any(struct world *w, int64_t below)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return (int64_t)(w->random % (uint64_t)below);
}

static time_ms some_time(struct world *w)
{
    return BEGIN + any(w, HAPPENS / (10 * MINUTE)) * 10 * MINUTE;
}

/* The world ------------------------------------------------------------------------------------------- */

static void add_time(struct place *p, time_ms due, time_ms since)
{
    struct known_time *k = &p->times[p->n_times];
    int64_t minute = (due - BEGIN) / MINUTE;

    if (p->n_times == TIMES_MAX)
        return;
    *k = (struct known_time){.at = {.due_at = due}, .since = since};
    memcpy(k->at.date, minute < 0 ? "2027-01-14" : "2027-01-15", sizeof(k->at.date));
    snprintf(k->at.time, sizeof(k->at.time), "%02u:%02u:00", (unsigned)((minute + 1440) / 60) % 24,
             (unsigned)(minute + 1440) % 60);
    p->n_times++;
}

/* A time each one or two hours, from `from` on. */
static void add_times(struct world *w, struct place *p, time_ms from, time_ms since)
{
    time_ms step = (60 + any(w, 7) * 10) * MINUTE;

    for (time_ms t = from + any(w, 6) * 10 * MINUTE; t < BEGIN + LASTS; t += step)
        add_time(p, t, since);
}

static void add_interval(struct interval *list, size_t *n, time_ms from, time_ms to)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};

    if (*n < INTERVALS_MAX) {
        list[*n] = (struct interval){.from = from, .to = to, .name = names[*n]};
        ++*n;
    }
}

static void make_place(struct world *w, size_t i)
{
    static const enum deployment_trigger ways[] = {DEPLOYMENT_ON_MERGE, DEPLOYMENT_ON_SCHEDULE,
                                                   DEPLOYMENT_ON_SCHEDULE, DEPLOYMENT_ON_RELEASE};
    struct place *p = &w->places[i];

    *p = (struct place){.on = ways[any(w, 4)],
                        .grace = (10 + any(w, 3) * 10) * MINUTE,
                        .needs = PLACES_MAX,
                        .live = any(w, 5) == 0 ? 0 : 1,
                        .ends = NEVER,
                        .dirty = true};
    snprintf(p->name, sizeof(p->name), "e%u", (unsigned)i % 10);
    if (i > 0 && any(w, 4) != 0)
        p->needs = (size_t)any(w, (int64_t)i);
    p->proven[1] = p->live == 1;
    if (p->on == DEPLOYMENT_ON_SCHEDULE) {
        if (any(w, 3) == 0)
            p->cut_off = (1 + any(w, 3)) * 10 * MINUTE;
        add_times(w, p, BEGIN, BEGIN - MINUTE);
    } else if (any(w, 3) == 0) {
        for (time_ms t = BEGIN; t < BEGIN + LASTS; t += 200 * MINUTE)
            add_interval(p->windows, &p->n_windows, t + any(w, 100) * MINUTE,
                         t + (100 + any(w, 100)) * MINUTE);
    }
    if (p->on == DEPLOYMENT_ON_MERGE && any(w, 3) == 0)
        p->delay = (1 + any(w, 4)) * 10 * MINUTE;
    for (int64_t n = any(w, 3); n > 0; n--) {
        time_ms from = some_time(w);
        add_interval(p->freezes, &p->n_freezes, from, from + (1 + any(w, 12)) * 10 * MINUTE);
    }
}

static void add_event(struct world *w, struct event e)
{
    if (w->n_events < EVENTS_MAX)
        w->events[w->n_events++] = e;
}

static int by_time(const void *a, const void *b)
{
    const struct event *x = a, *y = b;

    return x->at != y->at       ? (x->at < y->at ? -1 : 1)
           : x->kind != y->kind ? (int)x->kind - (int)y->kind
                                : (int)x->place - (int)y->place;
}

static void make(struct world *w)
{
    int64_t n_merges = 1 + any(w, RELEASES_MAX - 1);
    time_ms merged = BEGIN;

    w->n_places = 1 + (size_t)any(w, PLACES_MAX);
    for (size_t i = 0; i < w->n_places; i++)
        make_place(w, i);
    for (int64_t i = 0; i < n_merges; i++) {
        merged += any(w, 5) * 10 * MINUTE;
        add_event(w, (struct event){.at = merged, .kind = MERGE, .number = 2 + i});
    }
    for (size_t i = 0; i < w->n_places; i++) {
        struct event e = {.place = i};
        bool asks = w->places[i].on == DEPLOYMENT_ON_RELEASE;
        if (any(w, 2) == 0 || asks) {
            e.kind = ASK;
            e.number = 2 + any(w, n_merges);
            e.at = merged + (1 + any(w, 4)) * 10 * MINUTE; /* what is asked for is there */
            if (!asks && w->places[i].n_times > 0)
                e.to = w->places[i].times[w->places[i].n_times / 2].at.due_at;
            add_event(w, e);
        }
        for (int kind = HOLD; kind <= EDIT; kind++) {
            if (any(w, 3) != 0)
                continue;
            e = (struct event){.at = some_time(w), .kind = (enum kind)kind, .place = i};
            e.number = 2 + any(w, n_merges);
            e.from = e.at + any(w, 5) * 10 * MINUTE;
            e.to = e.from + (1 + any(w, 12)) * 10 * MINUTE;
            if (kind != FREEZE && any(w, 4) == 0)
                e.to = NEVER;
            add_event(w, e);
        }
    }
    qsort(w->events, w->n_events, sizeof(*w->events), by_time);
}

/* Facts ----------------------------------------------------------------------------------------------- */

static struct plan_release release_of(const struct world *w, const struct place *p, int64_t number)
{
    struct plan_release r = {.number = number,
                             .name = release_names[number],
                             .sha = "0",
                             .lane = LANE_CODE,
                             .seen_at = w->seen_at[number]};

    if (p->needs != PLACES_MAX) {
        const struct place *before = &w->places[p->needs];
        r.needs[r.n_needs++] = (struct gate_need){.environment = before->name,
                                                  .proven = before->proven[number],
                                                  .passed_by = before->live > number};
    }
    return r;
}

/* Rows come in the order in which they were written: here in that, or in the other one. */
static size_t placed(const struct world *w, size_t i, size_t n)
{
    return w->other_order ? n - 1 - i : i;
}

static void set_times(const struct world *w, const struct place *p, struct asked *a)
{
    struct release_facts *f = &a->f;

    for (size_t i = 0; i < p->n_times; i++) {
        const struct known_time *k = &p->times[i];
        if (k->gone)
            continue;
        switch (rules_occurrence_stage(f, &k->at, k->decided, k->since, w->now)) {
        case OCCURRENCE_MISSED:
            a->missed[f->n_missed++] = k->at;
            break;
        case OCCURRENCE_DUE:
            if (f->current.date[0] == '\0' || k->at.due_at < f->current.due_at)
                f->current = k->at;
            break;
        case OCCURRENCE_AHEAD:
            if (f->next.date[0] == '\0' || k->at.due_at < f->next.due_at)
                f->next = k->at;
            break;
        case OCCURRENCE_NOTHING:
            break;
        }
    }
    f->missed = a->missed;
}

static void set_barriers(const struct world *w, size_t place, struct asked *a)
{
    const struct place *p = &w->places[place];

    for (size_t i = 0; i < p->n_barriers; i++)
        a->barriers[placed(w, i, p->n_barriers)] = p->barriers[i];
    a->f.barriers = a->barriers;
    a->f.n_barriers = p->n_barriers;
    a->f.apart = a->apart;
    for (size_t k = 0; k < w->n_places; k++)
        for (size_t i = 0; w->places[k].needs == place && i < w->places[k].n_barriers; i++) {
            struct plan_barrier b = w->places[k].barriers[i];
            size_t at = a->f.n_apart++;
            for (; at > 0 && a->apart[at - 1].number > b.number; at--)
                a->apart[at] = a->apart[at - 1]; /* by number */
            a->apart[at] = b;
        }
}

static void set_open(const struct world *w, struct place *p, struct asked *a)
{
    struct plan_release *open = &a->releases[RELEASES_MAX + 1];
    struct plan_release *asked = &a->releases[RELEASES_MAX + 2];

    if (!p->open)
        return;
    *open = release_of(w, p, p->d.release_number);
    a->f.open = &p->d;
    a->f.open_release = open;
    a->f.config_changed = p->edited;
    if (p->open_wish != 0) {
        *asked = release_of(w, p, p->open_wish);
        a->f.open_wish = (struct plan_wish){.release = asked,
                                            .who = "mika",
                                            .wished_at = p->wished_at,
                                            .at = p->wish_at};
    }
    if (p->d.state != DEPLOYMENT_WAITING) {
        a->f.gate.open_deployment = "another";
        a->f.gate.open_state = p->d.state;
        a->f.gate.open_since = p->d.started_at;
    }
}

static void facts_of(const struct world *w, struct place *p, struct asked *a)
{
    struct release_facts *f = &a->f;
    struct gate_facts *g = &f->gate;

    *f = (struct release_facts){.on = p->on,
                                .grace_ms = p->grace,
                                .cut_off_ms = p->cut_off,
                                .delay_ms = p->delay,
                                .live_number = p->live,
                                .releases = a->releases};
    for (int64_t n = p->live + 1; n <= w->newest; n++)
        a->releases[f->n_releases++] = release_of(w, p, n);
    if (p->wish != 0) {
        a->releases[RELEASES_MAX] = release_of(w, p, p->wish);
        f->wish = (struct plan_wish){.release = &a->releases[RELEASES_MAX],
                                     .who = "mika",
                                     .wished_at = p->wished_at,
                                     .at = p->wish_at};
    }
    set_open(w, p, a);
    if (p->on == DEPLOYMENT_ON_SCHEDULE)
        set_times(w, p, a);
    set_barriers(w, (size_t)(p - w->places), a);
    for (size_t i = 0; i < p->n_freezes; i++)
        a->freezes[placed(w, i, p->n_freezes)] = p->freezes[i];
    g->freezes = a->freezes;
    g->n_freezes = p->n_freezes;
    g->limited = p->n_windows > 0;
    g->windows = p->windows;
    g->n_windows = p->n_windows;
    g->holds = &p->hold;
    g->n_holds = p->held ? 1 : 0;
    a->host = (struct gate_host){.name = "host", .known = true, .seen_at = STAYS};
    g->hosts = &a->host;
    g->n_hosts = 1;
    g->start_within_ms = 2 * MINUTE;
    g->source_seen_at = STAYS;
}

/* Moves ----------------------------------------------------------------------------------------------- */

static void touch(struct world *w)
{
    for (size_t i = 0; i < w->n_places; i++)
        w->places[i].dirty = true;
}

static void decide(struct world *w, struct place *p, const struct plan_occurrence *o)
{
    for (size_t i = 0; i < p->n_times; i++) {
        struct known_time *k = &p->times[i];
        if (k->at.due_at != o->due_at || k->gone)
            continue;
        if (k->decided)
            wrong(w, SMALL_ONCE, p, "an occurrence is decided twice");
        k->decided = true;
        return;
    }
    /* It was taken out of the schedule meanwhile: the row of a cut decides it all the same. */
}

static void start(struct world *w, struct place *p)
{
    if (!p->open || p->d.state != DEPLOYMENT_WAITING)
        wrong(w, SMALL_ONE_OPEN, p, "something starts that is not a cut");
    if (p->edited)
        wrong(w, SMALL_EDIT, p, "a cut of the former times starts");
    p->d.state = DEPLOYMENT_DEPLOYING;
    p->d.started_at = w->now;
    p->ends = w->now + TAKES;
    for (size_t i = 0; p->taken.date[0] != '\0' && i < p->n_times; i++)
        if (p->times[i].at.due_at == p->taken.due_at && !p->times[i].gone &&
            p->times[i].at.due_at < p->times[i].since)
            wrong(w, SMALL_EDIT, p, "it starts at a time that was written down after it");
    if (p->taken.date[0] != '\0')
        decide(w, p, &p->taken);
    p->taken.date[0] = '\0';
    if (w->n_starts < STARTS_MAX)
        w->starts[w->n_starts++] =
            (struct start){w->now, (size_t)(p - w->places), p->d.release_number};
}

static void cut(struct world *w, struct place *p, const struct release_plan *plan)
{
    if (p->open)
        wrong(w, SMALL_ONE_OPEN, p, "two deployments are open");
    p->open = true;
    p->edited = false;
    p->d =
        (struct deployment){.state = DEPLOYMENT_WAITING,
                            .release_number = plan->target->number,
                            .from_number = p->live,
                            .trigger = p->on,
                            .cut_at = w->now,
                            .start_at = plan->start_at < w->now && plan->occurrence.date[0] == '\0'
                                            ? w->now
                                            : plan->start_at,
                            .start_until = plan->start_until != VERDICT_NEVER ? plan->start_until
                                                                              : w->now + p->grace};
    p->taken = plan->occurrence;
    memcpy(p->d.occurrence_date, p->taken.date, sizeof(p->taken.date));
    memcpy(p->d.occurrence_time, p->taken.time, sizeof(p->taken.time));
    p->open_wish = plan->wish ? p->wish : 0;
    if (plan->wish)
        p->wish = 0;
}

static void undo(struct world *w, struct place *p)
{
    if (p->taken.date[0] != '\0' && w->now >= p->d.start_until)
        decide(w, p, &p->taken);
    p->taken.date[0] = '\0';
    if (p->open_wish != 0 && p->wish == 0)
        p->wish = p->open_wish;
    p->open_wish = 0;
    p->open = false;
}

static void end(struct world *w, struct place *p)
{
    p->open = false;
    p->open_wish = 0;
    p->ends = NEVER;
    p->live = p->d.release_number;
    p->proven[p->live] = true;
    touch(w);
}

static void check(struct world *w, const struct place *p, const struct release_plan *plan)
{
    if (plan->next_change <= w->now)
        wrong(w, SMALL_HOLDS, p, "the next change is no later than now");
    if (plan->target == NULL || plan->action != PLAN_WAIT)
        return;
    w->r->n_waits++;
    if (plan->verdict.go || plan->verdict.n_causes == 0)
        wrong(w, SMALL_CAUSE, p, "it waits and no cause is named");
}

static bool move(struct world *w, struct place *p)
{
    struct asked a;
    struct release_plan plan;

    memset(&a.f, 0, sizeof(a.f));
    facts_of(w, p, &a);
    release_plan_make(&a.f, w->now, &plan);
    for (size_t i = 0; i < plan.n_decisions; i++)
        decide(w, p, &plan.decisions[i].occurrence);
    if (plan.wish_ends != PLAN_GOES_ON)
        p->wish = 0;
    p->next = plan.next_change;
    check(w, p, &plan);
    switch (plan.action) {
    case PLAN_CUT:
        cut(w, p, &plan);
        return true;
    case PLAN_START:
        start(w, p);
        return true;
    case PLAN_UNDO:
        undo(w, p);
        return true;
    case PLAN_CATCH_UP:
    case PLAN_GIVE_UP:
    case PLAN_GO_BACK:
        wrong(w, SMALL_ONE_OPEN, p,
              "nothing failed and nobody is late, and something is done about it");
        return false;
    case PLAN_WAIT:
        break;
    }
    return plan.n_decisions > 0 || plan.wish_ends != PLAN_GOES_ON;
}

static void look(struct world *w)
{
    for (size_t k = 0; k < w->n_places; k++) {
        struct place *p = &w->places[placed(w, k, w->n_places)];
        if (!p->dirty && p->next > w->now)
            continue;
        p->dirty = false;
        w->r->n_looks++;
        for (int i = 0; move(w, p); i++)
            if (i == ROUNDS_MAX) {
                wrong(w, SMALL_HOLDS, p, "it never comes to rest");
                return;
            }
    }
}

/* What happens ---------------------------------------------------------------------------------------- */

static void edit(struct world *w, struct place *p)
{
    size_t n = p->n_times;

    if (p->on != DEPLOYMENT_ON_SCHEDULE)
        return;
    w->r->n_edits++;
    for (size_t i = 0; i < n; i++)
        p->times[i].gone = !p->times[i].decided; /* what was decided stays decided */
    n = 0;
    for (size_t i = 0; i < p->n_times; i++) /* room for the new ones */
        if (p->times[i].decided)
            p->times[n++] = p->times[i];
    p->n_times = n;
    w->random = w->seed * UINT64_C(0x9e3779b97f4a7c15) + 77; /* the same in both orders */
    for (time_ms t = w->now - 20 * MINUTE, step = (60 + any(w, 7) * 10) * MINUTE; t < BEGIN + LASTS;
         t += step) {
        bool taken = false;
        for (size_t i = 0; i < n; i++)
            taken = taken || p->times[i].at.due_at == t;
        if (!taken)
            add_time(p, t, w->now);
    }
    p->edited = p->open && p->d.state == DEPLOYMENT_WAITING;
}

static void happen(struct world *w, const struct event *e)
{
    struct place *p = &w->places[e->place];

    switch (e->kind) {
    case MERGE: /* numbers are the branch's, whoever tells first */
        if (e->number > w->newest)
            w->newest = e->number;
        w->seen_at[e->number] = w->now;
        break;
    case ASK:
        if (e->number > p->live && p->wish == 0 && !p->open) {
            p->wish = e->number;
            p->wished_at = w->now;
            p->wish_at = e->to; /* 0, or a pin */
        }
        break;
    case HOLD:
        p->held = true;
        p->hold = (struct gate_hold){.who = "ana", .why = "stock", .since = w->now, .until = e->to};
        break;
    case FREEZE:
        add_interval(p->freezes, &p->n_freezes, e->from, e->to);
        break;
    case BARRIER:
        p->barriers[p->n_barriers++] = (struct plan_barrier){.number = e->number,
                                                             .pull = 449,
                                                             .name = "#449",
                                                             .who = "ana",
                                                             .since = w->now,
                                                             .until = e->to};
        break;
    case EDIT:
        edit(w, p);
        break;
    }
}

static time_ms next_due(const struct world *w)
{
    time_ms next = NEVER;

    for (size_t i = 0; i < w->n_places; i++) {
        const struct place *p = &w->places[i];
        if (p->ends < next)
            next = p->ends;
        if (p->next < next)
            next = p->next;
    }
    return next > w->now ? next : w->now + 1;
}

static void settle(struct world *w)
{
    bool some = true;

    for (int i = 0; i < ROUNDS_MAX && some; i++) {
        some = false;
        for (size_t k = 0; k < w->n_places; k++)
            if (w->places[k].ends <= w->now)
                end(w, &w->places[k]);
        look(w);
        for (size_t k = 0; k < w->n_places; k++)
            some = some || w->places[k].dirty;
    }
}

/* All that comes at one instant is there before anybody looks. */
static void happen_now(struct world *w)
{
    size_t from = w->next_event, n;

    while (w->next_event < w->n_events && w->events[w->next_event].at <= w->now)
        w->next_event++;
    n = w->next_event - from;
    for (size_t i = 0; i < n; i++)
        happen(w, &w->events[from + placed(w, i, n)]);
    if (n > 0)
        touch(w);
}

static bool is_broken(const struct world *w)
{
    for (int i = 0; i < SMALL_PROPERTIES; i++)
        if (w->r->wrong[i] != NULL)
            return true;
    return false;
}

static void play(struct world *w, time_ms until)
{
    while (!is_broken(w)) { /* what follows a broken rule says nothing */
        time_ms due;
        happen_now(w);
        settle(w);
        due = next_due(w);
        if (w->next_event < w->n_events && w->events[w->next_event].at < due)
            due = w->events[w->next_event].at;
        if (due >= until)
            return;
        w->now = due;
    }
}

/* What must be so at the end --------------------------------------------------------------------------- */

/* Somebody who is named ends it, or another environment has to come first, with causes of its own. */
static bool waits_for_somebody(const struct verdict *v)
{
    for (size_t i = 0; i < v->n_causes; i++) {
        const struct cause *c = &v->causes[i];
        switch (c->kind) {
        case CAUSE_HOLD:
        case CAUSE_BARRIER:
            if (c->until == VERDICT_NEVER && c->who != NULL)
                return true;
            break;
        case CAUSE_NOT_ASKED:
        case CAUSE_NEEDS:
        case CAUSE_SEPARATE:
            return true;
        default:
            break;
        }
    }
    return false;
}

/* For hours nothing happened and every freeze is over: what is still not live waits for a person. */
static void check_ends(struct world *w)
{
    for (size_t i = 0; i < w->n_places; i++) {
        struct place *p = &w->places[i];
        struct asked a;
        struct release_plan plan;
        memset(&a.f, 0, sizeof(a.f));
        facts_of(w, p, &a);
        release_plan_make(&a.f, w->now, &plan);
        if (plan.target == NULL) {
            if (p->live < w->newest && !(p->live == 0 && w->newest == 1))
                wrong(w, SMALL_END, p, "a candidate is left and nothing is brought");
            continue;
        }
        if (p->open && p->d.state != DEPLOYMENT_WAITING)
            continue;
        if (!waits_for_somebody(&plan.verdict))
            wrong(w, SMALL_END, p,
                  arena_printf(w->arena, "%s is not live after hours, by %s", plan.target->name,
                               plan.verdict.n_causes > 0
                                   ? verdict_cause_key(plan.verdict.causes[0].kind)
                                   : "nothing"));
    }
}

static int by_instant(const void *a, const void *b)
{
    const struct start *x = a, *y = b;

    return x->at != y->at         ? (x->at < y->at ? -1 : 1)
           : x->place != y->place ? (int)x->place - (int)y->place
                                  : (int)(x->number - y->number);
}

static const char *started(struct world *w, const struct start *list, size_t n)
{
    const char *text = "";

    for (size_t i = 0; i < n; i++)
        text = arena_printf(w->arena, "%s e%zu r%lld +%lld", text, list[i].place,
                            (long long)list[i].number, (long long)((list[i].at - BEGIN) / MINUTE));
    return text;
}

static void compare(struct world *w, enum small_property property, struct start *wanted,
                    size_t n_wanted, struct start *is, size_t n_is)
{
    bool same = n_wanted == n_is;

    qsort(wanted, n_wanted, sizeof(*wanted), by_instant);
    qsort(is, n_is, sizeof(*is), by_instant);
    for (size_t i = 0; same && i < n_is; i++)
        same = by_instant(&wanted[i], &is[i]) == 0;
    if (!same)
        wrong(w, property, NULL,
              arena_printf(w->arena, "expected%s; found%s", started(w, wanted, n_wanted),
                           started(w, is, n_is)));
}

/* Asked now, held to what the simulation then does. */
static size_t foresee(struct world *w, struct start *ret_starts)
{
    struct forecast_environment list[PLACES_MAX];
    struct asked asked[PLACES_MAX];
    struct plan_occurrence times[PLACES_MAX][TIMES_MAX];
    struct forecast_start *found;
    size_t n;

    memset(asked, 0, sizeof(asked));
    for (size_t i = 0; i < w->n_places; i++) {
        struct place *p = &w->places[i];
        facts_of(w, p, &asked[i]);
        list[i] = (struct forecast_environment){.name = p->name,
                                                .facts = asked[i].f,
                                                .occurrences = times[i],
                                                .takes_ms = TAKES};
        for (size_t k = 0; k < p->n_times; k++) {
            const struct known_time *t = &p->times[k];
            enum occurrence_stage stage =
                t->gone ? OCCURRENCE_NOTHING
                        : rules_occurrence_stage(&asked[i].f, &t->at, t->decided, t->since, w->now);
            size_t at = list[i].n_occurrences;
            if (stage != OCCURRENCE_DUE && stage != OCCURRENCE_AHEAD)
                continue;
            for (; at > 0 && times[i][at - 1].due_at > t->at.due_at; at--)
                times[i][at] = times[i][at - 1];
            times[i][at] = t->at;
            list[i].n_occurrences++;
        }
    }
    n = forecast_make(list, w->n_places, w->now, BEGIN + LASTS, STARTS_MAX, w->arena, &found);
    for (size_t i = 0; i < n; i++)
        ret_starts[i] = (struct start){found[i].at, found[i].environment, found[i].release_number};
    return n;
}

void small_world_play(uint64_t seed, struct arena *arena, struct small_report *ret_report)
{
    struct world *w = arena_alloc(arena, sizeof(*w)), *other = arena_alloc(arena, sizeof(*other));
    struct start foreseen[STARTS_MAX];
    size_t n_foreseen, n_before;
    time_ms last;

    *w = (struct world){.r = ret_report, .arena = arena, .seed = seed, .newest = 1, .now = BEGIN};
    w->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    w->seen_at[1] = BEGIN - MINUTE;
    make(w);
    *other = *w;
    other->other_order = true;

    last = w->n_events > 0 ? w->events[w->n_events - 1].at : BEGIN;
    play(w, last + 1);
    n_before = w->n_starts;
    w->now = last; /* nothing is due in between */
    n_foreseen = foresee(w, foreseen);
    play(w, BEGIN + LASTS);
    ret_report->n_starts += w->n_starts;
    ret_report->n_foreseen += n_foreseen;
    check_ends(w);
    compare(w, SMALL_FORECAST, foreseen, n_foreseen, w->starts + n_before, w->n_starts - n_before);

    play(other, BEGIN + LASTS);
    compare(other, SMALL_ORDER, w->starts, w->n_starts, other->starts, other->n_starts);
}
