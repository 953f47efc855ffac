/*
 * shown: the one word people see for a release in an environment (ux.md, States people see).
 *
 * Derived from what is stored and from the verdict, never stored itself. The rows of ux.md's table in
 * their order: the first one that fits decides. Pure and total; the API, the page, the command line
 * and comments all show this word.
 */
#ifndef SLIPWAY_LIB_RULES_SHOWN_H
#define SLIPWAY_LIB_RULES_SHOWN_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/model/deployment.h"
#include "lib/rules/verdict.h"

/* In the order of the headline: the worst comes first. Texts are in messages.tsv under `state.KEY`. */
#define SHOWN_STATES(X)                                                                            \
    X(SHOWN_UNKNOWN, "unknown")                                                                    \
    X(SHOWN_FAILED, "failed")                                                                      \
    X(SHOWN_HELD, "held")                                                                          \
    X(SHOWN_NEEDS_FIX, "needs-fix")                                                                \
    X(SHOWN_YOUR_TURN, "your-turn")                                                                \
    X(SHOWN_DEPLOYING, "deploying")                                                                \
    X(SHOWN_STAGING, "staging")                                                                    \
    X(SHOWN_SCHEDULED, "scheduled")                                                                \
    X(SHOWN_CHECKED, "checked")                                                                    \
    X(SHOWN_RECEIVED, "received")                                                                  \
    X(SHOWN_LIVE, "live")                                                                          \
    X(SHOWN_ENDED, "ended")

#define SHOWN_ENUM(symbol, key) symbol,
enum shown { SHOWN_STATES(SHOWN_ENUM) SHOWN_COUNT };

struct shown_facts {
    bool ended;           /* closed unmerged, rolled back; a deployment seen by itself */
    bool attempt_unknown; /* an attempt of its deployment is unknown and unsettled */
    bool has_deployment;  /* the newest there whose range holds it */
    enum deployment_state deployment;
    bool cut_since;                /* a newer one was cut there after that */
    bool needed;                   /* some environment needs this one */
    bool is_live;                  /* what is live there contains it */
    bool is_candidate;             /* newer than what is live, or cut and not started, or wished */
    bool on_release;               /* the environment waits for a person */
    bool has_start;                /* there is a time at which it would start */
    const struct verdict *verdict; /* of the candidate or cut; NULL = none was judged */
};

enum shown shown_judge(const struct shown_facts *facts);

const char *shown_key(enum shown shown);

/* The one that the headline names. */
static inline enum shown shown_worse(enum shown a, enum shown b)
{
    return a < b ? a : b;
}

#endif
