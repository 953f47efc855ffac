/*
 * door command: a command that an AWS caller sent at the door, to one host or many (ssm-wire.md 3.1, 4, 5).
 *
 * Its invocations, steps and output are those of any command (lib/model/command.h); this is what a
 * deployment's has not: limits of its own, and a status of the whole.
 */
#ifndef SLIPWAY_LIB_MODEL_DOOR_COMMAND_H
#define SLIPWAY_LIB_MODEL_DOOR_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/model/command.h"
#include "lib/model/host.h"

struct door_command {
    char id[37];
    const char *key_name;
    const char *key_id;
    const char *document_name;
    const char *document_version;
    const char *document_digest;
    const char *parameters;                    /* JSON object, by the types of the document */
    const char *comment;                       /* "" */
    const char *instance_ids, *targets, *echo; /* JSON */
    const char *max_concurrency, *max_errors;  /* as asked */
    int64_t concurrency, budget;               /* resolved */
    int64_t timeout_s, execution_s;
    time_ms requested_at;
    time_ms expires_at;
    int64_t n_targets;
    time_ms written_at;
    enum invocation_status status; /* never Unknown */
    const char *details;
    int64_t n_completed, n_errors, n_undelivered;
    time_ms cancel_at;
    time_ms ended_at;
};

/* One of its invocations, as the rule sees it. */
struct door_target {
    char host_id[21];
    const char *host;
    enum host_state host_state;
    int64_t protocol; /* of slipway-agent, which runs what is signed for it; 0 = another agent */
    enum invocation_status status;
    const char *details;
    time_ms released_at, offered_at, acknowledged_at, cancel_at;
    bool waits; /* behind a deployment on its host, or a hold */
};

#endif
