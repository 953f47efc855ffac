#include "lib/store/store_set_back.h"

#include "lib/base/arena.h"
#include "lib/store/store_open.h"

/* Attempts that hold a database and of which anything lies ahead. */
DB_STATEMENT(
    SQL_SET_BACK_ATTEMPTS,
    "SELECT a.id FROM attempts a JOIN invocations i ON i.command_id = a.command_id"
    " AND i.host_id = a.host_id WHERE a.settled_at IS NULL"
    " AND (max(coalesce(a.gone_at, 0), coalesce(i.heard_at, 0), coalesce(i.permitted_at, 0)) > $1"
    " OR EXISTS (SELECT 1 FROM probes p WHERE p.attempt_id = a.id"
    " AND coalesce(p.ended_at, p.asked_at) > $1))");

DB_STATEMENT(SQL_SET_BACK_ATTEMPT, "UPDATE attempts SET gone_at = gone_at - $1 WHERE id = $2");
DB_STATEMENT(SQL_SET_BACK_PROBES,
             "UPDATE probes SET asked_at = asked_at - $1, ended_at = ended_at - $1"
             " WHERE attempt_id = $2");

/* When it began stays: people are told, and one came after another on its host. */
#define MOVED                                                                                      \
    "UPDATE invocations SET acknowledged_at = acknowledged_at - $1, heard_at = heard_at - $1,"     \
    " permitted_at = permitted_at - $1, redeliver_at = redeliver_at - $1"
DB_STATEMENT(SQL_SET_BACK_COMMAND,
             MOVED " WHERE (command_id, host_id) = (SELECT command_id, host_id FROM attempts"
                   " WHERE id = $2)");
#define AHEAD " AND max(coalesce(heard_at, 0), coalesce(acknowledged_at, 0)) > $2"
DB_STATEMENT(SQL_SET_BACK_RUNNING, MOVED " WHERE " STORE_OPEN_INVOCATION("") AHEAD);
DB_STATEMENT(SQL_SET_BACK_RELEASED,
             MOVED " WHERE host_id IN (SELECT id FROM hosts)"
                   " AND status = 'Pending' AND released_at IS NOT NULL" AHEAD);

/* Who was seen there last, in the latest attempts of each database. */
DB_STATEMENT(SQL_SET_BACK_SEEN,
             "UPDATE probes SET ended_at = $1 WHERE ended_at > $1 AND attempt_id IN"
             " (SELECT attempts.id FROM databases CROSS JOIN attempts"
             " ON attempts.database = databases.name AND attempts.epoch > databases.epoch - 4)");
DB_STATEMENT(SQL_SET_BACK_FENCES, "UPDATE databases SET fenced_at = $1 WHERE fenced_at > $1");
DB_STATEMENT(SQL_SET_BACK_FORGOT, "UPDATE databases SET forgot_at = $1 WHERE forgot_at > $1");
DB_STATEMENT(SQL_SET_BACK_STORE, "UPDATE store SET restored_at = $1 WHERE restored_at > $1");

static int attempts_ahead(struct db *db, struct arena *arena, time_ms now, int64_t **ret_ids,
                          size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    size_t cap = 0;
    int rc = db_query(db, &SQL_SET_BACK_ATTEMPTS, &rows, err, "i", now);

    *ret_ids = NULL;
    *ret_n = 0;
    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0)
        *ARENA_PUSH(arena, *ret_ids, *ret_n, cap) = db_int(rows, 0);
    db_end(rows);
    return rc;
}

static int move_attempt(struct db *db, int64_t id, int64_t by, struct err *err)
{
    int rc = db_run(db, &SQL_SET_BACK_ATTEMPT, err, "ii", by, id);

    if (rc == 0)
        rc = db_run(db, &SQL_SET_BACK_PROBES, err, "ii", by, id);
    return rc < 0 ? rc : db_run(db, &SQL_SET_BACK_COMMAND, err, "ii", by, id);
}

int store_set_back(struct db *db, time_ms now, int64_t by, struct err *err)
{
    struct arena arena;
    int64_t *ids = NULL;
    size_t n = 0;
    int rc;

    arena_init(&arena);
    rc = attempts_ahead(db, &arena, now, &ids, &n, err);
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = move_attempt(db, ids[i], by, err);
    if (rc == 0)
        rc = db_run(db, &SQL_SET_BACK_RUNNING, err, "ii", by, now);
    if (rc == 0)
        rc = db_run(db, &SQL_SET_BACK_RELEASED, err, "ii", by, now);
    if (rc == 0)
        rc = db_run(db, &SQL_SET_BACK_SEEN, err, "i", now);
    if (rc == 0)
        rc = db_run(db, &SQL_SET_BACK_FENCES, err, "i", now);
    if (rc == 0)
        rc = db_run(db, &SQL_SET_BACK_FORGOT, err, "i", now);
    if (rc == 0)
        rc = db_run(db, &SQL_SET_BACK_STORE, err, "i", now);
    arena_deinit(&arena);
    return rc;
}
