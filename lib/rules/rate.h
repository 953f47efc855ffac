/*
 * rate: how many may run at once, and when no more are started: the one rule behind a deployment's jobs (P2,
 * P3) and commands of AWS callers (ssm-wire.md 5).
 *
 * The difference is data: a job ramps up by hosts that ended well, a caller's command by hosts that
 * took it; what counts as an error is the caller's to say. Pure.
 */
#ifndef SLIPWAY_LIB_RULES_RATE_H
#define SLIPWAY_LIB_RULES_RATE_H

#include <stdbool.h>
#include <stddef.h>

enum rate_ramp {
    RATE_AT_ONCE,         /* as many as may run */
    RATE_BY_SUCCESS,      /* 1, then doubling with each round that ended well */
    RATE_BY_ACKNOWLEDGED, /* 1, then 2 more, then 4 more ... once those before have taken theirs */
};

struct rate {
    size_t concurrency; /* at once, at least 1 */
    size_t max_errors;  /* more than these stop it */
    enum rate_ramp ramp;
};

struct rate_counts {
    size_t open;     /* released and not ended */
    size_t released; /* in all */
    size_t well;
    size_t taken; /* acknowledged, or ended without */
    size_t errors;
};

bool rate_is_exceeded(const struct rate *rate, const struct rate_counts *counts);

/* How many more may be released now; 0 also when the errors are too many. */
size_t rate_free(const struct rate *rate, const struct rate_counts *counts);

/* So many at once after so many ended well (RATE_BY_SUCCESS). */
size_t rate_doubling(size_t concurrency, size_t well);

/* "10", "25%" of `n`, rounded down; `least` is the smallest it becomes. False: it is neither. */
bool rate_resolve(const char *text, size_t n, size_t least, size_t *ret_value);

#endif
