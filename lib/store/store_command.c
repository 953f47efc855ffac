#include "lib/store/store_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/store/store_open.h"

DB_STATEMENT(
    SQL_DOCUMENT_PUT,
    "INSERT OR IGNORE INTO documents (digest, name, version, content) VALUES ($1, $2, $3, $4)");

int store_command_document(struct db *db, const char *digest, const char *name, const char *version,
                           const char *content, struct err *err)
{
    return db_run(db, &SQL_DOCUMENT_PUT, err, "tttt", digest, name, version, content);
}

DB_STATEMENT(SQL_DOCUMENT, "SELECT name, version, content FROM documents WHERE digest = $1");

int store_command_content(struct db *db, struct arena *arena, const char *digest,
                          const char **ret_name, const char **ret_version, const char **ret_content,
                          struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DOCUMENT, &rows, err, "t", digest);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    if (rc > 0) {
        *ret_name = db_text(rows, arena, 0);
        *ret_version = db_text(rows, arena, 1);
        *ret_content = db_text(rows, arena, 2);
    } else if (rc == 0) {
        rc = err_set(err, ERR_NOT_FOUND, "no document %.12s", digest);
    }
    db_end(rows);
    return rc < 0 ? rc : 0;
}

DB_STATEMENT(SQL_COMMAND_EXISTS, "SELECT 1 FROM commands WHERE id = $1");

int store_command_exists(struct db *db, const char *id, bool *ret_exists, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_COMMAND_EXISTS, &rows, err, "t", id);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    *ret_exists = rc > 0;
    db_end(rows);
    return rc < 0 ? rc : 0;
}

DB_STATEMENT(
    SQL_COMMAND_INSERT,
    "INSERT INTO commands (id, deployment_id, job_number, document_digest, parameters, comment,"
    " requested_at, requested_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
DB_STATEMENT(
    SQL_DOOR_COMMAND_INSERT,
    "INSERT INTO commands (id, document_digest, parameters, comment, requested_at, requested_by)"
    " VALUES ($1, $2, $3, $4, $5, $6)");

int store_command_insert(struct db *db, const struct command *c, struct err *err)
{
    if (c->deployment_id == 0)
        return db_run(db, &SQL_DOOR_COMMAND_INSERT, err, "ttteit", c->id, c->document_digest,
                      c->parameters, c->comment, c->requested_at, c->requested_by);
    return db_run(db, &SQL_COMMAND_INSERT, err, "tiitteit", c->id, c->deployment_id,
                  (int64_t)c->job_number, c->document_digest, c->parameters, c->comment,
                  c->requested_at, c->requested_by);
}

DB_STATEMENT(
    SQL_INVOKE,
    "INSERT INTO invocations (command_id, host_id, deployment_id, job_number, roles, status,"
    " details, start_by, released_at, offered_at, redeliver_at) SELECT $1, $2, deployment_id,"
    " job_number, $3, 'Pending', 'Pending', $4, $5, $6, $7 FROM commands WHERE id = $1");
DB_STATEMENT(SQL_ENVELOPE_PUT,
             "INSERT INTO envelopes (command_id, host_id, text, signature) VALUES ($1, $2, $3, $4)"
             " ON CONFLICT (command_id, host_id) DO UPDATE SET text = excluded.text,"
             " signature = excluded.signature");

static int put_envelope(struct db *db, const char *command_id, const char *host_id,
                        const char *envelope, const char *signature, struct err *err)
{
    return db_run(db, &SQL_ENVELOPE_PUT, err, "tttt", command_id, host_id, envelope, signature);
}

int store_command_invoke(struct db *db, const struct invocation *i, struct err *err)
{
    int rc = db_change(db, &SQL_INVOKE, err, "tttiIII", i->command_id, i->host_id, i->roles,
                       i->start_by, i->released_at, i->offered_at, i->redeliver_at);

    return rc < 0 || i->envelope == NULL || *i->envelope == '\0'
               ? rc
               : put_envelope(db, i->command_id, i->host_id, i->envelope, i->signature, err);
}

DB_STATEMENT(
    SQL_COMMAND_RESIGN,
    "UPDATE invocations SET start_by = $1"
    " WHERE command_id = $2 AND host_id = $3 AND status = 'Pending' AND offered_at IS NULL");

int store_command_resign(struct db *db, const char *command_id, const char *host_id,
                         const char *envelope, const char *signature, time_ms start_by,
                         struct err *err)
{
    int rc = db_change(db, &SQL_COMMAND_RESIGN, err, "itt", start_by, command_id, host_id);

    return rc < 0 ? rc : put_envelope(db, command_id, host_id, envelope, signature, err);
}

#define COLUMNS                                                                                         \
    "i.command_id, i.host_id, h.name, i.deployment_id, i.job_number, i.roles, i.status, i.details,"     \
    " i.cause, i.start_by, i.released_at, i.offered_at, i.redeliver_at, i.acknowledged_at, i.began_at," \
    " i.heard_at, i.ended_at, i.exit_code, i.commit_sha, i.again_at, i.cancel_at, i.permit_nonce,"      \
    " i.permit_boot_id, i.permitted_at"
#define COLUMN_MORE 24

static void fill(struct db_rows *rows, struct arena *arena, struct invocation *i)
{
    char status[16];

    db_copy(rows, 0, i->command_id, sizeof(i->command_id));
    db_copy(rows, 1, i->host_id, sizeof(i->host_id));
    i->host = db_text(rows, arena, 2);
    i->deployment_id = db_int(rows, 3);
    i->job_number = (int)db_int(rows, 4);
    i->roles = db_text(rows, arena, 5);
    db_copy(rows, 6, status, sizeof(status));
    i->status =
        (enum invocation_status)states_find(invocation_statuses, INVOCATION_STATUSES_COUNT, status);
    i->details = db_text(rows, arena, 7);
    i->cause = db_text(rows, arena, 8);
    i->start_by = db_int(rows, 9);
    i->released_at = db_int(rows, 10);
    i->offered_at = db_int(rows, 11);
    i->redeliver_at = db_int(rows, 12);
    i->acknowledged_at = db_int(rows, 13);
    i->began_at = db_int(rows, 14);
    i->heard_at = db_int(rows, 15);
    i->ended_at = db_int(rows, 16);
    i->exit_code = db_int_or(rows, 17, -1);
    db_copy(rows, 18, i->commit_sha, sizeof(i->commit_sha));
    i->again_at = db_int(rows, 19);
    i->cancel_at = db_int(rows, 20);
    db_copy(rows, 21, i->permit_nonce, sizeof(i->permit_nonce));
    db_copy(rows, 22, i->permit_boot_id, sizeof(i->permit_boot_id));
    i->permitted_at = db_int(rows, 23);
}

DB_STATEMENT(SQL_COMMAND_HEARD,
             "UPDATE invocations SET heard_at = $1 WHERE command_id = $2 AND host_id = $3");

int store_command_heard(struct db *db, const char *command_id, const char *host_id, time_ms now,
                        struct err *err)
{
    return db_change(db, &SQL_COMMAND_HEARD, err, "itt", now, command_id, host_id);
}

DB_STATEMENT(SQL_COMMAND_PERMIT,
             "UPDATE invocations SET permit_nonce = $1, permit_boot_id = $2, permitted_at = $3,"
             " heard_at = $3, acknowledged_at = coalesce(acknowledged_at, $3)"
             " WHERE command_id = $4 AND host_id = $5 AND status = 'Pending'"
             " AND released_at IS NOT NULL AND permit_nonce IS NULL");

int store_command_permit(struct db *db, const char *command_id, const char *host_id,
                         const char *nonce, const char *boot_id, time_ms now, struct err *err)
{
    return db_change(db, &SQL_COMMAND_PERMIT, err, "ttitt", nonce, boot_id, now, command_id,
                     host_id);
}

DB_STATEMENT(SQL_COMMAND_PERMIT_AGAIN,
             "UPDATE invocations SET permitted_at = $1, heard_at = $1 WHERE command_id = $2"
             " AND host_id = $3 AND permit_nonce = $4");

int store_command_permit_again(struct db *db, const char *command_id, const char *host_id,
                               const char *nonce, time_ms now, struct err *err)
{
    return db_change(db, &SQL_COMMAND_PERMIT_AGAIN, err, "ittt", now, command_id, host_id, nonce);
}

/* Two statements, one for each index: what runs, and what was handed out. */
DB_STATEMENT(SQL_COMMAND_DOUBT,
             "UPDATE invocations SET status = 'Unknown', details = 'Unknown', cause = $1"
             " WHERE host_id = $2 AND " STORE_OPEN_INVOCATION("") " AND status <> 'Unknown'");
DB_STATEMENT(SQL_COMMAND_DOUBT_OFFERED,
             "UPDATE invocations SET status = 'Unknown', details = 'Unknown', cause = $1"
             " WHERE host_id = $2 AND status = 'Pending' AND released_at IS NOT NULL"
             " AND offered_at IS NOT NULL");

int store_command_doubt(struct db *db, const char *host_id, const char *cause, struct err *err)
{
    int rc = db_run(db, &SQL_COMMAND_DOUBT, err, "tt", cause, host_id);

    return rc < 0 ? rc : db_run(db, &SQL_COMMAND_DOUBT_OFFERED, err, "tt", cause, host_id);
}

/* After a permit what has not begun is no more to be taken back than what runs (migrate.md 6). */
DB_STATEMENT(
    SQL_COMMAND_MOVE,
    "UPDATE invocations SET status = $1, details = $2, cause = $3,"
    " exit_code = coalesce($4, exit_code), commit_sha = coalesce($5, commit_sha), heard_at = CASE WHEN $1 = 'Unknown' THEN heard_at ELSE $6 END,"
    " acknowledged_at = CASE WHEN $1 = 'Unknown' OR offered_at IS NULL THEN acknowledged_at"
    "  ELSE coalesce(acknowledged_at, $6) END,"
    " began_at = CASE WHEN $1 = 'InProgress' THEN coalesce(began_at, $6) ELSE began_at END,"
    " ended_at = CASE WHEN $1 = 'Success' OR $1 = 'Failed' OR $1 = 'TimedOut'"
    " OR $1 = 'Cancelled' THEN $6 END"
    " WHERE command_id = $7 AND host_id = $8 AND status = $9"
    " AND NOT (status = 'Pending' AND $1 IN ('Cancelled', 'TimedOut') AND permit_nonce IS NOT NULL)");
DB_STATEMENT(SQL_COMMAND_NO_EXIT,
             "UPDATE invocations SET exit_code = NULL WHERE command_id = $1 AND host_id = $2"
             " AND exit_code = -1");

int store_command_move(struct db *db, const char *command_id, const char *host_id,
                       enum invocation_status from, const struct invocation_change *to, time_ms now,
                       struct err *err)
{
    int rc;

    if (!states_allows(invocation_statuses, (int)from, (int)to->status))
        return err_set(err, ERR_INTERNAL, "an invocation cannot go from %s to %s",
                       invocation_statuses[from].text, invocation_statuses[to->status].text);
    rc = db_change(db, &SQL_COMMAND_MOVE, err, "tteieittt", invocation_statuses[to->status].text,
                   to->details, to->cause, to->exit_code, to->commit_sha, now, command_id, host_id,
                   invocation_statuses[from].text);
    return rc < 0 ? rc : db_run(db, &SQL_COMMAND_NO_EXIT, err, "tt", command_id, host_id);
}

DB_STATEMENT(SQL_COMMAND_WITHDRAW,
             "UPDATE invocations SET status = $1, details = $2, cause = $3, ended_at = $4"
             " WHERE command_id = $5 AND host_id = $6 AND status = 'Pending'"
             " AND offered_at IS NULL");

int store_command_withdraw(struct db *db, const char *command_id, const char *host_id,
                           const struct invocation_change *to, time_ms now, struct err *err)
{
    if (!invocation_has_ended(to->status))
        return err_set(err, ERR_INTERNAL, "an invocation that is withdrawn has ended, not %s",
                       invocation_statuses[to->status].text);
    return db_change(db, &SQL_COMMAND_WITHDRAW, err, "tteitt", invocation_statuses[to->status].text,
                     to->details, to->cause, now, command_id, host_id);
}

DB_STATEMENT(SQL_COMMAND_INVOCATION,
             "SELECT " COLUMNS
             ", coalesce(e.text, ''), coalesce(e.signature, '') FROM invocations i"
             " JOIN hosts h ON h.id = i.host_id"
             " LEFT JOIN envelopes e ON e.command_id = i.command_id AND e.host_id = i.host_id"
             " WHERE i.command_id = $1 AND i.host_id = $2");

int store_command_invocation(struct db *db, struct arena *arena, const char *command_id,
                             const char *host_id, struct invocation *ret_invocation,
                             struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_COMMAND_INVOCATION, &rows, err, "tt", command_id, host_id);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    if (rc > 0) {
        fill(rows, arena, ret_invocation);
        ret_invocation->envelope = db_text(rows, arena, COLUMN_MORE);
        ret_invocation->signature = db_text(rows, arena, COLUMN_MORE + 1);
    } else if (rc == 0) {
        rc = err_set(err, ERR_NOT_FOUND, "no command %s on host %s", command_id, host_id);
    }
    db_end(rows);
    return rc < 0 ? rc : 0;
}

static int many(struct db_rows *rows, struct arena *arena, struct invocation **ret_items,
                size_t *ret_n, struct err *err)
{
    struct invocation *items = NULL;
    size_t n = 0, cap = 0;
    int rc;

    while ((rc = db_next(rows, err)) > 0)
        fill(rows, arena, ARENA_PUSH(arena, items, n, cap));
    db_end(rows);
    *ret_items = items;
    *ret_n = n;
    return rc;
}

/* By job and host, each host's tries in the order of writing: ids begin with their time. */
static int by_job_and_host(const void *a, const void *b)
{
    const struct invocation *x = a, *y = b;
    int order = x->job_number - y->job_number;

    if (order == 0)
        order = strcmp(x->host, y->host);
    return order != 0 ? order : strcmp(x->command_id, y->command_id);
}

/* At the cut they are written so; only what is tried again lies elsewhere. */
static void sort(struct invocation *items, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (by_job_and_host(&items[i - 1], &items[i]) > 0) {
            qsort(items, n, sizeof(*items), by_job_and_host);
            return;
        }
}

/* CROSS JOIN: in the order of the index. */
DB_STATEMENT(
    SQL_COMMAND_INVOCATIONS,
    "SELECT " COLUMNS " FROM invocations i CROSS JOIN hosts h"
    " WHERE i.deployment_id = $1 AND h.id = i.host_id ORDER BY i.job_number, i.command_id");

int store_command_invocations(struct db *db, struct arena *arena, int64_t deployment_id,
                              struct invocation **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_COMMAND_INVOCATIONS, &rows, err, "i", deployment_id);

    if (rc == 0)
        rc = many(rows, arena, ret_items, ret_n, err);
    if (rc == 0)
        sort(*ret_items, *ret_n);
    return rc;
}

DB_STATEMENT(SQL_COMMAND_COUNT, "SELECT count(*) FROM invocations WHERE deployment_id = $1");

int store_command_count(struct db *db, int64_t deployment_id, int64_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_COMMAND_COUNT, &rows, err, "i", deployment_id);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    if (rc > 0)
        *ret_n = db_int(rows, 0);
    db_end(rows);
    return rc < 0 ? rc : 0;
}

DB_STATEMENT(SQL_COMMAND_RUNNING,
             "SELECT " COLUMNS " FROM invocations i JOIN hosts h ON h.id = i.host_id"
             " WHERE i.host_id = $1 AND " STORE_OPEN_INVOCATION("i."));

int store_command_running(struct db *db, struct arena *arena, const char *host_id,
                          struct invocation **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_COMMAND_RUNNING, &rows, err, "t", host_id);

    return rc < 0 ? rc : many(rows, arena, ret_items, ret_n, err);
}

/* CROSS JOIN: the few that run first, not all deployments that ever were. One that is excepted asks for its own hosts. */
DB_STATEMENT(
    SQL_COMMAND_OF_TRACK,
    "SELECT " COLUMNS
    " FROM invocations i CROSS JOIN deployments d CROSS JOIN jobs j CROSS JOIN hosts h"
    " WHERE " STORE_OPEN_INVOCATION(
        "i.") " AND d.id = i.deployment_id"
              " AND d.repository_id = $1 AND d.environment = $2 AND d.id <> $3"
              " AND ($3 = 0 OR i.host_id IN (SELECT o.host_id FROM invocations o WHERE o.deployment_id = $3))"
              " AND j.deployment_id = i.deployment_id AND j.number = i.job_number"
              " AND h.id = i.host_id AND (j.database IS NOT NULL"
              " OR coalesce(i.began_at, i.acknowledged_at, i.offered_at) + j.timeout_ms > $4)");

int store_command_of_track(struct db *db, struct arena *arena, const struct deployment *except,
                           time_ms now, struct invocation **ret_items, size_t *ret_n,
                           struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_COMMAND_OF_TRACK, &rows, err, "itii", except->repository_id,
                      except->environment, except->id, now);

    return rc < 0 ? rc : many(rows, arena, ret_items, ret_n, err);
}

DB_STATEMENT(
    SQL_STEP_PUT,
    "INSERT INTO steps (command_id, host_id, number, name, status, exit_code, started_at, ended_at)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
    " ON CONFLICT (command_id, host_id, number) DO UPDATE SET status = excluded.status,"
    " exit_code = excluded.exit_code, started_at = coalesce(excluded.started_at, started_at),"
    " ended_at = excluded.ended_at WHERE status IN ('Pending', 'InProgress')");
DB_STATEMENT(SQL_STEP_NO_EXIT,
             "UPDATE steps SET exit_code = NULL WHERE command_id = $1 AND host_id = $2"
             " AND exit_code = -1");

int store_command_step(struct db *db, const struct step *s, struct err *err)
{
    int rc =
        db_run(db, &SQL_STEP_PUT, err, "ttittiII", s->command_id, s->host_id, (int64_t)s->number,
               s->name, step_statuses[s->status].text, s->exit_code, s->started_at, s->ended_at);

    return rc < 0 ? rc : db_run(db, &SQL_STEP_NO_EXIT, err, "tt", s->command_id, s->host_id);
}

DB_STATEMENT(SQL_STEPS, "SELECT number, name, status, exit_code, started_at, ended_at FROM steps"
                        " WHERE command_id = $1 AND host_id = $2 ORDER BY number");

int store_command_steps(struct db *db, struct arena *arena, const char *command_id,
                        const char *host_id, struct step **ret_items, size_t *ret_n,
                        struct err *err)
{
    struct step *items = NULL;
    size_t n = 0, cap = 0;
    struct db_rows *rows;
    int rc = db_query(db, &SQL_STEPS, &rows, err, "tt", command_id, host_id);

    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0) {
        struct step *s = ARENA_PUSH(arena, items, n, cap);
        char status[16];
        memcpy(s->command_id, command_id, strlen(command_id));
        memcpy(s->host_id, host_id, strlen(host_id));
        s->number = (int)db_int(rows, 0);
        s->name = db_text(rows, arena, 1);
        db_copy(rows, 2, status, sizeof(status));
        s->status = (enum step_status)states_find(step_statuses, STEP_STATUSES_COUNT, status);
        s->exit_code = db_int_or(rows, 3, -1);
        s->started_at = db_int(rows, 4);
        s->ended_at = db_int(rows, 5);
    }
    db_end(rows);
    *ret_items = items;
    *ret_n = n;
    return rc;
}

DB_STATEMENT(SQL_RESULT_PUT,
             "INSERT OR IGNORE INTO results (command_id, host_id, number, key, value)"
             " VALUES ($1, $2, $3, $4, $5)");

int store_command_results_put(struct db *db, const char *command_id, const char *host_id,
                              const struct result_line *lines, size_t n, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; i < n && rc == 0; i++)
        rc = db_run(db, &SQL_RESULT_PUT, err, "ttitt", command_id, host_id, (int64_t)i,
                    lines[i].key, lines[i].value);
    return rc;
}

DB_STATEMENT(
    SQL_RESULTS,
    "SELECT key, value FROM results WHERE command_id = $1 AND host_id = $2 ORDER BY number");

int store_command_results(struct db *db, struct arena *arena, const char *command_id,
                          const char *host_id, struct result_line **ret_items, size_t *ret_n,
                          struct err *err)
{
    struct result_line *items = NULL;
    size_t n = 0, cap = 0;
    struct db_rows *rows;
    int rc = db_query(db, &SQL_RESULTS, &rows, err, "tt", command_id, host_id);

    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0) {
        struct result_line *line = ARENA_PUSH(arena, items, n, cap);
        line->key = db_text(rows, arena, 0);
        line->value = db_text(rows, arena, 1);
    }
    db_end(rows);
    *ret_items = items;
    *ret_n = n;
    return rc;
}

DB_STATEMENT(
    SQL_CHUNK_PUT,
    "INSERT OR IGNORE INTO output_chunks (command_id, host_id, number, step, stream, at, text)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7)");

int store_command_chunk(struct db *db, const struct output_chunk *c, struct err *err)
{
    return db_run(db, &SQL_CHUNK_PUT, err, "ttittiz", c->command_id, c->host_id, c->number, c->step,
                  c->error_stream ? "err" : "out", c->at, (const void *)c->text, c->len);
}

DB_STATEMENT(SQL_CHUNK_BEFORE,
             "SELECT number, text FROM output_chunks WHERE command_id = $1 AND host_id = $2"
             " AND number <= $3 AND (number = $3 OR (step = $4 AND stream = $5))"
             " ORDER BY number DESC LIMIT 1");

int store_command_chunk_before(struct db *db, struct arena *arena, const struct output_chunk *c,
                               struct output_chunk *ret_before, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_CHUNK_BEFORE, &rows, err, "ttitt", c->command_id, c->host_id,
                      c->number, c->step, c->error_stream ? "err" : "out");

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    if (rc > 0) {
        *ret_before = *c;
        ret_before->number = db_int(rows, 0);
        ret_before->text = db_blob(rows, arena, 1, &ret_before->len);
    }
    db_end(rows);
    if (rc <= 0)
        return rc == 0 ? err_set(err, ERR_NOT_FOUND, "no chunk before") : rc;
    return ret_before->number == c->number ? err_set(err, ERR_CONFLICT, "it is stored") : 0;
}

DB_STATEMENT(SQL_CHUNK_CUT, "UPDATE output_chunks SET text = $1"
                            " WHERE command_id = $2 AND host_id = $3 AND number = $4");

int store_command_chunk_cut(struct db *db, const struct output_chunk *c, struct err *err)
{
    return db_change(db, &SQL_CHUNK_CUT, err, "ztti", (const void *)c->text, c->len, c->command_id,
                     c->host_id, c->number);
}

DB_STATEMENT(SQL_CHUNKS,
             "SELECT number, step, stream, at, text FROM output_chunks WHERE command_id = $1"
             " AND host_id = $2 AND number > $3 ORDER BY number LIMIT $4");

static int many_chunks(struct db_rows *rows, struct arena *arena, const char *command_id,
                       const char *host_id, struct output_chunk **ret_items, size_t *ret_n,
                       struct err *err)
{
    struct output_chunk *items = NULL;
    size_t n = 0, cap = 0;
    int rc;

    while ((rc = db_next(rows, err)) > 0) {
        struct output_chunk *c = ARENA_PUSH(arena, items, n, cap);
        char stream[8];
        memcpy(c->command_id, command_id, strlen(command_id));
        memcpy(c->host_id, host_id, strlen(host_id));
        c->number = db_int(rows, 0);
        c->step = db_text(rows, arena, 1);
        db_copy(rows, 2, stream, sizeof(stream));
        c->error_stream = stream[0] == 'e';
        c->at = db_int(rows, 3);
        c->text = db_blob(rows, arena, 4, &c->len);
    }
    db_end(rows);
    *ret_items = items;
    *ret_n = n;
    return rc;
}

int store_command_chunks(struct db *db, struct arena *arena, const char *command_id,
                         const char *host_id, int64_t after, size_t limit,
                         struct output_chunk **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc =
        db_query(db, &SQL_CHUNKS, &rows, err, "ttii", command_id, host_id, after, (int64_t)limit);

    return rc < 0 ? rc : many_chunks(rows, arena, command_id, host_id, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_CHUNKS_TAIL,
             "SELECT number, step, stream, at, text FROM output_chunks WHERE command_id = $1"
             " AND host_id = $2 ORDER BY number DESC LIMIT $3");

int store_command_chunks_tail(struct db *db, struct arena *arena, const char *command_id,
                              const char *host_id, size_t limit, struct output_chunk **ret_items,
                              size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_CHUNKS_TAIL, &rows, err, "tti", command_id, host_id, (int64_t)limit);

    return rc < 0 ? rc : many_chunks(rows, arena, command_id, host_id, ret_items, ret_n, err);
}
