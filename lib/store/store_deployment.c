#include "lib/store/store_deployment.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/store/db_list.h"
#include "lib/store/store_open.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"

DB_STATEMENT(
    SQL_DEPLOYMENT_INSERT,
    "INSERT INTO deployments (repository_id, environment, kind, release_number, pull_number, sha,"
    " from_number, from_sha, lane, trigger, wish_id, occurrence_date, occurrence_time, state,"
    " config_digest, plan_digest, rows_expected, cut_at, start_at, start_until, hotfix,"
    " started_at, passed)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,"
    " $19, $20, $21, $22, $23)");

int store_deployment_insert(struct db *db, const struct deployment *d, int64_t *ret_id,
                            struct err *err)
{
    int rc =
        db_run(db, &SQL_DEPLOYMENT_INSERT, err, "ittIItIettIeetttiiiIbIt", d->repository_id,
               d->environment, deployment_kinds[d->kind].text, d->release_number, d->pull_number,
               d->sha, d->from_number, d->from_sha, d->lane == LANE_CONTENT ? "content" : "code",
               deployment_triggers[d->trigger].text, d->wish_id, d->occurrence_date,
               d->occurrence_time, deployment_states[d->state].text, d->config_digest,
               d->plan_digest, d->rows_expected, d->cut_at, d->start_at, d->start_until,
               (int)d->hotfix, d->started_at, d->passed);

    if (rc == 0)
        *ret_id = db_last_id(db);
    return rc;
}

DB_STATEMENT(SQL_DEPLOYMENT_PLAN_PUT,
             "INSERT INTO deployment_plans (deployment_id, text) VALUES ($1, $2)");

int store_deployment_plan(struct db *db, int64_t id, const char *text, struct err *err)
{
    return db_run(db, &SQL_DEPLOYMENT_PLAN_PUT, err, "it", id, text);
}

DB_STATEMENT(
    SQL_JOB_INSERT,
    "INSERT INTO jobs (deployment_id, number, name, needs, database, max_parallel, max_errors,"
    " ramp, start_within_ms, timeout_ms, proves_commit, touches, document_digest, candidates,"
    " primary_host, state, started_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,"
    " $13, $14, $15, $16, $17)");

int store_deployment_job(struct db *db, const struct job *j, struct err *err)
{
    struct json_out out;
    struct buf needs;
    int rc;

    buf_init(&needs, 1024);
    json_out_init(&out, &needs);
    json_begin_array(&out, NULL);
    for (size_t i = 0; i < j->n_needs; i++)
        json_add_int(&out, NULL, j->needs[i]);
    json_end_array(&out);
    rc = db_run(db, &SQL_JOB_INSERT, err, "iitteiibiibbttetI", j->deployment_id, (int64_t)j->number,
                j->name, buf_str(&needs), j->database, j->max_parallel, j->max_errors, (int)j->ramp,
                j->start_within_ms, j->timeout_ms, (int)j->proves_commit, (int)j->touches,
                j->document_digest, j->candidates == NULL ? "" : j->candidates, j->primary_host,
                job_states[j->state].text, j->started_at);
    buf_deinit(&needs);
    return rc;
}

DB_STATEMENT(
    SQL_DEPLOYMENT_MOVE,
    "UPDATE deployments SET state = $1, cause = $2,"
    " started_at = CASE WHEN $1 = 'deploying' THEN coalesce(started_at, $3) ELSE started_at END,"
    " stopped_at = CASE WHEN $1 = 'attention' THEN $3 WHEN $1 <> 'deploying' THEN stopped_at END,"
    " ended_at = CASE WHEN $1 = 'succeeded' OR $1 = 'failed' OR $1 = 'cancelled'"
    " OR $1 = 'superseded' THEN $3 END"
    " WHERE id = $4 AND state = $5");

int store_deployment_move(struct db *db, int64_t id, enum deployment_state from,
                          enum deployment_state to, const char *cause, time_ms now, struct err *err)
{
    if (!states_allows(deployment_states, (int)from, (int)to))
        return err_set(err, ERR_INTERNAL, "a deployment cannot go from %s to %s",
                       deployment_states[from].text, deployment_states[to].text);
    return db_change(db, &SQL_DEPLOYMENT_MOVE, err, "teiit", deployment_states[to].text, cause, now,
                     id, deployment_states[from].text);
}

DB_STATEMENT(SQL_DEPLOYMENT_PASSED, "UPDATE deployments SET passed = $1 WHERE id = $2");

int store_deployment_passed(struct db *db, int64_t id, const char *passed, struct err *err)
{
    return db_change(db, &SQL_DEPLOYMENT_PASSED, err, "ti", passed, id);
}

DB_STATEMENT(
    SQL_JOB_MOVE,
    "UPDATE jobs SET state = $1, cause = $2,"
    " started_at = CASE WHEN $1 = 'running' THEN coalesce(started_at, $3) ELSE started_at END,"
    " ended_at = CASE WHEN $1 = 'succeeded' OR $1 = 'failed' OR $1 = 'cancelled' THEN $3 END"
    " WHERE deployment_id = $4 AND number = $5 AND state = $6");

int store_deployment_job_move(struct db *db, int64_t id, int number, enum job_state from,
                              enum job_state to, const char *cause, time_ms now, struct err *err)
{
    if (!states_allows(job_states, (int)from, (int)to))
        return err_set(err, ERR_INTERNAL, "a job cannot go from %s to %s", job_states[from].text,
                       job_states[to].text);
    return db_change(db, &SQL_JOB_MOVE, err, "teiiit", job_states[to].text, cause, now, id,
                     (int64_t)number, job_states[from].text);
}

DB_STATEMENT(SQL_DEPLOYMENT_SWEEP_JOBS,
             "UPDATE jobs SET state = 'cancelled', ended_at = $1 WHERE deployment_id = $2"
             " AND state = 'waiting'");
DB_STATEMENT(SQL_DEPLOYMENT_SWEEP_COMMANDS,
             "UPDATE invocations SET status = 'Cancelled', details = 'Terminated', ended_at = $1"
             " WHERE deployment_id = $2 AND status = 'Pending' AND released_at IS NULL");

int store_deployment_sweep(struct db *db, int64_t id, time_ms now, struct err *err)
{
    int rc = db_run(db, &SQL_DEPLOYMENT_SWEEP_JOBS, err, "ii", now, id);

    return rc < 0 ? rc : db_run(db, &SQL_DEPLOYMENT_SWEEP_COMMANDS, err, "ii", now, id);
}

#define COLUMNS                                                                                       \
    "d.id, d.repository_id, r.name, d.environment, d.kind, d.release_number, d.pull_number, d.sha,"   \
    " d.from_number, d.from_sha, d.lane, d.trigger, d.wish_id, d.occurrence_date, d.occurrence_time," \
    " d.state, d.cause, d.config_digest, d.plan_digest, d.rows_expected, d.cut_at, d.start_at,"       \
    " d.start_until, d.started_at, d.ended_at, d.hotfix, d.passed, d.cancel_at, d.cancel_by,"         \
    " d.cancel_reason, d.stopped_at"
#define FROM " FROM deployments d JOIN repositories r ON r.id = d.repository_id "

static int word(struct db_rows *rows, int column, const struct state_entry *entries, size_t n)
{
    char text[16];

    db_copy(rows, column, text, sizeof(text));
    return states_find(entries, n, text);
}

static void fill(struct db_rows *rows, struct arena *arena, void *item)
{
    struct deployment *d = item;
    char lane[16];

    d->id = db_int(rows, 0);
    d->repository_id = db_int(rows, 1);
    d->repository = db_text(rows, arena, 2);
    d->environment = db_text(rows, arena, 3);
    d->kind = (enum deployment_kind)word(rows, 4, deployment_kinds, DEPLOYMENT_KINDS_COUNT);
    d->release_number = db_int(rows, 5);
    d->pull_number = db_int(rows, 6);
    db_copy(rows, 7, d->sha, sizeof(d->sha));
    d->from_number = db_int(rows, 8);
    db_copy(rows, 9, d->from_sha, sizeof(d->from_sha));
    db_copy(rows, 10, lane, sizeof(lane));
    d->lane = lane_from_name(lane);
    d->trigger =
        (enum deployment_trigger)word(rows, 11, deployment_triggers, DEPLOYMENT_TRIGGERS_COUNT);
    d->wish_id = db_int(rows, 12);
    db_copy(rows, 13, d->occurrence_date, sizeof(d->occurrence_date));
    db_copy(rows, 14, d->occurrence_time, sizeof(d->occurrence_time));
    d->state = (enum deployment_state)word(rows, 15, deployment_states, DEPLOYMENT_STATES_COUNT);
    d->cause = db_text(rows, arena, 16);
    d->config_digest = db_text(rows, arena, 17);
    d->plan_digest = db_text(rows, arena, 18);
    d->rows_expected = db_int(rows, 19);
    d->cut_at = db_int(rows, 20);
    d->start_at = db_int(rows, 21);
    d->start_until = db_int(rows, 22);
    d->started_at = db_int(rows, 23);
    d->ended_at = db_int(rows, 24);
    d->hotfix = db_int(rows, 25) != 0;
    d->passed = db_text(rows, arena, 26);
    d->cancel_at = db_int(rows, 27);
    d->cancel_by = db_text(rows, arena, 28);
    d->cancel_reason = db_text(rows, arena, 29);
    d->stopped_at = db_int(rows, 30);
}

static int one(struct db_rows *rows, struct arena *arena, struct deployment *ret_deployment,
               struct err *err)
{
    return db_list_one(rows, arena, fill, ret_deployment, err, "no such deployment");
}

DB_STATEMENT(SQL_DEPLOYMENT_BY_ID, "SELECT " COLUMNS FROM "WHERE d.id = $1");

int store_deployment_by_id(struct db *db, struct arena *arena, int64_t id,
                           struct deployment *ret_deployment, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DEPLOYMENT_BY_ID, &rows, err, "i", id);

    return rc < 0 ? rc : one(rows, arena, ret_deployment, err);
}

DB_STATEMENT(SQL_DEPLOYMENT_OPEN,
             "SELECT " COLUMNS FROM "WHERE d.repository_id = $1 AND d.environment = $2"
             " AND " STORE_OPEN_DEPLOYMENT("d."));

int store_deployment_open(struct db *db, struct arena *arena, int64_t repository_id,
                          const char *environment, struct deployment *ret_deployment,
                          struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DEPLOYMENT_OPEN, &rows, err, "it", repository_id, environment);

    return rc < 0 ? rc : one(rows, arena, ret_deployment, err);
}

DB_STATEMENT(SQL_DEPLOYMENT_LIVE,
             "SELECT " COLUMNS FROM "WHERE d.repository_id = $1 AND d.environment = $2"
             " AND d.state = 'succeeded' AND d.kind <> 'catch-up'"
             " ORDER BY d.id DESC LIMIT 1");

int store_deployment_live(struct db *db, struct arena *arena, int64_t repository_id,
                          const char *environment, struct deployment *ret_deployment,
                          struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DEPLOYMENT_LIVE, &rows, err, "it", repository_id, environment);

    return rc < 0 ? rc : one(rows, arena, ret_deployment, err);
}

DB_STATEMENT(SQL_DEPLOYMENT_LIVE_AT,
             "SELECT " COLUMNS FROM "WHERE d.repository_id = $1 AND d.environment = $2"
             " AND d.state = 'succeeded' AND d.ended_at <= $3 AND d.kind <> 'catch-up'"
             " ORDER BY d.ended_at DESC LIMIT 1");

int store_deployment_live_at(struct db *db, struct arena *arena, int64_t repository_id,
                             const char *environment, time_ms at, struct deployment *ret_deployment,
                             struct err *err)
{
    struct db_rows *rows;
    int rc =
        db_query(db, &SQL_DEPLOYMENT_LIVE_AT, &rows, err, "iti", repository_id, environment, at);

    return rc < 0 ? rc : one(rows, arena, ret_deployment, err);
}

/* At most one is open at a time, so they start in the order of their ids. */
DB_STATEMENT(SQL_DEPLOYMENT_STARTED_BY,
             "SELECT " COLUMNS FROM "WHERE d.repository_id = $1 AND d.environment = $2"
             " AND d.started_at <= $3 AND d.kind <> 'catch-up'"
             " ORDER BY d.id DESC LIMIT 1");

int store_deployment_started_by(struct db *db, struct arena *arena, int64_t repository_id,
                                const char *environment, time_ms at,
                                struct deployment *ret_deployment, struct err *err)
{
    struct db_rows *rows;
    int rc =
        db_query(db, &SQL_DEPLOYMENT_STARTED_BY, &rows, err, "iti", repository_id, environment, at);

    return rc < 0 ? rc : one(rows, arena, ret_deployment, err);
}

DB_STATEMENT(SQL_DEPLOYMENT_STARTED_AFTER,
             "SELECT " COLUMNS FROM "WHERE d.repository_id = $1 AND d.environment = $2"
             " AND d.id > $3 AND d.started_at IS NOT NULL AND d.kind <> 'catch-up'"
             " ORDER BY d.id LIMIT 1");

int store_deployment_started_after(struct db *db, struct arena *arena, int64_t repository_id,
                                   const char *environment, int64_t id,
                                   struct deployment *ret_deployment, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DEPLOYMENT_STARTED_AFTER, &rows, err, "iti", repository_id,
                      environment, id);

    return rc < 0 ? rc : one(rows, arena, ret_deployment, err);
}

DB_STATEMENT(SQL_DEPLOYMENT_LAST_OF,
             "SELECT " COLUMNS FROM "WHERE d.repository_id = $1 AND d.release_number = $2"
             " AND d.environment = $3 AND d.state <> 'superseded' AND d.kind <> 'catch-up'"
             " ORDER BY d.id DESC LIMIT 1");

int store_deployment_last_of(struct db *db, struct arena *arena, int64_t repository_id,
                             const char *environment, int64_t release_number,
                             struct deployment *ret_deployment, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DEPLOYMENT_LAST_OF, &rows, err, "iit", repository_id, release_number,
                      environment);

    return rc < 0 ? rc : one(rows, arena, ret_deployment, err);
}

/* The later ones of a release stand behind its earlier ones. */
DB_STATEMENT(SQL_DEPLOYMENT_LASTS,
             "SELECT release_number, state, ended_at FROM deployments WHERE repository_id = $1"
             " AND release_number > $2 AND environment = $3 AND state <> 'superseded'"
             " AND kind <> 'catch-up' ORDER BY release_number, id");

int store_deployment_lasts(struct db *db, struct arena *arena, int64_t repository_id,
                           const char *environment, int64_t above,
                           struct deployment_last **ret_items, size_t *ret_n, struct err *err)
{
    struct deployment_last *items = NULL;
    size_t n = 0, cap = 0;
    struct db_rows *rows;
    int rc =
        db_query(db, &SQL_DEPLOYMENT_LASTS, &rows, err, "iit", repository_id, above, environment);

    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0) {
        int64_t number = db_int(rows, 0);
        if (n == 0 || items[n - 1].release_number != number)
            (void)ARENA_PUSH(arena, items, n, cap);
        items[n - 1] =
            (struct deployment_last){.release_number = number,
                                     .state =
                                         (enum deployment_state)word(rows, 1, deployment_states,
                                                                     DEPLOYMENT_STATES_COUNT),
                                     .ended_at = db_int(rows, 2)};
    }
    db_end(rows);
    *ret_items = items;
    *ret_n = n;
    return rc;
}

DB_STATEMENT(SQL_DEPLOYMENT_ALL_OPEN,
             "SELECT " COLUMNS FROM "WHERE " STORE_OPEN_DEPLOYMENT("d.") " ORDER BY d.id");

int store_deployment_all_open(struct db *db, struct arena *arena, struct deployment **ret_items,
                              size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DEPLOYMENT_ALL_OPEN, &rows, err, "");

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

/* Of each that ended, only what its attempts still wait for. */
DB_STATEMENT(
    SQL_DEPLOYMENT_TO_FOLLOW,
    "SELECT " COLUMNS FROM "WHERE d.id IN (SELECT id FROM deployments"
    " WHERE " STORE_OPEN_DEPLOYMENT(
        "") " UNION SELECT deployment_id FROM attempts WHERE settled_at IS NULL) ORDER BY d.id");

int store_deployment_to_follow(struct db *db, struct arena *arena, struct deployment **ret_items,
                               size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DEPLOYMENT_TO_FOLLOW, &rows, err, "");

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_DEPLOYMENT_OF_RELEASE,
             "SELECT " COLUMNS FROM "WHERE d.repository_id = $1 AND d.release_number = $2"
             " ORDER BY d.id DESC LIMIT 50");

int store_deployment_of_release(struct db *db, struct arena *arena, int64_t repository_id,
                                int64_t release_number, struct deployment **ret_items,
                                size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc =
        db_query(db, &SQL_DEPLOYMENT_OF_RELEASE, &rows, err, "ii", repository_id, release_number);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_DEPLOYMENT_LIST, "SELECT " COLUMNS FROM
                                  "WHERE d.repository_id = $1 AND d.environment = $2 AND d.id < $3"
                                  " ORDER BY d.id DESC LIMIT $4");

int store_deployment_list(struct db *db, struct arena *arena, int64_t repository_id,
                          const char *environment, int64_t before, size_t limit,
                          struct deployment **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DEPLOYMENT_LIST, &rows, err, "itii", repository_id, environment,
                      before == 0 ? INT64_MAX : before, (int64_t)limit);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

static int take_needs(struct job *job, const char *text, struct err *err)
{
    struct cJSON *json = NULL;
    int rc = json_parse(text, strlen(text), NULL, &json, err);

    for (const struct cJSON *i = json_first(json); i != NULL && job->n_needs < JOB_NEEDS_MAX;
         i = json_next(i)) {
        int64_t number;
        if (json_item_int(i, &number))
            job->needs[job->n_needs++] = (int)number;
    }
    json_free(json);
    return rc;
}

DB_STATEMENT(
    SQL_DEPLOYMENT_JOBS,
    "SELECT deployment_id, number, name, needs, database, max_parallel, max_errors, ramp,"
    " start_within_ms, timeout_ms, proves_commit, document_digest, state, cause, started_at,"
    " ended_at, candidates, primary_host, touches, retried_at FROM jobs WHERE deployment_id = $1 ORDER BY number");

int store_deployment_jobs(struct db *db, struct arena *arena, int64_t id, struct job **ret_items,
                          size_t *ret_n, struct err *err)
{
    struct job *items = NULL;
    size_t n = 0, cap = 0;
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DEPLOYMENT_JOBS, &rows, err, "i", id);

    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0) {
        struct job *j = ARENA_PUSH(arena, items, n, cap);
        j->deployment_id = db_int(rows, 0);
        j->number = (int)db_int(rows, 1);
        j->name = db_text(rows, arena, 2);
        j->database = db_text(rows, arena, 4);
        j->max_parallel = db_int(rows, 5);
        j->max_errors = db_int(rows, 6);
        j->ramp = db_int(rows, 7) != 0;
        j->start_within_ms = db_int(rows, 8);
        j->timeout_ms = db_int(rows, 9);
        j->proves_commit = db_int(rows, 10) != 0;
        j->document_digest = db_text(rows, arena, 11);
        j->state = (enum job_state)word(rows, 12, job_states, JOB_STATES_COUNT);
        j->cause = db_text(rows, arena, 13);
        j->started_at = db_int(rows, 14);
        j->ended_at = db_int(rows, 15);
        j->candidates = db_text(rows, arena, 16);
        j->primary_host = db_text(rows, arena, 17);
        j->touches = db_int(rows, 18) != 0;
        j->retried_at = db_int(rows, 19);
        if ((rc = take_needs(j, db_text(rows, arena, 3), err)) < 0)
            break;
    }
    db_end(rows);
    *ret_items = items;
    *ret_n = n;
    return rc;
}
