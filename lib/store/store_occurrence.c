#include "lib/store/store_occurrence.h"

#include "lib/base/arena.h"
#include "lib/base/str.h"

DB_STATEMENT(
    SQL_OCCURRENCE_DECIDE,
    "INSERT INTO occurrences (repository_id, environment, local_date, local_time, due_at,"
    " decision, cause, decided_at, deployment_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");

int store_occurrence_decide(struct db *db, const struct occurrence_key *key, time_ms due_at,
                            const char *decision, const char *cause, int64_t deployment_id,
                            time_ms now, struct err *err)
{
    return db_run(db, &SQL_OCCURRENCE_DECIDE, err, "itttiteiI", key->repository_id,
                  key->environment, key->date, key->time, due_at, decision, cause, now,
                  deployment_id);
}

DB_STATEMENT(SQL_OCCURRENCE_DECIDED,
             "SELECT 1 FROM occurrences WHERE repository_id = $1 AND environment = $2"
             " AND local_date = $3 AND local_time = $4");

int store_occurrence_is_decided(struct db *db, const struct occurrence_key *key, bool *ret_decided,
                                struct err *err)
{
    return db_exists(db, &SQL_OCCURRENCE_DECIDED, ret_decided, err, "ittt", key->repository_id,
                     key->environment, key->date, key->time);
}

DB_STATEMENT(SQL_OCCURRENCE_LATEST,
             "SELECT due_at FROM occurrences WHERE repository_id = $1 AND environment = $2"
             " ORDER BY local_date DESC, local_time DESC LIMIT 1");

int store_occurrence_latest(struct db *db, int64_t repository_id, const char *environment,
                            time_ms *ret_due_at, struct err *err)
{
    return db_number(db, &SQL_OCCURRENCE_LATEST, ret_due_at, err, "it", repository_id, environment);
}

DB_STATEMENT(SQL_SCHEDULE_KEEP,
             "INSERT OR IGNORE INTO schedules (repository_id, environment, rule, since)"
             " VALUES ($1, $2, $3, $4)");
DB_STATEMENT(SQL_SCHEDULE_RULES,
             "SELECT rule FROM schedules WHERE repository_id = $1 AND environment = $2");
DB_STATEMENT(SQL_SCHEDULE_DROP,
             "DELETE FROM schedules WHERE repository_id = $1 AND environment = $2 AND rule = $3");

int store_schedule_keep(struct db *db, int64_t repository_id, const char *environment,
                        const char *const *rules, size_t n, time_ms now, struct err *err)
{
    struct arena arena;
    const char **gone = NULL;
    size_t n_gone = 0, cap = 0;
    struct db_rows *rows;
    int rc = db_query(db, &SQL_SCHEDULE_RULES, &rows, err, "it", repository_id, environment);

    if (rc < 0)
        return rc;
    arena_init(&arena);
    while ((rc = db_next(rows, err)) > 0) {
        const char *rule = db_text(rows, &arena, 0);
        bool kept = false;
        for (size_t i = 0; i < n && !kept; i++)
            kept = str_eq(rules[i], rule);
        if (!kept)
            *ARENA_PUSH(&arena, gone, n_gone, cap) = rule;
    }
    db_end(rows);
    for (size_t i = 0; i < n_gone && rc == 0; i++)
        rc = db_run(db, &SQL_SCHEDULE_DROP, err, "itt", repository_id, environment, gone[i]);
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = db_run(db, &SQL_SCHEDULE_KEEP, err, "itti", repository_id, environment, rules[i], now);
    arena_deinit(&arena);
    return rc;
}

DB_STATEMENT(
    SQL_SCHEDULE_SINCE,
    "SELECT since FROM schedules WHERE repository_id = $1 AND environment = $2 AND rule = $3");

int store_schedule_since(struct db *db, int64_t repository_id, const char *environment,
                         const char *rule, time_ms *ret_since, struct err *err)
{
    return db_number(db, &SQL_SCHEDULE_SINCE, ret_since, err, "itt", repository_id, environment,
                     rule);
}

DB_STATEMENT(SQL_SCHEDULE_OLDEST,
             "SELECT min(since) FROM schedules WHERE repository_id = $1 AND environment = $2");

int store_schedule_oldest(struct db *db, int64_t repository_id, const char *environment,
                          time_ms *ret_since, struct err *err)
{
    return db_number(db, &SQL_SCHEDULE_OLDEST, ret_since, err, "it", repository_id, environment);
}

DB_STATEMENT(SQL_SCHEDULE_NOT_BEFORE,
             "UPDATE schedules SET since = $1 WHERE repository_id = $2 AND environment = $3"
             " AND rule = $4 AND since < $1");

int store_schedule_not_before(struct db *db, int64_t repository_id, const char *environment,
                              const char *rule, time_ms since, struct err *err)
{
    return db_run(db, &SQL_SCHEDULE_NOT_BEFORE, err, "iitt", since, repository_id, environment,
                  rule);
}

DB_STATEMENT(SQL_SCHEDULE_DAYS, "SELECT days, known_until FROM schedule_days"
                                " WHERE repository_id = $1 AND environment = $2");

int store_schedule_days(struct db *db, struct arena *arena, int64_t repository_id,
                        const char *environment, const char **ret_days, time_ms *ret_known_until,
                        struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_SCHEDULE_DAYS, &rows, err, "it", repository_id, environment);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    if (rc > 0) {
        *ret_days = db_text(rows, arena, 0);
        *ret_known_until = db_int(rows, 1);
    }
    db_end(rows);
    if (rc == 0)
        return err_set(err, ERR_NOT_FOUND, "nothing is known of the days of %s", environment);
    return rc < 0 ? rc : 0;
}

DB_STATEMENT(SQL_SCHEDULE_DAYS_PUT,
             "INSERT OR REPLACE INTO schedule_days (repository_id, environment, days, known_until)"
             " VALUES ($1, $2, $3, $4)");

int store_schedule_days_put(struct db *db, int64_t repository_id, const char *environment,
                            const char *days, time_ms known_until, struct err *err)
{
    return db_run(db, &SQL_SCHEDULE_DAYS_PUT, err, "itti", repository_id, environment, days,
                  known_until);
}
