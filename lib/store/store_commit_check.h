/* store_commit_check: CI of commits. Looked up by (repository, commit). */
#ifndef SLIPWAY_LIB_STORE_STORE_COMMIT_CHECK_H
#define SLIPWAY_LIB_STORE_STORE_COMMIT_CHECK_H

#include "lib/model/commit_check.h"
#include "lib/store/db.h"

/* What is shown and judged of one commit at most; more names than that are no CI. */
#define STORE_COMMIT_CHECK_MAX 1000

/*
 * Take over what GitHub says. The order of arrival does not change the end: of one name (kind, App and
 * name; contexts are the same in either case of letters) the one that began last counts, then the higher
 * id; of one id the later report, and at the same second an end beats a beginning. Writer.
 */
int store_commit_check_put(struct db *db, const struct commit_check *check, bool *ret_taken,
                           struct err *err);

/* All of a commit, by kind and name; none is not an error. */
int store_commit_check_list(struct db *db, struct arena *arena, int64_t repository_id,
                            const char *sha, struct commit_check **ret_items, size_t *ret_n,
                            struct err *err);

#endif
