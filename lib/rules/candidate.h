/*
 * candidate: the releases that may go to an environment next, and which of them does.
 *
 * The newest one that has everything which belongs to a release goes (C1): proven where it is needed, approved and
 * checked, on the branch, in front of every barrier. What a person asked for is chosen in release_plan.c, and the gate
 * has the last word. Pure.
 */
#ifndef SLIPWAY_LIB_RULES_CANDIDATE_H
#define SLIPWAY_LIB_RULES_CANDIDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/rules/release_plan.h"

/* In each environment of `needs`, with a rehearsal where one is expected. */
bool candidate_is_proven(const struct plan_release *r);

/* Approvals, checks and CI, for a start at `start`. */
bool candidate_is_allowed(const struct plan_release *r, time_ms start);

/* Both, and neither failed here nor off the branch. */
bool candidate_is_ready(const struct plan_release *r, time_ms start);

/* Does going to `number` bring along what the barrier keeps? Not if it is live, or taken out again (C5). */
bool candidate_has_barrier(const struct release_facts *f, const struct plan_barrier *b,
                           int64_t number);

/* Is it named by what was asked for? `wish` NULL = nobody asks. */
bool candidate_wish_names(const struct plan_wish *wish, const struct plan_barrier *b);

/* Behind a barrier that is there at `start`. What was rolled back the wish may name (R4). */
bool candidate_is_behind(const struct release_facts *f, const struct plan_wish *wish,
                         int64_t number, time_ms start);

/* The oldest of those above the baseline and below `below` that may still get there without a person; NULL. */
const struct plan_release *candidate_oldest(const struct release_facts *f, int64_t below);

/* The barrier that an environment which others need may not coalesce across at `now`: something lies below it that is
 * still to be proven by itself (C3); NULL. */
const struct plan_barrier *candidate_apart_from(const struct release_facts *f, time_ms now);

/* A pin keeps its release, and what holds it, for its start: earlier ones bring what is older (C2). */
bool candidate_is_pinned_later(const struct release_facts *f, int64_t number, time_ms start);

/* The newest that was there at the cut of `at` (date "" = any), for a start at `start`; `ready`: of those that may go.
 * r1 is the baseline: it goes out only if a person asks for it (C7). NULL = there is none. */
const struct plan_release *candidate_newest(const struct release_facts *f,
                                            const struct plan_occurrence *at, time_ms start,
                                            bool ready);

/* When a merge is due: so long after it was seen (F10). */
time_ms candidate_due_at(const struct release_facts *f, const struct plan_release *r);

/* The newest that has everything, else the newest there is: its verdict says what is missing. Where a merge waits for
 * its delay, the newest whose delay is over. NULL = nothing came. */
const struct plan_release *candidate_choose(const struct release_facts *f,
                                            const struct plan_occurrence *at, time_ms start);

#endif
