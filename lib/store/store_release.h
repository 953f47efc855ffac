/* store_release: numbered commits of the base branch. */
#ifndef SLIPWAY_LIB_STORE_STORE_RELEASE_H
#define SLIPWAY_LIB_STORE_STORE_RELEASE_H

#include "lib/model/release.h"
#include "lib/store/db.h"

/* Give it the next number of its repository. ERR_CONFLICT: the commit has one. Writer. */
int store_release_append(struct db *db, const struct release *release, int64_t *ret_number,
                         struct err *err);

/* Lane and number of changed paths, once they were looked at. Writer. */
int store_release_paths(struct db *db, int64_t repository_id, int64_t number, enum lane lane,
                        int64_t n_paths, struct err *err);

int store_release_by_number(struct db *db, struct arena *arena, int64_t repository_id,
                            int64_t number, struct release *ret_release, struct err *err);
/* ERR_NOT_FOUND: no release has that commit. */
int store_release_by_sha(struct db *db, struct arena *arena, int64_t repository_id, const char *sha,
                         struct release *ret_release, struct err *err);
/* ERR_NOT_FOUND before first sight. */
int store_release_newest(struct db *db, struct arena *arena, int64_t repository_id,
                         struct release *ret_release, struct err *err);

/* Those on the line with number > after, the newest `limit` of them, oldest first. */
int store_release_newer(struct db *db, struct arena *arena, int64_t repository_id, int64_t after,
                        size_t limit, struct release **ret_items, size_t *ret_n, struct err *err);

/* Newest first; `before` = 0 from the newest on. */
int store_release_list(struct db *db, struct arena *arena, int64_t repository_id, int64_t before,
                       size_t limit, struct release **ret_items, size_t *ret_n, struct err *err);

/* Those whose paths were not looked at. */
int store_release_unread(struct db *db, struct arena *arena, int64_t repository_id, size_t limit,
                         struct release **ret_items, size_t *ret_n, struct err *err);

/* The lane of releases (from, to]: content only if each is. */
int store_release_lane(struct db *db, int64_t repository_id, int64_t from, int64_t to,
                       enum lane *ret_lane, struct err *err);

#endif
