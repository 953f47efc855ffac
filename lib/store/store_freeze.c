#include "lib/store/store_freeze.h"

#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/store/db_list.h"

static bool names_it(const char *const *items, size_t n, const char *word,
                     int (*compare)(const char *a, const char *b))
{
    for (size_t i = 0; i < n; i++)
        if (compare(items[i], word) == 0)
            return true;
    return n == 0;
}

bool store_freeze_covers(const struct freeze *f, const char *repository, const char *environment)
{
    return names_it(f->repositories, f->n_repositories, repository, strcasecmp) &&
           names_it(f->environments, f->n_environments, environment, strcmp);
}

/* One that is over gives its name free. */
DB_STATEMENT(SQL_FREEZE_RETIRE,
             "UPDATE freezes SET removed_at = to_at, removed_by = 'slipway', removed_way = 'timer'"
             " WHERE name = $1 AND removed_at IS NULL AND to_at <= $2");
DB_STATEMENT(
    SQL_FREEZE_PUT,
    "INSERT INTO freezes (name, from_at, to_at, timezone, allow_rollback, actor, way, reason,"
    " added_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
DB_STATEMENT(SQL_FREEZE_ENVIRONMENT,
             "INSERT INTO freeze_environments (freeze_id, environment) VALUES ($1, $2)");
DB_STATEMENT(SQL_FREEZE_RENAMED,
             "UPDATE OR IGNORE freeze_repositories SET repository = $1 WHERE repository = $2");

int store_freeze_renamed(struct db *db, const char *from, const char *to, struct err *err)
{
    return db_run(db, &SQL_FREEZE_RENAMED, err, "tt", to, from);
}

DB_STATEMENT(SQL_FREEZE_REPOSITORY,
             "INSERT INTO freeze_repositories (freeze_id, repository) VALUES ($1, $2)");

int store_freeze_put(struct db *db, const struct freeze *f, int64_t *ret_id, struct err *err)
{
    int64_t id = 0;
    int rc = db_run(db, &SQL_FREEZE_RETIRE, err, "ti", f->name, f->added_at);

    if (rc == 0)
        rc = db_run(db, &SQL_FREEZE_PUT, err, "tiitbttti", f->name, f->from_at, f->to_at,
                    f->timezone, f->allow_rollback, f->actor, f->way, f->reason, f->added_at);
    if (rc == 0)
        id = db_last_id(db);
    for (size_t i = 0; i < f->n_environments && rc == 0; i++)
        rc = db_run(db, &SQL_FREEZE_ENVIRONMENT, err, "it", id, f->environments[i]);
    for (size_t i = 0; i < f->n_repositories && rc == 0; i++)
        rc = db_run(db, &SQL_FREEZE_REPOSITORY, err, "it", id, f->repositories[i]);
    if (rc == 0)
        *ret_id = id;
    return rc;
}

static int read_names(struct db *db, const struct statement *statement, int64_t id,
                      struct arena *arena, const char ***ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, statement, &rows, err, "i", id);

    return rc < 0 ? rc : DB_LIST(rows, arena, db_list_text, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_FREEZE_ENVIRONMENTS,
             "SELECT environment FROM freeze_environments WHERE freeze_id = $1 ORDER BY 1");
DB_STATEMENT(SQL_FREEZE_REPOSITORIES,
             "SELECT repository FROM freeze_repositories WHERE freeze_id = $1 ORDER BY 1");
#define COLUMNS                                                                                    \
    "id, name, from_at, to_at, timezone, allow_rollback, actor, way, reason, added_at, removed_at" \
    " FROM freezes"

static void fill_freeze(struct db_rows *rows, struct arena *arena, void *item)
{
    *(struct freeze *)item = (struct freeze){.id = db_int(rows, 0),
                                             .name = db_text(rows, arena, 1),
                                             .from_at = db_int(rows, 2),
                                             .to_at = db_int(rows, 3),
                                             .timezone = db_text(rows, arena, 4),
                                             .allow_rollback = db_int(rows, 5) != 0,
                                             .actor = db_text(rows, arena, 6),
                                             .way = db_text(rows, arena, 7),
                                             .reason = db_text(rows, arena, 8),
                                             .added_at = db_int(rows, 9),
                                             .removed_at = db_int(rows, 10)};
}

static int read_freezes(struct db *db, struct db_rows *rows, struct arena *arena,
                        struct freeze **ret_items, size_t *ret_n, struct err *err)
{
    struct freeze *items = NULL;
    size_t n = 0;
    int rc = DB_LIST(rows, arena, fill_freeze, &items, &n, err);

    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = read_names(db, &SQL_FREEZE_ENVIRONMENTS, items[i].id, arena, &items[i].environments,
                        &items[i].n_environments, err);
        if (rc == 0)
            rc = read_names(db, &SQL_FREEZE_REPOSITORIES, items[i].id, arena,
                            &items[i].repositories, &items[i].n_repositories, err);
    }
    if (rc == 0) {
        *ret_items = items;
        *ret_n = n;
    }
    return rc;
}

DB_STATEMENT(SQL_FREEZE_LIST,
             "SELECT " COLUMNS " WHERE removed_at IS NULL AND to_at > $1 ORDER BY from_at, id");

int store_freeze_list(struct db *db, struct arena *arena, time_ms now, struct freeze **ret_items,
                      size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_FREEZE_LIST, &rows, err, "i", now);

    return rc < 0 ? rc : read_freezes(db, rows, arena, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_FREEZE_REMOVED,
             "SELECT " COLUMNS " WHERE removed_at >= $1 AND removed_at < to_at AND to_at > $1"
             " ORDER BY to_at, id LIMIT 500");

int store_freeze_removed(struct db *db, struct arena *arena, time_ms since,
                         struct freeze **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_FREEZE_REMOVED, &rows, err, "i", since);

    return rc < 0 ? rc : read_freezes(db, rows, arena, ret_items, ret_n, err);
}

/* One that was over and gave its name free was removed at its end. */
DB_STATEMENT(SQL_FREEZE_AT,
             "SELECT " COLUMNS " WHERE to_at > $1 AND from_at <= $1 AND added_at <= $1"
             " AND (removed_at IS NULL OR removed_at > $1) ORDER BY to_at LIMIT 100");

int store_freeze_at(struct db *db, struct arena *arena, time_ms at, struct freeze **ret_items,
                    size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_FREEZE_AT, &rows, err, "i", at);

    return rc < 0 ? rc : read_freezes(db, rows, arena, ret_items, ret_n, err);
}

DB_STATEMENT(
    SQL_FREEZE_REMOVE,
    "UPDATE freezes SET removed_at = $1, removed_by = $2, removed_way = $3, remove_reason = $4"
    " WHERE id = $5 AND removed_at IS NULL AND to_at > $1");

int store_freeze_remove(struct db *db, int64_t id, const struct freeze_removal *removal,
                        struct err *err)
{
    return db_change(db, &SQL_FREEZE_REMOVE, err, "ittti", removal->at, removal->actor,
                     removal->way, removal->reason, id);
}

DB_STATEMENT(SQL_FREEZE_NEWEST, "SELECT max(id) FROM freezes");

int store_freeze_newest(struct db *db, int64_t *ret_id, struct err *err)
{
    return db_number(db, &SQL_FREEZE_NEWEST, ret_id, err, "");
}

DB_STATEMENT(
    SQL_FREEZE_SINCE,
    "SELECT name FROM freezes f WHERE id > $1 AND removed_at IS NULL AND from_at <= $2 AND to_at > $2"
    " AND (EXISTS (SELECT 1 FROM freeze_environments e WHERE e.freeze_id = f.id AND e.environment = $3)"
    "  OR NOT EXISTS (SELECT 1 FROM freeze_environments e WHERE e.freeze_id = f.id))"
    " AND (EXISTS (SELECT 1 FROM freeze_repositories r WHERE r.freeze_id = f.id AND r.repository = $4)"
    "  OR NOT EXISTS (SELECT 1 FROM freeze_repositories r WHERE r.freeze_id = f.id)) LIMIT 1");

int store_freeze_unchanged(struct db *db, const char *repository, const char *environment,
                           int64_t id, time_ms now, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_FREEZE_SINCE, &rows, err, "iitt", id, now, environment, repository);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    db_end(rows);
    if (rc > 0)
        return err_set(err, ERR_CONFLICT, "a freeze came to %s of %s in between", environment,
                       repository);
    return rc;
}
