/*
 * sim_journal: every line that was ever written in a schedule: the ledger's, each host's, and what an eye saw from outside.
 *
 * A journal is its newest line; each line names the one before it and seals it by a hash. What is copied, restored or rolled
 * back with the rest of its disk is one number, and the lines that are cut off so stay here, for the checker (sim_check),
 * which reads nothing else of how things came to be.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_SIM_JOURNAL_H
#define SLIPWAY_TESTS_SUPPORT_SIM_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/timestamp.h"

#define SIM_LINES_MAX 8192 /* of one schedule */
#define SIM_EYE (-2)       /* who wrote it: no machine and not SIM_SERVER */

enum sim_act {
    /* of the ledger */
    SIM_ACT_DELIVERY,   /* what: its number at GitHub */
    SIM_ACT_CUT,        /* line, release; what: the plan's digest */
    SIM_ACT_APPROVE,    /* line, release; what: the digest; more: who */
    SIM_ACT_WITHDRAW,   /* the same; also of one that is void */
    SIM_ACT_START,      /* line, release; what: the digest; more: its occurrence, 0 = none */
    SIM_ACT_UNDO,       /* line, release: it never started */
    SIM_ACT_END,        /* line, release */
    SIM_ACT_OCCURRENCE, /* line; what: its number; more: the release that it started, 0 = nothing */
    SIM_ACT_PLAN,       /* command, line, release; what: the host; more: the epoch */
    SIM_ACT_ATTEMPT,    /* command; what: enum attempt_state */
    SIM_ACT_DECIDE,     /* command; what: enum attempt_state that a person made of it */
    SIM_ACT_INVOCATION, /* command; what: enum invocation_status */
    SIM_ACT_PERMIT,     /* command; what: the nonce */
    /* of a host */
    SIM_ACT_RECORD, /* command; what: enum agent_journal_kind; more: the nonce that stands there, 0 = none */
    /* seen from outside */
    SIM_ACT_ANSWERED, /* what: number of the delivery that got its 2xx */
    SIM_ACT_BEGAN,    /* command; what: the machine */
    SIM_ACT_GONE      /* command: nothing of it runs on its machine any more */
};

struct sim_entry {
    time_ms at; /* true time */
    uint64_t seal;
    int previous; /* the line before it; 0 = it is the first */
    int number;   /* in its journal */
    int journal;  /* whose: the id of a host's, else 0 */
    int owner;    /* machine, SIM_SERVER, SIM_EYE */
    enum sim_act act;
    int command, line, release, what, more;
};

void sim_journal_reset(void);
/* Behind the line `head`, 0 = it is the first. Returns the journal's new head. */
int sim_journal_add(int head, struct sim_entry entry);
/* Seen from outside. */
void sim_journal_saw(enum sim_act act, int command, int what);

/* All lines of all journals, in the order they were written; their numbers begin with 1. */
size_t sim_journal_count(void);
const struct sim_entry *sim_journal_at(int line);
/* The lines of one journal, oldest first; room for SIM_LINES_MAX. Returns how many. */
size_t sim_journal_read(int head, const struct sim_entry **ret_lines);
/* Is what stands there what was written, behind what was there before? */
int sim_journal_is_sound(const struct sim_entry *entry);
/* For the checker's own test: a line is changed afterwards. */
struct sim_entry *sim_journal_tamper(int line);

#endif
