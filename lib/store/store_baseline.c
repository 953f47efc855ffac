#include "lib/store/store_baseline.h"

#include "lib/base/arena.h"

/* One that waits is cut anew, from what was declared; one that runs would contradict it. */
DB_STATEMENT(SQL_BASELINE_PUT,
             "INSERT INTO baselines (repository_id, environment, release_number, actor, way,"
             " reason, declared_at) SELECT $1, $2, $3, $4, $5, $6, $7"
             " WHERE NOT EXISTS (SELECT 1 FROM deployments WHERE repository_id = $1"
             " AND environment = $2 AND state IN ('deploying', 'attention'))");

int store_baseline_put(struct db *db, const struct baseline *b, int64_t *ret_id, struct err *err)
{
    int rc = db_change(db, &SQL_BASELINE_PUT, err, "itittei", b->repository_id, b->environment,
                       b->release_number, b->actor, b->way, b->reason, b->declared_at);

    if (rc == ERR_CONFLICT)
        return err_set(
            err, ERR_CONFLICT,
            "a deployment is under way in %s: what is live is not certain before it ends",
            b->environment);
    if (rc == 0)
        *ret_id = db_last_id(db);
    return rc;
}

DB_STATEMENT(SQL_BASELINE_LAST,
             "SELECT b.id, b.repository_id, b.environment, b.release_number, r.sha, b.actor, b.way,"
             " b.reason, b.declared_at FROM baselines b JOIN releases r"
             " ON r.repository_id = b.repository_id AND r.number = b.release_number"
             " WHERE b.repository_id = $1 AND b.environment = $2 AND b.declared_at <= $3"
             " ORDER BY b.id DESC LIMIT 1");

int store_baseline_last(struct db *db, struct arena *arena, int64_t repository_id,
                        const char *environment, time_ms at, struct baseline *ret_baseline,
                        struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_BASELINE_LAST, &rows, err, "iti", repository_id, environment, at);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    if (rc > 0) {
        *ret_baseline = (struct baseline){.id = db_int(rows, 0),
                                          .repository_id = db_int(rows, 1),
                                          .environment = db_text(rows, arena, 2),
                                          .release_number = db_int(rows, 3),
                                          .actor = db_text(rows, arena, 5),
                                          .way = db_text(rows, arena, 6),
                                          .reason = db_text(rows, arena, 7),
                                          .declared_at = db_int(rows, 8)};
        db_copy(rows, 4, ret_baseline->sha, sizeof(ret_baseline->sha));
    } else if (rc == 0) {
        rc = err_set(err, ERR_NOT_FOUND, "nothing was declared to be live in %s", environment);
    }
    db_end(rows);
    return rc < 0 ? rc : 0;
}
