#include "tests/support/year.h"

#include <string.h>

#include "lib/calendar/occurrence.h"
#include "tests/support/year_events.h"
#include "tests/support/year_facts.h"
#include "tests/support/year_promise.h"
#include "tests/support/year_world.h"

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

/* Moves ---------------------------------------------------------------------------------------------- */

static void decide(struct year *y, struct place *p, const struct plan_occurrence *o)
{
    for (size_t i = 0; i < p->n_occurrences; i++)
        if (o->due_at == p->occurrences[i].due_at) {
            if (p->decided[i])
                year_world_wrong(y, "an occurrence is decided twice (F6)", p);
            p->decided[i] = true;
            return;
        }
    year_world_wrong(y, "an occurrence that there is not", p);
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
        year_world_wrong(y, "two deployments are open", p);
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
    p->ended_at[p->d.release_number] = year_world_clock(y);
    year_world_touch(y, p->repo);
}

/* What deploys has come to its end, or somebody ends what failed. */
static void end(struct year *y, struct place *p)
{
    bool well = p->d.state == DEPLOYMENT_DEPLOYING && !p->fails;

    year_world_touch(y, p->repo);
    if (p->d.state == DEPLOYMENT_DEPLOYING && p->fails) {
        p->fails = false;
        year_world_trouble(y, p->repo, YEAR_FAIL, true);
        p->d.state = DEPLOYMENT_ATTENTION;
        p->ends = y->t + PERSON_MS;
        return;
    }
    if (!well) {
        year_world_trouble_ends(y, p->repo, YEAR_FAIL);
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
        year_world_wrong(y, "it waits without a cause", p);
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
        year_world_wrong(y, "nothing and nobody ends its wait", p);
}

/* One move of an environment; false: it rests. */
static bool move(struct year *y, struct place *p, time_ms now)
{
    struct release_facts f = year_facts_of(y, p, now);
    struct release_plan *plan = arena_alloc(&y->scratch, sizeof(*plan));

    release_plan_make(&f, now, plan);
    if (plan->next_change <= now)
        year_world_wrong(y, "a verdict that does not hold", p);
    for (size_t i = 0; i < plan->n_decisions; i++)
        decide(y, p, &plan->decisions[i].occurrence);
    if (plan->wish_ends != PLAN_GOES_ON)
        p->wish = 0;
    p->next = plan->next_change;
    check_wait(y, p, plan);
    year_promise_tell(y, p, &f, plan, now);
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
        year_world_trouble_ends(y, p->repo, YEAR_FAIL);
        fail_open(y, p);
        return true;
    case PLAN_GO_BACK:
        year_world_wrong(y, "nobody asked to go back", p);
        break;
    case PLAN_CATCH_UP:
        year_world_wrong(y, "no host is late", p);
        break;
    case PLAN_WAIT:
        break;
    }
    return plan->n_decisions > 0 || plan->wish_ends != PLAN_GOES_ON;
}

static void look(struct year *y)
{
    time_ms now = year_world_clock(y);
    bool judged = false;

    for (size_t i = 0; i < y->n_places; i++) {
        struct place *p = &y->places[i];
        if (!p->dirty && p->next > now)
            continue;
        judged = true;
        p->dirty = false;
        for (int k = 0; move(y, p, now); k++)
            if (k == ROUNDS_MAX) {
                year_world_wrong(y, "it never comes to rest", p);
                break;
            }
        arena_reset(&y->scratch);
    }
    if (judged)
        *ARENA_PUSH(y->arena, y->r->looks, y->r->n_looks, y->cap_looks) = now;
}

/* Time ----------------------------------------------------------------------------------------------- */

static void fetch(struct year *y, size_t repo)
{
    struct repo *r = &y->repos[repo];

    if (r->merged == 0 || r->lost || y->down)
        return;
    while (r->merged > 0) {
        r->newest++;
        r->seen_at[r->newest] = year_world_clock(y);
        r->merged--;
    }
    year_world_touch(y, repo);
    look(y);
    year_promise_foresee(y, repo);
}

static void happen(struct year *y, struct year_event *event)
{
    struct place *p = &y->places[event->place];
    struct repo *r = &y->repos[p->repo];
    time_ms now = year_world_clock(y);

    switch (event->kind) {
    case YEAR_MERGE:
        r->merged++;
        break;
    case YEAR_ASK:
        if (r->newest > 1 && r->newest > p->live && p->wish == 0 && !p->open) {
            p->wish = r->newest;
            p->wished_at = now;
            year_world_trouble(y, p->repo, YEAR_ASK, false);
        }
        break;
    case YEAR_HOLD:
        if (!p->held || now >= p->hold.until) {
            p->held = true;
            p->hold = (struct gate_hold){"ana", "stock", now,
                                         event->to != 0 ? event->to + y->offset : VERDICT_NEVER};
            year_world_trouble(y, p->repo, YEAR_HOLD, event->to == 0);
        } else {
            event->kind = YEAR_KINDS; /* nobody holds twice */
        }
        break;
    case YEAR_UNHOLD:
        if (!p->held || now >= p->hold.until)
            event->kind = YEAR_KINDS; /* it is over already */
        p->held = false;
        year_world_trouble_ends(y, p->repo, YEAR_HOLD);
        year_world_trouble(y, p->repo, YEAR_UNHOLD, false);
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
            year_world_trouble(y, p->repo, YEAR_FREEZE, false);
        }
        break;
    case YEAR_THAW:
        for (size_t i = 0; i < y->n_added; i++)
            if (y->added_place[i] == event->place && y->added[i].from == event->from)
                y->added[i].to = y->added[i].from;
        year_world_trouble(y, p->repo, YEAR_THAW, false);
        break;
    case YEAR_HOST_OFF:
        if (p->silent_since == 0)
            p->silent_since = now;
        year_world_trouble(y, p->repo, YEAR_HOST_OFF, true);
        break;
    case YEAR_HOST_ON:
        p->silent_since = 0;
        year_world_trouble_ends(y, p->repo, YEAR_HOST_OFF);
        break;
    case YEAR_SOURCE_OFF:
        if (!r->lost)
            r->lost_since = now;
        r->lost = true;
        year_world_trouble(y, p->repo, YEAR_SOURCE_OFF, true);
        break;
    case YEAR_SOURCE_ON:
        r->lost = false;
        year_world_trouble_ends(y, p->repo, YEAR_SOURCE_OFF);
        break;
    case YEAR_DOWN:
        if (!y->down)
            y->down_since = now;
        y->down = true;
        for (size_t i = 0; i < y->n_repos; i++)
            year_world_trouble(y, i, YEAR_DOWN, true);
        return;
    case YEAR_UP:
        y->down = false;
        y->up_since = now;
        for (size_t i = 0; i < y->n_repos; i++)
            year_world_trouble_ends(y, i, YEAR_DOWN);
        year_world_touch_all(y);
        return;
    case YEAR_CLOCK:
        y->offset += event->to;
        if (event->to > 0) {
            y->skipped_from = now;
            y->skipped_to = now + event->to;
        }
        for (size_t i = 0; i < y->n_repos; i++) {
            year_world_trouble(y, i, YEAR_CLOCK, true);
            if (event->to < 0)
                y->repos[i].lost_since = y->repos[i].lost_since > year_world_clock(y)
                                             ? year_world_clock(y)
                                             : y->repos[i].lost_since;
        }
        if (y->offset == 0)
            for (size_t i = 0; i < y->n_repos; i++)
                year_world_trouble_ends(y, i, YEAR_CLOCK);
        for (size_t i = 0; i < y->n_places; i++)
            if (y->places[i].silent_since > year_world_clock(y))
                y->places[i].silent_since = year_world_clock(y);
        year_world_touch_all(y);
        return;
    case YEAR_FAIL:
        p->fails = true;
        year_world_trouble(y, p->repo, YEAR_FAIL, false);
        return;
    case YEAR_KINDS:
        break;
    }
    year_world_touch(y, p->repo);
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
    year_promise_judge(y);
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
    year_world_set_up(y);
    year_events_make(y);
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
    year_promise_count(y);
    calendar_free(y->calendar);
    arena_deinit(&y->scratch);
}
