/*
 * step_run: one script, as a process group of its own, from its start to its end.
 *
 * `sh -c`, in a new session without terminal or standard input, with an environment from a list, the
 * working directory of its step, no descriptors but its output (T39). Umask 022 unless agent.conf says
 * otherwise: what a script publishes is read by other users, web servers say; the agent's own files and
 * the script's result stay private by their own modes and folders.
 *
 * Called by the supervisor, on its one thread. What it prints goes to the output as it comes. When the
 * script itself has ended, the step has: what it left in the background keeps running and can print no
 * more.
 */
#ifndef SLIPWAY_AGENT_STEP_RUN_H
#define SLIPWAY_AGENT_STEP_RUN_H

#include <stdbool.h>

#include "agent/cancel.h"
#include "agent/output.h"
#include "agent/run_as.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/model/command.h"

#define STEP_RUN_LOCKS 2

struct step_run {
    const char *script;            /* without its first line `set -eu` */
    bool plain;                    /* ... which it then runs without, too (ssm-wire.md 13) */
    const char *working_directory; /* "" = the root folder */
    const char *const *environment;
    const struct run_as *user;
    mode_t umask;
    int lock_fds[STEP_RUN_LOCKS]; /* handed on to the script; all, or none (-1) */
    mono_ms end_at;               /* then its group is killed; 0 = never */
    struct cancel_watch *cancel;  /* asked: its group is killed, and gone when this returns */
    uint16_t number;              /* of the step */
    struct output_writer *output;
    struct clock *clock;
};

struct step_end {
    enum step_status status; /* Success, Failed, TimedOut, Cancelled */
    int64_t exit_code;       /* 128 + N where signal N ended it */
};

/* Every exit code but 0 is Failed: those that mean something to SSM's agent (168, 169, 194) do not here.
 * ERR_INTERNAL: it could not be started. */
int step_run_script(const struct step_run *run, struct step_end *ret_end, struct err *err);

#endif
