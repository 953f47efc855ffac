/*
 * observe_decide: what follows for a command from the end of the journal, the folder's lock and its outcome? The table of
 * migrate.md 5, row by row. Pure; the simulator of the migrate machine plays with it.
 */
#ifndef SLIPWAY_AGENT_OBSERVE_DECIDE_H
#define SLIPWAY_AGENT_OBSERVE_DECIDE_H

#include <stdbool.h>

#include "agent/agent_journal.h"

struct observe_facts {
    enum agent_journal_kind last; /* where the journal ends about it; NONE: nothing */
    bool is_held;                 /* its folder's lock; asked before `has_end` */
    bool has_end;                 /* its outcome is a whole exit record */
    bool is_unseen; /* neither is known: the disk, or a limit, did not let it be looked at */
};

enum observe_action {
    OBSERVE_NEW, /* nothing is known: it may be claimed, if its envelope is good */
    OBSERVE_WAIT, /* not started, but its supervisor is still there; or unseen: look again in a moment */
    OBSERVE_NOT_STARTED, /* `declined`, and reported so */
    OBSERVE_TAKE_UP,     /* it runs */
    OBSERVE_REPORT,      /* it has ended, or was declined; that is to be told */
    OBSERVE_UNKNOWN,     /* it may have run, its end cannot be proven */
    OBSERVE_CLOSED,      /* the server knows its end */
};

enum observe_action observe_decide(const struct observe_facts *facts);

#endif
