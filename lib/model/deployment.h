/*
 * deployment: one attempt to bring a release to one environment, as ordered jobs (design.md 3).
 *
 *      cut                    start                all hosts of all jobs are good
 *   -------> waiting -------------------> deploying -----------------------------> succeeded
 *               |  grace is over, newer cut   |  a job failed, an outcome is unknown
 *               +--> superseded               +--> attention --> deploying | failed | cancelled
 *               +--> cancelled                                             | superseded never
 *
 * A cancel is a request: what runs is Cancelling until its host confirms that it is gone, and then the deployment
 * ends: failed if what a host runs, or a database, may have been changed, else cancelled (P5, P6).
 *
 * At most one of a repository and environment is open (waiting, deploying, attention).
 */
#ifndef SLIPWAY_LIB_MODEL_DEPLOYMENT_H
#define SLIPWAY_LIB_MODEL_DEPLOYMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/timestamp.h"
#include "lib/model/release.h"
#include "lib/model/states.h"

#define DEPLOYMENT_STATES(X)                                                                       \
    X(DEPLOYMENT_WAITING, "waiting", 1u << 1 | 1u << 5 | 1u << 6)                                  \
    X(DEPLOYMENT_DEPLOYING, "deploying", 1u << 2 | 1u << 3 | 1u << 4 | 1u << 5)                    \
    X(DEPLOYMENT_SUCCEEDED, "succeeded", 0)                                                        \
    X(DEPLOYMENT_ATTENTION, "attention", 1u << 1 | 1u << 4 | 1u << 5)                              \
    X(DEPLOYMENT_FAILED, "failed", 0)                                                              \
    X(DEPLOYMENT_CANCELLED, "cancelled", 0)                                                        \
    X(DEPLOYMENT_SUPERSEDED, "superseded", 0)

enum deployment_state { DEPLOYMENT_STATES(STATES_ENUM) DEPLOYMENT_STATES_COUNT };
extern const struct state_entry deployment_states[DEPLOYMENT_STATES_COUNT];

static inline bool deployment_is_open(enum deployment_state s)
{
    return s == DEPLOYMENT_WAITING || s == DEPLOYMENT_DEPLOYING || s == DEPLOYMENT_ATTENTION;
}

#define DEPLOYMENT_KINDS(X)                                                                        \
    X(DEPLOYMENT_RELEASE, "release", 0)                                                            \
    X(DEPLOYMENT_PREVIEW, "preview", 0)                                                            \
    X(DEPLOYMENT_ROLLBACK, "rollback", 0)                                                          \
    X(DEPLOYMENT_CATCH_UP, "catch-up", 0)

enum deployment_kind { DEPLOYMENT_KINDS(STATES_ENUM) DEPLOYMENT_KINDS_COUNT };
extern const struct state_entry deployment_kinds[DEPLOYMENT_KINDS_COUNT];

/* What made it due. */
#define DEPLOYMENT_TRIGGERS(X)                                                                     \
    X(DEPLOYMENT_ON_MERGE, "merge", 0)                                                             \
    X(DEPLOYMENT_ON_RELEASE, "release", 0)                                                         \
    X(DEPLOYMENT_ON_SCHEDULE, "schedule", 0)

enum deployment_trigger { DEPLOYMENT_TRIGGERS(STATES_ENUM) DEPLOYMENT_TRIGGERS_COUNT };
extern const struct state_entry deployment_triggers[DEPLOYMENT_TRIGGERS_COUNT];

struct deployment {
    int64_t id;
    int64_t repository_id;
    const char *repository; /* name, joined in for people */
    const char *environment;
    enum deployment_kind kind;
    int64_t release_number; /* 0 for a preview */
    int64_t pull_number;    /* of a preview, else 0 */
    char sha[41];
    int64_t from_number; /* live at the cut, of a rollback the newest that is left; 0 = unknown */
    char from_sha[41];   /* "" = unknown */
    enum lane lane;
    enum deployment_trigger trigger;
    int64_t wish_id;    /* 0 = none */
    bool hotfix;        /* judged by that column of the gate table; belongs to it alone (T26) */
    const char *passed; /* JSON list of the causes it passed when it started, NULL */
    char occurrence_date[11]; /* "" unless on a schedule */
    char occurrence_time[9];
    enum deployment_state state;
    const char *cause; /* NULL, or why it is in that state */
    const char *config_digest;
    const char *plan_digest;
    int64_t rows_expected;
    time_ms cut_at;
    time_ms start_at;
    time_ms start_until; /* 0 = no end */
    time_ms started_at;
    time_ms
        stopped_at; /* in attention since then, or when it last was before it ended; 0 = it went through */
    time_ms ended_at;
    time_ms cancel_at;         /* somebody asked that it ends (P6); 0 = nobody did */
    const char *cancel_by;     /* NULL */
    const char *cancel_reason; /* NULL = none was given */
};

/* Job: a barrier; what needs it starts when every host of it is done. */
#define JOB_STATES(X)                                                                              \
    X(JOB_WAITING, "waiting", 1u << 1 | 1u << 2 | 1u << 4)                                         \
    X(JOB_RUNNING, "running", 1u << 2 | 1u << 3 | 1u << 4)                                         \
    X(JOB_SUCCEEDED, "succeeded", 1u << 1) /* tried again where hosts were left behind */          \
    X(JOB_FAILED, "failed", 1u << 1)                                                               \
    X(JOB_CANCELLED, "cancelled", 1u << 1)

enum job_state { JOB_STATES(STATES_ENUM) JOB_STATES_COUNT };
extern const struct state_entry job_states[JOB_STATES_COUNT];

#define JOB_NEEDS_MAX 32

struct job {
    int64_t deployment_id;
    int number; /* 0.., each after what it needs */
    const char *name;
    int needs[JOB_NEEDS_MAX]; /* numbers of jobs */
    size_t n_needs;
    const char *database; /* resolved name of a migrate job, NULL for others */
    int64_t max_parallel;
    int64_t max_errors;
    bool ramp; /* one host first, then doubling (P3) */
    int64_t start_within_ms;
    int64_t timeout_ms;
    bool proves_commit; /* one of its steps writes `commit` (P1) */
    bool touches;       /* it may change what a host runs: all but fetch and migrate */
    const char *document_digest;
    const char *candidates;   /* migrate job: comma list of hosts, "" for others */
    const char *primary_host; /* migrate job: the only host it may run on, NULL = any candidate */
    enum job_state state;
    const char *cause;
    time_ms started_at;
    time_ms ended_at;
    time_ms retried_at; /* a person let it be tried again, the last time; 0 = never */
};

#endif
