/*
 * beside: one thing is done on a thread of its own while its caller goes on.
 *
 * For a start, which has things to do that do not need each other (0207). The thread lives between the two calls only:
 * what a process gives up for the thread that asks (Landlock, seccomp) is given up behind beside_end().
 */
#ifndef SLIPWAY_LIB_BASE_BESIDE_H
#define SLIPWAY_LIB_BASE_BESIDE_H

#include <pthread.h>
#include <stdbool.h>

#include "lib/base/err.h"

typedef int beside_fn(void *arg, struct err *err);

struct beside {
    beside_fn *fn;
    void *arg;
    struct err err;
    int rc;
    pthread_t thread;
    bool runs;
};

/* `beside` stays where it is, and `arg` the caller's, until the end. Where no thread can be had it is done here and now. */
void beside_begin(struct beside *beside, beside_fn *fn, void *arg);
/* Waits; what `fn` returned, and why. Always, and once, after beside_begin. */
int beside_end(struct beside *beside, struct err *err);

#endif
