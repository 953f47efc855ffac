/*
 * upkeep: what looks after the store while it serves: every page and index is checked once the server
 * runs, and each night after. A damaged store stops the side effects (design.md 7). Then
 * the journal's chain is read from its first row (server/api/chain.h). Every hour it takes out what is
 * kept for a time only (prune.h).
 *
 * A thread of its own with a read-only connection.
 */
#ifndef SLIPWAY_SERVER_UPKEEP_H
#define SLIPWAY_SERVER_UPKEEP_H

#include "lib/base/err.h"

struct chain;
struct clock;
struct upkeep;
struct writer;

/* `damaged` is called on its thread, once. */
int upkeep_start(struct upkeep **ret_upkeep, const char *path, struct writer *writer,
                 struct chain *chain, struct clock *clock,
                 void (*damaged)(void *arg, const struct err *err), void *arg, struct err *err);
/* Accepts NULL. */
void upkeep_stop(struct upkeep *upkeep);

#endif
