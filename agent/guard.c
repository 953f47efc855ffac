/* guard: see guard.h. */
#include "agent/guard.h"

#include "lib/ssm/message_start.h"

bool guard_may_follow(enum agent_journal_kind from, enum agent_journal_kind to)
{
#define AFTER(kind) (1u << (kind))
    static const unsigned allowed[AGENT_JOURNAL_KINDS_COUNT] = {
        [AGENT_JOURNAL_NONE] = 0,
        [AGENT_JOURNAL_ACCEPTED] = AFTER(AGENT_JOURNAL_NONE),
        [AGENT_JOURNAL_ASKING] = AFTER(AGENT_JOURNAL_ACCEPTED),
        [AGENT_JOURNAL_STARTED] = AFTER(AGENT_JOURNAL_ACCEPTED) | AFTER(AGENT_JOURNAL_ASKING),
        [AGENT_JOURNAL_CARRIED] = AFTER(AGENT_JOURNAL_NONE),
        [AGENT_JOURNAL_FINISHED] = AFTER(AGENT_JOURNAL_STARTED) | AFTER(AGENT_JOURNAL_CARRIED),
        [AGENT_JOURNAL_DECLINED] =
            AFTER(AGENT_JOURNAL_NONE) | AFTER(AGENT_JOURNAL_ACCEPTED) | AFTER(AGENT_JOURNAL_ASKING),
        /* Started or carried, and reported: its end could not be proven. */
        [AGENT_JOURNAL_REPORTED] = AFTER(AGENT_JOURNAL_FINISHED) | AFTER(AGENT_JOURNAL_DECLINED) |
                                   AFTER(AGENT_JOURNAL_STARTED) | AFTER(AGENT_JOURNAL_CARRIED),
    };
    return (allowed[to] & AFTER(from)) != 0;
}

bool guard_is_behind(int64_t epoch, int64_t floor, bool is_same)
{
    return epoch < floor || (epoch == floor && !is_same);
}

bool guard_is_late(time_ms now, time_ms start_by)
{
    return now >= start_by;
}

bool guard_is_stale(mono_ms now, mono_ms asked_at)
{
    return now - asked_at >= MESSAGE_START_LIFE_MS;
}

bool guard_is_forgotten(time_ms start_by, time_ms forgotten_until)
{
    return start_by <= forgotten_until;
}
