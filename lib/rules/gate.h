/*
 * gate: may this deployment start now?
 *
 * The one question every path asks: the flow before it starts, the page that explains a wait, the
 * command line. It knows only facts, so it can be asked about any instant. Which cause binds whom is
 * the table in verdict.h; this file only finds out which causes there are.
 *
 * Rules behind the causes that are not built yet have no facts of their own: their settings arrive
 * in `not_built` and bind under that name, so that nothing configured is silently passed.
 */
#ifndef SLIPWAY_LIB_RULES_GATE_H
#define SLIPWAY_LIB_RULES_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/timestamp.h"
#include "lib/model/almanac.h"
#include "lib/model/deployment.h"
#include "lib/rules/verdict.h"

/* A source that was not seen for so long may hide a newer truth (T22). */
#define GATE_SOURCE_FRESH_MS (5 * 60 * 1000)

struct gate_hold {
    const char *who;
    const char *why;
    time_ms since;
    time_ms until; /* VERDICT_NEVER = until a person lifts it */
};

struct gate_setting {
    const char *setting; /* as written: "between" */
    int line;
};

struct gate_need {
    const char *environment;
    bool proven;             /* the release succeeded there, on all hosts of its snapshot */
    const char *unrehearsed; /* the environment in which a migrate job of it did not settle well
                              * yet, NULL = all is rehearsed (M8). It may lie before this one */
    bool passed_by; /* something newer succeeded there: this one is not proven by itself any more */
};

/* A pull request in the range that may not go out yet (C3), or was rolled back here (R4). */
struct gate_barrier {
    const char *pull; /* "#449" */
    const char *who;  /* who set it */
    const char *why;
    time_ms since;
    time_ms until; /* VERDICT_NEVER = until a person lifts it */
    bool named;    /* the act names it: --with #N */
    bool rolled_back;
};

/* What belongs to a release and is not there: an approval, a check, a green CI (C1). */
struct gate_lack {
    enum cause_kind kind; /* CAUSE_APPROVAL, CAUSE_CHECK, CAUSE_CI */
    const char *what;    /* the changes that need approval; where it is looked at; the name in CI */
    const char *who;     /* who may give it, NULL */
    const char *why;     /* how it stands */
    const char *command; /* what to type, NULL */
    bool refused;        /* needs a fix, or CI failed: it does not come by waiting */
    time_ms since;       /* of the refusal, 0 */
    time_ms from;        /* it lacks from here on: an approval expires then; 0 = it lacks */
};

struct gate_host {
    const char *name;
    bool known; /* an agent registered under that name */
    bool drained;
    time_ms seen_at;   /* 0 = never */
    const char *lacks; /* a planned document it does not have, NULL */
};

struct gate_facts {
    enum gate_pass pass;

    /* The start this is about: [start_at, start_until); start_until VERDICT_NEVER = no end. */
    time_ms start_at;
    time_ms start_until;
    bool limited;                   /* starting is allowed only in windows; else always (F3) */
    const struct interval *windows; /* by their begin */
    size_t n_windows;
    bool windows_of_calendar;       /* they are the days of a calendar, not `between` */
    const struct interval *freezes; /* when it is not; a freeze beats a window */
    size_t n_freezes;
    time_ms horizon; /* windows and freezes are known up to here; 0 = for ever */
    const struct gate_hold *holds;
    size_t n_holds;
    time_ms
        due_at; /* of what was cut when its time had come: when that was; 0 = as `start_at` says */
    time_ms held_until; /* the last one that is over ended then; 0 = not known, or long ago */
    const struct gate_setting *not_built;
    size_t n_not_built;

    const struct gate_need *needs;
    size_t n_needs;
    const struct gate_lack *lacks;
    size_t n_lacks;
    const struct gate_barrier *barriers;
    size_t n_barriers;
    const char *pinned; /* another release that has the next start for itself, NULL (C2) */
    const char *pinned_by;
    time_ms pinned_until;
    const char *separate;     /* an older release that goes first and alone, NULL (C3) */
    const char *separate_why; /* the barrier between them */
    bool names_unrehearsed;   /* --unrehearsed */
    bool names_unsettled;     /* --beside-unsettled */

    const char *unsettled_database; /* an attempt on a database of this deployment, NULL */
    const char *unsettled_host;
    const char *unsettled_command; /* the database stands behind a fence: what ends that; NULL */
    time_ms unsettled_since;
    const char *open_deployment; /* another one of this repository and environment, NULL */
    enum deployment_state open_state;
    time_ms open_since;

    bool failed_before; /* its last deployment here failed or was cancelled (C1) */
    time_ms failed_at;
    bool not_asked; /* `on: release` and nobody asked */

    const char *rewritten;      /* new tip that is not on our line, NULL (C6) */
    time_ms source_seen_at;     /* last good fetch; 0 = never */
    const char *source_failure; /* text of the last failed fetch, NULL */

    const struct gate_host *hosts; /* those the deployment would use */
    size_t n_hosts;
    const char *role_without_host; /* a job's role that resolves to nothing, NULL */
    time_ms start_within_ms;       /* a silent host binds so long after it might have started */
};

/*
 * Judge at `now`. Pure; cannot fail. The verdict holds on [now, next_change) as long as the facts
 * do. Cause texts live as long as the texts in `facts`.
 * Source: design.md 4, Gates; RFC 5545, 3.6.1 (an end is not included).
 */
struct verdict gate_judge(const struct gate_facts *facts, time_ms now);

/* What would bind a normal start at `now` and does not bind this one: people are told of every pass.
 * Only the causes of the answer have a meaning. */
struct verdict gate_passed(const struct gate_facts *facts, time_ms now);

#endif
