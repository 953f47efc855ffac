/*
 * rules_approval: has what goes out the approvals that it needs? (A2, A3)
 *
 * Every pull request in the range needs the number of its lane. An approval counts for those that its
 * person has not made: not as author, last pusher or commit author, unless `self` allows it.
 *
 * What is not known is read against the start. Somebody without a known account at GitHub may have made
 * anything: he counts for nothing, or, where `self` allows it, all of them together as one person. A
 * change of which nobody is known as its maker may be that of any one approver: it needs one more. So it needs one
 * more for each further maker who is not known.
 * Pure. Source: docs/decisions/0036-whose-approval-counts.md.
 */
#ifndef SLIPWAY_LIB_RULES_RULES_APPROVAL_H
#define SLIPWAY_LIB_RULES_RULES_APPROVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/model/approval.h"
#include "lib/model/change.h"
#include "lib/model/config.h"

struct rules_approval_facts {
    struct config_approvals rule;
    const struct change *changes;
    size_t n_changes;
    const struct approval *approvals; /* granted, of this release and digest */
    size_t n_approvals;
};

/* Why an approval does not count for a change. */
enum rules_approval_word {
    RULES_APPROVAL_COUNTS,
    RULES_APPROVAL_OTHER_LANE, /* he has not the right of its lane */
    RULES_APPROVAL_OWN,        /* he made some of it */
    RULES_APPROVAL_NOBODY,     /* his account at GitHub is not known */
    RULES_APPROVAL_EXPIRED
};
enum rules_approval_word rules_approval_of(const struct config_approvals *rule,
                                           const struct change *change,
                                           const struct approval *approval, time_ms now);

/* When it stops counting; VERDICT_NEVER = not by itself (A3). */
time_ms rules_approval_expires_at(const struct config_approvals *rule,
                                  const struct approval *approval);

/* How many it needs, and how many different persons have given one that counts at `now`. */
int64_t rules_approval_needs(const struct config_approvals *rule, const struct change *change);
int64_t rules_approval_has(const struct rules_approval_facts *facts, const struct change *change,
                           time_ms now);

struct rules_approval_answer {
    bool approved;
    time_ms until;              /* approved until then; VERDICT_NEVER = until somebody acts */
    const struct change *first; /* that has too few, NULL = none */
    size_t n_lacking;
    bool lacks_code; /* one in that lane has too few */
    bool lacks_content;
};
struct rules_approval_answer rules_approval_judge(const struct rules_approval_facts *facts,
                                                  time_ms now);

#endif
