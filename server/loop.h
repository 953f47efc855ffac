/*
 * loop: the flow's thread: sleeps until something may change, then looks.
 *
 * Woken by the doorbell (any thread rings it after a commit), by an answer of the git keeper, or when
 * the time that the last look named has come, or the wall clock was set (wakeup.h). The clock is read again after
 * every sleep; what a jump means is the flow's business (flow/clockwatch.h).
 */
#ifndef SLIPWAY_SERVER_LOOP_H
#define SLIPWAY_SERVER_LOOP_H

#include "lib/base/err.h"

struct flow;
struct loop;

/* `flow` must outlive it. `failed` is called on the loop's thread when a look fails: the server ends. */
int loop_start(struct loop **ret_loop, struct flow *flow,
               void (*failed)(void *arg, const struct err *err), void *arg, struct err *err);
/* Look soon. Any thread, until loop_free(). */
void loop_ring(struct loop *loop);
/* Ends the thread after its present look. Who rings then rings at nothing. Accepts NULL. */
void loop_stop(struct loop *loop);
/* After loop_stop(), when nobody rings any more. Accepts NULL. */
void loop_free(struct loop *loop);

#endif
