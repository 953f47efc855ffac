#include "lib/store/store_wish.h"

#include "lib/base/arena.h"

DB_STATEMENT(SQL_WISH_REPLACE,
             "UPDATE wishes SET state = 'replaced' WHERE repository_id = $1 AND environment = $2"
             " AND state = 'open'");
DB_STATEMENT(
    SQL_WISH_PUT,
    "INSERT INTO wishes (repository_id, environment, release_number, state, actor, way, reason,"
    " wished_at) VALUES ($1, $2, $3, 'open', $4, $5, $6, $7)");

int store_wish_put(struct db *db, const struct wish *w, int64_t *ret_id, struct err *err)
{
    int rc = db_run(db, &SQL_WISH_REPLACE, err, "it", w->repository_id, w->environment);

    if (rc == 0)
        rc = db_run(db, &SQL_WISH_PUT, err, "itittei", w->repository_id, w->environment,
                    w->release_number, w->actor, w->way, w->reason, w->wished_at);
    if (rc == 0)
        *ret_id = db_last_id(db);
    return rc;
}

DB_STATEMENT(SQL_WISH_OPEN,
             "SELECT id, repository_id, environment, release_number, actor, way, reason, wished_at"
             " FROM wishes WHERE repository_id = $1 AND environment = $2 AND state = 'open'");

int store_wish_open(struct db *db, struct arena *arena, int64_t repository_id,
                    const char *environment, struct wish *ret_wish, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_WISH_OPEN, &rows, err, "it", repository_id, environment);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    if (rc > 0)
        *ret_wish = (struct wish){.id = db_int(rows, 0),
                                  .repository_id = db_int(rows, 1),
                                  .environment = db_text(rows, arena, 2),
                                  .release_number = db_int(rows, 3),
                                  .actor = db_text(rows, arena, 4),
                                  .way = db_text(rows, arena, 5),
                                  .reason = db_text(rows, arena, 6),
                                  .wished_at = db_int(rows, 7)};
    else if (rc == 0)
        rc = err_set(err, ERR_NOT_FOUND, "nobody has asked for a release in %s", environment);
    db_end(rows);
    return rc < 0 ? rc : 0;
}

DB_STATEMENT(
    SQL_WISH_TAKE,
    "UPDATE wishes SET state = 'taken', deployment_id = $1 WHERE id = $2 AND state = 'open'");

int store_wish_take(struct db *db, int64_t id, int64_t deployment_id, struct err *err)
{
    return db_change(db, &SQL_WISH_TAKE, err, "ii", deployment_id, id);
}

DB_STATEMENT(
    SQL_WISH_REOPEN,
    "UPDATE wishes SET state = 'open', deployment_id = NULL WHERE id = $1 AND state = 'taken'"
    " AND NOT EXISTS (SELECT 1 FROM wishes w WHERE w.repository_id = wishes.repository_id"
    " AND w.environment = wishes.environment AND w.state = 'open')");

int store_wish_reopen(struct db *db, int64_t id, struct err *err)
{
    return db_run(db, &SQL_WISH_REOPEN, err, "i", id);
}
