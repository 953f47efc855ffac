#include "lib/rules/soonest.h"

/* Each step passes the end of at least one window, freeze, hold or barrier; there are not so many. */
#define STEPS_MAX 4096

static bool is_of_time(enum cause_kind kind)
{
    switch (kind) {
    case CAUSE_SCHEDULE:
    case CAUSE_WINDOW:
    case CAUSE_CALENDAR:
    case CAUSE_FREEZE:
    case CAUSE_HOLD:
    case CAUSE_BARRIER:
    case CAUSE_EXCLUDED:
        return true;
    default:
        return false;
    }
}

/* Until when it cannot start, at the least; `t` itself: nothing of time stands against it. */
static time_ms stopped_until(const struct gate_facts *facts, time_ms t)
{
    struct verdict v = gate_judge(facts, t);
    time_ms until = t;

    for (size_t i = 0; i < v.n_causes; i++)
        if (is_of_time(v.causes[i].kind) && v.causes[i].until > until)
            until = v.causes[i].until;
    return until;
}

bool soonest_start(const struct gate_facts *facts, time_ms now, time_ms *ret_at)
{
    time_ms t = facts->start_at > now ? facts->start_at : now;

    for (int i = 0; i < STEPS_MAX && t < facts->start_until; i++) {
        time_ms until = stopped_until(facts, t);

        if (until == t) {
            *ret_at = i == 0 ? facts->start_at : t;
            return true;
        }
        t = until;
    }
    *ret_at = t;
    return false;
}
