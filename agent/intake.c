/* intake: see intake.h. */
#include "agent/intake.h"

void intake_begin(struct intake *intake, const struct pace_limit *limit)
{
    *intake =
        (struct intake){.commands = {.limit = *limit},
                        .cancels = {.limit = {INTAKE_CANCELS_AT_ONCE, INTAKE_CANCELS_PER_HOUR}}};
}

void intake_take(struct intake *intake, enum agent_journal_kind end, time_ms start_by, time_ms at)
{
    if (end == AGENT_JOURNAL_CARRIED)
        return;
    pace_take(&intake->commands, at);
    /* No order said when it had to begin: it was cancelled before it came, or not signed. */
    if (end == AGENT_JOURNAL_DECLINED && start_by == 0)
        pace_take(&intake->cancels, at);
}
