/*
 * send: one SendCommand of ours at AWS, which carries a command of ours to one host by SSM (migrate.md 9).
 *
 * SendCommand has no client token: whoever calls it and gets no answer does not know whether it was heard. So a send is
 * committed before it is asked for, and its id stands in the call's Comment, where it can be looked for. A run has the id
 * of its command: there is one at most. A revoke has its own: it asks slipway-once what became of a migrate job.
 */
#ifndef SLIPWAY_LIB_MODEL_SEND_H
#define SLIPWAY_LIB_MODEL_SEND_H

#include "lib/base/timestamp.h"
#include "lib/model/states.h"

#define SEND_ACTS(X)                                                                               \
    X(SEND_RUN, "run", 0)                                                                          \
    X(SEND_REVOKE, "revoke", 0)

enum send_act { SEND_ACTS(STATES_ENUM) SEND_ACTS_COUNT };
extern const struct state_entry send_acts[SEND_ACTS_COUNT];

/* Bits: 0 intended 1 unclear 2 sent 3 ended 4 refused 5 given-up 6 lost. */
#define SEND_STATES(X)                                                                             \
    X(SEND_INTENDED, "intended", 1u << 1 | 1u << 2 | 1u << 4 | 1u << 5)                            \
    X(SEND_UNCLEAR, "unclear", 1u << 2 | 1u << 6) /* a call got no answer: it is looked for */     \
    X(SEND_SENT, "sent", 1u << 3 | 1u << 6)                                                        \
    X(SEND_ENDED, "ended", 0)       /* AWS said how, and that is stored as its host's word */      \
    X(SEND_REFUSED, "refused", 0)   /* by AWS: nothing of it is there */                           \
    X(SEND_GIVEN_UP, "given-up", 0) /* before AWS had anything of it */                            \
    X(SEND_LOST, "lost", 0)         /* AWS knows nothing of it (any more) */

enum send_state { SEND_STATES(STATES_ENUM) SEND_STATES_COUNT };
extern const struct state_entry send_states[SEND_STATES_COUNT];

/* A command by SSM counts as waiting so long behind its start-by: AWS says later that it was not delivered. Nothing new is
 * planned before (migrate.md 4). */
#define SEND_GRACE_MS (INT64_C(5) * 60 * 1000)

struct send {
    char id[37]; /* UUID; "slipway:ID" is its Comment */
    enum send_act act;
    char command_id[37];
    char host_id[21];
    enum send_state state;
    char aws_id[37]; /* of the command at AWS; "" = not known */
    time_ms intended_at;
    time_ms tried_at; /* a call began then that may have been heard; 0 = AWS has nothing of it */
    const char *word; /* AWS' last StatusDetails, NULL */
    time_ms word_at;  /* since when */
    const char *note; /* for people, NULL */
};

#endif
