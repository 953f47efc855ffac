#include "lib/store/store_door_command.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/store/db_list.h"
#include "lib/store/store_open.h"
#include "lib/store/store_command.h"

DB_STATEMENT(
    SQL_DOOR_COMMAND_PUT,
    "INSERT INTO door_commands (command_id, key_name, key_id, document_name, document_version,"
    " instance_ids, targets, echo, max_concurrency, max_errors, concurrency, budget, timeout_s,"
    " execution_s, expires_at, requested_at, n_targets, status, details)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,"
    " 'Pending', 'Pending')");

int store_door_command_put(struct db *db, const struct door_command *c, struct err *err)
{
    struct command command = {.document_digest = c->document_digest,
                              .parameters = c->parameters,
                              .comment = c->comment,
                              .requested_at = c->requested_at,
                              .requested_by = c->key_name};
    int rc;

    memcpy(command.id, c->id, sizeof(command.id));
    rc = store_command_insert(db, &command, err);
    return rc < 0 ? rc
                  : db_run(db, &SQL_DOOR_COMMAND_PUT, err, "ttttttttttiiiiiii", c->id, c->key_name,
                           c->key_id, c->document_name, c->document_version, c->instance_ids,
                           c->targets, c->echo, c->max_concurrency, c->max_errors, c->concurrency,
                           c->budget, c->timeout_s, c->execution_s, c->expires_at, c->requested_at,
                           c->n_targets);
}

DB_STATEMENT(SQL_DOOR_COMMAND_TARGET,
             "INSERT INTO invocations (command_id, host_id, roles, status, details, cause,"
             " start_by, ended_at) VALUES ($1, $2, '', $3, $4, $5, $6, $7)");

int store_door_command_target(struct db *db, const struct door_command *c,
                              const struct door_target *t, const char *cause, time_ms now,
                              struct err *err)
{
    return db_run(db, &SQL_DOOR_COMMAND_TARGET, err, "tttteiI", c->id, t->host_id,
                  invocation_statuses[t->status].text, t->details, cause, c->expires_at,
                  invocation_has_ended(t->status) ? now : 0);
}

DB_STATEMENT(SQL_DOOR_COMMAND_GOES_ON,
             "SELECT 1 FROM door_commands WHERE command_id = $1 AND ended_at IS NULL");

int store_door_command_goes_on(struct db *db, const char *id, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DOOR_COMMAND_GOES_ON, &rows, err, "t", id);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    db_end(rows);
    return rc == 0 ? err_set(err, ERR_CONFLICT, "command %s has ended", id) : rc < 0 ? rc : 0;
}

DB_STATEMENT(SQL_DOOR_COMMAND_WRITTEN, "UPDATE door_commands SET written_at = $1"
                                       " WHERE command_id = $2 AND ended_at IS NULL");

int store_door_command_written(struct db *db, const char *id, time_ms now, struct err *err)
{
    return db_change(db, &SQL_DOOR_COMMAND_WRITTEN, err, "it", now, id);
}

#define COLUMNS                                                                                     \
    "d.command_id, d.key_name, d.key_id, d.document_name, d.document_version, c.document_digest,"   \
    " c.parameters, c.comment, d.instance_ids, d.targets, d.echo, d.max_concurrency, d.max_errors," \
    " d.concurrency, d.budget, d.timeout_s, d.execution_s, d.requested_at, d.expires_at,"           \
    " d.n_targets, d.written_at, d.status, d.details, d.n_completed, d.n_errors, d.n_undelivered,"  \
    " d.cancel_at, d.ended_at"

static void fill(struct db_rows *rows, struct arena *arena, void *item)
{
    struct door_command *c = item;
    char status[16];

    db_copy(rows, 0, c->id, sizeof(c->id));
    c->key_name = db_text(rows, arena, 1);
    c->key_id = db_text(rows, arena, 2);
    c->document_name = db_text(rows, arena, 3);
    c->document_version = db_text(rows, arena, 4);
    c->document_digest = db_text(rows, arena, 5);
    c->parameters = db_text(rows, arena, 6);
    c->comment = db_text(rows, arena, 7);
    c->instance_ids = db_text(rows, arena, 8);
    c->targets = db_text(rows, arena, 9);
    c->echo = db_text(rows, arena, 10);
    c->max_concurrency = db_text(rows, arena, 11);
    c->max_errors = db_text(rows, arena, 12);
    c->concurrency = db_int(rows, 13);
    c->budget = db_int(rows, 14);
    c->timeout_s = db_int(rows, 15);
    c->execution_s = db_int(rows, 16);
    c->requested_at = db_int(rows, 17);
    c->expires_at = db_int(rows, 18);
    c->n_targets = db_int(rows, 19);
    c->written_at = db_int(rows, 20);
    db_copy(rows, 21, status, sizeof(status));
    c->status =
        (enum invocation_status)states_find(invocation_statuses, INVOCATION_STATUSES_COUNT, status);
    c->details = db_text(rows, arena, 22);
    c->n_completed = db_int(rows, 23);
    c->n_errors = db_int(rows, 24);
    c->n_undelivered = db_int(rows, 25);
    c->cancel_at = db_int(rows, 26);
    c->ended_at = db_int(rows, 27);
    if (c->comment == NULL)
        c->comment = "";
}

/* The one row, if there is one. */
DB_STATEMENT(SQL_DOOR_COMMAND,
             "SELECT " COLUMNS " FROM door_commands d JOIN commands c ON c.id = d.command_id"
             " WHERE d.command_id = $1 AND d.key_name = $2");

int store_door_command(struct db *db, struct arena *arena, const char *id, const char *key_name,
                       struct door_command *ret_command, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DOOR_COMMAND, &rows, err, "tt", id, key_name);

    return rc < 0 ? rc : db_list_one(rows, arena, fill, ret_command, err, "no command %.36s", id);
}

DB_STATEMENT(SQL_DOOR_COMMAND_ANY,
             "SELECT " COLUMNS " FROM door_commands d JOIN commands c ON c.id = d.command_id"
             " WHERE d.command_id = $1");

int store_door_command_any(struct db *db, struct arena *arena, const char *id,
                           struct door_command *ret_command, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DOOR_COMMAND_ANY, &rows, err, "t", id);

    return rc < 0 ? rc : db_list_one(rows, arena, fill, ret_command, err, "no command %.36s", id);
}

DB_STATEMENT(SQL_DOOR_COMMAND_CONTENT,
             "SELECT d.content FROM commands c JOIN documents d ON d.digest = c.document_digest"
             " WHERE c.id = $1");

int store_door_command_content(struct db *db, struct arena *arena, const char *id,
                               const char **ret_content, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DOOR_COMMAND_CONTENT, &rows, err, "t", id);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    if (rc > 0)
        *ret_content = db_text(rows, arena, 0);
    else if (rc == 0)
        rc = err_set(err, ERR_NOT_FOUND, "no command %.36s", id);
    db_end(rows);
    return rc < 0 ? rc : 0;
}

/* CROSS JOIN: by the index of what was asked, not by all commands. */
DB_STATEMENT(SQL_DOOR_COMMAND_PAGE,
             "SELECT " COLUMNS " FROM door_commands d CROSS JOIN commands c"
             " WHERE d.key_name = $1 AND d.command_id < $2 AND c.id = d.command_id"
             " ORDER BY d.command_id DESC LIMIT $3");

int store_door_command_page(struct db *db, struct arena *arena, const char *key_name,
                            const char *before, size_t limit, struct door_command **ret_items,
                            size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DOOR_COMMAND_PAGE, &rows, err, "tti", key_name,
                      *before != '\0' ? before : "~", (int64_t)limit);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_DOOR_COMMAND_LIST, "SELECT " COLUMNS " FROM door_commands d CROSS JOIN commands c"
                                    " WHERE d.command_id < $1 AND c.id = d.command_id"
                                    " ORDER BY d.command_id DESC LIMIT $2");

int store_door_command_list(struct db *db, struct arena *arena, const char *before, size_t limit,
                            struct door_command **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DOOR_COMMAND_LIST, &rows, err, "ti", *before != '\0' ? before : "~",
                      (int64_t)limit);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_DOOR_COMMAND_OPEN,
             "SELECT " COLUMNS " FROM door_commands d CROSS JOIN commands c"
             " WHERE d.ended_at IS NULL AND c.id = d.command_id ORDER BY d.command_id");

int store_door_command_open(struct db *db, struct arena *arena, struct door_command **ret_items,
                            size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DOOR_COMMAND_OPEN, &rows, err, "");

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

/* By its own index: by another one it would walk all that callers ever sent. */
DB_STATEMENT(
    SQL_DOOR_COMMAND_TAKEN,
    "SELECT DISTINCT command_id FROM invocations INDEXED BY invocations_taken_open"
    " WHERE status = 'Pending' AND acknowledged_at IS NOT NULL AND deployment_id IS NULL ORDER BY command_id");

int store_door_command_taken(struct db *db, struct arena *arena, const char ***ret_ids,
                             size_t *ret_n, struct err *err)
{
    const char **ids = NULL;
    size_t n = 0, cap = 0;
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DOOR_COMMAND_TAKEN, &rows, err, "");

    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0)
        *ARENA_PUSH(arena, ids, n, cap) = db_text(rows, arena, 0);
    db_end(rows);
    *ret_ids = ids;
    *ret_n = n;
    return rc;
}

DB_STATEMENT(
    SQL_DOOR_COMMAND_TARGETS,
    "SELECT i.host_id, h.name, h.state, i.status, i.details, i.released_at, i.offered_at,"
    " i.acknowledged_at, i.cancel_at, h.protocol FROM invocations i JOIN hosts h ON h.id = i.host_id"
    " WHERE i.command_id = $1 ORDER BY i.host_id");

int store_door_command_targets(struct db *db, struct arena *arena, const char *id,
                               struct door_target **ret_items, size_t *ret_n, struct err *err)
{
    struct door_target *items = NULL;
    size_t n = 0, cap = 0;
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DOOR_COMMAND_TARGETS, &rows, err, "t", id);

    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0) {
        struct door_target *t = ARENA_PUSH(arena, items, n, cap);
        char text[16];

        db_copy(rows, 0, t->host_id, sizeof(t->host_id));
        t->host = db_text(rows, arena, 1);
        db_copy(rows, 2, text, sizeof(text));
        t->host_state = (enum host_state)states_find(host_states, HOST_STATES_COUNT, text);
        db_copy(rows, 3, text, sizeof(text));
        t->status = (enum invocation_status)states_find(invocation_statuses,
                                                        INVOCATION_STATUSES_COUNT, text);
        t->details = db_text(rows, arena, 4);
        t->released_at = db_int(rows, 5);
        t->offered_at = db_int(rows, 6);
        t->acknowledged_at = db_int(rows, 7);
        t->cancel_at = db_int(rows, 8);
        t->protocol = db_int(rows, 9);
    }
    db_end(rows);
    *ret_items = items;
    *ret_n = n;
    return rc;
}

/* What a deployment that runs has for a host, or one that stopped still runs there. */
DB_STATEMENT(
    SQL_DOOR_COMMAND_BUSY,
    "SELECT DISTINCT i.host_id FROM deployments d CROSS JOIN invocations i"
    " WHERE " STORE_OPEN_DEPLOYMENT("d.") " AND i.deployment_id = d.id"
                                          " AND (i.status IN ('InProgress', 'Cancelling')"
                                          "  OR (i.status = 'Pending' AND d.state = 'deploying'))");

int store_door_command_busy(struct db *db, struct arena *arena, const char ***ret_host_ids,
                            size_t *ret_n, struct err *err)
{
    const char **items = NULL;
    size_t n = 0, cap = 0;
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DOOR_COMMAND_BUSY, &rows, err, "");

    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0)
        *ARENA_PUSH(arena, items, n, cap) = db_text(rows, arena, 0);
    db_end(rows);
    *ret_host_ids = items;
    *ret_n = n;
    return rc;
}

DB_STATEMENT(SQL_DOOR_COMMAND_MOVE,
             "UPDATE door_commands SET status = $1, details = $2, n_completed = $3, n_errors = $4,"
             " n_undelivered = $5, ended_at = $6 WHERE command_id = $7 AND ended_at IS NULL"
             " AND status = $8 AND n_completed = $9");

int store_door_command_move(struct db *db, const struct door_command *c,
                            const struct door_command_state *to, struct err *err)
{
    return db_change(db, &SQL_DOOR_COMMAND_MOVE, err, "ttiiiItti",
                     invocation_statuses[to->status].text, to->details, to->n_completed,
                     to->n_errors, to->n_undelivered, to->ended_at, c->id,
                     invocation_statuses[c->status].text, c->n_completed);
}

DB_STATEMENT(SQL_DOOR_COMMAND_CANCEL,
             "UPDATE door_commands SET cancel_at = coalesce(cancel_at, $1) WHERE command_id = $2"
             " AND ended_at IS NULL");

int store_door_command_cancel(struct db *db, const char *id, time_ms now, struct err *err)
{
    return db_run(db, &SQL_DOOR_COMMAND_CANCEL, err, "it", now, id);
}

DB_STATEMENT(SQL_DOOR_COMMAND_TEAR,
             "UPDATE door_commands SET cancel_at = coalesce(cancel_at, $1) WHERE command_id = $2"
             " AND written_at IS NULL AND ended_at IS NULL");

int store_door_command_tear(struct db *db, const char *id, time_ms now, struct err *err)
{
    return db_change(db, &SQL_DOOR_COMMAND_TEAR, err, "it", now, id);
}

DB_STATEMENT(SQL_DOOR_COMMAND_OUTPUT,
             "INSERT INTO step_outputs (command_id, host_id, number, output, error_output)"
             " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (command_id, host_id, number) DO UPDATE SET"
             " output = CASE WHEN length(excluded.output) > length(output) THEN excluded.output"
             "  ELSE output END,"
             " error_output = CASE WHEN length(excluded.error_output) > length(error_output)"
             "  THEN excluded.error_output ELSE error_output END");

int store_door_command_output(struct db *db, const char *id, const char *host_id, int number,
                              const char *output, const char *error_output, struct err *err)
{
    return db_run(db, &SQL_DOOR_COMMAND_OUTPUT, err, "ttitt", id, host_id, (int64_t)number, output,
                  error_output);
}

DB_STATEMENT(SQL_DOOR_COMMAND_OUTPUT_OF,
             "SELECT output, error_output FROM step_outputs WHERE command_id = $1 AND host_id = $2"
             " AND number = $3");

int store_door_command_output_of(struct db *db, struct arena *arena, const char *id,
                                 const char *host_id, int number, const char **ret_output,
                                 const char **ret_error_output, struct err *err)
{
    struct db_rows *rows;
    int rc =
        db_query(db, &SQL_DOOR_COMMAND_OUTPUT_OF, &rows, err, "tti", id, host_id, (int64_t)number);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    *ret_output = rc > 0 ? db_text(rows, arena, 0) : "";
    *ret_error_output = rc > 0 ? db_text(rows, arena, 1) : "";
    db_end(rows);
    return rc < 0 ? rc : 0;
}
