#include "lib/rules/rules_occurrence.h"

enum occurrence_stage rules_occurrence_stage(const struct release_facts *facts,
                                             const struct plan_occurrence *occurrence,
                                             bool is_decided, time_ms since, time_ms now)
{
    if (is_decided)
        return OCCURRENCE_NOTHING;
    if (since == 0 || occurrence->due_at < since)
        return OCCURRENCE_NOTHING; /* an edit never fires anything */
    if (now >= occurrence->due_at + facts->grace_ms)
        return OCCURRENCE_MISSED;
    return occurrence->due_at > now + facts->cut_off_ms ? OCCURRENCE_AHEAD : OCCURRENCE_DUE;
}
