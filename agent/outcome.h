/*
 * outcome: how far a command came, and how it ended, as its supervisor wrote it to disk.
 *
 * One small file that is replaced as a whole and synced, at each step's begin and end. Once its status
 * is an end, it is the exit record: definite, whatever becomes of the supervisor, the agent or the
 * network. Its text is a reply's (lib/ssm/message_reply), behind a line with its SHA-256; what only the
 * agent knows (journal, record number) is filled in when it is sent.
 */
#ifndef SLIPWAY_AGENT_OUTCOME_H
#define SLIPWAY_AGENT_OUTCOME_H

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/timestamp.h"
#include "lib/ssm/message_reply.h"

int outcome_write(struct arena *arena, const char *folder, const struct message_reply *reply,
                  time_ms now, struct err *err);

/* ERR_NOT_FOUND: none yet. ERR_INVALID: it is not what was written; it proves nothing. */
int outcome_read(struct arena *arena, const char *folder, struct message_reply *ret_reply,
                 struct err *err);

/* Of outcome_read(): is there none that could ever be read, or could only this look not read it? */
bool outcome_is_none(int rc);

#endif
