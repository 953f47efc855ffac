/* observe_decide: see observe_decide.h. */
#include "agent/observe_decide.h"

/* It hangs on what is on the disk, and that cannot be seen: no proof of anything. */
static bool is_in_the_dark(const struct observe_facts *f)
{
    return f->is_unseen && f->last != AGENT_JOURNAL_NONE && f->last != AGENT_JOURNAL_DECLINED &&
           f->last != AGENT_JOURNAL_REPORTED;
}

enum observe_action observe_decide(const struct observe_facts *f)
{
    if (is_in_the_dark(f))
        return OBSERVE_WAIT;
    switch (f->last) {
    case AGENT_JOURNAL_NONE:
        return OBSERVE_NEW;
    case AGENT_JOURNAL_ACCEPTED:
    case AGENT_JOURNAL_ASKING:
        /* The supervisor comes up before `started` is written, and begins after it. */
        return f->is_held ? OBSERVE_WAIT : OBSERVE_NOT_STARTED;
    case AGENT_JOURNAL_STARTED:
        if (f->has_end)
            return OBSERVE_REPORT;
        return f->is_held ? OBSERVE_TAKE_UP : OBSERVE_UNKNOWN;
    case AGENT_JOURNAL_CARRIED:
        /* Of an older journal. What is held still runs: nobody shall hear that its supervisor is gone. */
        return f->has_end ? OBSERVE_REPORT : f->is_held ? OBSERVE_TAKE_UP : OBSERVE_UNKNOWN;
    case AGENT_JOURNAL_FINISHED:
        /* It had an end when that was written; without it there is nothing to tell. */
        return f->has_end ? OBSERVE_REPORT : OBSERVE_UNKNOWN;
    case AGENT_JOURNAL_DECLINED:
        return OBSERVE_REPORT;
    case AGENT_JOURNAL_REPORTED:
    case AGENT_JOURNAL_KINDS_COUNT:
        break;
    }
    return OBSERVE_CLOSED;
}
