#include "lib/store/store_barrier.h"

#include "lib/store/db_list.h"

DB_STATEMENT(SQL_BARRIER_REPLACE,
             "UPDATE barriers SET state = 'replaced' WHERE repository_id = $1 AND environment = $2"
             " AND pull_number = $3 AND state = 'open'");
DB_STATEMENT(SQL_BARRIER_PUT,
             "INSERT INTO barriers (repository_id, environment, pull_number, state, not_before,"
             " actor, way, reason, set_at) VALUES ($1, $2, $3, 'open', $4, $5, $6, $7, $8)");

int store_barrier_put(struct db *db, const struct barrier *b, int64_t *ret_id, struct err *err)
{
    int rc = db_run(db, &SQL_BARRIER_REPLACE, err, "iti", b->repository_id, b->environment,
                    b->pull_number);

    if (rc == 0)
        rc = db_run(db, &SQL_BARRIER_PUT, err, "itiIttei", b->repository_id, b->environment,
                    b->pull_number, b->not_before, b->actor, b->way, b->reason, b->set_at);
    if (rc == 0)
        *ret_id = db_last_id(db);
    return rc;
}

static void fill_barrier(struct db_rows *rows, struct arena *arena, void *item)
{
    *(struct barrier *)item = (struct barrier){.id = db_int(rows, 0),
                                               .repository_id = db_int(rows, 1),
                                               .environment = db_text(rows, arena, 2),
                                               .pull_number = db_int(rows, 3),
                                               .not_before = db_int(rows, 4),
                                               .actor = db_text(rows, arena, 5),
                                               .way = db_text(rows, arena, 6),
                                               .reason = db_text(rows, arena, 7),
                                               .set_at = db_int(rows, 8),
                                               .title = db_text(rows, arena, 9),
                                               .merged = db_int(rows, 10) != 0,
                                               .release_number = db_int(rows, 11)};
}

DB_STATEMENT(
    SQL_BARRIER_OPEN,
    "SELECT b.id, b.repository_id, b.environment, b.pull_number, b.not_before, b.actor, b.way,"
    " b.reason, b.set_at, p.title, p.state = 'merged', (SELECT r.number FROM releases r"
    " WHERE r.repository_id = b.repository_id AND r.sha = p.merge_sha AND r.off_line = 0)"
    " FROM barriers b JOIN pull_requests p ON p.repository_id = b.repository_id"
    " AND p.number = b.pull_number"
    " WHERE b.repository_id = $1 AND ($2 IS NULL OR b.environment = $2) AND b.state = 'open'"
    " AND (b.not_before IS NULL OR b.not_before > $3) ORDER BY b.pull_number, b.environment");

int store_barrier_open(struct db *db, struct arena *arena, int64_t repository_id,
                       const char *environment, time_ms now, struct barrier **ret_items,
                       size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_BARRIER_OPEN, &rows, err, "iei", repository_id, environment, now);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill_barrier, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_BARRIER_LIFT,
             "UPDATE barriers SET state = 'lifted', lifted_at = $1, lifted_by = $2"
             " WHERE repository_id = $3 AND environment = $4 AND pull_number = $5"
             " AND state = 'open'");

int store_barrier_lift(struct db *db, int64_t repository_id, const char *environment,
                       int64_t pull_number, const char *actor, time_ms now, struct err *err)
{
    int rc = db_change(db, &SQL_BARRIER_LIFT, err, "ititi", now, actor, repository_id, environment,
                       pull_number);

    return rc != ERR_CONFLICT ? rc
                              : err_set(err, ERR_NOT_FOUND, "#%lld is not kept back in %s",
                                        (long long)pull_number, environment);
}

DB_STATEMENT(SQL_BARRIER_NEWEST, "SELECT coalesce(max(id), 0) FROM barriers");

int store_barrier_newest(struct db *db, int64_t *ret_id, struct err *err)
{
    return db_number(db, &SQL_BARRIER_NEWEST, ret_id, err, "");
}

DB_STATEMENT(SQL_BARRIER_UNCHANGED,
             "SELECT 1 FROM barriers WHERE repository_id = $1 AND environment = $2 AND id > $3"
             " AND state = 'open' LIMIT 1");

int store_barrier_unchanged(struct db *db, int64_t repository_id, const char *environment,
                            int64_t id, struct err *err)
{
    struct db_rows *rows;
    int rc =
        db_query(db, &SQL_BARRIER_UNCHANGED, &rows, err, "iti", repository_id, environment, id);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    db_end(rows);
    return rc <= 0 ? rc
                   : err_set(err, ERR_CONFLICT, "a barrier came to %s a moment ago", environment);
}
