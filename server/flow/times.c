#include "server/flow/times.h"

#include "lib/calendar/interval.h"
#include "lib/calendar/occurrence.h"
#include "lib/rules/soonest.h"
#include "server/flow/outlook.h"
#include "server/flow/snapshot.h"

#define DAY_MS INT64_C(86400000)
#define EXCLUDED_MS (14 * DAY_MS)

/* Is there an opening behind `from`, as far as these facts reach? */
static bool opens(const struct gate_facts *gate, time_ms from)
{
    struct gate_facts calendar = {.start_at = from,
                                  .start_until = gate->horizon,
                                  .limited = gate->limited,
                                  .windows = gate->windows,
                                  .n_windows = gate->n_windows,
                                  .freezes = gate->freezes,
                                  .n_freezes = gate->n_freezes};
    time_ms at;

    return soonest_start(&calendar, from, &at);
}

/* Mostly some weeks show the next opening; rare windows and long freezes need more. */
static const int horizons[] = {20, 60, TIMES_DAYS_MAX};
#define N_HORIZONS (sizeof(horizons) / sizeof(*horizons))

static void load_until(const struct snapshot *snapshot, const struct config_environment *e,
                       time_ms now, time_ms horizon, struct arena *arena, struct gate_facts *gate)
{
    const struct zone *zone = calendar_zone(snapshot->calendar, e);
    struct interval *intervals;

    gate->horizon = horizon;
    gate->n_windows = interval_windows(e, zone, now, horizon, arena, &intervals);
    gate->windows = intervals;
    gate->n_freezes = interval_freezes(snapshot->config, e, zone, now - gate->start_within_ms,
                                       horizon, arena, &intervals); /* and what just ended (P2) */
    gate->freezes = intervals;
}

void times_load(const struct snapshot *snapshot, const struct config_environment *environment,
                time_ms now, time_ms stopped_until, struct arena *arena, struct gate_facts *gate)
{
    gate->limited = interval_is_limited(environment, &gate->windows_of_calendar);
    if (!gate->limited && snapshot->config->n_freezes == 0)
        return;
    for (size_t i = 0; i < N_HORIZONS; i++) {
        load_until(snapshot, environment, now, now + horizons[i] * DAY_MS, arena, gate);
        if (opens(gate, stopped_until))
            break;
    }
}

bool times_reach(const struct snapshot *snapshot, const struct config_environment *environment,
                 time_ms now, time_ms reach, struct arena *arena, struct gate_facts *gate)
{
    if (gate->horizon == 0 || reach < gate->horizon)
        return false;
    for (size_t i = 0; i < N_HORIZONS; i++) {
        time_ms horizon = now + horizons[i] * DAY_MS;
        if (horizon <= gate->horizon || (horizon <= reach && i + 1 < N_HORIZONS))
            continue;
        load_until(snapshot, environment, now, horizon, arena, gate);
        return true;
    }
    return false;
}

bool times_look_further(const struct snapshot *snapshot,
                        const struct config_environment *environment, time_ms now,
                        struct arena *arena, struct outlook *o)
{
    time_ms reach = o->promised_at != VERDICT_NEVER ? o->promised_at : o->plan.start_at;

    return o->plan.target != NULL && reach != VERDICT_NEVER &&
           times_reach(snapshot, environment, now, reach, arena, &o->facts.gate);
}

/* Does anything else than time stand against it for ever? Then time is not what it waits for. */
static bool waits_for_somebody(const struct verdict *verdict)
{
    const struct cause *c;

    for (size_t i = 0; i < verdict->n_causes; i++) {
        c = &verdict->causes[i];
        if (c->until == VERDICT_NEVER && c->kind != CAUSE_SCHEDULE && c->kind != CAUSE_WINDOW &&
            c->kind != CAUSE_CALENDAR)
            return true;
    }
    return false;
}

void times_explain(struct outlook *o, const struct config_environment *e, time_ms now)
{
    const struct gate_facts *g = &o->facts.gate;
    const char *rules[4] = {NULL};
    size_t n = 0;

    if (o->plan.target == NULL || o->promised_at != VERDICT_NEVER ||
        (g->horizon != 0 && g->horizon < now + EXCLUDED_MS) || waits_for_somebody(&o->plan.verdict))
        return;
    if (e->at.n > 0)
        rules[n++] = "at";
    if (e->n_windows > 0)
        rules[n++] = "between";
    if (e->calendar != NULL)
        rules[n++] = "calendar";
    if (g->n_freezes > 0)
        rules[n++] = "freezes";
    if (n == 0)
        return;
    verdict_bind(&o->plan.verdict, &(struct cause){.kind = CAUSE_EXCLUDED,
                                                   .what = n > 1 ? rules[n - 2] : rules[0],
                                                   .why = rules[n - 1],
                                                   .until = VERDICT_NEVER});
    if (o->plan.next_change > o->plan.verdict.next_change)
        o->plan.next_change = o->plan.verdict.next_change;
    if (o->plan.wakes_at > o->plan.verdict.wakes_at)
        o->plan.wakes_at = o->plan.verdict.wakes_at;
}
