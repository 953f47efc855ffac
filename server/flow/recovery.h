/*
 * recovery: what GitHub said and we did not hear (W5). GitHub never sends an event again by itself.
 *
 *      at start, after something was turned away, every five minutes, for each repository:
 *          pull requests   changed since the watermark --> known here as they are? --> ask for those that are not
 *          deliveries      of our webhook since the watermark --> GUID known here? --> fetch those that are not
 *          both walks complete --> the watermarks move
 *
 * Whatever is found becomes a delivery like any other, with its origin; the flow reads it. Trust comes from TLS and the
 * token, not from a signature, which GitHub's list no longer has. What the branch holds is asked of git all the same
 * (server/flow/reconcile.c); this is for what only GitHub knows.
 *
 * It has a thread of its own, one question at a time, and lets GitHub alone as long as GitHub asks. Nobody waits for it.
 * Without a token there is no recovery: every function accepts NULL.
 */
#ifndef SLIPWAY_SERVER_FLOW_RECOVERY_H
#define SLIPWAY_SERVER_FLOW_RECOVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"
#include "server/flow/courier.h"

struct clock;
struct db_pool;
struct recovery;
struct snapshots;
struct writer;

struct recovery_options {
    struct courier_options github; /* without `answer_max` */
    struct clock *clock;           /* these outlive it */
    struct writer *writer;
    struct db_pool *readers;
    const struct secret
        *secret; /* of the webhook: by it bodies are known again (lib/github/signature.h) */
    struct snapshots *snapshots;
    void (*ring)(void *arg); /* the flow's doorbell; NULL = nobody listens */
    void *ring_arg;
    bool (*has_room)(
        void *arg);    /* may anything be stored? With `ring_arg`; NULL = always. Any thread */
    int64_t settle_ms; /* from recovery_soon() to the walk; 0 = 20 s */
};

int recovery_start(const struct recovery_options *options, struct recovery **ret_recovery,
                   struct err *err);
/* Ends its thread within about a second. Accepts NULL. */
void recovery_stop(struct recovery *recovery);

/* A delivery was turned away, or may have been: compare as soon as that has passed. While nothing is found, later and later:
 * strangers are turned away, too, and GitHub counts our questions. Any thread, never waits. */
void recovery_soon(struct recovery *recovery);

struct recovery_report {
    time_ms compared_at; /* both walks were complete then; 0 = not yet in this process */
    int64_t found;       /* what had been missed and was found, in this process */
    char trouble[256];   /* why the last walk was not complete; "" = it was */
    char lists[256];     /* why deliveries are not compared, only pull requests; "" = they are */
};
/* What is known of OWNER/NAME. */
void recovery_report(struct recovery *recovery, const char *repository,
                     struct recovery_report *ret_report);

#endif
