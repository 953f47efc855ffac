#include "lib/store/store_offer.h"

#include "lib/store/db_list.h"

DB_STATEMENT(SQL_OFFER_RELEASE,
             "UPDATE invocations SET released_at = $1 WHERE command_id = $2 AND host_id = $3"
             " AND status = 'Pending' AND released_at IS NULL");

int store_offer_release(struct db *db, const char *command_id, const char *host_id, time_ms now,
                        struct err *err)
{
    return db_change(db, &SQL_OFFER_RELEASE, err, "itt", now, command_id, host_id);
}

DB_STATEMENT(SQL_OFFER_JOB_RUNS,
             "SELECT 1 FROM jobs WHERE deployment_id = $1 AND number = $2 AND state = 'running'");

static int job_runs(struct db *db, const struct invocation *i, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_OFFER_JOB_RUNS, &rows, err, "ii", i->deployment_id,
                      (int64_t)i->job_number);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    db_end(rows);
    if (rc == 0)
        return err_set(err, ERR_CONFLICT, "job %d of deployment %lld does not run", i->job_number,
                       (long long)i->deployment_id);
    return rc < 0 ? rc : 0;
}

DB_STATEMENT(SQL_OFFER_HAND_OUT,
             "UPDATE invocations SET released_at = $1, offered_at = $2, redeliver_at = $3"
             " WHERE command_id = $4 AND host_id = $5 AND status = 'Pending'"
             " AND released_at IS NULL");

int store_offer_hand_out(struct db *db, const struct invocation *const *commands, const bool *waits,
                         size_t n, time_ms now, time_ms redeliver_at, struct err *err)
{
    int rc = n > 0 ? job_runs(db, commands[0], err) : 0;

    for (size_t i = 0; i < n && rc == 0; i++)
        rc = db_change(db, &SQL_OFFER_HAND_OUT, err, "iIItt", now, waits[i] ? now : 0,
                       waits[i] ? redeliver_at : 0, commands[i]->command_id, commands[i]->host_id);
    return rc;
}

DB_STATEMENT(SQL_OFFER_NOT_TAKEN,
             "UPDATE invocations SET redeliver_at = $1 WHERE command_id = $2 AND host_id = $3"
             " AND status = 'Pending' AND acknowledged_at IS NULL");

int store_offer_not_taken(struct db *db, const struct invocation *i, time_ms now, struct err *err)
{
    return db_run(db, &SQL_OFFER_NOT_TAKEN, err, "itt", now, i->command_id, i->host_id);
}

#define OFFER                                                                                        \
    "SELECT i.command_id, i.host_id, i.offered_at, coalesce(e.text, ''), coalesce(e.signature, '')," \
    " coalesce(o.document_name, d.name), d.content,"                                                 \
    " CASE WHEN o.command_id IS NULL THEN NULL ELSE c.parameters END"                                \
    " FROM invocations i"                                                                            \
    " LEFT JOIN envelopes e ON e.command_id = i.command_id AND e.host_id = i.host_id"                \
    " JOIN commands c ON c.id = i.command_id"                                                        \
    " JOIN documents d ON d.digest = c.document_digest"                                              \
    " LEFT JOIN door_commands o ON o.command_id = i.command_id"

static void fill(struct db_rows *rows, struct arena *arena, void *item)
{
    struct offer *o = item;

    *o = (struct offer){.document_name = NULL};
    db_copy(rows, 0, o->invocation.command_id, sizeof(o->invocation.command_id));
    db_copy(rows, 1, o->invocation.host_id, sizeof(o->invocation.host_id));
    o->invocation.offered_at = db_int(rows, 2);
    o->invocation.envelope = db_text(rows, arena, 3);
    o->invocation.signature = db_text(rows, arena, 4);
    o->document_name = db_text(rows, arena, 5);
    o->content = db_text(rows, arena, 6);
    o->parameters = db_text(rows, arena, 7);
}

DB_STATEMENT(SQL_OFFER_LIST, OFFER
             " WHERE i.host_id = $1 AND i.status = 'Pending' AND i.released_at IS NOT NULL"
             " AND i.acknowledged_at IS NULL AND (i.redeliver_at IS NULL OR i.redeliver_at <= $2)"
             " AND i.start_by > $2 ORDER BY i.released_at LIMIT $3");

int store_offer_list(struct db *db, struct arena *arena, const char *host_id, time_ms now,
                     size_t limit, struct offer **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_OFFER_LIST, &rows, err, "tii", host_id, now, (int64_t)limit);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_OFFER_FIND, OFFER " WHERE i.command_id = $1 AND i.host_id = $2");

int store_offer_find(struct db *db, struct arena *arena, const char *command_id,
                     const char *host_id, struct offer *ret_offer, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_OFFER_FIND, &rows, err, "tt", command_id, host_id);

    return rc < 0 ? rc
                  : db_list_one(rows, arena, fill, ret_offer, err, "no command %s on host %s",
                                command_id, host_id);
}

DB_STATEMENT(SQL_OFFER_SIGNED,
             "SELECT text, signature FROM envelopes WHERE command_id = $1 AND host_id = $2");

static void fill_signed(struct db_rows *rows, struct arena *arena, void *item)
{
    struct invocation *i = item;

    i->envelope = db_text(rows, arena, 0);
    i->signature = db_text(rows, arena, 1);
}

int store_offer_signed(struct db *db, struct arena *arena, struct invocation *i, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_OFFER_SIGNED, &rows, err, "tt", i->command_id, i->host_id);

    return rc < 0 ? rc
                  : db_list_one(rows, arena, fill_signed, i, err, "no envelope of command %s",
                                i->command_id);
}

DB_STATEMENT(
    SQL_OFFER_MADE,
    "UPDATE invocations SET offered_at = coalesce(offered_at, $1), redeliver_at = $2"
    " WHERE command_id = $3 AND host_id = $4 AND status = 'Pending' AND released_at IS NOT NULL");

int store_offer_made(struct db *db, const char *command_id, const char *host_id, time_ms now,
                     time_ms redeliver_at, struct err *err)
{
    return db_change(db, &SQL_OFFER_MADE, err, "iitt", now, redeliver_at, command_id, host_id);
}

DB_STATEMENT(SQL_OFFER_ACKNOWLEDGED,
             "UPDATE invocations SET acknowledged_at = $1, heard_at = $1 WHERE command_id = $2"
             " AND host_id = $3 AND offered_at IS NOT NULL AND acknowledged_at IS NULL");

int store_offer_acknowledged(struct db *db, const char *command_id, const char *host_id,
                             time_ms now, struct err *err)
{
    return db_change(db, &SQL_OFFER_ACKNOWLEDGED, err, "itt", now, command_id, host_id);
}
