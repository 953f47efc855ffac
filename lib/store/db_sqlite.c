#include "lib/store/db.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include <sqlite3.h>

#include "lib/base/arena.h"

extern const struct statement *const __start_slipway_statements[];
extern const struct statement *const __stop_slipway_statements[];

#define PAGE_BYTES 4096
#define WAL_KEPT                                                                                   \
    "16777216" /* bytes of the log's file that stay when it begins anew: it is written over */
#define WRITER_CACHE "-8000" /* KiB: what it changes all over its indexes it need not read again */

struct prepared {
    const struct statement *statement;
    sqlite3_stmt *stmt;
};

struct db {
    sqlite3 *sqlite;
    int wal_pages; /* in the write-ahead log, not yet in the file */
    int wal_moved; /* in it and in the file: as long as somebody reads, the log does not begin anew */
    struct prepared *slots; /* open addressing by address */
    size_t n_slots;
    uint64_t count; /* statements that were run */
};

size_t db_statements(const struct statement *const **ret_items)
{
    *ret_items = __start_slipway_statements;
    /* cppcheck-suppress comparePointers ; the linker puts both at the ends of one section */
    return (size_t)(__stop_slipway_statements - __start_slipway_statements);
}

static int failed(const struct db *db, struct err *err, const char *what)
{
    int code = sqlite3_errcode(db->sqlite) & 0xff;

    return err_set(err,
                   code == SQLITE_CONSTRAINT                      ? ERR_CONFLICT
                   : code == SQLITE_BUSY || code == SQLITE_LOCKED ? ERR_BUSY
                   : code == SQLITE_CANTOPEN                      ? ERR_NOT_FOUND
                                                                  : ERR_INTERNAL,
                   "store: %s: %s", what, sqlite3_errmsg(db->sqlite));
}

int db_exec(struct db *db, const char *sql, struct err *err)
{
    return sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL) == SQLITE_OK
               ? 0
               : failed(db, err, "statement");
}

/* Set a pragma and believe only what is read back. */
static int pragma(struct db *db, const char *name, const char *value, const char *expected,
                  struct err *err)
{
    char sql[128];
    sqlite3_stmt *stmt = NULL;
    const char *got = "nothing";
    int rc = 0;

    if (value != NULL) {
        snprintf(sql, sizeof(sql), "PRAGMA %s=%s", name, value);
        if ((rc = db_exec(db, sql, err)) < 0)
            return rc;
    }
    snprintf(sql, sizeof(sql), "PRAGMA %s", name);
    if (sqlite3_prepare_v2(db->sqlite, sql, -1, &stmt, NULL) != SQLITE_OK)
        return failed(db, err, name);
    if (sqlite3_step(stmt) == SQLITE_ROW)
        got = (const char *)sqlite3_column_text(stmt, 0);
    if (strcmp(got, expected) != 0)
        rc = err_set(err, ERR_INTERNAL, "store: pragma %s is %s, not %s", name, got, expected);
    sqlite3_finalize(stmt);
    return rc;
}

static int db_open(const char *path, int flags, struct db **ret_db, struct err *err)
{
    struct db *db = calloc(1, sizeof(*db));
    int rc = 0;

    if (db == NULL)
        abort();
    if (sqlite3_open_v2(path, &db->sqlite, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
                        NULL) != SQLITE_OK)
        rc = failed(db, err, path);
    if (rc == 0) {
        sqlite3_extended_result_codes(db->sqlite, 1);
        sqlite3_busy_timeout(db->sqlite, 5000);
        sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
        sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        rc = pragma(db, "trusted_schema", "OFF", "0", err);
    }
    if (rc == 0)
        rc = pragma(db, "foreign_keys", "ON", "1", err);
    /* A savepoint or sort that grows would go to a file in /tmp, which the server may not write. */
    if (rc == 0)
        rc = pragma(db, "temp_store", "MEMORY", "2", err);
    if (rc < 0) {
        db_close(db);
        return rc;
    }
    *ret_db = db;
    return 0;
}

int db_open_read(const char *path, struct db **ret_db, struct err *err)
{
    struct db *db = NULL;
    int rc = db_open(path, SQLITE_OPEN_READONLY, &db, err);

    if (rc == 0 && (rc = pragma(db, "query_only", "ON", "1", err)) < 0)
        db_close(db);
    if (rc == 0)
        *ret_db = db;
    return rc;
}

static int count_wal(void *arg, sqlite3 *sqlite, const char *name, int pages)
{
    struct db *db = arg;

    (void)sqlite;
    (void)name;
    if (pages < db->wal_moved)
        db->wal_moved = 0; /* it has begun anew */
    db->wal_pages = pages - db->wal_moved;
    return SQLITE_OK;
}

int db_sync_commits(struct db *db, bool sync, struct err *err)
{
    return pragma(db, "synchronous", sync ? "FULL" : "NORMAL", sync ? "2" : "1", err);
}

int db_open_write(const char *path, struct db **ret_db, struct err *err)
{
    struct db *db = NULL;
    int rc = db_open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &db, err);

    if (rc < 0)
        return rc;
    if ((rc = pragma(db, "journal_mode", "WAL", "wal", err)) < 0 ||
        (rc = db_sync_commits(db, true, err)) < 0 ||
        (rc = pragma(db, "wal_autocheckpoint", "0", "0", err)) < 0 ||
        (rc = pragma(db, "journal_size_limit", WAL_KEPT, WAL_KEPT, err)) < 0 ||
        (rc = pragma(db, "cache_size", WRITER_CACHE, WRITER_CACHE, err)) < 0) {
        db_close(db);
        return rc;
    }
    sqlite3_wal_hook(db->sqlite, count_wal, db);
    *ret_db = db;
    return 0;
}

int db_open_draft(const char *path, struct db **ret_db, struct err *err)
{
    struct db *db = NULL;
    int rc = db_open(path, SQLITE_OPEN_READWRITE, &db, err);

    if (rc < 0)
        return rc;
    if ((rc = pragma(db, "journal_mode", "MEMORY", "memory", err)) < 0 ||
        (rc = pragma(db, "synchronous", "OFF", "0", err)) < 0) {
        db_close(db);
        return rc;
    }
    *ret_db = db;
    return 0;
}

int db_end_draft(struct db *db, struct err *err)
{
    return pragma(db, "journal_mode", "WAL", "wal", err);
}

void db_close(struct db *db)
{
    if (db == NULL)
        return;
    for (size_t i = 0; i < db->n_slots; i++)
        sqlite3_finalize(db->slots[i].stmt);
    sqlite3_close(db->sqlite);
    free(db->slots);
    free(db);
}

void db_give_up(struct db *db)
{
    if (db != NULL)
        sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

static struct prepared *slot_of(struct db *db, const struct statement *statement)
{
    size_t mask = db->n_slots - 1;
    size_t i = ((uintptr_t)statement / sizeof(*statement)) & mask;

    while (db->slots[i].statement != NULL && db->slots[i].statement != statement)
        i = (i + 1) & mask;
    return &db->slots[i];
}

static int prepare(struct db *db, const struct statement *statement, sqlite3_stmt **ret_stmt,
                   struct err *err)
{
    struct prepared *slot;

    if (db->n_slots == 0) {
        const struct statement *const *all;
        db->n_slots = 64;
        while (db->n_slots < 2 * db_statements(&all))
            db->n_slots *= 2;
        db->slots = calloc(db->n_slots, sizeof(*db->slots));
        if (db->slots == NULL)
            abort();
    }
    slot = slot_of(db, statement);
    if (slot->stmt == NULL) {
        if (sqlite3_prepare_v3(db->sqlite, statement->sql, -1, SQLITE_PREPARE_PERSISTENT,
                               &slot->stmt, NULL) != SQLITE_OK)
            return failed(db, err, statement->name);
        slot->statement = statement;
    }
    *ret_stmt = slot->stmt;
    return 0;
}

static void bind_text(sqlite3_stmt *stmt, int i, const char *text)
{
    if (text == NULL)
        sqlite3_bind_null(stmt, i);
    else
        sqlite3_bind_text(stmt, i, text, -1, SQLITE_STATIC);
}

/* Bound values are static: they live until the statement is reset, inside the same call. */
static int bind(struct db *db, const struct statement *statement, const char *format, va_list args,
                sqlite3_stmt **ret_stmt, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = prepare(db, statement, &stmt, err);

    if (rc < 0)
        return rc;
    db->count++;
    for (int i = 1; *format != '\0'; i++, format++) {
        const char *text;
        const void *bytes;
        int64_t number;
        switch (*format) {
        case 'i':
            sqlite3_bind_int64(stmt, i, va_arg(args, int64_t));
            break;
        case 'I':
            number = va_arg(args, int64_t);
            if (number == 0)
                sqlite3_bind_null(stmt, i);
            else
                sqlite3_bind_int64(stmt, i, number);
            break;
        case 'b':
            sqlite3_bind_int64(stmt, i, va_arg(args, int));
            break;
        case 't':
            bind_text(stmt, i, va_arg(args, const char *));
            break;
        case 'e':
            text = va_arg(args, const char *);
            bind_text(stmt, i, text == NULL || *text == '\0' ? NULL : text);
            break;
        case 'z':
            bytes = va_arg(args, const void *);
            sqlite3_bind_blob64(stmt, i, bytes, va_arg(args, size_t), SQLITE_STATIC);
            break;
        default:
            abort();
        }
    }
    *ret_stmt = stmt;
    return 0;
}

static int run(struct db *db, const struct statement *statement, struct err *err,
               const char *format, va_list args)
{
    sqlite3_stmt *stmt;
    int rc = bind(db, statement, format, args, &stmt, err);

    if (rc < 0)
        return rc;
    rc = sqlite3_step(stmt);
    rc = rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : failed(db, err, statement->name);
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
    return rc;
}

int db_run(struct db *db, const struct statement *statement, struct err *err, const char *format,
           ...)
{
    va_list args;
    int rc;

    va_start(args, format);
    rc = run(db, statement, err, format, args);
    va_end(args);
    return rc;
}

int db_change(struct db *db, const struct statement *statement, struct err *err, const char *format,
              ...)
{
    va_list args;
    int rc;

    va_start(args, format);
    rc = run(db, statement, err, format, args);
    va_end(args);
    if (rc == 0 && sqlite3_changes(db->sqlite) == 0)
        rc = err_set(err, ERR_CONFLICT, "store: %s: it is not in the state this was decided on",
                     statement->name);
    return rc;
}

int64_t db_last_id(const struct db *db)
{
    return sqlite3_last_insert_rowid(db->sqlite);
}

DB_STATEMENT(SQL_READ_BEGIN, "BEGIN");
DB_STATEMENT(SQL_READ_END, "COMMIT");

int db_read_begin(struct db *db, struct err *err)
{
    return db_run(db, &SQL_READ_BEGIN, err, "");
}

void db_read_end(struct db *db)
{
    if (!sqlite3_get_autocommit(db->sqlite))
        (void)db_run(db, &SQL_READ_END, NULL, "");
}

uint64_t db_count(const struct db *db)
{
    return db->count;
}

/* The struct is the statement itself: nothing else is needed. */
int db_query(struct db *db, const struct statement *statement, struct db_rows **ret_rows,
             struct err *err, const char *format, ...)
{
    sqlite3_stmt *stmt;
    va_list args;
    int rc;

    va_start(args, format);
    rc = bind(db, statement, format, args, &stmt, err);
    va_end(args);
    if (rc == 0)
        *ret_rows = (struct db_rows *)stmt;
    return rc;
}

int db_next(struct db_rows *rows, struct err *err)
{
    sqlite3_stmt *stmt = (sqlite3_stmt *)rows;
    int rc = sqlite3_step(stmt);

    if (rc == SQLITE_ROW)
        return 1;
    if (rc == SQLITE_DONE)
        return 0;
    return err_set(err, ERR_INTERNAL, "store: reading: %s",
                   sqlite3_errmsg(sqlite3_db_handle(stmt)));
}

void db_end(struct db_rows *rows)
{
    sqlite3_reset((sqlite3_stmt *)rows);
    sqlite3_clear_bindings((sqlite3_stmt *)rows);
}

int64_t db_int(struct db_rows *rows, int column)
{
    return sqlite3_column_int64((sqlite3_stmt *)rows, column);
}

int64_t db_int_or(struct db_rows *rows, int column, int64_t otherwise)
{
    return sqlite3_column_type((sqlite3_stmt *)rows, column) == SQLITE_NULL ? otherwise
                                                                            : db_int(rows, column);
}

const char *db_text(struct db_rows *rows, struct arena *arena, int column)
{
    return arena_str(arena, (const char *)sqlite3_column_text((sqlite3_stmt *)rows, column));
}

void db_copy(struct db_rows *rows, int column, char *out, size_t size)
{
    const char *text = (const char *)sqlite3_column_text((sqlite3_stmt *)rows, column);
    size_t len = text == NULL ? 0 : strnlen(text, size - 1);

    if (len > 0)
        memcpy(out, text, len);
    out[len] = '\0';
}

const void *db_blob(struct db_rows *rows, struct arena *arena, int column, size_t *ret_len)
{
    const void *bytes = sqlite3_column_blob((sqlite3_stmt *)rows, column);

    *ret_len = (size_t)sqlite3_column_bytes((sqlite3_stmt *)rows, column);
    return arena_strn(arena, bytes, *ret_len);
}

/* Steps to the first row: 1, or 0 if there is none. */
static int first(struct db *db, const struct statement *statement, struct db_rows **ret_rows,
                 struct err *err, const char *format, va_list args)
{
    sqlite3_stmt *stmt;
    int rc = bind(db, statement, format, args, &stmt, err);

    if (rc < 0)
        return rc;
    *ret_rows = (struct db_rows *)stmt;
    rc = db_next(*ret_rows, err);
    if (rc < 0)
        db_end(*ret_rows);
    return rc;
}

int db_number(struct db *db, const struct statement *statement, int64_t *ret_number,
              struct err *err, const char *format, ...)
{
    struct db_rows *rows;
    va_list args;
    int rc;

    va_start(args, format);
    rc = first(db, statement, &rows, err, format, args);
    va_end(args);
    if (rc < 0)
        return rc;
    *ret_number = rc > 0 ? db_int(rows, 0) : 0;
    db_end(rows);
    return 0;
}

int db_string(struct db *db, const struct statement *statement, struct arena *arena,
              const char **ret_string, struct err *err, const char *format, ...)
{
    struct db_rows *rows;
    va_list args;
    int rc;

    va_start(args, format);
    rc = first(db, statement, &rows, err, format, args);
    va_end(args);
    if (rc < 0)
        return rc;
    *ret_string = rc > 0 ? db_text(rows, arena, 0) : NULL;
    db_end(rows);
    return 0;
}

int db_exists(struct db *db, const struct statement *statement, bool *ret_exists, struct err *err,
              const char *format, ...)
{
    struct db_rows *rows;
    va_list args;
    int rc;

    va_start(args, format);
    rc = first(db, statement, &rows, err, format, args);
    va_end(args);
    if (rc < 0)
        return rc;
    *ret_exists = rc > 0;
    db_end(rows);
    return 0;
}

int db_checkpoint(struct db *db, struct err *err)
{
    int pages = 0, moved = 0;

    if (sqlite3_wal_checkpoint_v2(db->sqlite, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &moved) !=
        SQLITE_OK)
        return failed(db, err, "checkpoint");
    db->wal_pages = pages - moved;
    db->wal_moved = moved;
    return 0;
}

int64_t db_wal_bytes(const struct db *db)
{
    return (int64_t)db->wal_pages * PAGE_BYTES;
}

int64_t db_room_bytes(const struct db *db)
{
    const char *path = sqlite3_db_filename(db->sqlite, "main");
    struct statvfs v;

    if (path == NULL || path[0] == '\0')
        return INT64_MAX;
    if (statvfs(path, &v) < 0)
        return 0;
    return v.f_bavail > (uint64_t)INT64_MAX / v.f_frsize ? INT64_MAX
                                                         : (int64_t)(v.f_bavail * v.f_frsize);
}

#define POOL_MAX 64

struct db_pool {
    pthread_mutex_t mutex;
    char *path;
    struct db *free[POOL_MAX];
    size_t n;
};

int db_pool_new(const char *path, struct db_pool **ret_pool, struct err *err)
{
    struct db_pool *pool = calloc(1, sizeof(*pool));
    struct db *first = NULL;
    int rc;

    if (pool == NULL || (pool->path = strdup(path)) == NULL)
        abort();
    pthread_mutex_init(&pool->mutex, NULL);
    rc = db_pool_take(pool, &first, err);
    if (rc < 0) {
        db_pool_free(pool);
        return rc;
    }
    db_pool_give(pool, first);
    *ret_pool = pool;
    return 0;
}

void db_pool_free(struct db_pool *pool)
{
    if (pool == NULL)
        return;
    for (size_t i = 0; i < pool->n; i++)
        db_close(pool->free[i]);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->path);
    free(pool);
}

int db_pool_take(struct db_pool *pool, struct db **ret_db, struct err *err)
{
    struct db *db = NULL;

    pthread_mutex_lock(&pool->mutex);
    if (pool->n > 0)
        db = pool->free[--pool->n];
    pthread_mutex_unlock(&pool->mutex);
    if (db == NULL)
        return db_open_read(pool->path, ret_db, err);
    *ret_db = db;
    return 0;
}

void db_pool_give(struct db_pool *pool, struct db *db)
{
    pthread_mutex_lock(&pool->mutex);
    if (db != NULL && pool->n < POOL_MAX) {
        pool->free[pool->n++] = db;
        db = NULL;
    }
    pthread_mutex_unlock(&pool->mutex);
    db_close(db);
}
