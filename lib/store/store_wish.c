#include "lib/store/store_wish.h"

#include "lib/store/db_list.h"

#define COLUMNS                                                                                    \
    "id, repository_id, environment, release_number, state, start_at, hotfix, unrehearsed, actor," \
    " way, reason, wished_at, ended_at, ended"

/* The pull requests that the act names. */
DB_STATEMENT(SQL_WISH_PULLS,
             "SELECT pull_number FROM wish_pulls WHERE wish_id = $1 ORDER BY pull_number");

DB_STATEMENT(SQL_WISH_RELEASES,
             "SELECT release_number FROM wish_releases WHERE wish_id = $1 ORDER BY release_number");

static int numbers(struct db *db, const struct statement *statement, struct arena *arena,
                   int64_t wish, const int64_t **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, statement, &rows, err, "i", wish);

    return rc < 0 ? rc : DB_LIST(rows, arena, db_list_number, ret_items, ret_n, err);
}

static int fill_pulls(struct db *db, struct arena *arena, struct wish *w, struct err *err)
{
    int rc = numbers(db, &SQL_WISH_PULLS, arena, w->id, &w->with, &w->n_with, err);

    return rc < 0 ? rc
                  : numbers(db, &SQL_WISH_RELEASES, arena, w->id, &w->with_releases,
                            &w->n_with_releases, err);
}

/* `what` for the text where there is none. */
static int one(struct db *db, struct arena *arena, struct db_rows *rows, const char *what,
               struct wish *ret_wish, struct err *err)
{
    struct wish w = {0};
    int rc = db_next(rows, err);

    if (rc > 0)
        w = (struct wish){.id = db_int(rows, 0),
                          .repository_id = db_int(rows, 1),
                          .environment = db_text(rows, arena, 2),
                          .release_number = db_int(rows, 3),
                          .state = db_text(rows, arena, 4),
                          .start_at = db_int(rows, 5),
                          .hotfix = db_int(rows, 6) != 0,
                          .unrehearsed = db_int(rows, 7) != 0,
                          .actor = db_text(rows, arena, 8),
                          .way = db_text(rows, arena, 9),
                          .reason = db_text(rows, arena, 10),
                          .wished_at = db_int(rows, 11),
                          .ended_at = db_int(rows, 12),
                          .ended = db_text(rows, arena, 13)};
    else if (rc == 0)
        rc = err_set(err, ERR_NOT_FOUND, "nobody has asked for a release in %s", what);
    db_end(rows);
    if (rc > 0)
        rc = fill_pulls(db, arena, &w, err);
    if (rc == 0)
        *ret_wish = w;
    return rc;
}

DB_STATEMENT(SQL_WISH_OPEN,
             "SELECT " COLUMNS " FROM wishes WHERE repository_id = $1 AND environment = $2"
             " AND hotfix = $3 AND state = 'open'");

int store_wish_open(struct db *db, struct arena *arena, int64_t repository_id,
                    const char *environment, bool hotfix, struct wish *ret_wish, struct err *err)
{
    struct db_rows *rows;
    int rc =
        db_query(db, &SQL_WISH_OPEN, &rows, err, "itb", repository_id, environment, (int)hotfix);

    return rc < 0 ? rc : one(db, arena, rows, environment, ret_wish, err);
}

DB_STATEMENT(SQL_WISH_BY_ID, "SELECT " COLUMNS " FROM wishes WHERE id = $1");

int store_wish_by_id(struct db *db, struct arena *arena, int64_t id, struct wish *ret_wish,
                     struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_WISH_BY_ID, &rows, err, "i", id);

    return rc < 0 ? rc : one(db, arena, rows, "that way", ret_wish, err);
}

DB_STATEMENT(SQL_WISH_LATEST,
             "SELECT " COLUMNS " FROM wishes WHERE repository_id = $1 AND environment = $2"
             " ORDER BY id DESC LIMIT 1");

int store_wish_latest(struct db *db, struct arena *arena, int64_t repository_id,
                      const char *environment, struct wish *ret_wish, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_WISH_LATEST, &rows, err, "it", repository_id, environment);

    return rc < 0 ? rc : one(db, arena, rows, environment, ret_wish, err);
}

DB_STATEMENT(SQL_WISH_REPLACE,
             "UPDATE wishes SET state = 'replaced' WHERE repository_id = $1 AND environment = $2"
             " AND hotfix = $3 AND state = 'open' RETURNING release_number");
DB_STATEMENT(
    SQL_WISH_PUT,
    "INSERT INTO wishes (repository_id, environment, release_number, state, start_at, hotfix,"
    " unrehearsed, actor, way, reason, wished_at)"
    " VALUES ($1, $2, $3, 'open', $4, $5, $6, $7, $8, $9, $10)");
DB_STATEMENT(SQL_WISH_PULL_PUT,
             "INSERT OR IGNORE INTO wish_pulls (wish_id, pull_number) VALUES ($1, $2)");
DB_STATEMENT(SQL_WISH_RELEASE_PUT,
             "INSERT OR IGNORE INTO wish_releases (wish_id, release_number) VALUES ($1, $2)");

int store_wish_put(struct db *db, const struct wish *w, int64_t *ret_id, int64_t *ret_replaced,
                   struct err *err)
{
    int64_t replaced = 0, id;
    struct db_rows *rows;
    int rc = db_query(db, &SQL_WISH_REPLACE, &rows, err, "itb", w->repository_id, w->environment,
                      (int)w->hotfix);

    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0)
        replaced = db_int(rows, 0);
    db_end(rows);
    if (rc == 0)
        rc = db_run(db, &SQL_WISH_PUT, err, "itiIbbttei", w->repository_id, w->environment,
                    w->release_number, w->start_at, (int)w->hotfix, (int)w->unrehearsed, w->actor,
                    w->way, w->reason, w->wished_at);
    if (rc < 0)
        return rc;
    id = db_last_id(db);
    for (size_t i = 0; i < w->n_with && rc == 0; i++)
        rc = db_run(db, &SQL_WISH_PULL_PUT, err, "ii", id, w->with[i]);
    for (size_t i = 0; i < w->n_with_releases && rc == 0; i++)
        rc = db_run(db, &SQL_WISH_RELEASE_PUT, err, "ii", id, w->with_releases[i]);
    if (rc == 0) {
        *ret_id = id;
        *ret_replaced = replaced;
    }
    return rc;
}

DB_STATEMENT(
    SQL_WISH_TAKE,
    "UPDATE wishes SET state = 'taken', deployment_id = $1 WHERE id = $2 AND state = 'open'");

int store_wish_take(struct db *db, int64_t id, int64_t deployment_id, struct err *err)
{
    return db_change(db, &SQL_WISH_TAKE, err, "ii", deployment_id, id);
}

DB_STATEMENT(SQL_WISH_REOPEN,
             "UPDATE wishes SET deployment_id = NULL, state = CASE WHEN EXISTS (SELECT 1"
             " FROM wishes w WHERE w.repository_id = wishes.repository_id"
             " AND w.environment = wishes.environment AND w.hotfix = wishes.hotfix"
             " AND w.state = 'open') THEN 'replaced' ELSE 'open' END"
             " WHERE id = $1 AND state = 'taken'");

int store_wish_reopen(struct db *db, int64_t id, struct err *err)
{
    return db_run(db, &SQL_WISH_REOPEN, err, "i", id);
}

DB_STATEMENT(SQL_WISH_END,
             "UPDATE wishes SET state = 'ended', ended = $1, ended_at = $2 WHERE id = $3"
             " AND state = 'open'");

int store_wish_end(struct db *db, int64_t id, const char *why, time_ms now, struct err *err)
{
    return db_change(db, &SQL_WISH_END, err, "tii", why, now, id);
}

DB_STATEMENT(
    SQL_WISH_WITHDRAW,
    "UPDATE wishes SET state = 'withdrawn', ended_at = $1 WHERE id = $2 AND state = 'open'");

int store_wish_withdraw(struct db *db, int64_t id, time_ms now, struct err *err)
{
    return db_change(db, &SQL_WISH_WITHDRAW, err, "ii", now, id);
}
