/*
 * db_list: the rows of a query as an array, or its one row as an item.
 *
 *      struct db_rows *rows;
 *      int rc = db_query(db, &SQL_HOLD_OPEN, &rows, err, "i", id);
 *
 *      return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
 *
 * Ends the rows whatever came of it. The array lies in `arena`; outputs are set only on success, no row is NULL and 0.
 */
#ifndef SLIPWAY_LIB_STORE_DB_LIST_H
#define SLIPWAY_LIB_STORE_DB_LIST_H

#include "lib/store/db.h"

/* Makes one item of the row that the rows stand at; all of `item` is the callee's to set. */
typedef void db_list_fill(struct db_rows *rows, struct arena *arena, void *item);

/* `ret_items` is a T **, and `fill` makes a T. */
#define DB_LIST(rows, arena, fill, ret_items, ret_n, err)                                          \
    db_list((rows), (arena), (fill), sizeof(**(ret_items)), (void *)(ret_items), (ret_n), (err))

int db_list(struct db_rows *rows, struct arena *arena, db_list_fill *fill, size_t size,
            void *ret_items, size_t *ret_n, struct err *err);

/* The first row as one item, set only if there is one; ERR_NOT_FOUND, told by `format`, if there is none. */
int db_list_one(struct db_rows *rows, struct arena *arena, db_list_fill *fill, void *ret_item,
                struct err *err, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Fills of what has one column: const char *, int64_t. */
db_list_fill db_list_text, db_list_number;

#endif
