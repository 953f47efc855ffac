/*
 * scenario_promise: is what was promised kept, if nothing else happens?
 *
 * Where nothing but time stands against a start, the instant that is promised is a fact about the future. Time is moved
 * on as the flow itself would wake, hosts and sources go on talking, nobody does anything; then that release has started
 * at that instant, not earlier, not later, and no other did before it.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_SCENARIO_PROMISE_H
#define SLIPWAY_TESTS_SUPPORT_SCENARIO_PROMISE_H

#include <stddef.h>

#include "lib/base/buf.h"
#include "tests/support/scenario_world.h"

/* Hold every promise of the world as it is; the world is used up by it. A line in `ret_broken` for each that was not
 * kept; `ret_n` = how many there were. */
int scenario_promise_hold(struct scenario_world *world, struct buf *ret_broken, size_t *ret_n,
                          struct err *err);

#endif
