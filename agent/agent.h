/*
 * agent: what the parts of slipway-agent share.
 *
 *      observe     at the start: what does the journal say, and what is true of it?
 *      poll        ask the door for commands, one long poll after the other       main thread
 *      run         one message: check, claim, tell, start its supervisor          main thread
 *      supervise   the command itself, in a process of its own
 *      report      read behind supervisors and tell the door                      second thread
 *
 * The agent decides nothing about releases; it proves who sent a command and says truly what became of
 * it. It may be killed at any instant: what counts is in the journal and in the commands' folders.
 */
#ifndef SLIPWAY_AGENT_AGENT_H
#define SLIPWAY_AGENT_AGENT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "agent/agent_config.h"
#include "agent/agent_journal.h"
#include "agent/session.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/names.h"
#include "lib/ssm/message_observe.h"

struct key_chain;
struct report;

struct agent {
    const char *state; /* folder */
    const struct agent_config *config;
    struct key_chain *keys;
    struct agent_journal *journal;
    struct session *session;
    struct report *report;
    struct clock *clock;
    char boot_id[NAMES_UUID_SIZE]; /* the kernel's */
    atomic_bool *stop;             /* told to end, or cannot go on */
    atomic_bool failed;            /* cannot go on */
    /* Held from the look at the record number until the door has it, so that at the door it never seems
     * to go back. */
    pthread_mutex_t telling;
    bool cancels_wait; /* of commands that never came, and that was said. Main thread */
    char heard
        [MESSAGE_OBSERVE_HEARD_SIZE]; /* what the door knows of this host, as it said last. Main thread */
};

/* The journal cannot be written: nothing may be begun any more. Logs it; all loops end. */
void agent_fail(struct agent *agent, const struct err *err);

/* Which kernel runs. */
int agent_read_boot_id(struct agent *agent, struct err *err);

/* Sleep, at most until it is told to end. Any thread. */
void agent_sleep(const struct agent *agent, int64_t ms);

/* How long to wait before try number `tries` (1..): doubling from `first_ms` to `max_ms`, half of it by
 * chance, so that ten thousand agents do not come back at once. */
int64_t agent_back_off(unsigned tries, int64_t first_ms, int64_t max_ms);

#endif
