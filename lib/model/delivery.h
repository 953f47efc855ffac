/*
 * delivery: one webhook request, raw, known by GitHub's GUID.
 */
#ifndef SLIPWAY_LIB_MODEL_DELIVERY_H
#define SLIPWAY_LIB_MODEL_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/timestamp.h"
#include "lib/model/states.h"

#define DELIVERY_STATES(X)                                                                           \
    /* A person may have each read again: what it says is taken over in any order, or not at all. */ \
    X(DELIVERY_RECEIVED, "received", 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4)                          \
    X(DELIVERY_RECORDED, "recorded", 1u << 0)                                                        \
    X(DELIVERY_IGNORED, "ignored", 1u << 0)                                                          \
    X(DELIVERY_UNREADABLE, "unreadable", 1u << 0)                                                    \
    X(DELIVERY_QUARANTINED, "quarantined", 1u << 0)

enum delivery_state { DELIVERY_STATES(STATES_ENUM) DELIVERY_STATES_COUNT };
extern const struct state_entry delivery_states[DELIVERY_STATES_COUNT];

/* How it came (W5): GitHub sent it; it did not, and we fetched it from the list of what it was to deliver; no event
 * told it, and it is made of the answer to a question. */
enum delivery_origin {
    DELIVERY_SENT,
    DELIVERY_FETCHED,
    DELIVERY_LOOKED_UP,
    DELIVERY_ORIGINS_COUNT
};
extern const char *const delivery_origins[DELIVERY_ORIGINS_COUNT];

#define DELIVERY_MARK_SIZE 33 /* 32 hex digits and a NUL */

struct delivery {
    int64_t id;
    char guid[129]; /* looked up: looked-up-REPOSITORY-NUMBER-TIME */
    char event[65];
    enum delivery_origin origin;
    time_ms received_at;
    enum delivery_state state;
    bool form; /* url-encoded: the JSON is in the field `payload` */
    /* Of its body, by the secret that signed it (lib/github/signature.h). */
    char body_mark[DELIVERY_MARK_SIZE];
    time_ms body_at;   /* the latest time in it, whole seconds; 0 = none (lib/github/body_time.h) */
    int64_t repeat_of; /* 0 = its body was never seen before */
    int crashes;
    const char *action;
    const char *repository;
    const char *note;
    time_ms recorded_at;
};

#endif
