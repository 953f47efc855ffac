/*
 * message_reply: what a host says of a command, the Payload of SendReply (ssm-wire.md 12.2).
 *
 * slipway-agent adds a member `Slipway`, which tells what the shape cannot: that it was accepted,
 * declined, or that its end is not provable. Amazon's agent sends none. Read in the flow when the
 * stored reply is collected: foreign bytes, fuzzed. Pure; texts lie in the arena.
 */
#ifndef SLIPWAY_LIB_SSM_MESSAGE_REPLY_H
#define SLIPWAY_LIB_SSM_MESSAGE_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/timestamp.h"
#include "lib/model/command.h"

#define MESSAGE_REPLY_MAX (200 * 1024) /* bytes; one with both streams full has 51 KB */
#define MESSAGE_REPLY_STEPS_MAX 100    /* a caller's document has no more (CONTENT_STEPS_MAX) */
#define MESSAGE_REPLY_RESULTS_MAX 200
#define MESSAGE_REPLY_RESULT_MAX 1024 /* bytes of a value */

#define MESSAGE_REPLY_STATES(X)                                                                    \
    X(MESSAGE_REPLY_OTHER, "")            /* no Slipway member: another agent */                   \
    X(MESSAGE_REPLY_ACCEPTED, "accepted") /* in its journal, not begun */                          \
    X(MESSAGE_REPLY_STARTED, "started")   /* from here it may have run */                          \
    X(MESSAGE_REPLY_FINISHED, "finished") /* its supervisor wrote the end */                       \
    X(MESSAGE_REPLY_DECLINED, "declined") /* will never run, and never began */                    \
    X(MESSAGE_REPLY_UNKNOWN, "unknown")   /* may have run; its end is not provable */

#define MESSAGE_REPLY_ENUM(symbol, text) symbol,
enum message_reply_state { MESSAGE_REPLY_STATES(MESSAGE_REPLY_ENUM) MESSAGE_REPLY_STATES_COUNT };
const char *message_reply_state_text(enum message_reply_state state);

struct message_reply_step {
    const char *name;
    enum step_status status;
    int64_t exit_code;  /* -1 = it has none yet */
    time_ms started_at; /* 0 = not yet; the host's clock */
    time_ms ended_at;
    const char *output; /* cut by the agent; NULL = none. Ours streams it instead */
    const char *error_output;
};

struct message_reply {
    enum invocation_status status; /* documentStatus: InProgress or an end */
    const char *trace;             /* documentTraceOutput: why the document could not be read; "" */
    struct message_reply_step *steps;
    size_t n_steps;

    enum message_reply_state state;
    const char *reason;    /* for people; "" */
    int64_t record_number; /* of its journal */
    const char
        *journal_id; /* UUID; NULL from another agent, or of a script at AWS (aws_outcome.h) */
    const char *boot_id;
    const char *nonce; /* declined: of the permit it had asked for; NULL = it asked for none */
    int64_t floor; /* declined for its epoch: the highest this host has seen; 0 = not for that */
    struct result_line *results; /* lines of SLIPWAY_RESULT so far, in order */
    size_t n_results;
};

/* `agent` and `agent_version` are told as the sender's. */
int message_reply_make(struct arena *arena, const struct message_reply *reply, const char *agent,
                       const char *agent_version, time_ms now, const char **ret_payload,
                       struct err *err);
/* Is a result of that key for the rules, and not for people? What is hidden in texts stays in it. */
bool message_reply_is_ruled(const char *key);

/* The payload of any agent with what it printed and told hidden, before it is stored; one that is no JSON as bytes. */
struct redact;
const char *message_reply_hide(struct arena *arena, const char *payload,
                               const struct redact *redact);

/* A script may print a NUL; Amazon's agent, and AWS, send it as an escape, which no JSON of ours may hold.
 * The same bytes with the replacement character in its place. */
char *message_reply_without_nul(struct arena *arena, const char *payload, size_t len);

int message_reply_parse(struct arena *arena, const char *payload, size_t len,
                        struct message_reply *ret_reply, struct err *err);

#endif
