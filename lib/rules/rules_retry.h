/*
 * rules_retry: what a person's retry of a stopped deployment tries again, and what stands against it (P4, P5).
 *
 * The same release with the same parameters, on the hosts that failed and those that were not touched; a host may be
 * left out from then on. A host that may still run its command is not told another one (I11), and a migrate job that
 * nobody decided is decided first (M6). Pure. Whether it may go on now is the gate's answer, by its last column.
 */
#ifndef SLIPWAY_LIB_RULES_RULES_RETRY_H
#define SLIPWAY_LIB_RULES_RULES_RETRY_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/rules/progress.h"

enum rules_retry_answer {
    RULES_RETRY_GOES,
    RULES_RETRY_NOT_STOPPED, /* it is not in attention, or is being ended */
    RULES_RETRY_UNSETTLED,   /* `attempt` is to be decided first */
    RULES_RETRY_STILL_RUNS,  /* `invocation` may still run until `until` */
    RULES_RETRY_NO_SUCH_HOST, /* the one that is to be left out is not among its hosts, or was before */
    RULES_RETRY_NOBODY_LEFT /* without it there is no host at all */
};

struct rules_retry {
    enum rules_retry_answer answer;
    const struct attempt *attempt;
    const struct invocation *invocation;
    time_ms until;
    const char *leave_out;           /* host id; NULL */
    const struct invocation **again; /* last tries that get a new command */
    size_t n_again;
    const struct job *
        *reopen; /* jobs that go on: they failed, were cancelled, or left hosts behind */
    size_t n_reopen;
};

/* `leave_out`: name of a host, NULL = none. */
struct rules_retry rules_retry_judge(const struct progress_facts *facts, const char *leave_out,
                                     time_ms now, struct arena *arena);

#endif
