/*
 * word: one thing that this host says to the door about one command: a reply, or what it printed.
 *
 * The words of a host rise: each reply carries the record number of the journal, and no two are under way at the same
 * time, so that at the door it never seems to go back. Whoever says one decides what a refusal means.
 */
#ifndef SLIPWAY_AGENT_WORD_H
#define SLIPWAY_AGENT_WORD_H

#include <stddef.h>

#include "agent/agent.h"
#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/httpc/httpc.h"
#include "lib/model/command.h"
#include "lib/ssm/message_reply.h"

/*
 * A reply under the id `reply_id`: the same id again, the same word. Journal, boot and record number are filled in;
 * `*ret_record` (may be NULL) is the number that went with it. Any thread. Errors: see session_call().
 */
int word_reply(struct agent *agent, struct httpc *httpc, const char *command_id,
               const char *reply_id, const struct message_reply *reply, int64_t *ret_record,
               struct err *err);

/* What it printed; none is a heartbeat. The same chunk twice is one. */
int word_output(struct agent *agent, struct httpc *httpc, struct arena *arena,
                const char *command_id, const struct output_chunk *chunks, size_t n,
                struct err *err);

#endif
