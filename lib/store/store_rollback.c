#include "lib/store/store_rollback.h"

#include "lib/store/db_list.h"

#define COLUMNS                                                                                     \
    "id, repository_id, environment, to_number, left_number, left_deployment_id, across_migration," \
    " beside_unsettled, actor, way, reason, asked_at, deployment_id"

DB_STATEMENT(SQL_ROLLBACK_PUT,
             "INSERT INTO rollbacks (repository_id, environment, to_number, left_number,"
             " left_deployment_id, state, across_migration, beside_unsettled, actor, way, reason,"
             " asked_at) VALUES ($1, $2, $3, $4, $5, 'open', $6, $7, $8, $9, $10, $11)");

int store_rollback_put(struct db *db, const struct rollback *r, int64_t *ret_id, struct err *err)
{
    int rc = db_run(db, &SQL_ROLLBACK_PUT, err, "itiiIbbttti", r->repository_id, r->environment,
                    r->to_number, r->left_number, r->left_deployment_id, (int)r->across_migration,
                    (int)r->beside_unsettled, r->actor, r->way, r->reason, r->asked_at);

    if (rc == 0)
        *ret_id = db_last_id(db);
    return rc;
}

static int one(struct db *db, struct arena *arena, struct db_rows *rows,
               struct rollback *ret_rollback, struct err *err)
{
    int rc = db_next(rows, err);

    (void)db;
    if (rc > 0)
        *ret_rollback = (struct rollback){.id = db_int(rows, 0),
                                          .repository_id = db_int(rows, 1),
                                          .environment = db_text(rows, arena, 2),
                                          .to_number = db_int(rows, 3),
                                          .left_number = db_int(rows, 4),
                                          .left_deployment_id = db_int(rows, 5),
                                          .across_migration = db_int(rows, 6) != 0,
                                          .beside_unsettled = db_int(rows, 7) != 0,
                                          .actor = db_text(rows, arena, 8),
                                          .way = db_text(rows, arena, 9),
                                          .reason = db_text(rows, arena, 10),
                                          .asked_at = db_int(rows, 11),
                                          .deployment_id = db_int(rows, 12)};
    else if (rc == 0)
        rc = err_set(err, ERR_NOT_FOUND, "no rollback is asked for");
    db_end(rows);
    return rc < 0 ? rc : 0;
}

DB_STATEMENT(SQL_ROLLBACK_OPEN,
             "SELECT " COLUMNS " FROM rollbacks WHERE repository_id = $1 AND environment = $2"
             " AND state = 'open'");

int store_rollback_open(struct db *db, struct arena *arena, int64_t repository_id,
                        const char *environment, struct rollback *ret_rollback, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_ROLLBACK_OPEN, &rows, err, "it", repository_id, environment);

    return rc < 0 ? rc : one(db, arena, rows, ret_rollback, err);
}

DB_STATEMENT(SQL_ROLLBACK_OF_DEPLOYMENT,
             "SELECT " COLUMNS " FROM rollbacks WHERE deployment_id = $1");

int store_rollback_of_deployment(struct db *db, struct arena *arena, int64_t deployment_id,
                                 struct rollback *ret_rollback, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_ROLLBACK_OF_DEPLOYMENT, &rows, err, "i", deployment_id);

    return rc < 0 ? rc : one(db, arena, rows, ret_rollback, err);
}

DB_STATEMENT(
    SQL_ROLLBACK_TAKE,
    "UPDATE rollbacks SET state = 'taken', deployment_id = $1 WHERE id = $2 AND state = 'open'");

int store_rollback_take(struct db *db, int64_t id, int64_t deployment_id, struct err *err)
{
    return db_change(db, &SQL_ROLLBACK_TAKE, err, "ii", deployment_id, id);
}

DB_STATEMENT(SQL_ROLLBACK_REOPEN,
             "UPDATE rollbacks SET state = 'open', deployment_id = NULL WHERE deployment_id = $1"
             " AND state = 'taken'");

int store_rollback_reopen(struct db *db, int64_t deployment_id, struct err *err)
{
    return db_run(db, &SQL_ROLLBACK_REOPEN, err, "i", deployment_id);
}

DB_STATEMENT(SQL_ROLLBACK_END,
             "UPDATE rollbacks SET state = 'ended', ended = $1 WHERE id = $2 AND state = 'open'");

int store_rollback_end(struct db *db, int64_t id, const char *why, struct err *err)
{
    return db_change(db, &SQL_ROLLBACK_END, err, "ti", why, id);
}

DB_STATEMENT(SQL_ROLLBACK_TARGETS,
             "SELECT release_number FROM (SELECT release_number FROM deployments"
             "  WHERE repository_id = $1 AND environment = $2 AND state = 'succeeded'"
             "  AND kind <> 'preview' UNION SELECT release_number FROM baselines"
             "  WHERE repository_id = $1 AND environment = $2)"
             " WHERE release_number < $3 ORDER BY release_number DESC LIMIT 200");

int store_rollback_targets(struct db *db, struct arena *arena, int64_t repository_id,
                           const char *environment, int64_t below, int64_t **ret_numbers,
                           size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc =
        db_query(db, &SQL_ROLLBACK_TARGETS, &rows, err, "iti", repository_id, environment, below);

    return rc < 0 ? rc : DB_LIST(rows, arena, db_list_number, ret_numbers, ret_n, err);
}

static void fill_rollback_change(struct db_rows *rows, struct arena *arena, void *item)
{
    *(struct rollback_change *)item = (struct rollback_change){.release_number = db_int(rows, 0),
                                                               .database = db_text(rows, arena, 1),
                                                               .state = db_text(rows, arena, 2)};
}

/* What provably never began, or had nothing to do, changed nothing; what was voided was restored away. */
DB_STATEMENT(
    SQL_ROLLBACK_CHANGES,
    "SELECT a.release_number, a.database, a.state FROM deployments d JOIN attempts a"
    " ON a.deployment_id = d.id WHERE d.repository_id = $1 AND d.environment = $2"
    " AND a.release_number > $3 AND a.release_number <= $4 AND a.voided_at IS NULL"
    " AND a.state NOT IN ('cancelled', 'not_started') AND (a.changed IS NULL OR a.changed <> 0)"
    " ORDER BY a.release_number DESC, a.id DESC LIMIT 100");

int store_rollback_changes(struct db *db, struct arena *arena, int64_t repository_id,
                           const char *environment, int64_t from, int64_t to,
                           struct rollback_change **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_ROLLBACK_CHANGES, &rows, err, "itii", repository_id, environment,
                      from, to);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill_rollback_change, ret_items, ret_n, err);
}

static void fill_rollback_taken(struct db_rows *rows, struct arena *arena, void *item)
{
    *(struct rollback_taken *)item = (struct rollback_taken){.number = db_int(rows, 0),
                                                             .actor = db_text(rows, arena, 1),
                                                             .reason = db_text(rows, arena, 2),
                                                             .at = db_int(rows, 3)};
}

/* Of several the newest says who and why. Rollbacks are few, releases many: they are joined in this order. */
DB_STATEMENT(SQL_ROLLBACK_TAKEN_BACK,
             "SELECT r.number, b.actor, b.reason, max(d.ended_at) FROM deployments d"
             " CROSS JOIN rollbacks b ON b.deployment_id = d.id CROSS JOIN releases r"
             " ON r.repository_id = d.repository_id AND r.number > max(d.release_number, $1)"
             " AND r.number <= d.from_number WHERE d.repository_id = $2 AND d.environment = $3"
             " AND d.kind = 'rollback' AND d.state = 'succeeded' AND r.off_line = 0"
             " GROUP BY r.number ORDER BY r.number LIMIT $4");

int store_rollback_taken_back(struct db *db, struct arena *arena, int64_t repository_id,
                              const char *environment, int64_t live,
                              struct rollback_taken **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_ROLLBACK_TAKEN_BACK, &rows, err, "iiti", live, repository_id,
                      environment, (int64_t)STORE_ROLLBACK_TAKEN_MAX);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill_rollback_taken, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_ROLLBACK_TOOK,
             "SELECT 1 FROM deployments WHERE repository_id = $1 AND environment = $2 AND id > $3"
             " AND kind = 'rollback' AND state = 'succeeded' AND release_number < $4"
             " AND from_number >= $4 LIMIT 1");

int store_rollback_took(struct db *db, int64_t repository_id, const char *environment,
                        int64_t number, int64_t since, bool *ret_took, struct err *err)
{
    return db_exists(db, &SQL_ROLLBACK_TOOK, ret_took, err, "itii", repository_id, environment,
                     since, number);
}
