/*
 * message: what a host is handed by GetMessages (ssm-wire.md 10 and 12.1).
 *
 * A message carries a command's payload as one string. Ours has a member `Slipway` with the signed
 * envelope and the exact bytes of the document; other agents ignore it. The server builds, the host
 * reads. Pure; texts lie in the arena.
 */
#ifndef SLIPWAY_LIB_SSM_MESSAGE_H
#define SLIPWAY_LIB_SSM_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/timestamp.h"

#define MESSAGE_PAYLOAD_MAX (512 * 1024) /* bytes */
#define MESSAGE_ANSWER_MAX (4 * 1024 * 1024)
#define MESSAGE_ID_SIZE 66 /* "aws.ssm." UUID "." mi-id and a NUL */
#define MESSAGE_TOPIC_SEND "aws.ssm.sendCommand"
#define MESSAGE_TOPIC_CANCEL "aws.ssm.cancelCommand"

/* The payload of a sendCommand. */
struct message_command {
    const char *command_id;
    const char *document_name; /* without its version */
    const char *document;      /* exact bytes */
    const char *envelope;  /* exact bytes that are signed; NULL = none (a command of the door) */
    const char *signature; /* base64 */
    int64_t protocol;      /* in which it is written; 0 = the newest */
    const char *
        parameters; /* exact bytes of a JSON object, by the types of the document; NULL = a job's, {} */
    const char *redact; /* exact bytes of the patterns that the envelope names; NULL = none */
};

/* ERR_INVALID: over MESSAGE_PAYLOAD_MAX. */
int message_command_make(struct arena *arena, const struct message_command *command,
                         const char **ret_payload, struct err *err);
/* For slipway-agent: the Slipway member must be there. It believes nothing yet: envelope_open(). */
int message_command_parse(struct arena *arena, const char *payload, size_t len,
                          struct message_command *ret_command, struct err *err);

/* "aws.ssm.COMMAND.HOST", and back: command and host as they stand there. */
void message_id_make(const char *command_id, const char *host_id, char out[MESSAGE_ID_SIZE]);
bool message_id_parse(const char *id, char ret_command_id[37], char ret_host_id[21]);

struct message_form_filled;

struct message {
    const char *id;
    const char *destination; /* host id */
    const char *topic;
    const char *payload;
    const struct message_form_filled *filled; /* to be sent, instead of a payload; NULL */
    time_ms created_at;
};

/* The answer of GetMessages. `request_id` is echoed. */
int message_answer_make(struct arena *arena, const char *destination, const char *request_id,
                        const struct message *messages, size_t n, const char **ret_body,
                        struct err *err);
/* Messages without Topic, Destination, MessageId, CreatedDate, or whose digest is not their
 * payload's, are left out, as agents do. */
int message_answer_parse(struct arena *arena, const char *body, size_t len,
                         struct message **ret_messages, size_t *ret_n, struct err *err);

#endif
