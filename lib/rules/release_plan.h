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
 *                            `after-failure: rollback`                -> PLAN_GO_BACK
 *
 * A rollback goes before everything (R1). What a person asked for comes next: a hotfix, a pin or a go-live (C2). Below a barrier the older
 * candidates go (C3); an environment that others need brings them one side of the barrier at a time, so
 * that what lies below it is proven by itself.
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
    const char *name; /* "r128" */
    const char *sha;
    enum lane lane;
    time_ms seen_at;
    struct gate_need needs[RELEASE_PLAN_NEEDS_MAX]; /* one per environment in `needs` */
    size_t n_needs;
    const struct gate_lack *lacks; /* approvals, checks, CI */
    size_t n_lacks;
    bool off_line; /* no longer on the branch (C6) */
    bool failed;   /* its last deployment here ended failed, or a person cancelled it */
    time_ms failed_at;
};

/* What a person asked for: a release by name. */
struct plan_wish {
    const struct plan_release *release; /* NULL = nobody asked */
    const char *who;
    time_ms wished_at;
    time_ms at;          /* the start it is for: a pin, a go-live with a time; 0 = at once */
    bool hotfix;         /* by the right of that name: the gate's second column */
    bool unrehearsed;    /* it names the missing rehearsal (M8) */
    const int64_t *with; /* pull requests it names: their barriers are passed */
    size_t n_with;
    const int64_t *with_releases; /* releases without a pull request that it names */
    size_t n_with_releases;
};

/* Somebody, or `after-failure`, wants an old release back (R1). */
struct plan_rollback {
    const struct plan_release *release; /* NULL = nobody does */
    time_ms asked_at;
    bool beside_unsettled; /* it names the unsettled attempt */
    bool untouched; /* what it was to take back never touched a host: nothing is left to do */
    const struct gate_host *hosts; /* those that it uses */
    size_t n_hosts;
};

/* A pull request with *not before T*, as far as releases hold it (C3); or one that was rolled back here, and is not
 * sent again unless somebody names it (R4). */
struct plan_barrier {
    int64_t number;      /* the first release that holds some of it */
    int64_t reverted_in; /* the release that takes it out again, 0 = none (C5) */
    int64_t pull;        /* 0 = a release without one */
    bool rolled_back;
    const char *name; /* "#449", "r5" */
    const char *who;
    const char *why;
    time_ms since;
    time_ms until; /* VERDICT_NEVER = until a person lifts it */
};
#define RELEASE_PLAN_BARRIERS_MAX 64 /* that are told of one by one */

/* A hotfix is meant for now: after so long it ends, and says so (T26). */
#define RELEASE_PLAN_HOTFIX_MS (60 * 60 * 1000)
#define RELEASE_PLAN_ROLLBACK_MS (60 * 60 * 1000) /* a rollback, too */

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
    int64_t delay_ms; /* on: merge: a release is due so long after it was seen (F10) */
    bool after_failure_next;
    bool
        after_failure_back; /* `rollback`: what is in attention goes back by itself, one step (P5) */
    bool back_is_nothing;   /* ... and touched no host: it only ends */
    int64_t back_to;        /* 0 = there is no way back without a person */

    int64_t live_number;                 /* 0 = unknown (C7) */
    const struct plan_release *releases; /* candidates, oldest first */
    size_t n_releases;

    struct plan_wish wish;         /* a pin, a go-live, a release by name */
    struct plan_wish hotfix;       /* beside it */
    struct plan_rollback rollback; /* before all of them */
    size_t n_late;                 /* hosts that would get what is live now (P7) */
    bool late_unapproved;  /* ... by a plan that is not the one that was approved: they wait (A1) */
    time_ms late_again_at; /* one that waits for what it runs is looked at then; 0 = none does */
    time_ms gone_at;       /* a host found by tags is gone from then on; 0 = none is */
    const struct plan_barrier *barriers; /* here, by number */
    size_t n_barriers;
    const struct plan_barrier *apart; /* of the environments that need this one, by number */
    size_t n_apart;

    struct plan_occurrence current;       /* undecided, cut is due, grace not over */
    struct plan_occurrence next;          /* the first whose cut is not due yet */
    const struct plan_occurrence *missed; /* undecided, grace is over; oldest first */
    size_t n_missed;

    const struct deployment *open;           /* waiting, deploying, attention; NULL */
    const struct plan_release *open_release; /* its release as a candidate, NULL without `open` */
    struct plan_wish open_wish;              /* what it was cut for */
    struct plan_rollback open_rollback;      /* likewise */
    int64_t open_rows;                       /* its invocations that are written */
    bool open_unsettled;                     /* one of its attempts is */
    bool config_changed;                     /* it was cut under another configuration */

    struct gate_facts gate; /* all but the target's part, which is filled in here */
};

enum plan_action {
    PLAN_WAIT,
    PLAN_CUT,
    PLAN_START,
    PLAN_UNDO,
    PLAN_GIVE_UP,
    PLAN_GO_BACK, /* what is in attention ends, and a rollback is asked for (after-failure) */
    PLAN_CATCH_UP /* late hosts get what is live (P7) */
};

/* Late hosts may wait although the gate lets them; keys in messages.tsv, `late.waits.KEY`. */
enum plan_late {
    PLAN_LATE_GOES,
    PLAN_LATE_START_IS_NEAR, /* they are part of what goes out then */
    PLAN_LATE_UNAPPROVED,    /* the plan is not the approved one */
    PLAN_LATE_ENDS
};
extern const char *const release_plan_late[PLAN_LATE_ENDS];

/* Nobody begins to catch up so shortly before a start, or while it may still happen: that one would wait for it. */
#define RELEASE_PLAN_LATE_NEAR_MS (10 * 60 * 1000)

/* What is decided about an occurrence, once (I8). */
struct plan_decision {
    struct plan_occurrence occurrence;
    const char *decision; /* deferred or skipped; the start itself writes `started` */
    const char *cause;    /* key of a gate cause, NULL */
};

#define RELEASE_PLAN_DECISIONS_MAX 64

/* A wish that cannot come true any more, and why: texts are in messages.tsv under `wish.ended.KEY`. */
enum plan_end {
    PLAN_GOES_ON,
    PLAN_PASSED,
    PLAN_LIVE,
    PLAN_OFF_LINE,
    PLAN_UNTOUCHED, /* of a rollback */
    PLAN_ENDS
};
extern const char *const release_plan_ends[PLAN_ENDS];

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
    enum plan_end wish_ends;           /* of the facts' wish: it is over and to be closed */
    enum plan_end hotfix_ends;         /* of the hotfix */
    enum plan_end rollback_ends;       /* of the rollback */
    bool wish;                         /* the target is what the wish asked for */
    bool hotfix;                       /* the target is the hotfix, or what is open is one */
    bool rollback;                     /* the target is what a rollback brings back */
    struct verdict passed;             /* what it passes that would bind a normal start */
    struct verdict late_verdict;       /* of the late hosts, where there are any */
    enum plan_late late;               /* why they wait beside it */
    struct plan_decision decisions[RELEASE_PLAN_DECISIONS_MAX];
    size_t n_decisions;
    time_ms next_change; /* another answer may be given then, or at an event */
    time_ms
        wakes_at; /* another move may be made then, or at an event: it is later than a missing sign of life */
};

/* What to do at `now`. Source: design.md 4, C1, C2, C7, F6, F7. */
void release_plan_make(const struct release_facts *facts, time_ms now,
                       struct release_plan *ret_plan);

/* The barriers in the range up to `target`, as the gate is asked with; `wish`: what it was asked for by, NULL. At most
 * RELEASE_PLAN_BARRIERS_MAX, those first that it does not name. Returns how many. */
size_t release_plan_barriers(const struct release_facts *facts, const struct plan_release *target,
                             const struct plan_wish *wish, struct gate_barrier *ret_barriers);

/* Why not yet, for any of the releases of the facts, beside what the plan chose: also one that waits
 * behind its target. NULL-safe: a release that is none of them gets an empty verdict. */
struct verdict release_plan_judge(const struct release_facts *facts,
                                  const struct release_plan *plan, int64_t number, time_ms now);

#endif
