/* schema: see schema.h. */
#include "lib/store/schema.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/embed.h"
#include "lib/store/db.h"

extern const struct embedded_file migrations_files[];
extern const size_t n_migrations_files;

DB_STATEMENT(SQL_SCHEMA_TABLES,
             "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_migrations'");
DB_STATEMENT(SQL_MIGRATIONS,
             "SELECT version, name, sha256 FROM schema_migrations ORDER BY version");
DB_STATEMENT(
    SQL_MIGRATION_DONE,
    "INSERT INTO schema_migrations (version, name, sha256, applied_at) VALUES ($1, $2, $3, $4)");

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

int schema_migrate(struct db *db, time_ms now, struct err *err)
{
    struct db_rows *rows;
    bool known;
    int n, rc = db_query(db, &SQL_SCHEMA_TABLES, &rows, err, "");

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
