#include "tests/support/year_promise.h"

#include "lib/rules/forecast.h"
#include "server/flow/outlook.h"
#include "server/flow/promises.h"
#include "tests/support/year_facts.h"
#include "tests/support/year_world.h"

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
void year_promise_tell(struct year *y, struct place *p, const struct release_facts *f,
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
        year_world_wrong(y, "time alone stands against it, and no time is promised", p);
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

void year_promise_foresee(struct year *y, size_t repo)
{
    struct repo *r = &y->repos[repo];
    struct forecast_environment list[PLACES_MAX];
    struct forecast_start *starts;
    time_ms now = year_world_clock(y);
    size_t n;

    for (size_t i = 0; i < r->n; i++) {
        struct place *p = &y->places[r->first + i];
        struct plan_occurrence *o;
        list[i] = (struct forecast_environment){.name = p->e->name,
                                                .facts = year_facts_of(y, p, now),
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
    time_ms now = year_world_clock(y);
    struct release_facts f = year_facts_of(y, p, now);
    struct release_plan *plan = arena_alloc(&y->scratch, sizeof(*plan));
    struct verdict v;
    size_t named = 0;

    release_plan_make(&f, now, plan);
    v = plan->target != NULL && plan->target->number >= w->number
            ? plan->verdict
            : release_plan_judge(&f, plan, w->number, now);
    for (size_t i = 0; i < v.n_causes; i++) {
        if (!is_true(y, p, v.causes[i].kind, now))
            year_world_wrong(y, "a cause that is not so", p);
        if (named == 0 || w->missed_by == CAUSE_SCHEDULE)
            w->missed_by = (int)v.causes[i].kind;
        named++;
    }
    if (named == 0)
        year_world_wrong(y, "a promise is missed and no cause is named", p);
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
void year_promise_judge(struct year *y)
{
    time_ms now = year_world_clock(y);

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

void year_promise_count(struct year *y)
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
            year_world_wrong(
                y,
                arena_printf(
                    y->arena,
                    "r%lld was promised for %lld, %lld min before, and started at %lld, undisturbed",
                    (long long)w->number, (long long)w->at, (long long)(w->at - w->made) / 60000,
                    s != NULL ? (long long)s->at : 0),
                p);
        else if (w->missed_by < 0 && (s == NULL || s->at >= w->at))
            year_world_wrong(y, "a miss without a cause", p);
    }
}
