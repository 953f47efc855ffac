/*
 * progress_attempts: what the attempts of a deployment say of its migrate jobs: may anything still begin? (M2, M6)
 *
 * Pure.
 */
#ifndef SLIPWAY_LIB_RULES_PROGRESS_ATTEMPTS_H
#define SLIPWAY_LIB_RULES_PROGRESS_ATTEMPTS_H

#include "lib/rules/progress.h"

/* The last one of the job; NULL = there is none yet. */
const struct attempt *progress_attempts_last(const struct progress_facts *facts,
                                             const struct job *job);
/* Of its command; NULL = none is known. */
const struct invocation *progress_attempts_invocation(const struct progress_facts *facts,
                                                      const struct attempt *attempt);

/* Of a migrate job: the attempt that it was is proven, or decided. */
bool progress_attempts_is_settled(const struct progress_facts *facts,
                                  const struct invocation *invocation);

/* A person wants another attempt, or the job tried again, and what was tried before is settled. */
bool progress_attempts_is_wanted(const struct job *job, const struct attempt *attempt);

/* The job, or its last attempt before the job has ended, failed or is unknown, and nobody wants another: from then on
 * nothing begins. */
bool progress_attempts_halt(const struct progress_facts *facts, const struct job *job);

/* The attempt that a person gave up, or marked failed: its deployment ends as failed. NULL = none. */
const struct attempt *progress_attempts_given_up(const struct progress_facts *facts);
/* ... and why, for people. */
const char *progress_attempts_cause(struct arena *arena, const char *decision, const char *by,
                                    const char *reason);

#endif
