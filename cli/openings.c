#include "cli/openings.h"

#include "lib/calendar/interval.h"
#include "lib/rules/soonest.h"

#define HORIZON_MS (400 * INT64_C(86400000))
#define TRIES_MAX 2000

/* The end of the window that is open at `t`: the next opening lies behind it. */
static time_ms window_end(const struct gate_facts *g, time_ms t)
{
    for (size_t i = 0; i < g->n_windows; i++)
        if (g->windows[i].from <= t && t < g->windows[i].to)
            return g->windows[i].to;
    return t + 1;
}

/* The next one from `t` on; `*ret_next` is where to look for the one behind it. */
static bool next_opening(const struct calendar *calendar, const struct config_environment *e,
                         struct gate_facts *g, time_ms t, time_ms *ret_at, time_ms *ret_next)
{
    struct occurrence o;

    if (e->at.n == 0) {
        g->start_at = t;
        g->start_until = g->horizon;
        if (!g->limited || !soonest_start(g, t, ret_at))
            return false;
        *ret_next = window_end(g, *ret_at);
        return true;
    }
    for (int i = 0; i < TRIES_MAX && occurrence_next(calendar, e, t, &o); i++) {
        g->start_at = o.due_at;
        g->start_until = o.due_at + e->grace_ms;
        t = o.due_at + 1;
        if (soonest_start(g, o.due_at, ret_at)) {
            *ret_next = t;
            return true;
        }
    }
    return false;
}

size_t openings_list(const struct config *config, const struct calendar *calendar,
                     const struct config_environment *e, time_ms now, struct arena *arena,
                     time_ms *ret_items, size_t max)
{
    const struct zone *zone = calendar_zone(calendar, e);
    struct gate_facts g = {.horizon = now + HORIZON_MS};
    struct interval *intervals;
    size_t n = 0;

    g.limited = interval_is_limited(e, &g.windows_of_calendar);
    g.n_windows = interval_windows(e, zone, now, g.horizon, arena, &intervals);
    g.windows = intervals;
    g.n_freezes = interval_freezes(config, e, zone, now, g.horizon, arena, &intervals);
    g.freezes = intervals;
    for (time_ms t = now; n < max && next_opening(calendar, e, &g, t, &ret_items[n], &t);)
        n++;
    return n;
}
