#include "lib/store/store_hold.h"

#include "lib/store/db_list.h"

DB_STATEMENT(SQL_HOLD_PUT,
             "INSERT INTO holds (repository_id, environment, actor, way, reason, held_at, until_at,"
             " deployment_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");

int store_hold_put(struct db *db, const struct hold *h, int64_t *ret_id, struct err *err)
{
    int rc = db_run(db, &SQL_HOLD_PUT, err, "ittttiII", h->repository_id, h->environment, h->actor,
                    h->way, h->reason, h->held_at, h->until_at, h->deployment_id);

    if (rc == 0)
        *ret_id = db_last_id(db);
    return rc;
}

#define COLUMNS                                                                                    \
    "holds.id, repository_id, name, environment, actor, way, reason, held_at, until_at,"           \
    " deployment_id"                                                                               \
    " FROM holds JOIN repositories ON repositories.id = repository_id"

static void fill_hold(struct db_rows *rows, struct arena *arena, void *item)
{
    *(struct hold *)item = (struct hold){.id = db_int(rows, 0),
                                         .repository_id = db_int(rows, 1),
                                         .repository = db_text(rows, arena, 2),
                                         .environment = db_text(rows, arena, 3),
                                         .actor = db_text(rows, arena, 4),
                                         .way = db_text(rows, arena, 5),
                                         .reason = db_text(rows, arena, 6),
                                         .held_at = db_int(rows, 7),
                                         .until_at = db_int(rows, 8),
                                         .deployment_id = db_int(rows, 9)};
}

DB_STATEMENT(
    SQL_HOLD_OPEN,
    "SELECT " COLUMNS
    " WHERE repository_id = $1 AND lifted_at IS NULL AND (until_at IS NULL OR until_at > $2)"
    " AND (environment IS NULL OR $3 IS NULL OR environment = $3) ORDER BY holds.id");

int store_hold_open(struct db *db, struct arena *arena, int64_t repository_id,
                    const char *environment, time_ms now, struct hold **ret_items, size_t *ret_n,
                    struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_HOLD_OPEN, &rows, err, "iit", repository_id, now, environment);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill_hold, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_HOLD_AT, "SELECT " COLUMNS " WHERE repository_id = $1 AND held_at <= $2"
                          " AND (until_at IS NULL OR until_at > $2)"
                          " AND (lifted_at IS NULL OR lifted_at > $2)"
                          " AND (environment IS NULL OR environment = $3)"
                          " ORDER BY held_at DESC LIMIT 100");

int store_hold_at(struct db *db, struct arena *arena, int64_t repository_id,
                  const char *environment, time_ms at, struct hold **ret_items, size_t *ret_n,
                  struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_HOLD_AT, &rows, err, "iit", repository_id, at, environment);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill_hold, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_HOLD_ENDED,
             "SELECT max(CASE WHEN lifted_at IS NULL OR until_at < lifted_at THEN until_at"
             " ELSE lifted_at END) AS ended FROM holds WHERE repository_id = $1"
             " AND (environment IS NULL OR environment = $2)"
             " AND (lifted_at BETWEEN $3 AND $4 OR until_at BETWEEN $3 AND $4)");

int store_hold_ended(struct db *db, int64_t repository_id, const char *environment, time_ms since,
                     time_ms now, time_ms *ret_at, struct err *err)
{
    return db_number(db, &SQL_HOLD_ENDED, ret_at, err, "itii", repository_id, environment, since,
                     now);
}

DB_STATEMENT(SQL_HOLD_LIST,
             "SELECT " COLUMNS
             " WHERE lifted_at IS NULL AND (until_at IS NULL OR until_at > $1) ORDER BY holds.id");

int store_hold_list(struct db *db, struct arena *arena, time_ms now, struct hold **ret_items,
                    size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_HOLD_LIST, &rows, err, "i", now);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill_hold, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_HOLD_LIFT,
             "UPDATE holds SET lifted_at = $1, lifted_by = $2, lifted_way = $3, lift_reason = $4"
             " WHERE id = $5 AND lifted_at IS NULL AND (until_at IS NULL OR until_at > $1)");

int store_hold_lift(struct db *db, int64_t id, const struct hold_lift *lift, struct err *err)
{
    return db_change(db, &SQL_HOLD_LIFT, err, "ittti", lift->at, lift->actor, lift->way,
                     lift->reason, id);
}

DB_STATEMENT(SQL_HOLD_MOVE,
             "UPDATE holds SET repository_id = $1 WHERE repository_id = $2 AND lifted_at IS NULL");

int store_hold_move(struct db *db, int64_t from, int64_t to, struct err *err)
{
    return db_run(db, &SQL_HOLD_MOVE, err, "ii", to, from);
}

DB_STATEMENT(SQL_HOLD_NEWEST, "SELECT max(id) FROM holds");

int store_hold_newest(struct db *db, int64_t *ret_id, struct err *err)
{
    return db_number(db, &SQL_HOLD_NEWEST, ret_id, err, "");
}

DB_STATEMENT(SQL_HOLD_SINCE,
             "SELECT actor, reason FROM holds WHERE repository_id = $1 AND id > $2"
             " AND lifted_at IS NULL AND (environment IS NULL OR environment = $3) LIMIT 1");

int store_hold_unchanged(struct db *db, int64_t repository_id, const char *environment, int64_t id,
                         struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_HOLD_SINCE, &rows, err, "iit", repository_id, id, environment);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    db_end(rows);
    if (rc > 0)
        return err_set(err, ERR_CONFLICT, "a hold came to %s in between", environment);
    return rc;
}
