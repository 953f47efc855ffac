#include "tests/support/year_facts.h"

#include <string.h>

#include "lib/rules/rules_occurrence.h"
#include "tests/support/year_world.h"

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

struct release_facts year_facts_of(struct year *y, struct place *p, time_ms now)
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
