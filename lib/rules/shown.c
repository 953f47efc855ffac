#include "lib/rules/shown.h"

#define SHOWN_KEY(symbol, key) key,
static const char *const keys[SHOWN_COUNT] = {SHOWN_STATES(SHOWN_KEY)};

const char *shown_key(enum shown shown)
{
    return keys[shown];
}

#define BIT(cause) (1u << (cause))

/* Somebody, or a rule, said stop. */
#define HELD (BIT(CAUSE_HOLD) | BIT(CAUSE_FREEZE) | BIT(CAUSE_BARRIER) | BIT(CAUSE_EXCLUDED))
/* A person must look. */
#define PERSON (BIT(CAUSE_APPROVAL) | BIT(CAUSE_CHECK))
/* Only the clock stands against it. */
#define TIME (BIT(CAUSE_SCHEDULE) | BIT(CAUSE_WINDOW) | BIT(CAUSE_CALENDAR))

_Static_assert(CAUSE_COUNT <= 32, "a cause is a bit here");

static unsigned causes_of(const struct verdict *verdict)
{
    unsigned bits = 0;

    for (size_t i = 0; verdict != NULL && i < verdict->n_causes; i++)
        bits |= BIT(verdict->causes[i].kind);
    return bits;
}

static bool needs_fix(const struct verdict *verdict)
{
    for (size_t i = 0; verdict != NULL && i < verdict->n_causes; i++)
        if (verdict->causes[i].kind == CAUSE_CHECK && verdict->causes[i].refused)
            return true;
    return false;
}

static enum shown shown_candidate(const struct shown_facts *f)
{
    unsigned causes = causes_of(f->verdict);

    if (needs_fix(f->verdict))
        return SHOWN_NEEDS_FIX;
    if ((causes & HELD) != 0)
        return SHOWN_HELD;
    if ((causes & PERSON) != 0)
        return SHOWN_YOUR_TURN;
    if (f->on_release && causes == BIT(CAUSE_NOT_ASKED))
        return SHOWN_YOUR_TURN;
    if ((causes & ~TIME) == 0 && f->has_start)
        return SHOWN_SCHEDULED;
    return SHOWN_RECEIVED;
}

enum shown shown_judge(const struct shown_facts *f)
{
    bool failed = f->has_deployment && (f->deployment == DEPLOYMENT_ATTENTION ||
                                        (f->deployment == DEPLOYMENT_FAILED && !f->cut_since));

    if (f->ended)
        return SHOWN_ENDED;
    if (f->attempt_unknown)
        return SHOWN_UNKNOWN;
    if (failed)
        return SHOWN_FAILED;
    if (f->has_deployment && f->deployment == DEPLOYMENT_DEPLOYING)
        return f->needed ? SHOWN_STAGING : SHOWN_DEPLOYING;
    if (f->is_live)
        return SHOWN_LIVE;
    return f->is_candidate ? shown_candidate(f) : SHOWN_RECEIVED;
}
