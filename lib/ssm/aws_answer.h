/*
 * aws_answer: what AWS' Systems Manager answers to the calls of aws_call.h, as structs (ssm-wire.md 3, 4.1).
 *
 * Pure. Texts lie in the arena and are foreign; unknown members are noise; sizes are bounded before anything is read.
 */
#ifndef SLIPWAY_LIB_SSM_AWS_ANSWER_H
#define SLIPWAY_LIB_SSM_AWS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/timestamp.h"
#include "lib/model/command.h"

/* Of one answer: fifty invocations with their output, each character escaped. */
#define AWS_ANSWER_MAX ((size_t)8 << 20)

struct aws_command {
    const char *id;
    const char *comment;
    time_ms requested_at; /* 0 = not told */
};

/*
 * A command on one host. Delayed is Pending; a word that is not known is InProgress, for it may run. Of output AWS keeps
 * the beginning: from aws_answer_invocation() at most 24,000 characters and 8,000 of errors, from
 * aws_answer_invocations() 2,500 of both in one.
 */
struct aws_invocation {
    const char *command_id;
    const char *instance_id;
    enum invocation_status status;
    bool known;              /* both of AWS' words were */
    const char *status_text; /* AWS' own word */
    const char *details;     /* StatusDetails, blanks taken out: "DeliveryTimedOut" */
    int64_t response_code;   /* -1 = none */
    const char *output;
    const char *error_output;
    const char *trace;    /* AWS' own remarks */
    time_ms requested_at; /* these: 0 = not told */
    time_ms started_at;
    time_ms ended_at;
};

struct aws_host {
    const char *id;
    const char *name;          /* as it calls itself; "" = not told */
    const char *platform_type; /* Linux, Windows, MacOS */
    const char *platform_name;
    const char *platform_version;
    const char *agent_version;
    const char *ip;
    bool online; /* PingStatus Online */
    time_ms pinged_at;
};

/* Each reads one answer of a 200. Lists give what is in this page and the next one's token, NULL = it is the last;
 * entries without a usable id are left out. ERR_INVALID: it is none. */
int aws_answer_send(struct arena *arena, const char *body, size_t len, const char **ret_id,
                    struct err *err);
int aws_answer_commands(struct arena *arena, const char *body, size_t len, struct aws_command **ret,
                        size_t *ret_n, const char **ret_token, struct err *err);
int aws_answer_invocations(struct arena *arena, const char *body, size_t len,
                           struct aws_invocation **ret, size_t *ret_n, const char **ret_token,
                           struct err *err);
int aws_answer_invocation(struct arena *arena, const char *body, size_t len,
                          struct aws_invocation *ret, struct err *err);
int aws_answer_hosts(struct arena *arena, const char *body, size_t len, struct aws_host **ret,
                     size_t *ret_n, const char **ret_token, struct err *err);

#endif
