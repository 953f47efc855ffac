/*
 * progress_index: the invocations and hosts of a deployment, found by host.
 *
 * What is asked of a host is asked of all of them: is this its last try, does its track run something. Over ten thousand
 * hosts that is a hundred million comparisons for each question, unless they are sorted once. Facts without an index
 * are answered all the same, one by one. Pure; lies in the arena.
 */
#ifndef SLIPWAY_LIB_RULES_PROGRESS_INDEX_H
#define SLIPWAY_LIB_RULES_PROGRESS_INDEX_H

#include "lib/rules/progress.h"

/* The facts must not change from then on. */
const struct progress_index *progress_index_make(const struct progress_facts *facts,
                                                 struct arena *arena);

/* All invocations of a host, in the order of writing:
 *
 *      for (t = progress_index_tries(f, host_id); progress_index_next(&t, &i);)
 *          ... f->invocations[i] ...
 */
struct progress_index_tries {
    const struct progress_facts *facts;
    const char *host_id;
    size_t at, end;
};
struct progress_index_tries progress_index_tries(const struct progress_facts *facts,
                                                 const char *host_id);
/* Those of the host of this invocation, which needs no search. */
struct progress_index_tries progress_index_tries_like(const struct progress_facts *facts,
                                                      size_t number);
bool progress_index_next(struct progress_index_tries *tries, size_t *ret_number);

/* NULL = it is none of the deployment's. */
const struct host *progress_index_host(const struct progress_facts *facts, const char *host_id);

#endif
