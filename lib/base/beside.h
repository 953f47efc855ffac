/*
 * beside: one thing is done on a thread of its own while its caller goes on.
 *
 * For a start, which has things to do that do not need each other (0207). The thread lives between the two calls
 * only. Landlock holds the thread that asks for it: behind beside_end() nobody is left whom it does not hold.
 */
#ifndef SLIPWAY_LIB_BASE_BESIDE_H
#define SLIPWAY_LIB_BASE_BESIDE_H

#include <pthread.h>
#include <stdbool.h>

#include "lib/base/err.h"

typedef int beside_fn(void *arg, struct err *err);

struct beside {
    const char *name;
    beside_fn *fn;
    void *arg;
    struct err err;
    int rc;
    pthread_t thread;
    bool runs;
};

/* `name` is the thread's, at most 15 characters. `beside` stays where it is, and `arg` the caller's, until the end.
 * Where no thread can be had it is done here and now. */
void beside_begin(struct beside *beside, const char *name, beside_fn *fn, void *arg);
/* Waits; what `fn` returned, and why. Always, and once, after beside_begin. */
int beside_end(struct beside *beside, struct err *err);

#endif
