/*
 * supervise: one process per command, which outlives the agent (migrate.md 4).
 *
 * It holds the lock of the command's folder, runs the steps one after the other, enforces their time
 * limits, and writes what they print and how they end to disk by itself. The agent only reads behind it;
 * it may be stopped, upgraded or killed meanwhile. Nobody waits for the supervisor: it was forked twice
 * and is a session of its own.
 *
 *      agent                               supervisor (the same program, --supervise)
 *      lock the folder
 *      fork, fork, exec     ----------->   read and check what the folder holds
 *      read "PID START"     <-----------   ready
 *      journal `started`
 *      write the go         ----------->   outcome InProgress, steps ..., outcome with an end
 *
 * If the go never comes, nothing runs. It says when the permit was asked for: one that is too old by the time it is read,
 * or a start-by that has passed, is a definite end without a step. A command that has a database is never killed, and inherits both
 * locks, so that a killed supervisor does not look like its end, and nothing else begins in that database (G7).
 */
#ifndef SLIPWAY_AGENT_SUPERVISE_H
#define SLIPWAY_AGENT_SUPERVISE_H

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"

struct supervise_child {
    int64_t pid;
    int64_t started; /* clock ticks since boot, so that a pid is not mistaken for another's */
    int go_fd;       /* supervise_go() or supervise_give_up() */
};

/* What it holds. */
struct supervise_locks {
    int folder;
    int database; /* -1 = the command has none */
};

/* Start one that holds the locks, which are the caller's to close afterwards. It waits. */
int supervise_start(const char *state, const char *command_id, struct supervise_locks locks,
                    struct supervise_child *ret_child, struct err *err);
/* `asked_at`: of its permit; SUPERVISE_NO_PERMIT where none is asked for. */
#define SUPERVISE_NO_PERMIT INT64_MAX
void supervise_go(struct supervise_child *child, mono_ms asked_at);
void supervise_give_up(struct supervise_child *child);

/* The other side: main of `--supervise`. Its descriptors stand where supervise_start() put them.
 * Returns the exit code. */
int supervise_main(const char *state, const char *command_id);

#endif
