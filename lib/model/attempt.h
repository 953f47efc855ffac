/*
 * attempt: one try of a migrate job on one database (migrate.md 1, 6).
 *
 * Unsettled, it holds its database: nothing else may touch it. It is settled when its end is proven
 * or a person decided; `failed` and `unknown` wait for a person.
 */
#ifndef SLIPWAY_LIB_MODEL_ATTEMPT_H
#define SLIPWAY_LIB_MODEL_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/timestamp.h"
#include "lib/model/states.h"

/* A host is faster than the flow looks: what is seen next may lie several states ahead, never behind.
 * Bits: 0 planned 1 offered 2 accepted 3 permitted 4 running 5 succeeded 6 failed 7 unknown
 * 8 cancelled 9 not_started. From failed to succeeded: by a person's decision alone (M6). From unknown to not started: by
 * a host's word that is believed (docs/decisions/0044). */
#define ATTEMPT_STATES(X)                                                                          \
    X(ATTEMPT_PLANNED, "planned",                                                                  \
      1u << 1 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 8 | 1u << 9)     \
    X(ATTEMPT_OFFERED, "offered",                                                                  \
      1u << 2 | 1u << 3 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 8 | 1u << 9)               \
    X(ATTEMPT_ACCEPTED, "accepted", 1u << 3 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 9)     \
    X(ATTEMPT_PERMITTED, "permitted", 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 9)             \
    X(ATTEMPT_RUNNING, "running", 1u << 5 | 1u << 6 | 1u << 7)                                     \
    X(ATTEMPT_SUCCEEDED, "succeeded", 0)                                                           \
    X(ATTEMPT_FAILED, "failed", 1u << 5)                                                           \
    X(ATTEMPT_UNKNOWN, "unknown", 1u << 5 | 1u << 6 | 1u << 9)                                     \
    X(ATTEMPT_CANCELLED, "cancelled", 0)                                                           \
    X(ATTEMPT_NOT_STARTED, "not_started", 0)

enum attempt_state { ATTEMPT_STATES(STATES_ENUM) ATTEMPT_STATES_COUNT };
extern const struct state_entry attempt_states[ATTEMPT_STATES_COUNT];

struct attempt {
    int64_t id;
    const char *database; /* resolved name (M1) */
    int64_t repository_id;
    int64_t release_number;
    int64_t n;
    int64_t epoch;
    int64_t deployment_id;
    int job_number;
    char command_id[37];
    char host_id[21];
    const char *host; /* name, joined in */
    enum attempt_state state;
    int changed; /* 0 nothing to do, 1 changed or did not say, -1 not ended well */
    time_ms planned_at;
    time_ms ended_at;
    time_ms settled_at; /* 0 = holds the database */
    time_ms voided_at;
    const char *voided_by; /* NULL */
    const char *void_reason;
    const char *decision; /* of a person, or `proved by probe`; NULL */
    const char *decided_by;
    const char *reason;
    time_ms decided_at;
    time_ms
        gone_at; /* its host said that its supervisor is gone, with an end or without; 0 = it did not */
    time_ms alarmed_at; /* people were told that it takes longer than `timeout-minutes`; 0 = not */
    const char *late_state; /* a true end that came after the decision, NULL */
    time_ms late_at;
};

/* Ends that settle by themselves; failed and unknown need a person (M2). */
static inline bool attempt_settles(enum attempt_state s)
{
    return s == ATTEMPT_SUCCEEDED || s == ATTEMPT_CANCELLED || s == ATTEMPT_NOT_STARTED;
}

#endif
