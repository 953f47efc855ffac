/*
 * promise: what people were told about the next start of an environment.
 *
 *      made ----> open ----> kept         a deployment started for it
 *                  | ^ \
 *            moved +-+  +---> withdrawn   there is nothing to bring any more, or no time at all
 *
 * Derived from the plan, yet stored: only what was said can be moved, told, and held against what happened.
 * At most one is open for a repository and environment. Its id names the event in calendar feeds.
 */
#ifndef SLIPWAY_LIB_MODEL_PROMISE_H
#define SLIPWAY_LIB_MODEL_PROMISE_H

#include <stdint.h>

#include "lib/base/timestamp.h"
#include "lib/model/states.h"

#define PROMISE_STATES(X)                                                                          \
    X(PROMISE_OPEN, "open", 1u << 0 | 1u << 1 | 1u << 2)                                           \
    X(PROMISE_KEPT, "kept", 0)                                                                     \
    X(PROMISE_WITHDRAWN, "withdrawn", 0)

enum promise_state { PROMISE_STATES(STATES_ENUM) PROMISE_STATES_COUNT };
extern const struct state_entry promise_states[PROMISE_STATES_COUNT];

struct promise {
    int64_t id;
    int64_t repository_id;
    const char *repository; /* name, joined in for people */
    const char *environment;
    int64_t release_number; /* what it would bring, as known last */
    time_ms start_at;
    const char *lacks; /* key of the first gate cause besides time that binds; NULL = it is firm */
    int64_t sequence;  /* raised at each change (RFC 5545, 3.8.7.4) */
    enum promise_state state;
    time_ms made_at;
    time_ms changed_at;
    int64_t deployment_id; /* the one that kept it, 0 */
    time_ms started_at;    /* of that deployment, 0 */
};

#endif
