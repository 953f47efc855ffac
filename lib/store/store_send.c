#include "lib/store/store_send.h"

#include "lib/store/db_list.h"
#include "lib/store/store_offer.h"

#define NEVER_AGAIN INT64_MAX /* to a poll: there is none */

static void fill_due(struct db_rows *rows, struct arena *arena, void *item)
{
    struct send_due *d = item;

    (void)arena;
    db_copy(rows, 0, d->command_id, sizeof(d->command_id));
    db_copy(rows, 1, d->host_id, sizeof(d->host_id));
    d->released_at = db_int(rows, 2);
}

DB_STATEMENT(SQL_SEND_DUE,
             "SELECT i.command_id, i.host_id, i.released_at FROM hosts CROSS JOIN invocations i"
             " ON i.host_id = hosts.id WHERE hosts.transport = 'ssm' AND i.status = 'Pending'"
             " AND i.released_at IS NOT NULL AND i.offered_at IS NULL AND i.start_by > $1"
             " ORDER BY i.released_at, i.command_id LIMIT $2");

int store_send_due(struct db *db, struct arena *arena, time_ms now, size_t limit,
                   struct send_due **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_SEND_DUE, &rows, err, "ii", now, (int64_t)limit);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill_due, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_SEND_INSERT,
             "INSERT INTO sends (id, act, command_id, host_id, state, intended_at, tried_at)"
             " VALUES ($1, $2, $3, $4, $5, $6, $7)");

int store_send_intend(struct db *db, const struct send *s, struct err *err)
{
    int rc =
        db_run(db, &SQL_SEND_INSERT, err, "tttttiI", s->id, send_acts[s->act].text, s->command_id,
               s->host_id, send_states[s->state].text, s->intended_at, s->tried_at);

    return rc < 0 || s->act != SEND_RUN
               ? rc
               : store_offer_made(db, s->command_id, s->host_id, s->intended_at, NEVER_AGAIN, err);
}

DB_STATEMENT(SQL_SEND_TRY, "UPDATE sends SET tried_at = $1 WHERE id = $2 AND state = 'intended'");

int store_send_try(struct db *db, const char *id, time_ms now, struct err *err)
{
    return db_change(db, &SQL_SEND_TRY, err, "It", now, id);
}

DB_STATEMENT(SQL_SEND_INTERRUPTED,
             "UPDATE sends SET state = 'unclear', note = 'the server ended while it was asked for'"
             " WHERE state = 'intended' AND tried_at IS NOT NULL");

int store_send_interrupted(struct db *db, struct err *err)
{
    return db_run(db, &SQL_SEND_INTERRUPTED, err, "");
}

DB_STATEMENT(SQL_SEND_RESTORED,
             "UPDATE sends SET state = 'unclear', note = 'it may have been sent after the backup'"
             " WHERE state = 'intended' AND act = 'run'");

int store_send_restored(struct db *db, struct err *err)
{
    return db_run(db, &SQL_SEND_RESTORED, err, "");
}

DB_STATEMENT(SQL_SEND_MOVE,
             "UPDATE sends SET state = $1, aws_id = coalesce($2, aws_id), note = coalesce($3, note)"
             " WHERE id = $4 AND state = $5");

int store_send_move(struct db *db, const char *id, enum send_state from,
                    const struct send_change *to, struct err *err)
{
    if (!states_allows(send_states, (int)from, (int)to->state))
        return err_set(err, ERR_INTERNAL, "a send cannot go from %s to %s", send_states[from].text,
                       send_states[to->state].text);
    return db_change(db, &SQL_SEND_MOVE, err, "teett", send_states[to->state].text, to->aws_id,
                     to->note, id, send_states[from].text);
}

DB_STATEMENT(SQL_SEND_SAID, "UPDATE sends SET word = $1, word_at = $2 WHERE id = $3");

int store_send_said(struct db *db, const char *id, const char *word, time_ms now, struct err *err)
{
    return db_change(db, &SQL_SEND_SAID, err, "tit", word, now, id);
}

#define COLUMNS                                                                                    \
    "SELECT id, act, command_id, host_id, state, aws_id, intended_at, tried_at, word, word_at,"    \
    " note FROM sends"

static void fill(struct db_rows *rows, struct arena *arena, void *item)
{
    struct send *s = item;
    char text[16];

    *s = (struct send){.word = NULL};
    db_copy(rows, 0, s->id, sizeof(s->id));
    db_copy(rows, 1, text, sizeof(text));
    s->act = (enum send_act)states_find(send_acts, SEND_ACTS_COUNT, text);
    db_copy(rows, 2, s->command_id, sizeof(s->command_id));
    db_copy(rows, 3, s->host_id, sizeof(s->host_id));
    db_copy(rows, 4, text, sizeof(text));
    s->state = (enum send_state)states_find(send_states, SEND_STATES_COUNT, text);
    db_copy(rows, 5, s->aws_id, sizeof(s->aws_id));
    s->intended_at = db_int(rows, 6);
    s->tried_at = db_int(rows, 7);
    s->word = db_text(rows, arena, 8);
    s->word_at = db_int(rows, 9);
    s->note = db_text(rows, arena, 10);
}

DB_STATEMENT(SQL_SEND_OPEN, COLUMNS " WHERE state = 'intended' OR state = 'unclear'"
                                    " OR state = 'sent' ORDER BY id LIMIT $1");

int store_send_open(struct db *db, struct arena *arena, size_t limit, struct send **ret_items,
                    size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_SEND_OPEN, &rows, err, "i", (int64_t)limit);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_SEND_OF_COMMAND, COLUMNS " WHERE command_id = $1 ORDER BY id");

int store_send_of_command(struct db *db, struct arena *arena, const char *command_id,
                          struct send **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_SEND_OF_COMMAND, &rows, err, "t", command_id);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_SEND_ASKS, "SELECT 1 FROM sends WHERE command_id = $1 AND act = 'revoke'"
                            " AND (state = 'intended' OR state = 'unclear' OR state = 'sent')");

DB_STATEMENT(SQL_SEND_ASKED, "SELECT count(*) FROM sends WHERE command_id = $1 AND act = 'revoke'");

int store_send_asks(struct db *db, const char *command_id, int64_t *ret_n, bool *ret_asks,
                    struct err *err)
{
    int rc = db_number(db, &SQL_SEND_ASKED, ret_n, err, "t", command_id);

    return rc < 0 ? rc : db_exists(db, &SQL_SEND_ASKS, ret_asks, err, "t", command_id);
}

DB_STATEMENT(SQL_SEND_CLEAR_AT,
             "SELECT coalesce(max(i.start_by), 0) FROM attempts a"
             " CROSS JOIN sends s ON s.id = a.command_id"
             " CROSS JOIN invocations i ON i.command_id = a.command_id AND i.host_id = a.host_id"
             " WHERE a.database = $1 AND a.gone_at IS NULL AND i.status <> 'Success'"
             " AND coalesce(i.exit_code, -1) < 0"
             " AND s.state <> 'refused' AND s.state <> 'given-up'");

int store_send_clear_at(struct db *db, const char *database, time_ms *ret_at, struct err *err)
{
    return db_number(db, &SQL_SEND_CLEAR_AT, ret_at, err, "t", database);
}

static void fill_cancel(struct db_rows *rows, struct arena *arena, void *item)
{
    struct send_cancel *c = item;

    (void)arena;
    db_copy(rows, 0, c->command_id, sizeof(c->command_id));
    db_copy(rows, 1, c->host_id, sizeof(c->host_id));
    db_copy(rows, 2, c->cancel_id, sizeof(c->cancel_id));
}

DB_STATEMENT(SQL_SEND_CANCELS,
             "SELECT i.command_id, i.host_id, i.cancel_id FROM hosts CROSS JOIN invocations i"
             " ON i.host_id = hosts.id WHERE hosts.transport = 'ssm' AND i.status = 'Cancelling'"
             " AND i.cancel_taken_at IS NULL"
             " AND (i.cancel_redeliver_at IS NULL OR i.cancel_redeliver_at <= $1)"
             " ORDER BY i.cancel_at LIMIT $2");

int store_send_cancels(struct db *db, struct arena *arena, time_ms now, size_t limit,
                       struct send_cancel **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_SEND_CANCELS, &rows, err, "ii", now, (int64_t)limit);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill_cancel, ret_items, ret_n, err);
}
