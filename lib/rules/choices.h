/*
 * choices: what may a person do about a deployment that has stopped (P5), and about its migrate attempts (M6)?
 *
 * One list for page, command line and API: try again, leave a host out, roll back, cancel; and for each attempt that
 * nobody settled: probe, mark, retry, abandon. A choice that is not open says why, and from when it is. Whether it is
 * open is asked of the rules that judge the act itself, so what is offered is what goes. Pure.
 */
#ifndef SLIPWAY_LIB_RULES_CHOICES_H
#define SLIPWAY_LIB_RULES_CHOICES_H

#include "lib/rules/gate.h"
#include "lib/rules/rules_retry.h"
#include "lib/rules/rules_rollback.h"
#include "lib/rules/settle.h"

#define CHOICES(X)                                                                                 \
    X(CHOICE_RETRY, "retry")                                                                       \
    X(CHOICE_LEAVE_OUT, "leave-out")                                                               \
    X(CHOICE_ROLL_BACK, "roll-back")                                                               \
    X(CHOICE_CANCEL, "cancel")                                                                     \
    X(CHOICE_PROBE, "probe")                                                                       \
    X(CHOICE_MARK_SUCCEEDED, "mark-succeeded")                                                     \
    X(CHOICE_MARK_FAILED, "mark-failed")                                                           \
    X(CHOICE_NEW_ATTEMPT, "new-attempt")                                                           \
    X(CHOICE_ABANDON, "abandon")

#define CHOICES_ENUM(symbol, text) symbol,
enum choice_kind { CHOICES(CHOICES_ENUM) CHOICES_COUNT };
const char *choices_key(enum choice_kind kind);

enum choice_refusal {
    CHOICE_OPEN,
    CHOICE_IS_ENDING,  /* somebody asked that it ends */
    CHOICE_UNSETTLED,  /* the migrate attempt on `database` is to be decided first */
    CHOICE_STILL_RUNS, /* `host` may still run what it was told, until `until` */
    CHOICE_NOBODY_LEFT /* without `host` there is no host */,
    CHOICE_NO_WAY_BACK, /* nothing that could be gone back to */
    CHOICE_UNTOUCHED,   /* no host was changed: cancel it */
    CHOICE_GATE,        /* `cause` */
    CHOICE_PROBED,      /* a probe is under way already */
    CHOICE_SETTLE,      /* `why`, by settle.h */
    CHOICE_REFUSALS_COUNT
};

struct choice {
    enum choice_kind kind;
    enum choice_refusal refusal;
    const char *host;     /* to leave out, or that still runs; NULL */
    const char *database; /* of the attempt, NULL */
    int64_t epoch;        /* ... its own, so that nobody decides about another one; 0 */
    const char *state;    /* ... in which it is, NULL */
    const char *why;      /* NULL */
    const struct cause *cause;
    time_ms until;     /* open from then on by itself; VERDICT_NEVER = when something happens */
    int64_t release;   /* to go back to; 0 */
    bool touched_only; /* ... on those hosts alone that were touched */
    bool across;    /* ... over a migrate job that changed something: it wants to be named (R2) */
    bool beside;    /* ... beside a migrate job that nobody decided: likewise */
    bool as_failed; /* a cancel ends it as failed */
};

struct choices_attempt {
    struct settle_facts settle; /* its attempt is unsettled */
    bool probed;                /* a probe of it is under way */
};

struct choices_facts {
    const struct progress_facts *open; /* of the deployment in attention */
    const struct gate_facts *gate;     /* of its environment, for anything */
    struct rules_rollback way_back;
    bool way_back_across; /* a migrate job between changed something, or may have */
    const struct verdict
        *rollback; /* may that rollback start now? NULL where there is no way back */
    const struct choices_attempt *attempts;
    size_t n_attempts;
    time_ms now;
};

struct choices {
    struct choice *items;
    size_t n;
};

void choices_make(const struct choices_facts *facts, struct arena *arena,
                  struct choices *ret_choices);

/* May what stopped go on now, by the last column of the gate table? `gate`: of the environment, for anything. */
struct verdict choices_gate_of_retry(const struct gate_facts *gate, time_ms now);

#endif
