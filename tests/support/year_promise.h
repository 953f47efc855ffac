/*
 * year_promise: when a release will start, as the forecast said at its merge and as the outlook tells beside; each is
 * held to it, and a miss names its cause.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_YEAR_PROMISE_H
#define SLIPWAY_TESTS_SUPPORT_YEAR_PROMISE_H

#include "lib/rules/release_plan.h"

struct place;
struct year;

/* What the outlook promises, as page and feed show it: noted when it is another one. */
void year_promise_tell(struct year *y, struct place *p, const struct release_facts *f,
                       const struct release_plan *plan, time_ms now);

/* A merge was seen: the forecast says when its release will start in each environment. */
void year_promise_foresee(struct year *y, size_t repo);

/* Those whose instant has come: kept, or missed by something. */
void year_promise_judge(struct year *y);

/* Into the report, at the end of the year. */
void year_promise_count(struct year *y);

#endif
