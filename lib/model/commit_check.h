/*
 * commit check: what CI last said about a commit under one name.
 *
 * GitHub has three kinds: statuses (a context, by anybody with write), check runs (a name, by an App) and
 * check suites (an App's runs of one commit together). All become one of three states; GitHub's own word
 * stays beside it for people. Success, skipped and neutral pass, as they do in GitHub's required checks.
 */
#ifndef SLIPWAY_LIB_MODEL_COMMIT_CHECK_H
#define SLIPWAY_LIB_MODEL_COMMIT_CHECK_H

#include <stdint.h>

#include "lib/base/timestamp.h"
#include "lib/model/states.h"

/* Any may follow any: a check is run again. */
#define COMMIT_CHECK_STATES(X)                                                                     \
    X(COMMIT_CHECK_PENDING, "pending", 1u << 1 | 1u << 2)                                          \
    X(COMMIT_CHECK_PASSED, "passed", 1u << 0 | 1u << 2)                                            \
    X(COMMIT_CHECK_FAILED, "failed", 1u << 0 | 1u << 1)

enum commit_check_state { COMMIT_CHECK_STATES(STATES_ENUM) COMMIT_CHECK_STATES_COUNT };
extern const struct state_entry commit_check_states[COMMIT_CHECK_STATES_COUNT];

#define COMMIT_CHECK_KINDS(X)                                                                      \
    X(COMMIT_CHECK_STATUS, "status", 0)                                                            \
    X(COMMIT_CHECK_RUN, "check-run", 0)                                                            \
    X(COMMIT_CHECK_SUITE, "check-suite", 0)

enum commit_check_kind { COMMIT_CHECK_KINDS(STATES_ENUM) COMMIT_CHECK_KINDS_COUNT };
extern const struct state_entry commit_check_kinds[COMMIT_CHECK_KINDS_COUNT];

struct commit_check {
    int64_t repository_id;
    char sha[41];
    enum commit_check_kind kind;
    int64_t app_id;  /* the App that reports; 0 for a status */
    const char *app; /* its slug, foreign text; NULL for a status */
    const char *
        name; /* context, name of the run, or the suite's id: an App may have several for a commit */
    int64_t github_id; /* of the status, run or suite */
    enum commit_check_state state;
    const char *word;    /* GitHub's own: in_progress, timed_out, error ... */
    time_ms began_at;    /* GitHub's clock; a status begins when it is set; 0 = not told */
    time_ms reported_at; /* GitHub's clock: when it came to this state */
};

/* What GitHub's word means: a run's or suite's `conclusion` once it has one, else its `status`; of a
 * status its `state`. A word that nobody knows has not passed: COMMIT_CHECK_PENDING. */
enum commit_check_state commit_check_state_of(const char *word);

#endif
