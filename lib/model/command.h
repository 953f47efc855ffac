/*
 * command: a document with parameters for hosts; invocation: that command on one host; step: one of
 * its scripts there. The words are AWS Systems Manager's (ssm-wire.md 4), plus Unknown.
 *
 * A deployment's command has exactly one host: a job is as many commands as it has hosts, so that an
 * id stands for one start at most, on one machine (I4). Commands sent at the door may have many.
 */
#ifndef SLIPWAY_LIB_MODEL_COMMAND_H
#define SLIPWAY_LIB_MODEL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/timestamp.h"
#include "lib/model/states.h"

/* Bits: 0 Pending 1 InProgress 2 Success 3 Failed 4 TimedOut 5 Cancelling 6 Cancelled 7 Unknown.
 * Terminal states never change, except Unknown to a true end (I7). */
#define INVOCATION_STATUSES(X)                                                                     \
    X(INVOCATION_PENDING, "Pending",                                                               \
      1u << 1 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7)                         \
    X(INVOCATION_IN_PROGRESS, "InProgress",                                                        \
      1u << 2 | 1u << 3 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7)                                   \
    X(INVOCATION_SUCCESS, "Success", 0)                                                            \
    X(INVOCATION_FAILED, "Failed", 0)                                                              \
    X(INVOCATION_TIMED_OUT, "TimedOut", 0)                                                         \
    X(INVOCATION_CANCELLING, "Cancelling", 1u << 2 | 1u << 3 | 1u << 4 | 1u << 6 | 1u << 7)        \
    X(INVOCATION_CANCELLED, "Cancelled", 0)                                                        \
    X(INVOCATION_UNKNOWN, "Unknown", 1u << 2 | 1u << 3 | 1u << 4 | 1u << 6)

enum invocation_status { INVOCATION_STATUSES(STATES_ENUM) INVOCATION_STATUSES_COUNT };
extern const struct state_entry invocation_statuses[INVOCATION_STATUSES_COUNT];

static inline bool invocation_has_ended(enum invocation_status s)
{
    return s == INVOCATION_SUCCESS || s == INVOCATION_FAILED || s == INVOCATION_TIMED_OUT ||
           s == INVOCATION_CANCELLED;
}

/* Running, or perhaps running: it occupies its host's track (I11). */
static inline bool invocation_may_run(enum invocation_status s)
{
    return s == INVOCATION_IN_PROGRESS || s == INVOCATION_CANCELLING || s == INVOCATION_UNKNOWN;
}

#define STEP_STATUSES(X)                                                                           \
    X(STEP_PENDING, "Pending", 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 5)                    \
    X(STEP_IN_PROGRESS, "InProgress", 1u << 2 | 1u << 3 | 1u << 4 | 1u << 5)                       \
    X(STEP_SUCCESS, "Success", 0)                                                                  \
    X(STEP_FAILED, "Failed", 0)                                                                    \
    X(STEP_TIMED_OUT, "TimedOut", 0)                                                               \
    X(STEP_CANCELLED, "Cancelled", 0)

enum step_status { STEP_STATUSES(STATES_ENUM) STEP_STATUSES_COUNT };
extern const struct state_entry step_statuses[STEP_STATUSES_COUNT];

/* What was handed out and is not acknowledged in that time is handed out again (ssm-wire.md 10). */
#define COMMAND_VISIBILITY_MS 10000

struct command {
    char id[37];
    int64_t deployment_id; /* 0 = sent at the door */
    int job_number;
    const char *document_digest;
    const char *parameters; /* JSON object */
    const char *comment;    /* NULL */
    time_ms requested_at;
    const char *requested_by;
};

struct invocation {
    char command_id[37];
    char host_id[21];
    const char *host;      /* name, joined in */
    int64_t deployment_id; /* 0 = sent at the door */
    int job_number;
    const char *roles; /* comma list */
    enum invocation_status status;
    const char *details;   /* SSM's StatusDetails */
    const char *cause;     /* NULL, or for people */
    const char *envelope;  /* exact signed bytes; only loaded to offer it */
    const char *signature; /* base64 */
    time_ms start_by;
    time_ms released_at;
    time_ms offered_at;
    time_ms redeliver_at;
    time_ms acknowledged_at;
    time_ms began_at;
    time_ms heard_at;
    time_ms ended_at;
    int64_t exit_code;       /* -1 = none */
    char commit_sha[41];     /* "" = it wrote none */
    time_ms again_at;        /* a person wants it tried again; 0 = nobody does */
    time_ms cancel_at;       /* its host is asked to end it since; 0 = it is not */
    char permit_nonce[37];   /* of the question that was answered yes; "" = no permit was given */
    char permit_boot_id[37]; /* of the kernel that asked */
    time_ms permitted_at;    /* 0 = no permit */
};

struct step {
    char command_id[37];
    char host_id[21];
    int number;
    const char *name;
    enum step_status status;
    int64_t exit_code; /* -1 = none */
    time_ms started_at;
    time_ms ended_at;
};

/* A line of SLIPWAY_RESULT. */
struct result_line {
    const char *key;
    const char *value; /* foreign text */
};

struct output_chunk {
    char command_id[37];
    char host_id[21];
    int64_t number; /* 0.., over all steps */
    const char *step;
    bool error_stream;
    time_ms at; /* host's clock */
    const char *text;
    size_t len;
};

#endif
