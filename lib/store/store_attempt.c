#include "lib/store/store_attempt.h"

#include "lib/base/arena.h"
#include "lib/store/db_list.h"

DB_STATEMENT(SQL_DATABASE_EPOCH, "SELECT epoch FROM databases WHERE name = $1");

int store_attempt_epoch(struct db *db, const char *database, int64_t *ret_epoch, struct err *err)
{
    int rc = db_number(db, &SQL_DATABASE_EPOCH, ret_epoch, err, "t", database);

    if (rc == 0)
        ++*ret_epoch;
    return rc;
}

DB_STATEMENT(
    SQL_DATABASE_RAISE,
    "INSERT INTO databases (name, epoch) VALUES ($1, $2)"
    " ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch WHERE epoch = excluded.epoch - 1");
DB_STATEMENT(
    SQL_ATTEMPT_PLAN,
    "INSERT INTO attempts (database, repository_id, release_number, n, epoch, deployment_id,"
    " job_number, command_id, host_id, state, planned_at)"
    " VALUES ($1, $2, $3, 1 + (SELECT count(*) FROM attempts WHERE database = $1"
    " AND repository_id = $2 AND release_number = $3), $4, $5, $6, $7, $8, 'planned', $9)");

int store_attempt_plan(struct db *db, const struct attempt *a, int64_t *ret_id, struct err *err)
{
    int rc = db_change(db, &SQL_DATABASE_RAISE, err, "ti", a->database, a->epoch);

    if (rc == 0)
        rc = db_run(db, &SQL_ATTEMPT_PLAN, err, "tiiiiitti", a->database, a->repository_id,
                    a->release_number, a->epoch, a->deployment_id, (int64_t)a->job_number,
                    a->command_id, a->host_id, a->planned_at);
    if (rc == 0)
        *ret_id = db_last_id(db);
    return rc;
}

DB_STATEMENT(SQL_ATTEMPT_MOVE,
             "UPDATE attempts SET state = $1, changed = CASE WHEN $2 < 0 THEN changed ELSE $2 END,"
             " ended_at = CASE WHEN $3 THEN $4 ELSE ended_at END,"
             " settled_at = CASE WHEN $5 THEN $4 ELSE settled_at END"
             " WHERE id = $6 AND state = $7 AND settled_at IS NULL");

int store_attempt_move(struct db *db, int64_t id, enum attempt_state from, enum attempt_state to,
                       int changed, time_ms now, struct err *err)
{
    bool ends = attempt_settles(to) || to == ATTEMPT_FAILED;

    if (!states_allows(attempt_states, (int)from, (int)to))
        return err_set(err, ERR_INTERNAL, "an attempt cannot go from %s to %s",
                       attempt_states[from].text, attempt_states[to].text);
    return db_change(db, &SQL_ATTEMPT_MOVE, err, "tibibit", attempt_states[to].text,
                     (int64_t)changed, (int)ends, now, (int)attempt_settles(to), id,
                     attempt_states[from].text);
}

#define COLUMNS                                                                                         \
    "a.id, a.database, a.repository_id, a.release_number, a.n, a.epoch, a.deployment_id, a.job_number," \
    " a.command_id, a.host_id, h.name, a.state, a.changed, a.planned_at, a.ended_at, a.settled_at,"     \
    " a.voided_at, a.decision, a.decided_by, a.reason, a.gone_at, a.late_state, a.late_at,"             \
    " a.decided_at, a.alarmed_at, a.voided_by, a.void_reason"
#define FROM " FROM attempts a JOIN hosts h ON h.id = a.host_id "

static void fill(struct db_rows *rows, struct arena *arena, void *item)
{
    struct attempt *a = item;
    char state[16];

    a->id = db_int(rows, 0);
    a->database = db_text(rows, arena, 1);
    a->repository_id = db_int(rows, 2);
    a->release_number = db_int(rows, 3);
    a->n = db_int(rows, 4);
    a->epoch = db_int(rows, 5);
    a->deployment_id = db_int(rows, 6);
    a->job_number = (int)db_int(rows, 7);
    db_copy(rows, 8, a->command_id, sizeof(a->command_id));
    db_copy(rows, 9, a->host_id, sizeof(a->host_id));
    a->host = db_text(rows, arena, 10);
    db_copy(rows, 11, state, sizeof(state));
    a->state = (enum attempt_state)states_find(attempt_states, ATTEMPT_STATES_COUNT, state);
    a->changed = (int)db_int_or(rows, 12, -1);
    a->planned_at = db_int(rows, 13);
    a->ended_at = db_int(rows, 14);
    a->settled_at = db_int(rows, 15);
    a->voided_at = db_int(rows, 16);
    a->decision = db_text(rows, arena, 17);
    a->decided_by = db_text(rows, arena, 18);
    a->reason = db_text(rows, arena, 19);
    a->gone_at = db_int(rows, 20);
    a->late_state = db_text(rows, arena, 21);
    a->late_at = db_int(rows, 22);
    a->decided_at = db_int(rows, 23);
    a->alarmed_at = db_int(rows, 24);
    a->voided_by = db_text(rows, arena, 25);
    a->void_reason = db_text(rows, arena, 26);
}

static int one(struct db_rows *rows, struct arena *arena, struct attempt *ret_attempt,
               struct err *err)
{
    return db_list_one(rows, arena, fill, ret_attempt, err, "no such attempt");
}

DB_STATEMENT(SQL_ATTEMPT_UNSETTLED,
             "SELECT " COLUMNS FROM "WHERE a.database = $1 AND a.settled_at IS NULL");

int store_attempt_unsettled(struct db *db, struct arena *arena, const char *database,
                            struct attempt *ret_attempt, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_ATTEMPT_UNSETTLED, &rows, err, "t", database);

    return rc < 0 ? rc : one(rows, arena, ret_attempt, err);
}

DB_STATEMENT(SQL_ATTEMPT_SUCCESS,
             "SELECT " COLUMNS FROM "WHERE a.database = $1 AND a.repository_id = $2"
             " AND a.release_number = $3 AND a.state = 'succeeded' AND a.voided_at IS NULL");

int store_attempt_success(struct db *db, struct arena *arena, const char *database,
                          int64_t repository_id, int64_t release_number,
                          struct attempt *ret_attempt, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_ATTEMPT_SUCCESS, &rows, err, "tii", database, repository_id,
                      release_number);

    return rc < 0 ? rc : one(rows, arena, ret_attempt, err);
}

DB_STATEMENT(SQL_ATTEMPT_OF_COMMAND, "SELECT " COLUMNS FROM "WHERE a.command_id = $1");

int store_attempt_of_command(struct db *db, struct arena *arena, const char *command_id,
                             struct attempt *ret_attempt, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_ATTEMPT_OF_COMMAND, &rows, err, "t", command_id);

    return rc < 0 ? rc : one(rows, arena, ret_attempt, err);
}

DB_STATEMENT(SQL_ATTEMPT_BY_ID, "SELECT " COLUMNS FROM "WHERE a.id = $1");

int store_attempt_by_id(struct db *db, struct arena *arena, int64_t id, struct attempt *ret_attempt,
                        struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_ATTEMPT_BY_ID, &rows, err, "i", id);

    return rc < 0 ? rc : one(rows, arena, ret_attempt, err);
}

/* A restored store may have forgotten all about a database that it does not know. */
DB_STATEMENT(SQL_DATABASE_FENCED,
             "SELECT coalesce((SELECT coalesce(fenced_at, 0) FROM databases WHERE name = $1),"
             " (SELECT restored_at FROM store), 0)");

int store_attempt_fenced_at(struct db *db, const char *database, time_ms *ret_at, struct err *err)
{
    return db_number(db, &SQL_DATABASE_FENCED, ret_at, err, "t", database);
}

int store_attempt_is_fenced(struct db *db, const char *database, bool *ret_is, struct err *err)
{
    time_ms at;
    int rc = store_attempt_fenced_at(db, database, &at, err);

    *ret_is = at != 0;
    return rc;
}

DB_STATEMENT(SQL_DATABASE_FENCE,
             "UPDATE databases SET fenced_at = coalesce(fenced_at, $1), fence_why = $2,"
             " forgot_at = $1,"
             " fence_epoch = CASE WHEN $3 > coalesce(fence_epoch, 0) THEN $3 ELSE fence_epoch END"
             " WHERE name = $4");

int store_attempt_fence(struct db *db, const char *database, int64_t epoch, const char *why,
                        time_ms now, struct err *err)
{
    return db_run(db, &SQL_DATABASE_FENCE, err, "itit", now, why, epoch, database);
}

/* Anew, also where it stood in the backup already: a forgotten permit is counted from here. */
DB_STATEMENT(SQL_DATABASE_FENCE_ALL, "UPDATE databases SET fenced_at = $1, fence_why = $2");
DB_STATEMENT(SQL_STORE_RESTORED, "UPDATE store SET restored_at = $1");

int store_attempt_fence_all(struct db *db, const char *why, time_ms now, struct err *err)
{
    int rc = db_run(db, &SQL_DATABASE_FENCE_ALL, err, "it", now, why);

    return rc < 0 ? rc : db_run(db, &SQL_STORE_RESTORED, err, "i", now);
}

DB_STATEMENT(SQL_STORE_RESTORED_AT, "SELECT coalesce(restored_at, 0) FROM store");

int store_attempt_restored_at(struct db *db, time_ms *ret_at, struct err *err)
{
    return db_number(db, &SQL_STORE_RESTORED_AT, ret_at, err, "");
}

DB_STATEMENT(SQL_DATABASE_ADVANCE,
             "UPDATE databases SET epoch = max(epoch, coalesce(fence_epoch, 0)) + 1,"
             " looked_epoch = max(epoch, coalesce(fence_epoch, 0)) + 1,"
             " fenced_at = NULL, fence_epoch = NULL, fence_why = NULL"
             " WHERE name = $1 AND fenced_at IS NOT NULL");
DB_STATEMENT(
    SQL_DATABASE_ADVANCE_UNKNOWN,
    "INSERT INTO databases (name, epoch, looked_epoch) SELECT $1, 1, 1 FROM store WHERE restored_at IS NOT"
    " NULL AND NOT EXISTS (SELECT 1 FROM databases WHERE name = $1)");

int store_attempt_advance(struct db *db, const char *database, struct err *err)
{
    struct err own = ERR_INIT;
    int rc = db_change(db, &SQL_DATABASE_ADVANCE, &own, "t", database);

    if (rc == ERR_CONFLICT)
        return db_change(db, &SQL_DATABASE_ADVANCE_UNKNOWN, err, "t", database);
    if (rc < 0)
        *err = own;
    return rc;
}

DB_STATEMENT(SQL_ATTEMPT_OF_DEPLOYMENT,
             "SELECT " COLUMNS FROM "WHERE a.deployment_id = $1 ORDER BY a.id");

int store_attempt_of_deployment(struct db *db, struct arena *arena, int64_t deployment_id,
                                struct attempt **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_ATTEMPT_OF_DEPLOYMENT, &rows, err, "i", deployment_id);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_ATTEMPT_ALL_UNSETTLED,
             "SELECT " COLUMNS FROM "WHERE a.settled_at IS NULL ORDER BY a.database");

int store_attempt_all_unsettled(struct db *db, struct arena *arena, struct attempt **ret_items,
                                size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_ATTEMPT_ALL_UNSETTLED, &rows, err, "");

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

/* What a person decides -------------------------------------------------------------------------- */

DB_STATEMENT(SQL_ATTEMPT_DECIDE,
             "UPDATE attempts SET state = $1, settled_at = $2, decided_at = $2,"
             " ended_at = coalesce(ended_at, $2), decision = $3, decided_by = $4, reason = $5,"
             " changed = CASE WHEN $1 = 'succeeded' THEN 1 ELSE changed END"
             " WHERE id = $6 AND state = $7 AND settled_at IS NULL");

int store_attempt_decide(struct db *db, const struct attempt *a, enum attempt_state to,
                         const struct attempt_decision *d, struct err *err)
{
    if (to != a->state && !states_allows(attempt_states, (int)a->state, (int)to))
        return err_set(err, ERR_INTERNAL, "an attempt cannot go from %s to %s",
                       attempt_states[a->state].text, attempt_states[to].text);
    return db_change(db, &SQL_ATTEMPT_DECIDE, err, "titttit", attempt_states[to].text, d->at,
                     d->decision, d->by, d->reason, a->id, attempt_states[a->state].text);
}

DB_STATEMENT(SQL_ATTEMPT_LATE, "UPDATE attempts SET late_state = $1, late_at = $2"
                               " WHERE id = $3 AND decided_at IS NOT NULL AND late_state IS NULL");

int store_attempt_late(struct db *db, int64_t id, enum attempt_state state, time_ms now,
                       struct err *err)
{
    return db_change(db, &SQL_ATTEMPT_LATE, err, "tii", attempt_states[state].text, now, id);
}

DB_STATEMENT(SQL_ATTEMPT_GONE,
             "UPDATE attempts SET gone_at = coalesce(gone_at, $1) WHERE command_id = $2");

int store_attempt_gone(struct db *db, const char *command_id, time_ms now, struct err *err)
{
    return db_run(db, &SQL_ATTEMPT_GONE, err, "it", now, command_id);
}

DB_STATEMENT(SQL_ATTEMPT_ALARM,
             "UPDATE attempts SET alarmed_at = $1 WHERE id = $2 AND alarmed_at IS"
             " NULL AND settled_at IS NULL");

int store_attempt_alarm(struct db *db, int64_t id, time_ms now, struct err *err)
{
    return db_change(db, &SQL_ATTEMPT_ALARM, err, "ii", now, id);
}

DB_STATEMENT(SQL_ATTEMPT_TOOK,
             "SELECT i.began_at, i.ended_at FROM attempts a"
             " JOIN invocations i ON i.command_id = a.command_id AND i.host_id = a.host_id"
             " WHERE a.database = $1 AND a.repository_id = $2 AND a.release_number = $3"
             " AND a.state = 'succeeded' AND a.voided_at IS NULL AND i.began_at IS NOT NULL"
             " AND i.ended_at IS NOT NULL");

int store_attempt_took(struct db *db, const char *database, int64_t repository_id,
                       int64_t release_number, int64_t *ret_ms, struct err *err)
{
    struct db_rows *rows;
    int rc =
        db_query(db, &SQL_ATTEMPT_TOOK, &rows, err, "tii", database, repository_id, release_number);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    if (rc > 0)
        *ret_ms = db_int(rows, 1) - db_int(rows, 0);
    db_end(rows);
    return rc < 0 ? rc : rc == 0 ? err_set(err, ERR_NOT_FOUND, "it has not succeeded there") : 0;
}

DB_STATEMENT(SQL_ATTEMPT_EVIDENCE_PUT, "UPDATE attempts SET evidence = $1 WHERE id = $2");
DB_STATEMENT(SQL_ATTEMPT_EVIDENCE, "SELECT evidence FROM attempts WHERE id = $1");

int store_attempt_evidence_put(struct db *db, int64_t id, const char *json, struct err *err)
{
    return db_change(db, &SQL_ATTEMPT_EVIDENCE_PUT, err, "ti", json, id);
}

int store_attempt_evidence(struct db *db, struct arena *arena, int64_t id, const char **ret_json,
                           struct err *err)
{
    return db_string(db, &SQL_ATTEMPT_EVIDENCE, arena, ret_json, err, "i", id);
}

DB_STATEMENT(SQL_ATTEMPT_FORGET,
             "UPDATE attempts SET voided_at = $1, voided_by = $2, void_reason = $3"
             " WHERE database = $4 AND repository_id = $5 AND release_number >= $6"
             " AND state = 'succeeded' AND voided_at IS NULL");

int store_attempt_forget(struct db *db, const char *database, int64_t repository_id, int64_t since,
                         const struct attempt_decision *d, struct err *err)
{
    return db_change(db, &SQL_ATTEMPT_FORGET, err, "itttii", d->at, d->by, d->reason, database,
                     repository_id, since);
}

DB_STATEMENT(SQL_ATTEMPT_OF_DATABASE,
             "SELECT " COLUMNS FROM "WHERE a.database = $1 ORDER BY a.epoch DESC LIMIT $2");

int store_attempt_of_database(struct db *db, struct arena *arena, const char *database,
                              size_t limit, struct attempt **ret_items, size_t *ret_n,
                              struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_ATTEMPT_OF_DATABASE, &rows, err, "ti", database, (int64_t)limit);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_ATTEMPT_OF_REPOSITORIES,
             "SELECT " COLUMNS FROM "WHERE a.database = $1 AND a.epoch = (SELECT max(b.epoch)"
             " FROM attempts b WHERE b.database = $1 AND b.repository_id = a.repository_id)");

int store_attempt_of_repositories(struct db *db, struct arena *arena, const char *database,
                                  struct attempt **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_ATTEMPT_OF_REPOSITORIES, &rows, err, "t", database);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_DATABASES,
             "SELECT name, epoch, fenced_at, fence_epoch, fence_why FROM databases ORDER BY name"
             " LIMIT 1000");

int store_attempt_databases(struct db *db, struct arena *arena, struct attempt_database **ret_items,
                            size_t *ret_n, struct err *err)
{
    struct attempt_database *items = NULL;
    size_t n = 0, cap = 0;
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DATABASES, &rows, err, "");

    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0)
        *ARENA_PUSH(arena, items, n, cap) =
            (struct attempt_database){.name = db_text(rows, arena, 0),
                                      .epoch = db_int(rows, 1),
                                      .fenced_at = db_int(rows, 2),
                                      .fence_epoch = db_int(rows, 3),
                                      .fence_why = db_text(rows, arena, 4)};
    db_end(rows);
    *ret_items = items;
    *ret_n = n;
    return rc;
}
