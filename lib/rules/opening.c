#include "lib/rules/opening.h"

#include <stddef.h>

/* The begin of the first window that is open at `t` or later. */
static time_ms in_window(const struct gate_facts *f, time_ms t)
{
    time_ms best = VERDICT_NEVER;

    if (!f->limited)
        return t;
    for (size_t i = 0; i < f->n_windows; i++) {
        time_ms from = f->windows[i].from > t ? f->windows[i].from : t;
        if (f->windows[i].to > t && from < best)
            best = from;
    }
    return best;
}

/* `t`, or the end of a freeze that covers it. */
static time_ms out_of_freeze(const struct gate_facts *f, time_ms t)
{
    for (size_t i = 0; i < f->n_freezes; i++)
        if (f->freezes[i].from <= t && t < f->freezes[i].to)
            return f->freezes[i].to;
    return t;
}

time_ms opening_next(const struct gate_facts *facts, time_ms t, time_ms until)
{
    time_ms end = facts->horizon != 0 && facts->horizon < until ? facts->horizon : until;

    /* Each round leaves one window's gap or one freeze behind. */
    for (size_t round = 0; round <= 2 * (facts->n_windows + facts->n_freezes) + 1; round++) {
        time_ms open = in_window(facts, t);
        time_ms free;
        if (open == VERDICT_NEVER || open >= end)
            return VERDICT_NEVER;
        free = out_of_freeze(facts, open);
        if (free == open)
            return open;
        t = free;
    }
    return VERDICT_NEVER;
}

const char *opening_excluded(const struct gate_facts *facts, time_ms t)
{
    if (facts->horizon == 0 || facts->horizon < t + OPENING_EXCLUDED_MS ||
        opening_next(facts, t, t + OPENING_EXCLUDED_MS) != VERDICT_NEVER)
        return NULL;
    if (!facts->limited)
        return "freezes";
    if (in_window(facts, t) >= t + OPENING_EXCLUDED_MS)
        return facts->windows_of_calendar ? "calendar" : "between, calendar";
    return facts->windows_of_calendar ? "calendar, freezes" : "between, freezes";
}
