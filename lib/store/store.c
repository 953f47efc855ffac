#include "lib/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/embed.h"
#include "lib/base/file.h"
#include "lib/base/zip.h"
#include "lib/store/db.h"
#include "lib/store/schema.h"

#define PIECE_MAX ((size_t)1 << 20) /* of the empty store, unpacked */

extern const struct embedded_file empty_store[];

DB_STATEMENT(SQL_STORE_IDENTITY, "SELECT store_id FROM store WHERE id = 1");
DB_STATEMENT(SQL_STORE_IDENTIFY, "INSERT INTO store (id, store_id, created_at) VALUES (1, $1, $2)");
DB_STATEMENT(SQL_STORE_FIRST, "UPDATE schema_migrations SET applied_at = $1 WHERE applied_at = 0");
DB_STATEMENT(SQL_STORE_BEGIN, "INSERT INTO incarnations (started_at, version) VALUES ($1, $2)");
DB_STATEMENT(
    SQL_STORE_NEXT_TABLE,
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name > $1 ORDER BY name LIMIT 1");
DB_STATEMENT(SQL_STORE_CHECK, "SELECT quick_check FROM pragma_quick_check($1)");

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
    rc = db_run(db, &SQL_STORE_IDENTIFY, err, "ti", ret_id, now);
    return rc < 0 ? rc : db_run(db, &SQL_STORE_FIRST, err, "i", now);
}

/* What every store begins with is part of the program, in pieces: the whole of it in memory would be two hundred pages,
 * and the first touch of each takes longer than what is written there. */
static int write_empty(int fd, struct err *err)
{
    const unsigned char *at = empty_store->bytes;
    struct zip *zip = zip_new();
    size_t left = empty_store->len, len = 0, n = 0;
    char *bytes = NULL;
    int rc;

    do {
        if ((rc = zip_first(at, left, &len, err)) == 0)
            rc = zip_expand_kept(zip, at, len, PIECE_MAX, &bytes, &n, err);
        if (rc < 0)
            rc = err_wrap(err, "the empty store of this program");
        else if ((rc = file_write_fd(fd, bytes, n)) < 0)
            rc = err_set(err, ERR_INTERNAL, "%s", strerror(-rc));
        at += len;
        left -= len;
    } while (rc == 0 && left > 0);
    zip_free(zip);
    return rc;
}

/* Written under another name, synced, and then named. A crash leaves a `.new` that the next start writes again. */
static int make_file(const char *path, const char *folder, struct err *err)
{
    char draft[4200];
    int fd = -1, rc;

    snprintf(draft, sizeof(draft), "%s.new", path);
    if ((unlink(draft) < 0 && errno != ENOENT) ||
        (fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)) < 0)
        rc = err_set(err, ERR_DENIED, "store %s: %s", draft, strerror(errno));
    else if ((rc = write_empty(fd, err)) < 0)
        rc = err_wrap(err, "store %s", draft);
    else if (fsync(fd) < 0 || rename(draft, path) < 0)
        rc = err_set(err, ERR_INTERNAL, "store %s: %s", draft, strerror(errno));
    if (fd >= 0)
        close(fd);
    return rc < 0 ? rc : file_sync_dir(folder, err);
}

/* Who it is, and this start of it, in one commit. It is not synced by itself: nobody hears of it before a later commit
 * is synced, and that syncs all before it. */
static int write_start(struct store *store, const char *version, time_ms now, struct err *err)
{
    int rc = db_sync_commits(store->db, false, err);

    if (rc == 0)
        rc = db_exec(store->db, "BEGIN IMMEDIATE", err);

    if (rc == 0)
        rc = identify(store->db, now, store->store_id, err);
    if (rc == 0)
        rc = db_run(store->db, &SQL_STORE_BEGIN, err, "it", now, version);
    store->incarnation = db_last_id(store->db);
    if (rc == 0)
        rc = db_exec(store->db, "COMMIT", err);
    return rc < 0 ? rc : db_sync_commits(store->db, true, err);
}

int store_take(const char *folder, struct store *ret_store, struct err *err)
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
        rc = make_file(store.path, folder, err);
    if (rc < 0) {
        close(store.lock);
        return rc;
    }
    *ret_store = store;
    return 0;
}

int store_begin(struct store *store, const char *version, time_ms now, struct err *err)
{
    int rc;

    /* A process that could not sync left a log that may be in memory only: it is written to the file and
     * synced before anything is answered by it. Nobody reads yet, so all of it is. */
    if ((rc = db_open_write(store->path, &store->db, err)) == 0 &&
        (rc = db_checkpoint(store->db, err)) == 0 &&
        (rc = schema_migrate(store->db, now, err)) == 0 &&
        (rc = write_start(store, version, now, err)) == 0)
        return 0;
    db_give_up(store->db);
    db_close(store->db);
    close(store->lock);
    store->db = NULL;
    store->lock = -1;
    return rc;
}

int store_open(const char *folder, const char *version, time_ms now, struct store *ret_store,
               struct err *err)
{
    struct store store;
    int rc = store_take(folder, &store, err);

    if (rc == 0)
        rc = store_begin(&store, version, now, err);
    if (rc == 0)
        *ret_store = store;
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
