/* store_release: numbered commits of the base branch. */
#ifndef SLIPWAY_LIB_STORE_STORE_RELEASE_H
#define SLIPWAY_LIB_STORE_STORE_RELEASE_H

#include "lib/model/release.h"
#include "lib/rules/revert.h"
#include "lib/store/db.h"

/* Give it the next number of its repository. ERR_CONFLICT: the commit has one and is on the line.
 * One that left the line and came back gets a new one: along the line numbers only grow. Writer. */
int store_release_append(struct db *db, const struct release *release, int64_t *ret_number,
                         struct err *err);

/* Somebody else wrote some of what it brings (A2): an address, "" = one that is not known. Writer. */
int store_release_maker_put(struct db *db, int64_t repository_id, int64_t number, const char *email,
                            struct err *err);

/* Lane and number of changed paths, once they were looked at. Writer. */
int store_release_paths(struct db *db, int64_t repository_id, int64_t number, enum lane lane,
                        int64_t n_paths, struct err *err);

int store_release_by_number(struct db *db, struct arena *arena, int64_t repository_id,
                            int64_t number, struct release *ret_release, struct err *err);
/* On the line before any other with that commit. ERR_NOT_FOUND: no release has it. */
int store_release_by_sha(struct db *db, struct arena *arena, int64_t repository_id, const char *sha,
                         struct release *ret_release, struct err *err);
/* Of those on the line. ERR_NOT_FOUND before first sight. */
int store_release_newest(struct db *db, struct arena *arena, int64_t repository_id,
                         struct release *ret_release, struct err *err);
/* The newest that had been seen by then, on the line now or not; ERR_NOT_FOUND. */
int store_release_newest_at(struct db *db, struct arena *arena, int64_t repository_id, time_ms at,
                            struct release *ret_release, struct err *err);
/* The newest on the line with number <= at_most; ERR_NOT_FOUND. */
int store_release_on_line(struct db *db, struct arena *arena, int64_t repository_id,
                          int64_t at_most, struct release *ret_release, struct err *err);
/* Of those whose commit begins with `prefix` (lower-case hex); *ret_n 2 = more than one. */
int store_release_by_prefix(struct db *db, struct arena *arena, int64_t repository_id,
                            const char *prefix, struct release *ret_release, size_t *ret_n,
                            struct err *err);

/* Those with number > after leave the line: the branch was rewritten (C6). Writer. */
int store_release_leave_line(struct db *db, int64_t repository_id, int64_t after, int64_t *ret_n,
                             struct err *err);

/* It says that it takes that commit out again (C5). A repeat changes nothing. Writer. */
int store_release_revert_put(struct db *db, int64_t repository_id, int64_t number, const char *sha,
                             struct err *err);
/* What takes what out, by commit messages and by pull requests; reverts in (from, to], newest first. */
int store_release_reverts(struct db *db, struct arena *arena, int64_t repository_id, int64_t from,
                          int64_t to, struct revert **ret_items, size_t *ret_n, struct err *err);

/* Those on the line with after < number < below, the newest `limit` of them, oldest first; `proven_in`: only those
 * with a deployment that succeeded in that environment, NULL = all. */
int store_release_newer(struct db *db, struct arena *arena, int64_t repository_id, int64_t after,
                        int64_t below, const char *proven_in, size_t limit,
                        struct release **ret_items, size_t *ret_n, struct err *err);

/* Newest first; `before` = 0 from the newest on. */
int store_release_list(struct db *db, struct arena *arena, int64_t repository_id, int64_t before,
                       size_t limit, struct release **ret_items, size_t *ret_n, struct err *err);

/* Those on the line with number > after that are no pull request's merge, newest first: all of them, for one that was
 * left out might be part of what is kept back (C3). */
int store_release_nobodys(struct db *db, struct arena *arena, int64_t repository_id, int64_t after,
                          struct release **ret_items, size_t *ret_n, struct err *err);

/* Those whose paths were not looked at. */
int store_release_unread(struct db *db, struct arena *arena, int64_t repository_id, size_t limit,
                         struct release **ret_items, size_t *ret_n, struct err *err);

/* The lane of releases (from, to]: content only if each is. */
int store_release_lane(struct db *db, int64_t repository_id, int64_t from, int64_t to,
                       enum lane *ret_lane, struct err *err);

#endif
