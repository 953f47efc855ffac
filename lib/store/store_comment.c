#include "lib/store/store_comment.h"

#include "lib/store/db_list.h"

#define COLUMNS                                                                                    \
    "repository_id, github_id, number, author_id, author, bot, sender_id, first_line, cut,"        \
    " created_at, edited_at, deleted_at, delivery_id"

DB_STATEMENT(
    SQL_COMMENT_PUT,
    "INSERT INTO comments (" COLUMNS ")"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
    " ON CONFLICT (repository_id, github_id) DO UPDATE SET"
    " cut = CASE WHEN first_line IS NULL THEN excluded.cut ELSE cut END,"
    " sender_id = coalesce(sender_id, excluded.sender_id),"
    " first_line = coalesce(first_line, excluded.first_line),"
    " edited_at = max(coalesce(edited_at, excluded.edited_at), coalesce(excluded.edited_at, edited_at)),"
    " deleted_at = coalesce(deleted_at, excluded.deleted_at)");

int store_comment_put(struct db *db, const struct comment *c, struct err *err)
{
    return db_run(db, &SQL_COMMENT_PUT, err, "iiiIebItbiIIi", c->repository_id, c->github_id,
                  c->number, c->author_id, c->author, (int)c->bot, c->sender_id, c->first_line,
                  (int)c->cut, c->created_at, c->edited_at, c->deleted_at, c->delivery_id);
}

static void fill(struct db_rows *rows, struct arena *arena, void *item)
{
    struct comment *c = item;

    c->repository_id = db_int(rows, 0);
    c->github_id = db_int(rows, 1);
    c->number = db_int(rows, 2);
    c->author_id = db_int(rows, 3);
    c->author = db_text(rows, arena, 4);
    c->bot = db_int(rows, 5) != 0;
    c->sender_id = db_int(rows, 6);
    c->first_line = db_text(rows, arena, 7);
    c->cut = db_int(rows, 8) != 0;
    c->created_at = db_int(rows, 9);
    c->edited_at = db_int(rows, 10);
    c->deleted_at = db_int(rows, 11);
    c->delivery_id = db_int(rows, 12);
}

DB_STATEMENT(SQL_COMMENT_LIST,
             "SELECT " COLUMNS " FROM comments WHERE repository_id = $1 AND number = $2"
             " ORDER BY created_at, github_id LIMIT $3");

int store_comment_list(struct db *db, struct arena *arena, int64_t repository_id, int64_t number,
                       size_t limit, struct comment **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc =
        db_query(db, &SQL_COMMENT_LIST, &rows, err, "iii", repository_id, number, (int64_t)limit);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}
