/*
 * check: a person has looked: ok, or it needs a fix.
 *
 *      granted ----> withdrawn   a newer one of the same thing stands instead
 *         |
 *         +--------> void        the pull request moved on: a push (L1)
 *
 * Of a pull request it belongs to its head commit (L1); of a release to the environment in which it was
 * looked at (C1). What CI says of a commit is no check of this kind (lib/model/commit_check).
 */
#ifndef SLIPWAY_LIB_MODEL_CHECK_H
#define SLIPWAY_LIB_MODEL_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/timestamp.h"
#include "lib/model/states.h"

#define CHECK_STATES(X)                                                                            \
    X(CHECK_GRANTED, "granted", 1u << 1 | 1u << 2)                                                 \
    X(CHECK_WITHDRAWN, "withdrawn", 0)                                                             \
    X(CHECK_VOID, "void", 0)

enum check_state { CHECK_STATES(STATES_ENUM) CHECK_STATES_COUNT };
extern const struct state_entry check_states[CHECK_STATES_COUNT];

struct check {
    int64_t id;
    int64_t repository_id;
    const char *environment; /* of a release's; NULL = of a pull request's */
    int64_t release_number;  /* 0 = of a pull request */
    int64_t pull_number;     /* 0 = of a release */
    char sha[41];            /* the head that was shown, or the release's commit */
    enum check_state state;
    bool ok; /* else it needs a fix */
    const char *actor;
    const char *way;
    const char *reason; /* NULL with ok */
    bool code;          /* he had the right for changes of that lane */
    bool content;
    time_ms checked_at;
};

#endif
