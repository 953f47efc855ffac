/*
 * db: one connection to the store, and the statements of the tree.
 *
 * A statement is a constant directly above the function that binds it; the macro registers it, so that a
 * test prepares every one. Each connection prepares a statement once and keeps it. Arguments are given
 * by a format, one letter each, in the order of $1, $2 ...:
 *
 *      i  int64_t          I  int64_t, 0 = NULL     b  bool (int)
 *      t  const char *, NULL = NULL                 e  const char *, "" or NULL = NULL
 *      z  const void *, size_t (blob)
 *
 * A second driver could stand behind this header: nothing here shows sqlite3. One thread at a time.
 */
#ifndef SLIPWAY_LIB_STORE_DB_H
#define SLIPWAY_LIB_STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"

struct arena;
struct db;

struct statement {
    const char *name;
    const char *sql;
};

#define DB_STATEMENT(symbol, text)                                                                 \
    static const struct statement symbol = {#symbol, text};                                        \
    static const struct statement *const symbol##_entry                                            \
        __attribute__((used, section("slipway_statements"))) = &symbol

/* All of them, for the test. */
size_t db_statements(const struct statement *const **ret_items);

/* Read-only, for http threads and the flow. ERR_NOT_FOUND, ERR_INTERNAL. */
int db_open_read(const char *path, struct db **ret_db, struct err *err);
/* The writer's. Pragmas are set and read back. */
int db_open_write(const char *path, struct db **ret_db, struct err *err);
/* Does each commit wait until it is on the disk (true, as db_open_write() leaves it), or only the beginning of a log and
 * checkpoints? What was not waited for is synced with the next commit that is. Read back; not inside a transaction. */
int db_sync_commits(struct db *db, bool sync, struct err *err);

/* A file that nobody knows of yet: nothing is synced, and a crash may spoil it. After db_end_draft() it is one for
 * db_open_write(), as soon as the caller has closed and synced it. */
int db_open_draft(const char *path, struct db **ret_db, struct err *err);
int db_end_draft(struct db *db, struct err *err);
void db_close(struct db *db);
/* A write or a sync of the writer's failed: closing it writes nothing and syncs nothing any more. Accepts NULL. */
void db_give_up(struct db *db);

/* Run a statement that gives no rows. ERR_CONFLICT for a broken UNIQUE, CHECK or foreign key. */
int db_run(struct db *db, const struct statement *statement, struct err *err, const char *format,
           ...);
/* The same; ERR_CONFLICT too if it changed no row: a compare-and-set whose state was another. */
int db_change(struct db *db, const struct statement *statement, struct err *err, const char *format,
              ...);
int64_t db_last_id(const struct db *db);

/*
 * Rows:   struct db_rows *rows;
 *         if ((rc = db_query(db, &SQL_X, &rows, err, "i", id)) < 0) return rc;
 *         while ((rc = db_next(rows, err)) > 0)
 *             ... db_int(rows, 0) ... db_text(rows, arena, 1)
 *         db_end(rows);
 * db_next: 1 = a row, 0 = the end, negative = error. db_end always.
 */
struct db_rows;
int db_query(struct db *db, const struct statement *statement, struct db_rows **ret_rows,
             struct err *err, const char *format, ...);
int db_next(struct db_rows *rows, struct err *err);
void db_end(struct db_rows *rows);
int64_t db_int(struct db_rows *rows, int column); /* NULL = 0 */
int64_t db_int_or(struct db_rows *rows, int column, int64_t otherwise);
const char *db_text(struct db_rows *rows, struct arena *arena, int column); /* NULL = NULL */
void db_copy(struct db_rows *rows, int column, char *out, size_t size);     /* NULL = "" */
const void *db_blob(struct db_rows *rows, struct arena *arena, int column, size_t *ret_len);

/* The first column of the first row of a query: 0, NULL or false if there is no row. Set only on success. */
int db_number(struct db *db, const struct statement *statement, int64_t *ret_number,
              struct err *err, const char *format, ...);
int db_string(struct db *db, const struct statement *statement, struct arena *arena,
              const char **ret_string, struct err *err, const char *format, ...);
/* Whether a query has a row. */
int db_exists(struct db *db, const struct statement *statement, bool *ret_exists, struct err *err,
              const char *format, ...);

/* Plain SQL without arguments: schema, pragmas, savepoints. */
int db_exec(struct db *db, const char *sql, struct err *err);

/* What is read between these two is one state of the store, and cheaper: what one statement has read, the next need
 * not. For milliseconds: an open one holds up checkpoints. The end of none is nothing. */
int db_read_begin(struct db *db, struct err *err);
void db_read_end(struct db *db);

/* How many statements were run on this connection; for tests. */
uint64_t db_count(const struct db *db);

/* Move what the write-ahead log holds into the file, as far as readers let it; and how much is left. */
int db_checkpoint(struct db *db, struct err *err);
int64_t db_wal_bytes(const struct db *db);

/* Bytes that are free where its file lies; INT64_MAX in memory, 0 if nobody can say. */
int64_t db_room_bytes(const struct db *db);

/* Read-only connections for http threads: take one, give it back. */
struct db_pool;
int db_pool_new(const char *path, struct db_pool **ret_pool, struct err *err);
void db_pool_free(struct db_pool *pool);
int db_pool_take(struct db_pool *pool, struct db **ret_db, struct err *err);
void db_pool_give(struct db_pool *pool, struct db *db);

#endif
