/*
 * aws_outcome: from what AWS says of one invocation to what a host of ours would have said (ssm-wire.md 4, 6; migrate.md 9).
 *
 * AWS' word is about its own script. What happened stands in the script's output, between marker lines at its very beginning
 * (P8), because Amazon keeps the first 24,000 bytes; a later line is truer than an earlier one of the same key:
 *
 *      ----- slipway result -----
 *      command=UUID                        whose script; another's block is none
 *      journal=UUID BOOT RECORD            of slipway-once
 *      nonce=UUID, floor=NUMBER            of one that was declined (message_reply.h)
 *      step.NUMBER=STATUS CODE FROM UNTIL  in ms; -1 and 0 = not yet
 *      results=BASE64                      lines of SLIPWAY_RESULT; or, where they were read there,
 *      result.KEY=VALUE
 *      state=finished|declined|unknown|started
 *      status=Success|Failed|TimedOut|Cancelled
 *      reason=...
 *      ----- end of slipway result -----
 *
 * What the steps printed comes behind it, on both streams, under lines with the command's id. It is read by the flow as a
 * message_reply, as every other host's words. Foreign bytes, fuzzed. Pure; texts lie in the arena.
 */
#ifndef SLIPWAY_LIB_SSM_AWS_OUTCOME_H
#define SLIPWAY_LIB_SSM_AWS_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/ssm/document.h"
#include "lib/ssm/message_reply.h"

#define AWS_OUTCOME_BEGIN "----- slipway result -----"
#define AWS_OUTCOME_END "----- end of slipway result -----"

struct aws_outcome_facts {
    const char *command_id; /* ours */
    const struct document *document;
    bool is_order;       /* slipway-once was to run it, or to take it back */
    const char *details; /* AWS' StatusDetails; "" = its Status */
    int64_t response_code;
    const char *output; /* standard output and error as AWS kept them; NULL = none */
    const char *error_output;
};

enum aws_outcome_word {
    AWS_OUTCOME_NOTHING, /* no news yet; also of a word that we do not know */
    AWS_OUTCOME_TOLD,    /* `ret` is what its host would have said */
    AWS_OUTCOME_ASK, /* of an order: AWS' word proves nothing. Take it back and hear what came first; `ret` says Unknown, for
                      * when nobody can be asked */
};

enum aws_outcome_word aws_outcome_read(struct arena *arena, const struct aws_outcome_facts *facts,
                                       struct message_reply *ret_reply);

/* The block of a command that slipway-once answers: what fits beside what it printed. `reply` may have no journal. */
void aws_outcome_write(struct buf *out, const char *command_id, const struct message_reply *reply);

/* So many bytes of what the steps print on one stream fit behind the block of a document of so many steps. */
int aws_outcome_room(size_t n_steps, bool error_stream);

/* The line above what a step printed; `number` from 1, 0 = nothing comes any more. Begins with a line end of its own. */
void aws_outcome_mark(struct buf *out, const char *command_id, size_t number);

#endif
