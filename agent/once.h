/*
 * once: the runner for hosts whose agent is Amazon's (migrate.md 4, 6, 9).
 *
 * Another agent may run its script twice, late, or again after a call that timed out. So its script runs nothing by
 * itself: it hands the signed order to slipway-once, which checks it as slipway-agent does, claims the command in a
 * journal of its own, asks the permit where its configuration names a server, and starts a supervisor. A command that
 * is known is answered from the journal: whoever comes second waits for the end of the first and says the same.
 *
 *      once_run       0 = told; the exit code is the command's own
 *      once_revoke    writes `declined: revoked`, or says what came first (M2: not started, proven)
 *
 * One process at a time writes the journal (the lock of the state folder), from the look at it to the record
 * `started`; so there is nothing between "it never began" and "it was revoked".
 */
#ifndef SLIPWAY_AGENT_ONCE_H
#define SLIPWAY_AGENT_ONCE_H

#include <stdbool.h>
#include <stdio.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/names.h"
#include "lib/ssm/message_reply.h"

#define ONCE_EXIT_UNKNOWN 75     /* it began, and nothing says how it ended */
#define ONCE_EXIT_NOT_STARTED 76 /* it will never run here */

struct once_options {
    const char *state;    /* folder */
    const char *payload;  /* the order, as GetMessages carries it */
    const char *instance; /* AWS_SSM_INSTANCE_ID, NULL = not set */
    FILE *out,
        *error; /* what the command prints, as it comes; of `tells_first` nothing before the end */
    bool tells_first; /* how it ended, and behind that what is kept of its output (kept.h) */
};

struct once_answer {
    enum message_reply_state state; /* finished, declined, unknown; of a revoke also started */
    struct message_reply
        reply;          /* finished: its end, and its results; of all: whose journal says so */
    const char *reason; /* for people; "" */
    bool was_first;     /* revoke: it never began, and never will */
    char id[NAMES_UUID_SIZE];      /* of the command */
    const char *kept, *kept_error; /* `tells_first`: its output; NULL = none */
};

/* Claim it, run it, wait for its end. ERR: nothing was claimed and nothing said of it; try again later. Texts lie in
 * the arena. */
int once_run(struct arena *arena, const struct once_options *options,
             struct once_answer *ret_answer, struct err *err);

/* The revoke claim. */
int once_revoke(struct arena *arena, const struct once_options *options,
                struct once_answer *ret_answer, struct err *err);

/* Keys that the server announced, as `slipway signing-key --json` prints them: those that follow from what is believed here
 * are believed from now on. `*ret_n` were new. ERR_DENIED, ERR_TIMEOUT: one does not follow, or came too late. */
int once_keys(struct arena *arena, const char *state, const char *json, size_t *ret_n,
              struct err *err);

/* The block that the server reads (lib/ssm/aws_outcome.h), and what was kept for afterwards. */
void once_print(FILE *out, FILE *error, const struct once_answer *answer);

/* What the script ends with. Never one that another agent would take for a reboot or a kill (137, 168, 169, 194). */
int once_exit_code(const struct once_answer *answer);

#endif
