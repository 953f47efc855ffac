/*
 * approval: a person says that a release may go to an environment, by this plan (A1).
 *
 *      granted ----> withdrawn   the person took it back
 *         |
 *         +--------> void        the plan is another now: its digest differs
 *
 * It belongs to (environment, release, plan digest). For which changes of the release it counts is asked
 * each time anew (lib/rules/rules_approval), because who made them may become known later.
 */
#ifndef SLIPWAY_LIB_MODEL_APPROVAL_H
#define SLIPWAY_LIB_MODEL_APPROVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/timestamp.h"
#include "lib/model/account.h"
#include "lib/model/states.h"

#define APPROVAL_STATES(X)                                                                         \
    X(APPROVAL_GRANTED, "granted", 1u << 1 | 1u << 2)                                              \
    X(APPROVAL_WITHDRAWN, "withdrawn", 0)                                                          \
    X(APPROVAL_VOID, "void", 0)

enum approval_state { APPROVAL_STATES(STATES_ENUM) APPROVAL_STATES_COUNT };
extern const struct state_entry approval_states[APPROVAL_STATES_COUNT];

struct approval {
    int64_t id;
    int64_t repository_id;
    const char *environment;
    int64_t release_number;
    char plan_digest[65];
    enum approval_state state;
    const char *actor; /* as in the journal */
    const char *way;
    const char *reason;     /* NULL */
    struct account account; /* at GitHub, of the actor; unknown = he may be anybody */
    bool code;              /* he had the right for changes of that lane */
    bool content;
    time_ms granted_at;
    time_ms ended_at;     /* 0 */
    const char *ended_by; /* NULL */
    const char *ended;    /* why it is void, NULL */
};

#endif
