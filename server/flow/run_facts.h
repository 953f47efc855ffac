/*
 * run_facts: what is known of a deployment that runs, and what follows once its first moves are written.
 */
#ifndef SLIPWAY_SERVER_FLOW_RUN_FACTS_H
#define SLIPWAY_SERVER_FLOW_RUN_FACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/rules/progress.h"

struct look;

struct run_facts {
    struct progress_facts known;
    struct invocation *invocations; /* the same, to be played on */
};

/* In the look's arena. Hosts are only those that are asked about. */
int run_facts_load(struct look *look, const struct deployment *deployment,
                   struct run_facts *ret_facts, struct err *err);

bool run_facts_is_unsettled(const struct attempt *attempts, size_t n);
/* When by time alone something may be another. */
time_ms run_facts_next(const struct progress_facts *known, const struct progress_plan *plan,
                       time_ms now);

/* Jobs begin and commands are released as `made` says, in the facts alone: is there nothing more to be done then, before
 * `*ret_rest`? */
bool run_facts_play(struct look *look, const struct run_facts *facts,
                    const struct progress_plan *made, time_ms *ret_rest);

#endif
