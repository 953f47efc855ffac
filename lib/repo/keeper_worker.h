/*
 * keeper_worker: one request, answered with libgit2, in a process of its own that then ends.
 *
 * Forked by the keeper; whatever hostile data does to it dies with it: bounded memory and file sizes,
 * hands only on its own mirror and what a fetch must read, and a deadline that the keeper watches.
 */
#ifndef SLIPWAY_LIB_REPO_KEEPER_WORKER_H
#define SLIPWAY_LIB_REPO_KEEPER_WORKER_H

#include <stdint.h>

#include "lib/repo/keeper.h"

/* Answer over `fd` and end. */
_Noreturn void keeper_worker(int fd, uint64_t id, const struct keeper_request *request);

#endif
