/* store_repository: configured repositories: who they are, what their mirror saw. */
#ifndef SLIPWAY_LIB_STORE_STORE_REPOSITORY_H
#define SLIPWAY_LIB_STORE_STORE_REPOSITORY_H

#include "lib/model/repository.h"
#include "lib/store/db.h"

/* Make its row if there is none, or take over a new branch. Writer. */
int store_repository_ensure(struct db *db, const char *name, const char *branch, struct err *err);

/* By name, in either case of letters. ERR_NOT_FOUND. */
int store_repository_by_name(struct db *db, struct arena *arena, const char *name,
                             struct repository *ret_repository, struct err *err);
/* By our own id. ERR_NOT_FOUND. */
int store_repository_by_id(struct db *db, struct arena *arena, int64_t id,
                           struct repository *ret_repository, struct err *err);
/* By GitHub's id, once it is bound to a name. ERR_NOT_FOUND. */
int store_repository_by_github_id(struct db *db, struct arena *arena, int64_t github_id,
                                  struct repository *ret_repository, struct err *err);
int store_repository_is_bound(struct db *db, int64_t github_id, bool *ret_bound, struct err *err);
int store_repository_list(struct db *db, struct arena *arena, struct repository **ret_items,
                          size_t *ret_n, struct err *err);

/* Bind the name to GitHub's id at first sight; ERR_CONFLICT if it has another one (W6). Writer. */
int store_repository_bind(struct db *db, int64_t id, int64_t github_id, struct err *err);

/* GitHub called it so as of `at`, by its clock; what it said as of an earlier time changes nothing. `name` NULL:
 * as we do. Writer. */
int store_repository_called(struct db *db, int64_t id, const char *name, time_ms at,
                            struct err *err);
/* The one that GitHub calls so, and we otherwise. ERR_NOT_FOUND. */
int store_repository_by_github_name(struct db *db, struct arena *arena, const char *name,
                                    struct repository *ret_repository, struct err *err);
/* Call it as GitHub does. ERR_CONFLICT: another one has that name. Writer. */
int store_repository_rename(struct db *db, int64_t id, const char *name, struct err *err);

/* No delivery was of it, and nothing went out from it. */
int store_repository_is_unused(struct db *db, int64_t id, bool *ret_unused, struct err *err);
/* Each takes the other's name. Writer. */
int store_repository_swap(struct db *db, const struct repository *a, const struct repository *b,
                          struct err *err);

/* A webhook said that something moved. Writer. */
int store_repository_want(struct db *db, int64_t id, time_ms now, struct err *err);

/* ... of every repository: something was said, and it is not known of which. None is fine. */
int store_repository_want_all(struct db *db, time_ms now, struct err *err);

/* A fetch that began at `began` ended well with this tip; a wish that came later stays. Writer. */
int store_repository_fetched(struct db *db, int64_t id, const char *tip, time_ms began, time_ms now,
                             struct err *err);
int store_repository_failed(struct db *db, int64_t id, const char *failure, time_ms now,
                            struct err *err);

/* A person takes the rewritten tip as the new line; a fetch is wanted. ERR_CONFLICT: it is another one by
 * now. Writer. */
int store_repository_adopt(struct db *db, int64_t id, const char *sha, time_ms now,
                           struct err *err);
/* Releases follow the line of that tip. ERR_CONFLICT: another one was adopted. Writer. */
int store_repository_adopted(struct db *db, int64_t id, const char *sha, struct err *err);

/* The branch was rewritten to that tip, "" = no longer; an adoption of another one is void. Writer. */
int store_repository_rewritten(struct db *db, int64_t id, const char *sha, struct err *err);

/* The clock says `now`: what was fetched later than that was fetched then. Writer. */
int store_repository_seen_by(struct db *db, time_ms now, struct err *err);

#endif
