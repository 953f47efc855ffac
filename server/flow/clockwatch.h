/*
 * clockwatch: does the wall clock still go as time does? (F9)
 *
 * Each look compares it with the monotonic clock. Set forward or back by more than half a minute it is an event:
 * written to the journal, logged, shown by doctor. Everything is judged again, which each look does anyway, and
 * nothing is run again, since each occurrence is decided once (F6). What the clock alone made old or new is put
 * right: nobody is silent because of it, and what was seen in a future that is none any more was seen now.
 * A machine that slept is no jump: the monotonic clock counts that. But nobody was heard meanwhile, and the first look comes
 * before anybody can be: nobody is lost by it (0145).
 */
#ifndef SLIPWAY_SERVER_FLOW_CLOCKWATCH_H
#define SLIPWAY_SERVER_FLOW_CLOCKWATCH_H

#include "lib/base/err.h"
#include "lib/base/timestamp.h"

struct look;

/* Where in the store the last jump is kept (store_watermark). */
#define CLOCKWATCH_MARK "clock/jumped"
/* By how many ms; one of the two is 0. */
#define CLOCKWATCH_FORWARD "clock/forward-by"
#define CLOCKWATCH_BACK "clock/back-by"

int clockwatch_look(struct look *look, struct err *err);

/* Why nobody looked until `at`, the last instant at which something might have started: the key of a text
 * under `unattended.`; NULL = somebody did. */
struct flow;
const char *clockwatch_unattended(const struct flow *flow, time_ms at);

#endif
