/*
 * cancel: somebody wants a command ended (P6).
 *
 *      the door hands a message       known here and running: a file `cancel` in its folder, then acknowledged
 *                                     not known: `declined`, so that it never runs; but of those so many and no more (pace.h)
 *                                     ended: acknowledged; its end is told anyway
 *      its supervisor sees the file   kills the process group, waits until it is gone, writes the end
 *
 * The file outlives agent and machine: whoever takes the command up again sees it too. Until the group is gone
 * there is no end to tell.
 */
#ifndef SLIPWAY_AGENT_CANCEL_H
#define SLIPWAY_AGENT_CANCEL_H

#include <stdbool.h>

#include "agent/agent.h"
#include "lib/httpc/httpc.h"
#include "lib/ssm/message.h"

/* A message with the topic of a cancel. On the main thread. False: it was not taken, and comes again. */
bool cancel_message(struct agent *agent, struct httpc *httpc, const struct message *message);

/* Was that command's folder told? */
bool cancel_is_asked(struct arena *arena, const char *folder);

/* The supervisor's look at its folder. */
struct cancel_watch {
    int fd; /* readable when something changed in the folder; -1 = it is only looked at in turns */
    const char *path; /* of the file */
    bool asked;
};
void cancel_watch_open(struct cancel_watch *watch, struct arena *arena, const char *folder);
void cancel_watch_close(struct cancel_watch *watch);
/* Look again; takes what `fd` has to say. */
bool cancel_watch_asked(struct cancel_watch *watch);

/* Wait until nothing is left of a process group that was killed: a kill leaves nobody out, but takes its time. */
void cancel_wait_gone(int64_t pgid);

#endif
