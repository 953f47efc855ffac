/*
 * courier: a thread that asks GitHub or AWS, one question at a time, and for which nobody waits.
 *
 * The roster (who people are) and recovery (what was missed) have one each that asks GitHub; the carrier has one for AWS,
 * and brings its own connection. It brings the connection, a mutex for what
 * its owner shares with other threads, and a bell that ends a wait. Waits are in real time, also where the clock of the
 * rules is a test's: it is GitHub and the network that are waited for.
 */
#ifndef SLIPWAY_SERVER_FLOW_COURIER_H
#define SLIPWAY_SERVER_FLOW_COURIER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"

struct github_api;
struct secret;

struct courier_options {
    const char *api;      /* base address of GitHub's REST API; copied */
    struct secret *token; /* taken over */
    const char *agent;    /* User-Agent, constant */
    int64_t timeout_ms;   /* of one question; 0 = usual */
    size_t answer_max;    /* bytes; 0 = usual */
};

struct courier {
    struct github_api *api; /* the thread's own; NULL = it does not ask GitHub */
    pthread_mutex_t mutex;
    pthread_cond_t bell;
    atomic_bool stopping;
    pthread_t thread;
    char *base;
    struct secret *token;
};

/* `run(arg)` on a thread of its own, until courier_stop(). `whose` says in an error whose thread it is. `options` NULL: it
 * asks somebody else than GitHub. */
int courier_start(struct courier *courier, const struct courier_options *options, const char *whose,
                  void *(*run)(void *), void *arg, struct err *err);
/* Within about a second, also in the middle of a question. */
void courier_stop(struct courier *courier);
/* After that, when nobody is left who rings. */
void courier_free(struct courier *courier);

/* The next wait, or the present one, ends. With the mutex held. */
void courier_ring(struct courier *courier);
/* Until then, or the bell, or the end. With the mutex held; look again what it was. */
void courier_wait(struct courier *courier, mono_ms until);
mono_ms courier_now(void);

#endif
