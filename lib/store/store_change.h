/* store_change: what a range of releases consists of, and who made it. */
#ifndef SLIPWAY_LIB_STORE_STORE_CHANGE_H
#define SLIPWAY_LIB_STORE_STORE_CHANGE_H

#include "lib/model/change.h"
#include "lib/store/db.h"

/* Of the releases in (from, to] that are on the line, oldest first; at most `limit` and whether there are
 * more. Makers: author and last pusher of a pull request, the pusher of what came without one, and the
 * author of the release's commit where its address is one of GitHub's own (account_of_email). */
int store_change_in_range(struct db *db, struct arena *arena, int64_t repository_id, int64_t from,
                          int64_t to, size_t limit, struct change **ret_items, size_t *ret_n,
                          bool *ret_more, struct err *err);

#endif
