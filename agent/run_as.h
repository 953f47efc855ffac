/*
 * run_as: the user that a step's script runs as.
 *
 * Absent: the agent's own. Another one needs an agent that runs as root; there is no sudo and no guess, the
 * host refuses with that sentence (design.md 5). Asked before a command is accepted, so that nothing of it
 * has run when it is refused, and again by the supervisor.
 */
#ifndef SLIPWAY_AGENT_RUN_AS_H
#define SLIPWAY_AGENT_RUN_AS_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"

struct run_as {
    const char *name;
    const char *home;
    uid_t uid;
    gid_t gid;
    bool is_own; /* nothing is to be changed */
};

/* `user` "" = the agent's own. ERR_DENIED: only root could; ERR_NOT_FOUND: no such user here. */
int run_as_find(struct arena *arena, const char *user, struct run_as *ret_user, struct err *err);

/* Become that user, for good, groups included. In a child, before exec. Negative errno. */
int run_as_become(const struct run_as *user);

#endif
