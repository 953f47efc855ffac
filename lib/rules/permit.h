/*
 * permit: may this command begin now? Asked by its host at the last moment (migrate.md 3, G6).
 *
 * A host writes a nonce to its journal, asks, and begins only on a yes. The first nonce that gets a yes has the
 * permit; the same nonce again gets the same yes, however often the answer was lost, and every other one a no:
 * a machine that was revived, cloned or restored asks with a nonce of its own. Pure.
 */
#ifndef SLIPWAY_LIB_RULES_PERMIT_H
#define SLIPWAY_LIB_RULES_PERMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/timestamp.h"
#include "lib/model/attempt.h"
#include "lib/model/command.h"
#include "lib/model/host.h"

/* The question, as its host states it. */
struct permit_question {
    const char *nonce;
    const char *journal_id;
    const char *boot_id;
    int64_t record_number;
};

struct permit_facts {
    const struct invocation *invocation;
    const struct host *host;
    const struct attempt *attempt; /* of a migrate job, else NULL */
    bool is_fenced;                /* its database stands until a person advances its epoch */
    time_ms now;
};

enum permit_answer {
    PERMIT_NO,    /* `why` for people */
    PERMIT_FIRST, /* yes; it is to be stored */
    PERMIT_AGAIN, /* yes, as before */
};

enum permit_answer permit_judge(const struct permit_facts *facts,
                                const struct permit_question *question, const char **ret_why);

/*
 * "It never began", once a permit was given: believed only from the one that holds it, on the boot that asked.
 * `nonce` NULL = it states none. NULL: believed, else why not (migrate.md 5).
 */
const char *permit_disbelief(const struct invocation *invocation, const char *nonce,
                             const char *boot_id);

#endif
