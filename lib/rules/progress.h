/*
 * progress: what a deployment that runs needs next.
 *
 * Given everything that is known of it (jobs, invocations, hosts, attempts), it names the moves: start
 * a job, release a command to its host, call a silent one unknown, end a job, end the deployment. It is
 * asked again after every change, so it must be harmless to ask twice: each move is a compare-and-set.
 *
 *   job waiting  -- all it needs succeeded -->  running, and its first commands are released with it
 *   job running  -- a free place, budget left, host's track free -->  release one more (P2, P3, I11)
 *                -- all hosts ended, errors within budget        -->  succeeded
 *                -- errors over budget or one unknown, none runs -->  failed; the deployment stops (P5)
 *
 * Pure. The arrays in a plan belong to the caller's arena.
 */
#ifndef SLIPWAY_LIB_RULES_PROGRESS_H
#define SLIPWAY_LIB_RULES_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/timestamp.h"
#include "lib/model/attempt.h"
#include "lib/model/command.h"
#include "lib/model/deployment.h"
#include "lib/model/host.h"

/* A command that provably never began is made anew for its host, so often. */
#define PROGRESS_TRIES_MAX 3
#define PROGRESS_ASKED_MS 30000 /* after start-by, of a host that polls: two polls */

struct progress_index;

struct progress_facts {
    const struct deployment *deployment; /* deploying; in attention only attempts move */
    const struct job *jobs;              /* by number */
    size_t n_jobs;
    const struct invocation
        *invocations; /* all tries of all jobs; of one host in order of writing */
    size_t n_invocations;
    const struct attempt *attempts; /* of this deployment, oldest first */
    size_t n_attempts;
    const struct invocation
        *earlier; /* of other deployments of the track, that may still run (I11) */
    size_t n_earlier;
    const char *const *left_out; /* ids of hosts that a person left out (P5) */
    size_t n_left_out;
    const struct host *hosts; /* those of the deployment */
    size_t n_hosts;
    time_ms heard_since;                /* the server listens since; nobody is silent before */
    const struct progress_index *index; /* by host; NULL = none was made, and it takes longer */
};

enum progress_kind {
    PROGRESS_JOB_START, /* job waiting -> running */
    PROGRESS_RELEASE,   /* the invocation may be handed out now */
    PROGRESS_RETRY, /* it provably never began, or a person wants it: a new command for the same host */
    PROGRESS_UNDELIVERED, /* invocation -> TimedOut/DeliveryTimedOut: never handed out; `cause` NULL = it did
                           * not come for it */
    PROGRESS_LOST, /* invocation -> Unknown: handed out or running, and silent */
    PROGRESS_LEAVE_OUT, /* invocation, never handed out -> Cancelled/Terminated: its host failed before, or the job
                         * stopped */
    PROGRESS_CANCEL,        /* invocation -> Cancelling: its host is asked to end it (P6) */
    PROGRESS_ATTEMPT_PLAN,  /* migrate job: plan an attempt (the flow chooses the host) */
    PROGRESS_ATTEMPT_MOVE,  /* attempt -> `attempt_state` */
    PROGRESS_ATTEMPT_ALARM, /* people are told that it takes longer than `timeout-minutes` (M5) */
    PROGRESS_JOB_END,       /* job -> `job_state` */
    PROGRESS_DEPLOYMENT_END /* deployment -> `deployment_state` */
};

struct progress_move {
    enum progress_kind kind;
    const struct job *job;
    const struct invocation *invocation;
    const struct attempt *attempt;
    enum attempt_state attempt_state;
    enum job_state job_state;
    enum deployment_state deployment_state;
    const char *cause; /* for people; NULL */
};

struct progress_plan {
    struct progress_move *moves;
    size_t n_moves;
    time_ms next_change; /* look again then, or at an event */
};

/* The moves that are due at `now`. Source: design.md P1-P4, M1-M6; migrate.md 4. */
void progress_make(const struct progress_facts *facts, time_ms now, struct arena *arena,
                   struct progress_plan *ret_plan);

/* Is it the last try of its host in its job? Tries stand in the order of writing. */
bool progress_is_last_try(const struct progress_facts *facts, size_t invocation);
bool progress_is_left_out(const struct progress_facts *facts, const char *host_id);
/* A host that failed, was left out or is unknown in another job gets nothing more in this deployment. */
bool progress_is_out(const struct progress_facts *facts, int job_number, const char *host_id);

/* How many hosts of a job may run at once after so many ended well: 1, then doubling (P3). */
size_t progress_allowed(const struct job *job, size_t n_ended_well);

#endif
