/*
 * prune: takes out what is kept for a time only: bodies of deliveries after 30 days, output and what agents
 * said of it after 90. The journal and the rows about what was taken out stay for ever.
 *
 * Called by the upkeep, on its thread; small transactions on the writer, with a pause between them, so that
 * deliveries and deployments do not notice.
 */
#ifndef SLIPWAY_SERVER_PRUNE_H
#define SLIPWAY_SERVER_PRUNE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"

struct db;
struct writer;

#define PRUNE_BODY_MS ((int64_t)30 * 24 * 3600 * 1000)
#define PRUNE_OUTPUT_MS ((int64_t)90 * 24 * 3600 * 1000)

struct prune {
    struct db *db; /* read-only */
    struct writer *writer;
    time_ms now;
    bool (*pause)(void *arg); /* between two transactions; true = it is time to stop */
    void *arg;
    size_t bodies, chunks, replies; /* taken out */
};

/* Until nothing is too old, or it is time to stop. A busy writer ends it for now. */
int prune_all(struct prune *prune, struct err *err);

#endif
