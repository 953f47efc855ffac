#include "server/flow/times.h"

#include "lib/calendar/occurrence.h"
#include "lib/calendar/interval.h"
#include "lib/rules/opening.h"
#include "server/flow/snapshot.h"

#define DAY_MS INT64_C(86400000)

static const struct gate_interval *for_gate(struct arena *arena, const struct interval *intervals,
                                            size_t n)
{
    struct gate_interval *list = arena_array(arena, n, sizeof(*list));

    for (size_t i = 0; i < n; i++)
        list[i] = (struct gate_interval){intervals[i].from, intervals[i].to, intervals[i].name,
                                         intervals[i].strict};
    return list;
}

void times_load(const struct snapshot *snapshot, const struct config_environment *environment,
                time_ms now, struct arena *arena, struct gate_facts *gate)
{
    /* Mostly a week shows the next opening; year-end freezes and rare windows need more. */
    static const int days[] = {8, 32, 128, 400};
    const struct zone *zone = calendar_zone(snapshot->calendar, environment);
    struct interval *intervals;

    gate->limited = interval_is_limited(environment, &gate->windows_of_calendar);
    if (!gate->limited && snapshot->config->n_freezes == 0)
        return;
    for (size_t i = 0; i < sizeof(days) / sizeof(*days); i++) {
        gate->horizon = now + days[i] * DAY_MS;
        gate->n_windows =
            interval_windows(environment, zone, now, gate->horizon, arena, &intervals);
        gate->windows = for_gate(arena, intervals, gate->n_windows);
        gate->n_freezes = interval_freezes(snapshot->config, environment, zone, now, gate->horizon,
                                           arena, &intervals);
        gate->freezes = for_gate(arena, intervals, gate->n_freezes);
        if (opening_next(gate, now, VERDICT_NEVER) != VERDICT_NEVER)
            break;
    }
}
