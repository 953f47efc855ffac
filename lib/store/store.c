#include "lib/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/embed.h"
#include "lib/base/file.h"
#include "lib/store/db.h"

extern const struct embedded_file migrations_files[];
extern const size_t n_migrations_files;

DB_STATEMENT(SQL_STORE_TABLES,
             "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_migrations'");
DB_STATEMENT(SQL_STORE_IDENTITY, "SELECT store_id FROM store WHERE id = 1");
DB_STATEMENT(SQL_STORE_IDENTIFY, "INSERT INTO store (id, store_id, created_at) VALUES (1, $1, $2)");
DB_STATEMENT(SQL_STORE_BEGIN, "INSERT INTO incarnations (started_at, version) VALUES ($1, $2)");
DB_STATEMENT(
    SQL_STORE_NEXT_TABLE,
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name > $1 ORDER BY name LIMIT 1");
DB_STATEMENT(SQL_STORE_CHECK, "SELECT quick_check FROM pragma_quick_check($1)");
DB_STATEMENT(SQL_MIGRATIONS,
             "SELECT version, name, sha256 FROM schema_migrations ORDER BY version");
DB_STATEMENT(
    SQL_MIGRATION_DONE,
    "INSERT INTO schema_migrations (version, name, sha256, applied_at) VALUES ($1, $2, $3, $4)");

/* Is there a store of ours? 1 = yes, 0 = there is nothing yet. */
static int check_file(const char *path, struct err *err)
{
    char log[4200];
    struct stat st;

    if (lstat(path, &st) < 0) {
        if (errno != ENOENT)
            return err_set(err, ERR_DENIED, "store %s: %s", path, strerror(errno));
        snprintf(log, sizeof(log), "%s-wal", path);
        if (lstat(log, &st) == 0)
            return err_set(err, ERR_CONFLICT,
                           "there is %s without its store %s: what it holds may be the newest "
                           "that there is. Put the store back beside it, or move it away",
                           log, path);
        return 0;
    }
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
        return err_set(err, ERR_DENIED, "store %s is not a file of the user this runs as", path);
    if ((st.st_mode & 0077) != 0)
        return err_set(err, ERR_DENIED,
                       "store %s is open to others (mode %04o). Run chmod 600 on it", path,
                       (unsigned)st.st_mode & 07777);
    return 1;
}

/* What was applied must be what this program has, in the same order; returns how many. */
static int check_history(struct db *db, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_MIGRATIONS, &rows, err, "");
    int n = 0;

    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0) {
        char name[128], digest[65];
        db_copy(rows, 1, name, sizeof(name));
        db_copy(rows, 2, digest, sizeof(digest));
        if ((size_t)n >= n_migrations_files)
            rc = err_set(
                err, ERR_CONFLICT,
                "the store has schema %s, which this program does not know: it was written by a "
                "newer one",
                name);
        else if (db_int(rows, 0) != n + 1 || strcmp(name, migrations_files[n].name) != 0 ||
                 strcmp(digest, migrations_files[n].sha256) != 0)
            rc = err_set(
                err, ERR_CONFLICT,
                "schema %s in the store is not the one this program has (digest %.12s, expected "
                "%.12s)",
                name, digest, migrations_files[n].sha256);
        if (rc < 0)
            break;
        n++;
    }
    db_end(rows);
    return rc < 0 ? rc : n;
}

static int migrate(struct db *db, time_ms now, struct err *err)
{
    struct db_rows *rows;
    bool known;
    int n, rc = db_query(db, &SQL_STORE_TABLES, &rows, err, "");

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    known = rc > 0 && db_int(rows, 0) > 0;
    db_end(rows);
    if (rc < 0)
        return rc;
    if (!known) {
        rc = db_exec(db,
                     "PRAGMA application_id = 0x534c5759;"
                     "CREATE TABLE schema_migrations ("
                     " version INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL,"
                     " applied_at INTEGER NOT NULL) STRICT",
                     err);
        if (rc < 0)
            return rc;
    }
    n = check_history(db, err);
    for (; n >= 0 && (size_t)n < n_migrations_files; n++) {
        const struct embedded_file *m = &migrations_files[n];
        if ((rc = db_exec(db, "BEGIN IMMEDIATE", err)) < 0)
            return rc;
        rc = db_exec(db, (const char *)m->bytes, err);
        if (rc == 0)
            rc = db_run(db, &SQL_MIGRATION_DONE, err, "itti", (int64_t)n + 1, m->name, m->sha256,
                        now);
        if (rc == 0)
            rc = db_exec(db, "COMMIT", err);
        if (rc < 0) {
            db_exec(db, "ROLLBACK", NULL);
            return err_wrap(err, "schema %s", m->name);
        }
    }
    return n < 0 ? n : 0;
}

static int identify(struct db *db, time_ms now, char ret_id[NAMES_UUID_SIZE], struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_STORE_IDENTITY, &rows, err, "");

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    if (rc > 0)
        db_copy(rows, 0, ret_id, NAMES_UUID_SIZE);
    db_end(rows);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    names_uuid_new(ret_id);
    return db_run(db, &SQL_STORE_IDENTIFY, err, "ti", ret_id, now);
}

/* A store that nobody has seen yet needs no log and no sync for each step: it is made under another
 * name, synced once as a whole, and then named. A crash leaves a `.new` that the next start makes again. */
static int make_file(const char *path, const char *folder, time_ms now, struct err *err)
{
    char draft[4200], id[NAMES_UUID_SIZE];
    struct db *db = NULL;
    int fd, rc;

    snprintf(draft, sizeof(draft), "%s.new", path);
    if (unlink(draft) < 0 && errno != ENOENT)
        return err_set(err, ERR_DENIED, "store %s: %s", draft, strerror(errno));
    fd = open(draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_set(err, ERR_DENIED, "store %s: %s", draft, strerror(errno));
    if ((rc = db_open_draft(draft, &db, err)) == 0 && (rc = migrate(db, now, err)) == 0 &&
        (rc = identify(db, now, id, err)) == 0)
        rc = db_end_draft(db, err);
    db_close(db);
    if (rc == 0 && (fsync(fd) < 0 || rename(draft, path) < 0))
        rc = err_set(err, ERR_INTERNAL, "store %s: %s", draft, strerror(errno));
    close(fd);
    return rc < 0 ? rc : file_sync_dir(folder, err);
}

int store_open(const char *folder, const char *version, time_ms now, struct store *ret_store,
               struct err *err)
{
    struct store store = {.lock = -1};
    char lock[4096];
    int rc;

    if (file_mkdirs(folder, 0700, err) < 0 || file_check_dir(folder, true, err) < 0)
        return err_wrap(err, "state folder");
    snprintf(store.path, sizeof(store.path), "%s/slipway.db", folder);
    snprintf(lock, sizeof(lock), "%s/lock", folder);
    rc = file_lock(lock, &store.lock, err);
    if (rc < 0)
        return err_wrap(err, "another slipwayd uses this folder");
    rc = check_file(store.path, err);
    if (rc == 0)
        rc = make_file(store.path, folder, now, err);
    /* A process that could not sync left a log that may be in memory only: it is written to the file and
     * synced before anything is answered by it. Nobody reads yet, so all of it is. */
    if (rc >= 0 && (rc = db_open_write(store.path, &store.db, err)) == 0 &&
        (rc = db_checkpoint(store.db, err)) == 0 && (rc = migrate(store.db, now, err)) == 0 &&
        (rc = identify(store.db, now, store.store_id, err)) == 0 &&
        (rc = db_run(store.db, &SQL_STORE_BEGIN, err, "it", now, version)) == 0) {
        store.incarnation = db_last_id(store.db);
        *ret_store = store;
        return 0;
    }
    db_give_up(store.db);
    db_close(store.db);
    close(store.lock);
    return rc;
}

static int check_table(struct db *db, const char *table, struct err *err)
{
    struct db_rows *rows;
    char text[256] = "";
    int rc = db_query(db, &SQL_STORE_CHECK, &rows, err, "t", table);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    if (rc > 0)
        db_copy(rows, 0, text, sizeof(text));
    db_end(rows);
    if (rc >= 0 && strcmp(text, "ok") != 0)
        rc = err_set(err, ERR_INTERNAL, "the store is damaged: table %s: %s", table, text);
    return rc < 0 ? rc : 0;
}

int store_check(struct db *db, struct err *err)
{
    char table[128] = "";
    int rc = 0;

    while (rc == 0) {
        struct db_rows *rows;
        int found;
        if ((rc = db_query(db, &SQL_STORE_NEXT_TABLE, &rows, err, "t", table)) < 0)
            return rc;
        found = db_next(rows, err);
        if (found > 0)
            db_copy(rows, 0, table, sizeof(table));
        db_end(rows);
        if (found <= 0)
            return found;
        rc = check_table(db, table, err);
    }
    return rc;
}
