/*
 * forecast: which release goes where and when, if nothing else happens.
 *
 * The plan is asked again and again, at each instant it names, and what it decides is taken as done: a
 * deployment that starts succeeds after as long as the last ones took. So the forecast cannot differ from what
 * the flow does; it only goes on. What waits for a person, a proof or a host that is missing does not start
 * here either. Pure; works on copies of the facts.
 */
#ifndef SLIPWAY_LIB_RULES_FORECAST_H
#define SLIPWAY_LIB_RULES_FORECAST_H

#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/rules/release_plan.h"

#define FORECAST_ENVIRONMENTS_MAX 16

/* One environment of a repository, in flow order: what it needs stands before it. */
struct forecast_environment {
    const char *name;
    struct release_facts facts;                /* of now */
    const struct plan_occurrence *occurrences; /* undecided ones whose grace is not over, by due */
    size_t n_occurrences;
    int64_t takes_ms; /* a deployment there, as far as known */
};

struct forecast_start {
    size_t environment; /* place in the list */
    int64_t release_number;
    int64_t from_number; /* live before it, 0 = unknown */
    time_ms at;
    time_ms ends_at;
    bool assumes; /* it needs another start of this forecast to come well out */
};

/*
 * The starts in [now, until), in order; at most `max`, in the arena. Returns how many.
 * Hosts and source are taken to stay as well as they are now.
 */
size_t forecast_make(const struct forecast_environment *environments, size_t n, time_ms now,
                     time_ms until, size_t max, struct arena *arena,
                     struct forecast_start **ret_starts);

#endif
