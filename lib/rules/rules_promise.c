#include "lib/rules/rules_promise.h"

#include <string.h>

/* Time itself is what the promise says; anything else that binds is what it lacks. */
static const char *lacks(const struct verdict *verdict)
{
    for (size_t i = 0; i < verdict->n_causes; i++) {
        switch (verdict->causes[i].kind) {
        case CAUSE_SCHEDULE:
        case CAUSE_WINDOW:
        case CAUSE_CALENDAR:
        case CAUSE_FREEZE:
            break;
        default:
            return verdict_cause_key(verdict->causes[i].kind);
        }
    }
    return NULL;
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

enum rules_promise_move rules_promise_judge(const struct promise *open,
                                            const struct release_plan *plan, time_ms start_at,
                                            time_ms now, struct promise *ret_promise)
{
    const char *lack = lacks(&plan->verdict);

    if (plan->target == NULL || start_at == VERDICT_NEVER)
        return open != NULL ? RULES_PROMISE_WITHDRAW : RULES_PROMISE_STANDS;
    if (open == NULL && start_at <= now)
        return RULES_PROMISE_STANDS;
    if (open != NULL && open->start_at == start_at &&
        open->release_number == plan->target->number && same_text(open->lacks, lack))
        return RULES_PROMISE_STANDS;
    ret_promise->release_number = plan->target->number;
    ret_promise->start_at = start_at;
    ret_promise->lacks = lack;
    return open != NULL ? RULES_PROMISE_CHANGE : RULES_PROMISE_MAKE;
}
