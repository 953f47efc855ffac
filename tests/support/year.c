#include "tests/support/year.h"

#include <stdlib.h>
#include <string.h>

#include "lib/calendar/interval.h"
#include "lib/calendar/occurrence.h"
#include "lib/calendar/zone.h"
#include "lib/rules/forecast.h"
#include "lib/rules/release_plan.h"
#include "lib/rules/rules_occurrence.h"
#include "server/flow/outlook.h"
#include "server/flow/promises.h"
#include "server/flow/snapshot.h"

#define DAY_MS INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)
#define STAYS (INT64_MAX / 4) /* seen now, whenever that is */
#define NEVER INT64_MAX
#define SHOWN_DAYS 40 /* windows and freezes that are held at a time */
#define FORESEEN_MS (14 * DAY_MS)
#define PERSON_MS (2 * HOUR_MS) /* until somebody ends what failed */
#define PLACES_MAX 16
#define FREEZES_MAX 64
#define ROUNDS_MAX 200

enum ended { NOT_YET, WELL, BADLY };
enum missed { MISSED_BY_CAUSE, MISSED_DOWN = CAUSE_COUNT, MISSED_CLOCK, MISSED_EARLIER };

struct promised {
    size_t place;
    int64_t number;
    time_ms made;  /* as time goes */
    size_t before; /* starts of its environment by then */
    time_ms at;    /* by the clock */
    int missed_by; /* -1 = not known yet */
    bool over;
};

struct trouble {      /* what the forecast could not know */
    time_ms from, to; /* as time goes; to NEVER = it goes on */
    size_t repo;
    enum year_kind kind;
};

struct place {
    const struct config_environment *e;
    const struct zone *zone;
    size_t repo;
    int64_t live;
    unsigned char *ended; /* enum ended, of each release */
    time_ms *ended_at;
    bool open;
    struct deployment d;
    time_ms ends; /* as time goes, of what deploys or waits for a person */
    bool fails;
    struct plan_occurrence *occurrences;
    size_t n_occurrences, first;
    bool *decided;
    struct plan_occurrence taken;
    bool held;
    struct gate_hold hold;
    int64_t wish, open_wish; /* release asked for, 0 = none */
    time_ms wished_at;
    time_ms silent_since; /* by the clock; 0 = it is heard */
    struct interval *windows, *freezes;
    size_t n_windows, n_freezes;
    time_ms shown_from, shown_to;
    bool limited, by_calendar;
    bool dirty;
    time_ms next; /* by the clock */
    int64_t promised_up_to;
    int64_t told_number; /* of what the outlook promised last, and when */
    time_ms told_at;
    struct year_start *starts; /* here */
    size_t n_starts, cap_starts;
};

struct repo {
    const struct config_repo *config;
    size_t first, n;  /* places */
    time_ms *seen_at; /* of each release, from 1 */
    int64_t newest;
    int merged; /* and not fetched yet */
    bool lost;
    time_ms lost_since;
};

struct year {
    const struct year_options *o;
    struct arena *arena;
    struct arena scratch;
    struct calendar *calendar;
    struct snapshot snapshot; /* of configuration and calendar: what a promise is made with */
    struct year_report *r;
    struct place places[PLACES_MAX];
    size_t n_places;
    struct repo repos[PLACES_MAX];
    size_t n_repos;
    struct interval added[FREEZES_MAX]; /* freezes of people */
    size_t added_place[FREEZES_MAX];
    size_t n_added;
    time_ms t;      /* as time goes */
    int64_t offset; /* of the clock */
    bool down;
    time_ms down_since, up_since; /* by the clock */
    time_ms skipped_from, skipped_to;
    uint64_t random;
    struct promised *promised;
    size_t n_promised, cap_promised, first_open;
    struct trouble *troubles;
    size_t n_troubles, cap_troubles, cap_starts, cap_looks, cap_events;
};

static time_ms clock_of(const struct year *y)
{
    return y->t + y->offset;
}

static void wrong(struct year *y, const char *what, const struct place *p)
{
    if (y->r->wrong == NULL)
        y->r->wrong =
            arena_printf(y->arena, "seed %llu, %s %s at %lld: %s", (unsigned long long)y->o->seed,
                         p != NULL ? p->e->repo->name : "", p != NULL ? p->e->name : "",
                         (long long)clock_of(y), what);
}

static uint64_t any(struct year *y, uint64_t below)
{
    y->random ^= y->random << 13;
    y->random ^= y->random >> 7;
    y->random ^= y->random << 17;
    return y->random % below;
}

static void touch(struct year *y, size_t repo)
{
    for (size_t i = 0; i < y->repos[repo].n; i++)
        y->places[y->repos[repo].first + i].dirty = true;
}

static void touch_all(struct year *y)
{
    for (size_t i = 0; i < y->n_repos; i++)
        touch(y, i);
}

size_t year_places(const struct config *config)
{
    size_t n = 0;

    for (size_t i = 0; i < config->n_repos; i++)
        n += config->repos[i].n_environments;
    return n;
}

const struct config_environment *year_place(const struct config *config, size_t place)
{
    for (size_t i = 0; i < config->n_repos; i++) {
        if (place < config->repos[i].n_environments)
            return &config->repos[i].environments[place];
        place -= config->repos[i].n_environments;
    }
    return NULL;
}

/* What will happen ---------------------------------------------------------------------------------- */

static void add_event(struct year *y, struct year_event event)
{
    if (event.at >= y->o->from && event.at < y->o->to)
        *ARENA_PUSH(y->arena, y->r->events, y->r->n_events, y->cap_events) = event;
}

static int by_time(const void *a, const void *b)
{
    const struct year_event *x = a, *z = b;

    return x->at != z->at ? (x->at < z->at ? -1 : 1) : (int)x->kind - (int)z->kind;
}

static time_ms some_time(struct year *y)
{
    return y->o->from + (time_ms)any(y, (uint64_t)(y->o->to - y->o->from) / 60000) * 60000;
}

static void add_trouble(struct year *y)
{
    time_ms at = some_time(y), lasts = (1 + (time_ms)any(y, 180)) * 60000;
    size_t place = any(y, y->n_places);

    switch (any(y, y->o->outages ? 10 : 5)) {
    case 0:
    case 1:
        add_event(y, (struct year_event){at, YEAR_HOLD, place, 0, at + lasts});
        break;
    case 2:
        add_event(y, (struct year_event){at, YEAR_HOLD, place, 0, 0});
        add_event(y, (struct year_event){at + 5 * lasts, YEAR_UNHOLD, place, 0, 0});
        break;
    case 3:
    case 4: {
        time_ms from = at + (time_ms)any(y, 48) * HOUR_MS;
        add_event(y, (struct year_event){at, YEAR_FREEZE, place, from, from + 3 * lasts});
        if (any(y, 3) == 0)
            add_event(y, (struct year_event){from + lasts, YEAR_THAW, place, from, 0});
        break;
    }
    case 5:
        add_event(y, (struct year_event){at, YEAR_FAIL, place, 0, 0});
        break;
    case 6:
        add_event(y, (struct year_event){at, YEAR_HOST_OFF, place, 0, 0});
        add_event(y, (struct year_event){at + lasts, YEAR_HOST_ON, place, 0, 0});
        break;
    case 7:
        add_event(y, (struct year_event){at, YEAR_SOURCE_OFF, place, 0, 0});
        add_event(y, (struct year_event){at + lasts, YEAR_SOURCE_ON, place, 0, 0});
        break;
    case 8:
        add_event(y, (struct year_event){at, YEAR_DOWN, 0, 0, 0});
        add_event(y, (struct year_event){at + lasts, YEAR_UP, 0, 0, 0});
        break;
    default: {
        int64_t by = (int64_t)(31 + any(y, 5400)) * (any(y, 2) == 0 ? 1000 : -1000);
        add_event(y, (struct year_event){at, YEAR_CLOCK, 0, 0, by});
        add_event(y, (struct year_event){at + lasts, YEAR_CLOCK, 0, 0, -by});
    }
    }
}

static void make_events(struct year *y)
{
    for (int i = 0; i < y->o->merges; i++)
        add_event(y, (struct year_event){some_time(y), YEAR_MERGE, any(y, y->n_places), 0, 0});
    for (int i = 0; i < y->o->disturbances; i++)
        add_trouble(y);
    for (size_t i = 0; i < y->n_places; i++)
        for (time_ms t = y->o->from; y->places[i].e->on == CONFIG_ON_RELEASE && t < y->o->to;
             t += DAY_MS)
            add_event(y, (struct year_event){t + (time_ms)any(y, 1440) * 60000, YEAR_ASK, i, 0, 0});
    if (y->r->n_events > 0)
        qsort(y->r->events, y->r->n_events, sizeof(*y->r->events), by_time);
}

/* Facts ---------------------------------------------------------------------------------------------- */

static void show(struct year *y, struct place *p, time_ms now)
{
    if (p->shown_to != 0 && now >= p->shown_from && now + (SHOWN_DAYS - 20) * DAY_MS < p->shown_to)
        return;
    p->shown_from = now - DAY_MS;
    p->shown_to = now + SHOWN_DAYS * DAY_MS;
    p->limited = interval_is_limited(p->e, &p->by_calendar);
    p->n_windows =
        interval_windows(p->e, p->zone, p->shown_from, p->shown_to, y->arena, &p->windows);
    p->n_freezes = interval_freezes(y->o->config, p->e, p->zone, p->shown_from, p->shown_to,
                                    y->arena, &p->freezes);
}

static void add_freezes(struct year *y, struct place *p, struct gate_facts *g)
{
    struct interval *all = arena_array(&y->scratch, p->n_freezes + y->n_added, sizeof(*all));

    if (p->n_freezes > 0)
        memcpy(all, p->freezes, p->n_freezes * sizeof(*all));
    g->n_freezes = p->n_freezes;
    for (size_t i = 0; i < y->n_added; i++)
        if (&y->places[y->added_place[i]] == p)
            all[g->n_freezes++] = y->added[i];
    g->freezes = all;
}

static struct plan_release release_of(struct year *y, struct place *p, int64_t number)
{
    struct repo *repo = &y->repos[p->repo];
    struct plan_release r = {.number = number,
                             .name = arena_printf(&y->scratch, "r%lld", (long long)number),
                             .sha = "0",
                             .lane = LANE_CODE,
                             .seen_at = repo->seen_at[number],
                             .failed = p->ended[number] == BADLY,
                             .failed_at = p->ended_at[number]};

    for (size_t i = 0; i < p->e->n_needs; i++)
        for (size_t k = 0; k < repo->n; k++) {
            const struct place *before = &y->places[repo->first + k];
            if (before->e == p->e->needs[i])
                r.needs[r.n_needs++] = (struct gate_need){.environment = before->e->name,
                                                          .proven = before->ended[number] == WELL,
                                                          .passed_by = before->live > number};
        }
    return r;
}

/* Undecided: over, current, next. */
static void set_occurrences(struct year *y, struct place *p, struct release_facts *f, time_ms now)
{
    struct plan_occurrence *missed = arena_array(&y->scratch, 64, sizeof(*missed));

    while (p->first < p->n_occurrences && p->decided[p->first])
        p->first++;
    for (size_t i = p->first; i < p->n_occurrences; i++) {
        const struct plan_occurrence *o = &p->occurrences[i];
        enum occurrence_stage stage = rules_occurrence_stage(f, o, p->decided[i], o->due_at, now);
        if (stage == OCCURRENCE_AHEAD) {
            f->next = *o;
            break;
        }
        if (stage == OCCURRENCE_MISSED && f->n_missed < 64)
            missed[f->n_missed++] = *o;
        else if (stage == OCCURRENCE_DUE && f->current.date[0] == '\0')
            f->current = *o;
    }
    f->missed = missed;
}

static struct release_facts facts_of(struct year *y, struct place *p, time_ms now)
{
    static const enum deployment_trigger triggers[] = {DEPLOYMENT_ON_RELEASE, DEPLOYMENT_ON_MERGE,
                                                       DEPLOYMENT_ON_SCHEDULE,
                                                       DEPLOYMENT_ON_RELEASE};
    const struct repo *repo = &y->repos[p->repo];
    struct gate_host *host = arena_alloc(&y->scratch, sizeof(*host));
    int64_t n = repo->newest - p->live;
    struct plan_release *list = arena_array(&y->scratch, (size_t)n + 3, sizeof(*list));
    struct release_facts f = {.on = p->e->on == CONFIG_ON_SCHEDULE && p->e->at.n == 0
                                        ? DEPLOYMENT_ON_MERGE
                                        : triggers[p->e->on],
                              .grace_ms = p->e->grace_ms,
                              .cut_off_ms = p->e->cut_off_ms,
                              .delay_ms = p->e->delay_ms,
                              .after_failure_next = p->e->after_failure == CONFIG_NEXT,
                              .live_number = p->live,
                              .releases = list,
                              .n_releases = (size_t)n};
    struct gate_facts *g = &f.gate;

    show(y, p, now);
    for (int64_t i = 0; i < n; i++)
        list[i] = release_of(y, p, p->live + 1 + i);
    if (p->wish != 0) {
        list[n] = release_of(y, p, p->wish);
        f.wish = (struct plan_wish){.release = &list[n], .who = "mika", .wished_at = p->wished_at};
    }
    if (p->open) {
        list[n + 1] = release_of(y, p, p->d.release_number);
        f.open = &p->d;
        f.open_release = &list[n + 1];
        if (p->open_wish != 0) {
            list[n + 2] = release_of(y, p, p->open_wish);
            f.open_wish = (struct plan_wish){.release = &list[n + 2],
                                             .who = "mika",
                                             .wished_at = p->wished_at};
        }
        if (p->d.state != DEPLOYMENT_WAITING) {
            g->open_deployment = "another";
            g->open_state = p->d.state;
            g->open_since = p->d.started_at;
        }
    }
    if (f.on == DEPLOYMENT_ON_SCHEDULE)
        set_occurrences(y, p, &f, now);
    g->limited = p->limited;
    g->windows_of_calendar = p->by_calendar;
    g->windows = p->windows;
    g->n_windows = p->n_windows;
    add_freezes(y, p, g);
    g->horizon = p->shown_to;
    if (p->held) {
        g->holds = &p->hold;
        g->n_holds = 1;
    }
    *host = (struct gate_host){.name = "host",
                               .known = true,
                               .seen_at = p->silent_since != 0 ? p->silent_since : STAYS};
    g->hosts = host;
    g->n_hosts = 1;
    g->start_within_ms = 2 * 60000;
    g->source_seen_at = repo->lost ? repo->lost_since : STAYS;
    g->source_failure = repo->lost ? "no route" : NULL;
    return f;
}

/* Moves ---------------------------------------------------------------------------------------------- */

static void decide(struct year *y, struct place *p, const struct plan_occurrence *o)
{
    for (size_t i = 0; i < p->n_occurrences; i++)
        if (o->due_at == p->occurrences[i].due_at) {
            if (p->decided[i])
                wrong(y, "an occurrence is decided twice (F6)", p);
            p->decided[i] = true;
            return;
        }
    wrong(y, "an occurrence that there is not", p);
}

static void start(struct year *y, struct place *p, time_ms now)
{
    p->d.state = DEPLOYMENT_DEPLOYING;
    p->d.started_at = now;
    p->ends = y->t + YEAR_TAKES_MS;
    if (p->silent_since != 0)
        p->fails = true;
    if (p->taken.date[0] != '\0')
        decide(y, p, &p->taken);
    p->taken.date[0] = '\0';
    *ARENA_PUSH(y->arena, y->r->starts, y->r->n_starts, y->cap_starts) =
        (struct year_start){(size_t)(p - y->places), p->d.release_number, now};
    *ARENA_PUSH(y->arena, p->starts, p->n_starts, p->cap_starts) = y->r->starts[y->r->n_starts - 1];
}

static void cut(struct year *y, struct place *p, const struct release_plan *plan, time_ms now)
{
    if (p->open)
        wrong(y, "two deployments are open", p);
    p->open = true;
    p->d = (struct deployment){.state = DEPLOYMENT_WAITING,
                               .release_number = plan->target->number,
                               .from_number = p->live,
                               .cut_at = now,
                               .start_at = plan->start_at < now && plan->occurrence.date[0] == '\0'
                                               ? now
                                               : plan->start_at,
                               .start_until = plan->start_until != VERDICT_NEVER
                                                  ? plan->start_until
                                                  : now + p->e->grace_ms};
    p->taken = plan->occurrence;
    memcpy(p->d.occurrence_date, p->taken.date, sizeof(p->taken.date));
    memcpy(p->d.occurrence_time, p->taken.time, sizeof(p->taken.time));
    p->open_wish = plan->wish ? p->wish : 0;
    if (plan->wish)
        p->wish = 0;
    p->ends = NEVER;
}

static void undo(struct year *y, struct place *p, time_ms now)
{
    if (p->taken.date[0] != '\0' && now >= p->d.start_until)
        decide(y, p, &p->taken);
    p->taken.date[0] = '\0';
    if (p->open_wish != 0 && p->wish == 0)
        p->wish = p->open_wish;
    p->open_wish = 0;
    p->open = false;
}

static void fail_open(struct year *y, struct place *p)
{
    p->open = false;
    p->open_wish = 0;
    p->ends = NEVER;
    p->ended[p->d.release_number] = BADLY;
    p->ended_at[p->d.release_number] = clock_of(y);
    touch(y, p->repo);
}

static void note_trouble(struct year *y, size_t repo, enum year_kind kind, bool goes_on)
{
    *ARENA_PUSH(y->arena, y->troubles, y->n_troubles, y->cap_troubles) =
        (struct trouble){y->t, goes_on ? NEVER : y->t, repo, kind};
}

static void end_trouble(struct year *y, size_t repo, enum year_kind kind)
{
    for (size_t i = y->n_troubles; i > 0; i--)
        if (y->troubles[i - 1].repo == repo && y->troubles[i - 1].kind == kind &&
            y->troubles[i - 1].to == NEVER)
            y->troubles[i - 1].to = y->t;
}

/* What deploys has come to its end, or somebody ends what failed. */
static void end(struct year *y, struct place *p)
{
    bool well = p->d.state == DEPLOYMENT_DEPLOYING && !p->fails;

    touch(y, p->repo);
    if (p->d.state == DEPLOYMENT_DEPLOYING && p->fails) {
        p->fails = false;
        note_trouble(y, p->repo, YEAR_FAIL, true);
        p->d.state = DEPLOYMENT_ATTENTION;
        p->ends = y->t + PERSON_MS;
        return;
    }
    if (!well) {
        end_trouble(y, p->repo, YEAR_FAIL);
        fail_open(y, p);
        return;
    }
    p->open = false;
    p->open_wish = 0;
    p->ends = NEVER;
    p->live = p->d.release_number;
    p->ended[p->live] = WELL;
}

static void check_wait(struct year *y, const struct place *p, const struct release_plan *plan)
{
    const struct verdict *v = &plan->verdict;
    bool ends = plan->next_change != VERDICT_NEVER;

    if (plan->target == NULL || plan->action != PLAN_WAIT)
        return;
    if (v->go || v->n_causes == 0) {
        wrong(y, "it waits without a cause", p);
        return;
    }
    for (size_t i = 0; i < v->n_causes && !ends; i++)
        switch (v->causes[i].kind) {
        case CAUSE_HOLD:
            ends = v->causes[i].who != NULL;
            break;
        case CAUSE_NEEDS:           /* the environment before, with causes of its own */
        case CAUSE_OPEN_DEPLOYMENT: /* it ends, or a person ends it */
        case CAUSE_FAILED_BEFORE:
        case CAUSE_NOT_ASKED:
        case CAUSE_HOST_SILENT:
        case CAUSE_SOURCE_NOT_SEEN:
            ends = true;
            break;
        default:
            break;
        }
    if (!ends)
        wrong(y, "nothing and nobody ends its wait", p);
}

/* Time alone stands against it, and people's stops that end by themselves. */
static bool is_of_time_alone(const struct verdict *v)
{
    for (size_t i = 0; i < v->n_causes; i++)
        switch (v->causes[i].kind) {
        case CAUSE_SCHEDULE:
        case CAUSE_WINDOW:
        case CAUSE_CALENDAR:
        case CAUSE_FREEZE:
        case CAUSE_HOLD:
            if (v->causes[i].until == VERDICT_NEVER)
                return false;
            break;
        default:
            return false;
        }
    return v->n_left_out == 0;
}

/* What the outlook promises, as page and feed show it: noted when it is another one. */
static void tell(struct year *y, struct place *p, const struct release_facts *f,
                 const struct release_plan *plan, time_ms now)
{
    struct outlook *o = arena_alloc(&y->scratch, sizeof(*o));
    time_ms at = VERDICT_NEVER;

    if (plan->target == NULL || plan->action != PLAN_WAIT || !is_of_time_alone(&plan->verdict)) {
        p->told_number = 0;
        return;
    }
    o->facts = *f;
    o->plan = *plan;
    o->has_open = p->open;
    o->open = p->d;
    at = promises_start(o, &y->snapshot, p->e, now);
    if (at == VERDICT_NEVER)
        wrong(y, "time alone stands against it, and no time is promised", p);
    else if (plan->target->number != p->told_number || at != p->told_at)
        *ARENA_PUSH(y->arena, y->promised, y->n_promised, y->cap_promised) =
            (struct promised){.place = (size_t)(p - y->places),
                              .number = plan->target->number,
                              .made = y->t,
                              .before = p->n_starts,
                              .at = at,
                              .missed_by = -1};
    p->told_number = plan->target->number;
    p->told_at = at;
}

/* One move of an environment; false: it rests. */
static bool move(struct year *y, struct place *p, time_ms now)
{
    struct release_facts f = facts_of(y, p, now);
    struct release_plan *plan = arena_alloc(&y->scratch, sizeof(*plan));

    release_plan_make(&f, now, plan);
    if (plan->next_change <= now)
        wrong(y, "a verdict that does not hold", p);
    for (size_t i = 0; i < plan->n_decisions; i++)
        decide(y, p, &plan->decisions[i].occurrence);
    if (plan->wish_ends != PLAN_GOES_ON)
        p->wish = 0;
    p->next = plan->next_change;
    check_wait(y, p, plan);
    tell(y, p, &f, plan, now);
    switch (plan->action) {
    case PLAN_CUT:
        cut(y, p, plan, now);
        return true;
    case PLAN_START:
        start(y, p, now);
        return true;
    case PLAN_UNDO:
        undo(y, p, now);
        return true;
    case PLAN_GIVE_UP:
        end_trouble(y, p->repo, YEAR_FAIL);
        fail_open(y, p);
        return true;
    case PLAN_GO_BACK:
        wrong(y, "nobody asked to go back", p);
        break;
    case PLAN_CATCH_UP:
        wrong(y, "no host is late", p);
        break;
    case PLAN_WAIT:
        break;
    }
    return plan->n_decisions > 0 || plan->wish_ends != PLAN_GOES_ON;
}

static void look(struct year *y)
{
    time_ms now = clock_of(y);
    bool judged = false;

    for (size_t i = 0; i < y->n_places; i++) {
        struct place *p = &y->places[i];
        if (!p->dirty && p->next > now)
            continue;
        judged = true;
        p->dirty = false;
        for (int k = 0; move(y, p, now); k++)
            if (k == ROUNDS_MAX) {
                wrong(y, "it never comes to rest", p);
                break;
            }
        arena_reset(&y->scratch);
    }
    if (judged)
        *ARENA_PUSH(y->arena, y->r->looks, y->r->n_looks, y->cap_looks) = now;
}

/* Promises ------------------------------------------------------------------------------------------- */

static void foresee(struct year *y, size_t repo)
{
    struct repo *r = &y->repos[repo];
    struct forecast_environment list[PLACES_MAX];
    struct forecast_start *starts;
    time_ms now = clock_of(y);
    size_t n;

    for (size_t i = 0; i < r->n; i++) {
        struct place *p = &y->places[r->first + i];
        struct plan_occurrence *o;
        list[i] = (struct forecast_environment){.name = p->e->name,
                                                .facts = facts_of(y, p, now),
                                                .takes_ms = YEAR_TAKES_MS};
        o = arena_array(&y->scratch, p->n_occurrences - p->first, sizeof(*o));
        for (size_t k = p->first; k < p->n_occurrences; k++)
            if (!p->decided[k] && p->occurrences[k].due_at + p->e->grace_ms > now &&
                p->occurrences[k].due_at < now + FORESEEN_MS)
                o[list[i].n_occurrences++] = p->occurrences[k];
        list[i].occurrences = o;
    }
    n = forecast_make(list, r->n, now, now + FORESEEN_MS, 100, &y->scratch, &starts);
    for (size_t i = 0; i < r->n; i++) {
        struct place *p = &y->places[r->first + i];
        for (size_t k = 0; k < n && p->promised_up_to < r->newest; k++)
            if (starts[k].environment == i && starts[k].release_number >= r->newest &&
                starts[k].from_number < r->newest) {
                p->promised_up_to = r->newest;
                *ARENA_PUSH(y->arena, y->promised, y->n_promised, y->cap_promised) =
                    (struct promised){.place = r->first + i,
                                      .number = r->newest,
                                      .made = y->t,
                                      .before = p->n_starts,
                                      .at = starts[k].at,
                                      .missed_by = -1};
                break;
            }
    }
    arena_reset(&y->scratch);
}

/* Does the cause that is named stand for something that is so? */
static bool is_true(const struct year *y, const struct place *p, enum cause_kind kind, time_ms now)
{
    switch (kind) {
    case CAUSE_HOLD:
        return p->held && now < p->hold.until;
    case CAUSE_HOST_SILENT:
        return p->silent_since != 0;
    case CAUSE_SOURCE_NOT_SEEN:
        return y->repos[p->repo].lost;
    case CAUSE_OPEN_DEPLOYMENT:
        return p->open;
    default:
        return true;
    }
}

/* It is its time, and it has not started: the gate says why. */
static void name_miss(struct year *y, struct promised *w)
{
    struct place *p = &y->places[w->place];
    time_ms now = clock_of(y);
    struct release_facts f = facts_of(y, p, now);
    struct release_plan *plan = arena_alloc(&y->scratch, sizeof(*plan));
    struct verdict v;
    size_t named = 0;

    release_plan_make(&f, now, plan);
    v = plan->target != NULL && plan->target->number >= w->number
            ? plan->verdict
            : release_plan_judge(&f, plan, w->number, now);
    for (size_t i = 0; i < v.n_causes; i++) {
        if (!is_true(y, p, v.causes[i].kind, now))
            wrong(y, "a cause that is not so", p);
        if (named == 0 || w->missed_by == CAUSE_SCHEDULE)
            w->missed_by = (int)v.causes[i].kind;
        named++;
    }
    if (named == 0)
        wrong(y, "a promise is missed and no cause is named", p);
    arena_reset(&y->scratch);
}

/* The first that brought it. */
static const struct year_start *start_of(const struct year *y, const struct promised *w)
{
    const struct place *p = &y->places[w->place];

    for (size_t i = w->before; i < p->n_starts; i++)
        if (p->starts[i].number >= w->number)
            return &p->starts[i];
    return NULL;
}

/* Those whose instant has come: kept, or missed by something. */
static void judge_promises(struct year *y)
{
    time_ms now = clock_of(y);

    while (y->first_open < y->n_promised && y->promised[y->first_open].over)
        y->first_open++;
    for (size_t i = y->first_open; i < y->n_promised; i++) {
        struct promised *w = &y->promised[i];
        struct place *p = &y->places[w->place];
        bool out = p->live >= w->number || (p->open && p->d.release_number >= w->number &&
                                            p->d.state != DEPLOYMENT_WAITING);
        if (w->over || (now < w->at && !out))
            continue;
        w->over = true;
        if (out && now <= w->at)
            continue;
        if (y->up_since > w->at && y->down_since <= w->at)
            w->missed_by = MISSED_DOWN;
        else if (y->skipped_from <= w->at && w->at < y->skipped_to)
            w->missed_by = MISSED_CLOCK;
        else if (!out)
            name_miss(y, w);
    }
}

static bool troubled(const struct year *y, size_t repo, time_ms from, time_ms to)
{
    for (size_t i = 0; i < y->n_troubles; i++)
        if (y->troubles[i].repo == repo && y->troubles[i].from <= to && y->troubles[i].to >= from)
            return true;
    return false;
}

/* Another merge came in between: it may go in its place, and the gate says which. */
static bool is_followed(const struct year *y, const struct place *p, int64_t number, time_ms until)
{
    const struct repo *r = &y->repos[p->repo];

    return number < r->newest && r->seen_at[number + 1] <= until;
}

static void count(struct year *y)
{
    struct year_report *r = y->r;

    for (size_t i = 0; i < y->n_promised; i++) {
        const struct promised *w = &y->promised[i];
        const struct place *p = &y->places[w->place];
        const struct year_start *s = start_of(y, w);
        bool kept = s != NULL && s->at == w->at;
        time_ms until = s != NULL && s->at > w->at ? s->at : w->at;
        bool alone = !troubled(y, p->repo, w->made, until + 2 * HOUR_MS);
        if (!w->over || (s == NULL && w->at > y->o->to - DAY_MS))
            continue; /* the year ended before it */
        r->n_promised++;
        r->n_undisturbed += alone;
        r->n_kept += kept;
        if (kept)
            continue;
        r->n_missed++;
        if (s != NULL && s->at < w->at)
            r->missed_by[MISSED_EARLIER]++;
        else if (w->missed_by >= 0)
            r->missed_by[w->missed_by]++;
        if (alone && !(is_followed(y, p, w->number, until) && w->missed_by >= 0))
            wrong(
                y,
                arena_printf(
                    y->arena,
                    "r%lld was promised for %lld, %lld min before, and started at %lld, undisturbed",
                    (long long)w->number, (long long)w->at, (long long)(w->at - w->made) / 60000,
                    s != NULL ? (long long)s->at : 0),
                p);
        else if (w->missed_by < 0 && (s == NULL || s->at >= w->at))
            wrong(y, "a miss without a cause", p);
    }
}

/* Time ----------------------------------------------------------------------------------------------- */

static void fetch(struct year *y, size_t repo)
{
    struct repo *r = &y->repos[repo];

    if (r->merged == 0 || r->lost || y->down)
        return;
    while (r->merged > 0) {
        r->newest++;
        r->seen_at[r->newest] = clock_of(y);
        r->merged--;
    }
    touch(y, repo);
    look(y);
    foresee(y, repo);
}

static void happen(struct year *y, struct year_event *event)
{
    struct place *p = &y->places[event->place];
    struct repo *r = &y->repos[p->repo];
    time_ms now = clock_of(y);

    switch (event->kind) {
    case YEAR_MERGE:
        r->merged++;
        break;
    case YEAR_ASK:
        if (r->newest > 1 && r->newest > p->live && p->wish == 0 && !p->open) {
            p->wish = r->newest;
            p->wished_at = now;
            note_trouble(y, p->repo, YEAR_ASK, false);
        }
        break;
    case YEAR_HOLD:
        if (!p->held || now >= p->hold.until) {
            p->held = true;
            p->hold = (struct gate_hold){"ana", "stock", now,
                                         event->to != 0 ? event->to + y->offset : VERDICT_NEVER};
            note_trouble(y, p->repo, YEAR_HOLD, event->to == 0);
        } else {
            event->kind = YEAR_KINDS; /* nobody holds twice */
        }
        break;
    case YEAR_UNHOLD:
        if (!p->held || now >= p->hold.until)
            event->kind = YEAR_KINDS; /* it is over already */
        p->held = false;
        end_trouble(y, p->repo, YEAR_HOLD);
        note_trouble(y, p->repo, YEAR_UNHOLD, false);
        break;
    case YEAR_FREEZE:
        if (y->n_added == FREEZES_MAX) { /* those that are over give room */
            size_t n = 0;
            for (size_t i = 0; i < y->n_added; i++)
                if (y->added[i].to > now) {
                    y->added[n] = y->added[i];
                    y->added_place[n++] = y->added_place[i];
                }
            y->n_added = n;
        }
        if (y->n_added < FREEZES_MAX) {
            y->added_place[y->n_added] = event->place;
            y->added[y->n_added++] = (struct interval){event->from, event->to, "added", false};
            note_trouble(y, p->repo, YEAR_FREEZE, false);
        }
        break;
    case YEAR_THAW:
        for (size_t i = 0; i < y->n_added; i++)
            if (y->added_place[i] == event->place && y->added[i].from == event->from)
                y->added[i].to = y->added[i].from;
        note_trouble(y, p->repo, YEAR_THAW, false);
        break;
    case YEAR_HOST_OFF:
        if (p->silent_since == 0)
            p->silent_since = now;
        note_trouble(y, p->repo, YEAR_HOST_OFF, true);
        break;
    case YEAR_HOST_ON:
        p->silent_since = 0;
        end_trouble(y, p->repo, YEAR_HOST_OFF);
        break;
    case YEAR_SOURCE_OFF:
        if (!r->lost)
            r->lost_since = now;
        r->lost = true;
        note_trouble(y, p->repo, YEAR_SOURCE_OFF, true);
        break;
    case YEAR_SOURCE_ON:
        r->lost = false;
        end_trouble(y, p->repo, YEAR_SOURCE_OFF);
        break;
    case YEAR_DOWN:
        if (!y->down)
            y->down_since = now;
        y->down = true;
        for (size_t i = 0; i < y->n_repos; i++)
            note_trouble(y, i, YEAR_DOWN, true);
        return;
    case YEAR_UP:
        y->down = false;
        y->up_since = now;
        for (size_t i = 0; i < y->n_repos; i++)
            end_trouble(y, i, YEAR_DOWN);
        touch_all(y);
        return;
    case YEAR_CLOCK:
        y->offset += event->to;
        if (event->to > 0) {
            y->skipped_from = now;
            y->skipped_to = now + event->to;
        }
        for (size_t i = 0; i < y->n_repos; i++) {
            note_trouble(y, i, YEAR_CLOCK, true);
            if (event->to < 0)
                y->repos[i].lost_since =
                    y->repos[i].lost_since > clock_of(y) ? clock_of(y) : y->repos[i].lost_since;
        }
        if (y->offset == 0)
            for (size_t i = 0; i < y->n_repos; i++)
                end_trouble(y, i, YEAR_CLOCK);
        for (size_t i = 0; i < y->n_places; i++)
            if (y->places[i].silent_since > clock_of(y))
                y->places[i].silent_since = clock_of(y);
        touch_all(y);
        return;
    case YEAR_FAIL:
        p->fails = true;
        note_trouble(y, p->repo, YEAR_FAIL, false);
        return;
    case YEAR_KINDS:
        break;
    }
    touch(y, p->repo);
}

/* When something is due, as time goes. */
static time_ms next_due(const struct year *y)
{
    time_ms next = NEVER;

    for (size_t i = 0; i < y->n_places; i++) {
        const struct place *p = &y->places[i];
        time_ms due = p->next == VERDICT_NEVER ? NEVER : p->next - y->offset;
        if (p->open && p->d.state != DEPLOYMENT_WAITING && p->ends < next)
            next = p->ends;
        if (due < next)
            next = due;
    }
    for (size_t i = y->first_open; i < y->n_promised; i++)
        if (!y->promised[i].over && y->promised[i].at - y->offset < next)
            next = y->promised[i].at - y->offset;
    return next;
}

/* What deploys comes to its end before anything else happens at that instant. */
static void end_due(struct year *y)
{
    for (size_t k = 0; k < y->n_places; k++) {
        struct place *p = &y->places[k];
        if (p->open && p->d.state != DEPLOYMENT_WAITING && p->ends <= y->t)
            end(y, p);
    }
}

static void settle(struct year *y)
{
    bool some = true;

    for (int i = 0; i < ROUNDS_MAX && some; i++) {
        some = false;
        end_due(y);
        look(y);
        for (size_t k = 0; k < y->n_places; k++)
            some = some || y->places[k].dirty;
    }
    judge_promises(y);
}

static void set_up(struct year *y)
{
    const struct config *config = y->o->config;
    struct occurrence *found = arena_array(&y->scratch, 2000, sizeof(*found));
    size_t most = (size_t)y->o->merges + 2;

    for (size_t i = 0; i < config->n_repos; i++) {
        struct repo *r = &y->repos[y->n_repos];
        *r = (struct repo){.config = &config->repos[i],
                           .first = y->n_places,
                           .n = config->repos[i].n_environments,
                           .newest = 1};
        r->seen_at = arena_array(y->arena, most, sizeof(*r->seen_at));
        r->seen_at[1] = y->o->from;
        for (size_t k = 0; k < r->n; k++) {
            struct place *p = &y->places[y->n_places++];
            *p = (struct place){.e = &config->repos[i].environments[k],
                                .repo = y->n_repos,
                                .ends = NEVER,
                                .dirty = true};
            p->zone = calendar_zone(y->calendar, p->e);
            p->ended = arena_array(y->arena, most, sizeof(*p->ended));
            p->ended_at = arena_array(y->arena, most, sizeof(*p->ended_at));
            p->n_occurrences =
                occurrence_list(y->calendar, p->e, y->o->from, y->o->to + FORESEEN_MS, found, 2000);
            p->occurrences = arena_array(y->arena, p->n_occurrences, sizeof(*p->occurrences));
            p->decided = arena_array(y->arena, p->n_occurrences, sizeof(*p->decided));
            for (size_t o = 0; o < p->n_occurrences; o++) {
                p->occurrences[o].due_at = found[o].due_at;
                memcpy(p->occurrences[o].date, found[o].date, sizeof(found[o].date));
                memcpy(p->occurrences[o].time, found[o].time, sizeof(found[o].time));
            }
        }
        y->n_repos++;
    }
    arena_reset(&y->scratch);
}

void year_play(const struct year_options *options, struct arena *arena,
               struct year_report *ret_report)
{
    struct year *y = arena_alloc(arena, sizeof(*y));
    struct err err = ERR_INIT;
    size_t next = 0;

    *ret_report = (struct year_report){.n_events = 0};
    *y = (struct year){.o = options, .arena = arena, .r = ret_report, .t = options->from};
    y->random = options->seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    arena_init(&y->scratch);
    if (calendar_new(options->config, &y->calendar, &err) < 0) {
        ret_report->wrong = arena_str(arena, err.text);
        return;
    }
    y->snapshot.config = (struct config *)(uintptr_t)options->config; /* it is only read */
    y->snapshot.calendar = y->calendar;
    set_up(y);
    make_events(y);
    while (ret_report->wrong == NULL) {
        time_ms due = y->down ? NEVER : next_due(y);
        time_ms happens = next < ret_report->n_events ? ret_report->events[next].at : NEVER;
        if (due >= options->to && happens >= options->to)
            break;
        y->t = due < happens ? (due > y->t ? due : y->t) : happens;
        if (!y->down)
            end_due(y);
        if (happens <= y->t)
            happen(y, &ret_report->events[next++]);
        if (y->down)
            continue;
        for (size_t i = 0; i < y->n_repos; i++)
            fetch(y, i);
        settle(y);
    }
    count(y);
    calendar_free(y->calendar);
    arena_deinit(&y->scratch);
}
