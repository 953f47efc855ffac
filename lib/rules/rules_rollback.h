/*
 * rules_rollback: which old release a rollback brings back, what it takes back, and what stands against it (R1, R2).
 *
 *      left      what is being left: the open deployment's release where a host was touched by it, else what is live
 *      target    the newest older than that which succeeded on all hosts, or the one that is named
 *      range     (target, newest of left and live]: these pull requests are rolled back (R4)
 *      hosts     all; only those that were touched where the rest runs the target anyway
 *
 * Pure. Whether it may start is the gate's answer, by its third column.
 */
#ifndef SLIPWAY_LIB_RULES_RULES_ROLLBACK_H
#define SLIPWAY_LIB_RULES_RULES_ROLLBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/model/deployment.h"

struct rules_rollback_facts {
    int64_t live_number; /* 0 = unknown (C7) */
    const struct deployment
        *open;                /* deploying or in attention, NULL; what waits has left nothing */
    bool open_touched;        /* it may have changed what a host runs, or a database */
    bool open_touched_hosts;  /* ... what a host runs */
    const int64_t *succeeded; /* releases that once succeeded there, newest first */
    size_t n_succeeded;
    int64_t to; /* named; 0 = the newest that may be */
};

enum rules_rollback_answer {
    RULES_ROLLBACK_GOES,
    RULES_ROLLBACK_NOTHING_LIVE,   /* nobody knows what is live: no target (C7) */
    RULES_ROLLBACK_NO_TARGET,      /* nothing older succeeded there */
    RULES_ROLLBACK_NOT_OLDER,      /* the named one is not older than what is left */
    RULES_ROLLBACK_NEVER_THERE,    /* the named one never succeeded there */
    RULES_ROLLBACK_NOTHING_TOUCHED /* no host was touched by what is open: cancel it instead */
};

struct rules_rollback {
    enum rules_rollback_answer answer;
    int64_t left;   /* what is being left */
    int64_t target; /* 0 unless it goes */
    int64_t newest; /* the range that is taken back is (target, newest] */
    bool touched_only;
};

struct rules_rollback rules_rollback_judge(const struct rules_rollback_facts *facts);

#endif
