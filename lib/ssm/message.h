/*
 * message: the payloads between server and agent (ssm-wire.md 12), with the member `Slipway` that
 * other agents ignore. Parsers are bounded and never trust a member's type.
 */
#ifndef SLIPWAY_LIB_SSM_MESSAGE_H
#define SLIPWAY_LIB_SSM_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/timestamp.h"
#include "lib/model/command.h"

#define MESSAGE_REPLY_MAX (192 * 1024)
#define MESSAGE_RESULTS_MAX 64

/* A command for one host, as GetMessages carries it. */
struct message_command {
    const char *command_id;
    const char *document_name;
    const char *envelope;        /* NULL: not one of ours */
    const char *signature;
    const char *document;        /* exact bytes */
};
const char *message_command_text(struct arena *arena, const struct message_command *command);
int message_command_read(struct arena *arena, const char *text, size_t len,
                         struct message_command *ret_command, struct err *err);

/* What is ours in a reply. */
enum message_state { MESSAGE_NONE, MESSAGE_ACCEPTED, MESSAGE_STARTED, MESSAGE_FINISHED, MESSAGE_DECLINED, MESSAGE_UNKNOWN };

struct message_step {
    const char *name;
    int number;
    enum step_status status;
    int64_t code;
    time_ms started_at;
    time_ms ended_at;
};

struct message_reply {
    const char *document_status;   /* InProgress, Success, Failed, TimedOut, Cancelled ... */
    const char *trace;             /* why the document could not be run */
    struct message_step *steps;
    size_t n_steps;
    enum message_state state;      /* NONE: another agent */
    const char *reason;            /* of declined and unknown */
    int64_t record_number;
    const char *journal_id;
    const char *boot_id;
    struct result_line *results;
    size_t n_results;
};
const char *message_reply_text(struct arena *arena, const struct message_reply *reply);
int message_reply_read(struct arena *arena, const char *text, size_t len, struct message_reply *ret_reply,
                       struct err *err);

/* "aws.ssm.<command id>.<host id>" */
const char *message_id(struct arena *arena, const char *command_id, const char *host_id);
/* Its command id, "" if it has another form. */
void message_id_command(const char *id, char out[37]);

#endif
