/*
 * rules_command: what a command of an AWS caller needs next, and what it adds up to (ssm-wire.md 4.3, 5).
 *
 * The sibling of progress: the same states, the same rate control (rate.h), other limits: a caller's
 * budget does not count what was not delivered, and its clocks are TimeoutSeconds and, with the
 * time of its steps, ExpiresAfter. Asked again after every change; each move is a compare-and-set. Pure.
 */
#ifndef SLIPWAY_LIB_RULES_RULES_COMMAND_H
#define SLIPWAY_LIB_RULES_RULES_COMMAND_H

#include "lib/base/arena.h"
#include "lib/model/door_command.h"

enum rules_command_kind {
    RULES_COMMAND_RELEASE,  /* it may be handed out now */
    RULES_COMMAND_WITHDRAW, /* never handed out, and it will not be: `status`, `details` */
    RULES_COMMAND_EXPIRE,   /* handed out, and no end came in time */
    RULES_COMMAND_CANCEL,   /* handed out: ask its host to end it */
};

struct rules_command_move {
    enum rules_command_kind kind;
    const struct door_target *target;
    enum invocation_status status;
    const char *details;
    const char *cause; /* for people; NULL */
};

struct rules_command_facts {
    const struct door_command *command;
    const struct door_target *targets;
    size_t n_targets;    /* those that are there */
    const char *revoked; /* its key ended: why nothing more is handed out; NULL */
    bool torn;           /* its rows will never be all there: nobody has its id */
};

struct rules_command_plan {
    struct rules_command_move *moves;
    size_t n_moves;
    time_ms next_change; /* look again then, or at an event */
    enum invocation_status status;
    const char *details;
    int64_t n_completed, n_errors, n_undelivered;
    bool ended;
};

/* Rows of many targets are written in slices, before anybody is told the id; what is not written to its end by then will
 * not be: a slice failed. */
#define RULES_COMMAND_WRITING_MS 60000
bool rules_command_is_torn(const struct door_command *command, time_ms listening_since,
                           time_ms now);

/* At most so many moves at once; the next look brings the others. */
#define RULES_COMMAND_MOVES_MAX 200

void rules_command_make(const struct rules_command_facts *facts, time_ms now, struct arena *arena,
                        struct rules_command_plan *ret_plan);

#endif
