/*
 * release plan: which release goes to an environment next, when, and what has to happen now.
 *
 * Asked at each look of the flow, and by everybody who wants to know when and why not yet. It picks
 * the newest candidate that has everything which belongs to a release (C1); the gate then says
 * whether it may start. One answer is one move: cut, start, undo, give up, or wait until `next_change`.
 *
 *      no open deployment:   target and go (or the cut is due)  -> PLAN_CUT
 *      waiting:              go -> PLAN_START      grace is over, other configuration -> PLAN_UNDO
 *      attention:            a newer candidate, `after-failure: next` -> PLAN_GIVE_UP
 *
 * Pure: facts in, plan out. Texts belong to the facts.
 */
#ifndef SLIPWAY_LIB_RULES_RELEASE_PLAN_H
#define SLIPWAY_LIB_RULES_RELEASE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/timestamp.h"
#include "lib/model/deployment.h"
#include "lib/rules/gate.h"
#include "lib/rules/verdict.h"

#define RELEASE_PLAN_NEEDS_MAX 16

/* A release newer than what is live, or one that a person asked for. */
struct plan_release {
    int64_t number;
    const char *sha;
    enum lane lane;
    time_ms seen_at;
    struct gate_need needs[RELEASE_PLAN_NEEDS_MAX]; /* one per environment in `needs` */
    size_t n_needs;
    bool failed; /* its last deployment here ended failed, or a person cancelled it */
    time_ms failed_at;
};

/* One `at` of an environment on one day (F6). */
struct plan_occurrence {
    char date[11]; /* YYYY-MM-DD, local; "" = there is none */
    char time[9];  /* HH:MM:SS, local */
    time_ms due_at;
};

struct release_facts {
    enum deployment_trigger on;
    int64_t grace_ms;
    int64_t cut_off_ms;
    bool after_failure_next;

    int64_t live_number;                 /* 0 = unknown (C7) */
    const struct plan_release *releases; /* candidates, oldest first */
    size_t n_releases;

    const struct plan_release *wished; /* `on: release`: what was asked for, NULL */
    time_ms wished_at;

    struct plan_occurrence current;       /* undecided, cut is due, grace not over */
    struct plan_occurrence next;          /* the first whose cut is not due yet */
    const struct plan_occurrence *missed; /* undecided, grace is over; oldest first */
    size_t n_missed;

    const struct deployment *open;           /* waiting, deploying, attention; NULL */
    const struct plan_release *open_release; /* its release as a candidate, NULL without `open` */
    int64_t open_rows;                       /* its invocations that are written */
    bool open_unsettled;                     /* one of its attempts is */
    bool config_changed;                     /* it was cut under another configuration */

    struct gate_facts gate; /* all but the target's part, which is filled in here */
};

enum plan_action { PLAN_WAIT, PLAN_CUT, PLAN_START, PLAN_UNDO, PLAN_GIVE_UP };

/* What is decided about an occurrence, once (I8). */
struct plan_decision {
    struct plan_occurrence occurrence;
    const char *decision; /* deferred or skipped; the start itself writes `started` */
    const char *cause;    /* key of a gate cause, NULL */
};

#define RELEASE_PLAN_DECISIONS_MAX 64

struct release_plan {
    enum plan_action action;
    const char *reason;                /* for UNDO and GIVE_UP: why, a constant text */
    const struct plan_release *target; /* NULL = nothing to bring */
    time_ms start_at;    /* promised start of the target; VERDICT_NEVER = none known */
    time_ms start_until; /* VERDICT_NEVER = no end */
    struct plan_occurrence occurrence; /* the one it starts at; date "" = none */
    struct verdict verdict;            /* of the target, or of the open deployment that waits */
    const struct plan_release *newest; /* the newest candidate, if it is not the target */
    struct verdict newest_verdict;     /* what it lacks */
    struct plan_decision decisions[RELEASE_PLAN_DECISIONS_MAX];
    size_t n_decisions;
    time_ms next_change; /* look again then, or at an event */
};

/* What to do at `now`. Source: design.md 4, C1, C2, C7, F6, F7. */
void release_plan_make(const struct release_facts *facts, time_ms now,
                       struct release_plan *ret_plan);

#endif
