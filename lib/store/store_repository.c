#include "lib/store/store_repository.h"

#include "lib/store/db_list.h"

#define COLUMNS                                                                                       \
    "id, name, github_id, branch, tip_sha, fetched_at, wanted_at, failed_at, failure, rewritten_sha," \
    " adopted_sha, github_name, github_name_at"

DB_STATEMENT(
    SQL_REPOSITORY_ENSURE,
    "INSERT INTO repositories (name, branch) VALUES ($1, $2)"
    " ON CONFLICT (name) DO UPDATE SET branch = excluded.branch WHERE branch <> excluded.branch");

int store_repository_ensure(struct db *db, const char *name, const char *branch, struct err *err)
{
    return db_run(db, &SQL_REPOSITORY_ENSURE, err, "tt", name, branch);
}

static void fill(struct db_rows *rows, struct arena *arena, void *item)
{
    struct repository *r = item;

    r->id = db_int(rows, 0);
    r->name = db_text(rows, arena, 1);
    r->github_id = db_int(rows, 2);
    r->branch = db_text(rows, arena, 3);
    db_copy(rows, 4, r->tip_sha, sizeof(r->tip_sha));
    r->fetched_at = db_int(rows, 5);
    r->wanted_at = db_int(rows, 6);
    r->failed_at = db_int(rows, 7);
    r->failure = db_text(rows, arena, 8);
    db_copy(rows, 9, r->rewritten_sha, sizeof(r->rewritten_sha));
    db_copy(rows, 10, r->adopted_sha, sizeof(r->adopted_sha));
    r->github_name = db_text(rows, arena, 11);
    r->github_name_at = db_int(rows, 12);
}

/* The one row of `rows`, which end here. */
static int take_one(struct db_rows *rows, struct arena *arena, struct repository *ret_repository,
                    struct err *err)
{
    int rc = db_next(rows, err);

    if (rc > 0)
        fill(rows, arena, ret_repository);
    else if (rc == 0)
        rc = err_set(err, ERR_NOT_FOUND, "no such repository");
    db_end(rows);
    return rc < 0 ? rc : 0;
}

DB_STATEMENT(SQL_REPOSITORY_BY_NAME, "SELECT " COLUMNS " FROM repositories WHERE name = $1");

int store_repository_by_name(struct db *db, struct arena *arena, const char *name,
                             struct repository *ret_repository, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_REPOSITORY_BY_NAME, &rows, err, "t", name);

    rc = rc < 0 ? rc : take_one(rows, arena, ret_repository, err);
    return rc == ERR_NOT_FOUND ? err_set(err, rc, "no repository %s", name) : rc;
}

DB_STATEMENT(SQL_REPOSITORY_BY_ID, "SELECT " COLUMNS " FROM repositories WHERE id = $1");

int store_repository_by_id(struct db *db, struct arena *arena, int64_t id,
                           struct repository *ret_repository, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_REPOSITORY_BY_ID, &rows, err, "i", id);

    return rc < 0 ? rc : take_one(rows, arena, ret_repository, err);
}

DB_STATEMENT(SQL_REPOSITORY_BY_GITHUB_ID,
             "SELECT " COLUMNS " FROM repositories WHERE github_id = $1");

int store_repository_by_github_id(struct db *db, struct arena *arena, int64_t github_id,
                                  struct repository *ret_repository, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_REPOSITORY_BY_GITHUB_ID, &rows, err, "i", github_id);

    return rc < 0 ? rc : take_one(rows, arena, ret_repository, err);
}

DB_STATEMENT(SQL_REPOSITORY_IS_BOUND, "SELECT 1 FROM repositories WHERE github_id = $1");

int store_repository_is_bound(struct db *db, int64_t github_id, bool *ret_bound, struct err *err)
{
    return db_exists(db, &SQL_REPOSITORY_IS_BOUND, ret_bound, err, "i", github_id);
}

DB_STATEMENT(SQL_REPOSITORY_LIST, "SELECT " COLUMNS " FROM repositories ORDER BY id");

int store_repository_list(struct db *db, struct arena *arena, struct repository **ret_items,
                          size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_REPOSITORY_LIST, &rows, err, "");

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_REPOSITORY_BIND, "UPDATE repositories SET github_id = $1 WHERE id = $2"
                                  " AND (github_id IS NULL OR github_id = $1)");

int store_repository_bind(struct db *db, int64_t id, int64_t github_id, struct err *err)
{
    return db_change(db, &SQL_REPOSITORY_BIND, err, "ii", github_id, id);
}

/* Only a change is written: most deliveries say what is known. */
DB_STATEMENT(SQL_REPOSITORY_CALLED,
             "UPDATE repositories SET github_name = $1, github_name_at = $2 WHERE id = $3"
             " AND github_name_at <= $2 AND github_name IS NOT $1");

int store_repository_called(struct db *db, int64_t id, const char *name, time_ms at,
                            struct err *err)
{
    return db_run(db, &SQL_REPOSITORY_CALLED, err, "eii", name, at, id);
}

DB_STATEMENT(SQL_REPOSITORY_BY_GITHUB_NAME,
             "SELECT " COLUMNS " FROM repositories WHERE github_name = $1 ORDER BY github_name_at"
             " DESC LIMIT 1");

int store_repository_by_github_name(struct db *db, struct arena *arena, const char *name,
                                    struct repository *ret_repository, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_REPOSITORY_BY_GITHUB_NAME, &rows, err, "t", name);

    return rc < 0 ? rc : take_one(rows, arena, ret_repository, err);
}

DB_STATEMENT(SQL_REPOSITORY_RENAME,
             "UPDATE repositories SET name = $1,"
             " github_name = CASE WHEN name = $1 THEN github_name END WHERE id = $2");
/* What stands of a person's by the numbers of the row cannot go to another one; holds can. */
DB_STATEMENT(
    SQL_REPOSITORY_UNUSED,
    "SELECT github_id IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM deployments x WHERE x.repository_id = r.id)"
    " AND NOT EXISTS (SELECT 1 FROM baselines x WHERE x.repository_id = r.id)"
    " AND NOT EXISTS (SELECT 1 FROM wishes x WHERE x.repository_id = r.id AND x.state = 'open')"
    " AND NOT EXISTS (SELECT 1 FROM rollbacks x WHERE x.repository_id = r.id AND x.state = 'open')"
    " AND NOT EXISTS (SELECT 1 FROM barriers x WHERE x.repository_id = r.id AND x.state = 'open')"
    " AND NOT EXISTS (SELECT 1 FROM approvals x WHERE x.repository_id = r.id"
    " AND x.state = 'granted')"
    " AND NOT EXISTS (SELECT 1 FROM checks x WHERE x.repository_id = r.id AND x.state = 'granted'"
    " AND x.release_number IS NOT NULL)"
    " AND NOT EXISTS (SELECT 1 FROM checks x WHERE x.repository_id = r.id AND x.state = 'granted'"
    " AND x.pull_number IS NOT NULL)"
    " FROM repositories r WHERE r.id = $1");
/* No name has an end like that, so nobody has this one. */
DB_STATEMENT(SQL_REPOSITORY_STEP_ASIDE, "UPDATE repositories SET name = name || '/' WHERE id = $1");

int store_repository_rename(struct db *db, int64_t id, const char *name, struct err *err)
{
    return db_change(db, &SQL_REPOSITORY_RENAME, err, "ti", name, id);
}

int store_repository_is_unused(struct db *db, int64_t id, bool *ret_unused, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_REPOSITORY_UNUSED, &rows, err, "i", id);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    *ret_unused = rc > 0 && db_int(rows, 0) != 0;
    db_end(rows);
    return rc < 0 ? rc : 0;
}

int store_repository_swap(struct db *db, const struct repository *a, const struct repository *b,
                          struct err *err)
{
    int rc = db_change(db, &SQL_REPOSITORY_STEP_ASIDE, err, "i", b->id);

    if (rc == 0)
        rc = store_repository_rename(db, a->id, b->name, err);
    return rc < 0 ? rc : store_repository_rename(db, b->id, a->name, err);
}

DB_STATEMENT(SQL_REPOSITORY_WANT, "UPDATE repositories SET wanted_at = $1 WHERE id = $2");

int store_repository_want(struct db *db, int64_t id, time_ms now, struct err *err)
{
    return db_change(db, &SQL_REPOSITORY_WANT, err, "ii", now, id);
}

DB_STATEMENT(SQL_REPOSITORY_WANT_ALL, "UPDATE repositories SET wanted_at = $1");

int store_repository_want_all(struct db *db, time_ms now, struct err *err)
{
    return db_run(db, &SQL_REPOSITORY_WANT_ALL, err, "i", now);
}

DB_STATEMENT(
    SQL_REPOSITORY_FETCHED,
    "UPDATE repositories SET tip_sha = $1, fetched_at = $2, failed_at = NULL, failure = NULL,"
    " wanted_at = CASE WHEN wanted_at <= $3 THEN NULL ELSE wanted_at END WHERE id = $4");

int store_repository_fetched(struct db *db, int64_t id, const char *tip, time_ms began, time_ms now,
                             struct err *err)
{
    return db_change(db, &SQL_REPOSITORY_FETCHED, err, "tiii", tip, now, began, id);
}

DB_STATEMENT(SQL_REPOSITORY_FAILED,
             "UPDATE repositories SET failed_at = $1, failure = $2 WHERE id = $3");

int store_repository_failed(struct db *db, int64_t id, const char *failure, time_ms now,
                            struct err *err)
{
    return db_change(db, &SQL_REPOSITORY_FAILED, err, "iti", now, failure, id);
}

/* Another tip than the one that was adopted: that adoption was about something else. */
DB_STATEMENT(
    SQL_REPOSITORY_REWRITTEN,
    "UPDATE repositories SET adopted_sha = CASE WHEN rewritten_sha = $1 THEN adopted_sha END,"
    " rewritten_sha = $1 WHERE id = $2");

int store_repository_rewritten(struct db *db, int64_t id, const char *sha, struct err *err)
{
    return db_change(db, &SQL_REPOSITORY_REWRITTEN, err, "ei", sha, id);
}

DB_STATEMENT(SQL_REPOSITORY_ADOPT,
             "UPDATE repositories SET adopted_sha = $1, wanted_at = $2 WHERE id = $3"
             " AND rewritten_sha = $1");

int store_repository_adopt(struct db *db, int64_t id, const char *sha, time_ms now, struct err *err)
{
    int rc = db_change(db, &SQL_REPOSITORY_ADOPT, err, "tii", sha, now, id);

    return rc != ERR_CONFLICT
               ? rc
               : err_set(err, ERR_CONFLICT,
                         "the branch has moved: %.12s is not its new tip any more", sha);
}

DB_STATEMENT(SQL_REPOSITORY_ADOPTED,
             "UPDATE repositories SET rewritten_sha = NULL, adopted_sha = NULL WHERE id = $1"
             " AND adopted_sha = $2");

int store_repository_adopted(struct db *db, int64_t id, const char *sha, struct err *err)
{
    return db_change(db, &SQL_REPOSITORY_ADOPTED, err, "it", id, sha);
}

DB_STATEMENT(SQL_REPOSITORY_SEEN_BY,
             "UPDATE repositories SET fetched_at = $1 WHERE fetched_at > $1");

int store_repository_seen_by(struct db *db, time_ms now, struct err *err)
{
    return db_run(db, &SQL_REPOSITORY_SEEN_BY, err, "i", now);
}
