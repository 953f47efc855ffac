/*
 * pull request: what GitHub says of one, as far as Slipway needs it. Merged is final (W4).
 */
#ifndef SLIPWAY_LIB_MODEL_PULL_REQUEST_H
#define SLIPWAY_LIB_MODEL_PULL_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/timestamp.h"
#include "lib/model/states.h"

#define PULL_REQUEST_STATES(X)                                                                     \
    X(PULL_REQUEST_OPEN, "open", 1u << 1 | 1u << 2)                                                \
    X(PULL_REQUEST_CLOSED, "closed", 1u << 0 | 1u << 2)                                            \
    X(PULL_REQUEST_MERGED, "merged", 0)

enum pull_request_state { PULL_REQUEST_STATES(STATES_ENUM) PULL_REQUEST_STATES_COUNT };
extern const struct state_entry pull_request_states[PULL_REQUEST_STATES_COUNT];

struct pull_request {
    int64_t repository_id;
    int64_t number;
    int64_t github_id;
    enum pull_request_state state;
    bool draft;
    bool fork;          /* head lives in another repository, or that one is gone */
    const char *title;  /* foreign text */
    const char *url;    /* foreign text: shown, never called */
    int64_t author_id;  /* 0 = account is gone */
    const char *author; /* login, NULL if gone */
    const char *base_ref;
    const char *head_ref;
    char head_sha[41];
    char merge_sha[41]; /* "" = not merged, or to be looked up */
    int64_t reverts;    /* the pull request that it takes out again, 0 = none (C5) */
    int64_t merged_by_id;
    const char *merged_by;
    time_ms opened_at;
    time_ms updated_at;
    time_ms closed_at;
    time_ms merged_at;
};

#endif
