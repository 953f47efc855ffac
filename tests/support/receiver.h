/*
 * receiver: slipwayd as a process of its own that is given deliveries and may die.
 *
 *      receiver_up(&r);                        a folder with a configuration
 *      receiver_start(&r, environment);        false: it did not come to listen; r.status has how it ended
 *      receiver_send(&r, threads, ms)          signed deliveries, each with an id and a body of its own, as fast as
 *                                              they are taken; every 202 is noted
 *      receiver_kill(&r) / receiver_wait(&r)
 *      receiver_check(&r);                     after a start without faults: each 202 has its row, nothing was
 *                                              recorded twice, the invariants hold, the store is whole
 *      receiver_down(&r);
 *
 * The program is the one that is shipped (SLIPWAY_BIN), or that of the build if there is none.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_RECEIVER_H
#define SLIPWAY_TESTS_SUPPORT_RECEIVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/base/arena.h"

struct receiver {
    struct arena arena;
    const char *folder;
    pid_t pid;        /* 0 = it does not run */
    int status;       /* of its last end, as waitpid() says */
    char address[64]; /* of the webhooks' listener */
    unsigned starts;

    pthread_mutex_t lock;
    const char **accepted; /* ids that were answered 202 */
    size_t n_accepted, cap_accepted;
    size_t n_refused; /* 503 */
    unsigned n_sent;
};

void receiver_up(struct receiver *r);
void receiver_down(struct receiver *r);

/* `environment`: "KEY=VALUE" ..., ends with NULL. */
bool receiver_start(struct receiver *r, const char *const *environment);

/* `threads` senders, until `ms` are over (0 = no end), each has sent `each` (0 = no end), or nobody takes them any
 * more. receiver_begin() returns at once; receiver_end() waits for them. */
struct receiver_load;
struct receiver_load *receiver_begin(struct receiver *r, int threads, int ms, int each);
void receiver_end(struct receiver_load *load);

void receiver_kill(struct receiver *r);
/* Ask it to end and wait. */
void receiver_stop(struct receiver *r);
/* Did it end by itself within so long? */
bool receiver_ends(struct receiver *r, int ms);
/* Would systemd start it again (deploy/systemd/slipwayd.service)? */
bool receiver_is_restarted(const struct receiver *r);

/* All that was received is recorded within 20 s; then everything above is asked. */
void receiver_check(struct receiver *r);

#endif
