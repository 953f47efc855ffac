/* store_comment: comments on pull requests, as facts. */
#ifndef SLIPWAY_LIB_STORE_STORE_COMMENT_H
#define SLIPWAY_LIB_STORE_STORE_COMMENT_H

#include "lib/store/db.h"

struct comment {
    int64_t repository_id;
    int64_t github_id;
    int64_t number; /* of the pull request */
    int64_t author_id;
    const char *author;
    bool bot;
    int64_t sender_id;      /* who made the event `created`; 0 = that was not seen */
    const char *first_line; /* as it was created, foreign; NULL = that was not seen */
    bool cut;
    time_ms created_at;
    time_ms edited_at; /* 0 = not that we know, as the next */
    time_ms deleted_at;
    int64_t delivery_id;
};

/*
 * Take over what is said of a comment, in any order: the text is that of its creation, an edit or the end
 * stays known. Once all three are known nothing changes any more. Writer.
 */
int store_comment_put(struct db *db, const struct comment *comment, struct err *err);

/* Of a pull request, oldest first. */
int store_comment_list(struct db *db, struct arena *arena, int64_t repository_id, int64_t number,
                       size_t limit, struct comment **ret_items, size_t *ret_n, struct err *err);

#endif
