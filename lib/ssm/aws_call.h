/*
 * aws_call: the six operations of AWS' Systems Manager that the `ssm` transport asks: their names, their bodies,
 * and what an error means for whoever asked (ssm-wire.md 1, 3, 15). What they answer is read by aws_answer.h.
 *
 * Pure.
 */
#ifndef SLIPWAY_LIB_SSM_AWS_CALL_H
#define SLIPWAY_LIB_SSM_AWS_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/timestamp.h"

#define AWS_CALL_HOSTS_MAX 50 /* of one SendCommand */
/* Of a script. AWS: 64 KB with the document's own text and the other parameters. */
#define AWS_CALL_SCRIPT_MAX (60 * 1024)
#define AWS_CALL_COMMENT_MAX 100
#define AWS_CALL_START_MIN_S 30
#define AWS_CALL_EXECUTION_MIN_S 5 /* less is an hour to Amazon's agent */
#define AWS_CALL_EXECUTION_MAX_S 172800

enum aws_call {
    AWS_CALL_SEND,        /* SendCommand */
    AWS_CALL_COMMANDS,    /* ListCommands */
    AWS_CALL_INVOCATIONS, /* ListCommandInvocations */
    AWS_CALL_INVOCATION,  /* GetCommandInvocation */
    AWS_CALL_CANCEL,      /* CancelCommand */
    AWS_CALL_HOSTS,       /* DescribeInstanceInformation */
    AWS_CALL_COUNT
};
const char *aws_call_name(enum aws_call call);   /* "SendCommand" */
const char *aws_call_target(enum aws_call call); /* "AmazonSSM.SendCommand" */

/* How a call ended. Only a SendCommand can be unclear: every other may simply be asked again. */
enum aws_outcome {
    AWS_OK,
    AWS_ABSENT, /* there is no such thing, perhaps not yet: normal in the first 30 s after sending */
    AWS_REFUSED, /* AWS will never do it as it was asked; nothing happened. The text is for people */
    AWS_AGAIN,   /* later: nothing was sent, or AWS refused it before it took it (throttled) */
    AWS_UNCLEAR, /* AWS may have taken it: find it by its comment before anything is sent again */
    AWS_CREDENTIALS, /* expired, unknown, wrongly signed, or a clock is off; nothing happened */
    AWS_OUTCOME_COUNT
};
const char *aws_call_outcome_name(enum aws_outcome outcome); /* "ok", "absent" ... */

/* Asking --------------------------------------------------------------------------------------- */

struct aws_send {
    const char *const *instance_ids; /* 1 to AWS_CALL_HOSTS_MAX, each once */
    size_t n_instances;
    const char
        *script; /* UTF-8; {{ssm:NAME}} in it is refused: AWS would put a value in its place */
    const char *comment; /* printable ASCII; what the command is found by */
    int64_t timeout_s;   /* to start within, AWS_CALL_START_MIN_S or more */
    int64_t execution_s; /* to run, AWS_CALL_EXECUTION_MIN_S to _MAX_S */
};

struct aws_filter {
    const char *key;           /* "tag:NAME", "InstanceIds" */
    const char *const *values; /* any of them */
    size_t n_values;
};

/* Each writes a body. ERR_INVALID says what AWS would not take. `token`: of the page, NULL = the first. */
int aws_call_write_send(struct buf *buf, const struct aws_send *send, struct err *err);
void aws_call_write_commands(struct buf *buf, time_ms after, const char *token);
void aws_call_write_invocations(struct buf *buf, const char *command_id, const char *token);
void aws_call_write_invocation(struct buf *buf, const char *command_id, const char *instance_id);
int aws_call_write_cancel(struct buf *buf, const char *command_id, const char *const *ids, size_t n,
                          struct err *err);
void aws_call_write_hosts(struct buf *buf, const struct aws_filter *filter, const char *token);

/* Names a region could have; it becomes a part of an address. */
bool aws_call_region_is(const char *region);
/* AWS' own address of that region. */
const char *aws_call_endpoint(struct arena *arena, const char *region);

/* What an answer that is not 200 means. `type`: of aws_request_error(), "" = none. */
enum aws_outcome aws_call_judge(enum aws_call call, int status, const char *type);

#endif
