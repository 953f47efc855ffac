/*
 * lacks: what a release still lacks before it may go to an environment: approvals, checks, green CI (C1).
 *
 * Facts from the store for lib/rules/rules_approval, rules_check and rules_ci; their answers as causes
 * with names and the command that ends them. The plan digest that approvals bind is that of the
 * configuration in force (A1); of a deployment that is cut it is the same, or the cut is undone. Reads only.
 */
#ifndef SLIPWAY_SERVER_FLOW_LACKS_H
#define SLIPWAY_SERVER_FLOW_LACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/model/approval.h"
#include "lib/model/change.h"
#include "lib/model/check.h"
#include "lib/rules/plan_digest.h"
#include "lib/rules/rules_approval.h"

struct candidates;
struct plan_release;
struct release;

/* As if this had been said too: what would an act change? */
struct lacks_change {
    const struct approval *granted; /* NULL = none; for the plan of now, whatever digest it has */
    int64_t withdrawn;              /* id of an approval, 0 = none */
    const struct check *check;      /* NULL = none */
};

/* An approval that is granted, for a plan that is not the plan any more. */
struct lacks_void {
    const struct approval *approval;
    const char *jobs; /* that differ, a comma list; "" = not known */
};

/* What was asked about one needed environment. */
struct lacks_looked_at {
    const struct config_environment *environment;
    struct check *checks; /* of releases, by number */
    size_t n_checks;
};

struct lacks {
    const struct config_environment *environment;
    int64_t live_number; /* 0 = unknown */
    struct arena *arena;
    struct change *changes; /* of the releases above what is live, oldest first */
    size_t n_changes;
    bool more;                  /* ... there are more than can be judged */
    bool binds_plan;            /* approvals are asked for */
    struct plan_digest plan;    /* with `binds_plan` */
    struct approval *approvals; /* granted */
    size_t n_approvals;
    struct lacks_void *voided;
    size_t n_voided;
    struct lacks_looked_at *looked_at;
    size_t n_looked_at;
    int64_t newest_check; /* there was, in the whole store: a start finds one that came since */
    const struct check **of_pull; /* for each change, NULL = none */
};

/* What all candidates share; `candidates` knows what is live already. */
int lacks_load(struct candidates *candidates, struct lacks *ret_lacks, struct err *err);

/* Fills the lacks of one release. */
int lacks_of(struct candidates *candidates, const struct lacks *lacks,
             const struct release *release, struct plan_release *plan, struct err *err);

/* The facts for approvals of one release, and the digest of its plan by the configuration in force. Only
 * with `binds_plan`. */
void lacks_approvals(const struct lacks *lacks, int64_t number, const char *sha,
                     struct rules_approval_facts *ret_facts, char ret_digest[PLAN_DIGEST_SIZE]);

/* A change as people name it: "#7", or "r8" without a pull request. */
const char *lacks_change_name(struct arena *arena, const struct change *change);

/* Who has the rights that are missing: "approve-code: team:sre, ana". */
const char *lacks_who(struct arena *arena, const struct config_environment *environment, bool code,
                      bool content);

#endif
