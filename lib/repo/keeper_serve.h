/*
 * keeper_serve: the keeper's own side: a queue, a few workers, one poll.
 *
 * Runs in the process that keeper_spawn() forked, and only there: single-threaded, no program is ever
 * executed, nothing foreign is read. What workers send goes on to the server unread, under the id of
 * the request that they were given.
 */
#ifndef SLIPWAY_LIB_REPO_KEEPER_SERVE_H
#define SLIPWAY_LIB_REPO_KEEPER_SERVE_H

#include <sys/types.h>

/* Serve until the socket ends or the parent dies. */
_Noreturn void keeper_serve(int fd, pid_t parent);

#endif
