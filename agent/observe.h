/*
 * observe: what is true on this host? At the start: of each command that is not reported, by the journal, its
 * folder's lock and its outcome (migrate.md 5). And the word about it to the door, at the start and every
 * five minutes.
 */
#ifndef SLIPWAY_AGENT_OBSERVE_H
#define SLIPWAY_AGENT_OBSERVE_H

#include <stdbool.h>

#include "agent/agent.h"
#include "lib/base/err.h"
#include "lib/httpc/httpc.h"

#define OBSERVE_EVERY_MS 300000

struct observe_facts {
    enum agent_journal_kind last; /* where the journal ends about it; NONE: nothing */
    bool is_held;                 /* its folder's lock; asked before `has_end` */
    bool has_end;                 /* its outcome is a whole exit record */
};

enum observe_action {
    OBSERVE_NEW,  /* nothing is known: it may be claimed, if its envelope is good */
    OBSERVE_WAIT, /* not started, but its supervisor is still there: look again in a moment */
    OBSERVE_NOT_STARTED, /* `declined`, and reported so */
    OBSERVE_TAKE_UP,     /* it runs */
    OBSERVE_REPORT,      /* it has ended, or was declined; that is to be told */
    OBSERVE_UNKNOWN,     /* it may have run, its end cannot be proven */
    OBSERVE_CLOSED,      /* the server knows its end */
};

/* The table of migrate.md 5, row by row. Pure. */
enum observe_action observe_decide(const struct observe_facts *facts);

/*
 * Open the journal. A damaged one is set aside with a new one in its place; then, and where a journal is
 * missing, every command that has a folder is carried over as known, so that nothing runs twice.
 */
int observe_open_journal(struct agent *agent, struct err *err);

/* Decide about every open command and hand it to report. Before the first poll. */
int observe_take_up(struct agent *agent, struct err *err);

/*
 * Tell the door. Codes of session_call(); ERR_DENIED also if another store answers there than the one that
 * was pinned.
 */
int observe_tell(struct agent *agent, struct httpc *httpc, struct err *err);

#endif
