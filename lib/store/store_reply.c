#include "lib/store/store_reply.h"

#include "lib/store/db_list.h"

DB_STATEMENT(SQL_REPLY_PUT,
             "INSERT OR IGNORE INTO replies (reply_id, command_id, host_id, payload, received_at,"
             " host_record) VALUES ($1, $2, $3, $4, $5,"
             " (SELECT record_number FROM hosts WHERE id = $3))");

int store_reply_put(struct db *db, const char *reply_id, const char *command_id,
                    const char *host_id, const char *payload, time_ms now, bool *ret_known,
                    struct err *err)
{
    int rc =
        db_change(db, &SQL_REPLY_PUT, err, "tttti", reply_id, command_id, host_id, payload, now);

    *ret_known = rc == ERR_CONFLICT;
    return rc == ERR_CONFLICT ? 0 : rc;
}

static void fill_reply_row(struct db_rows *rows, struct arena *arena, void *item)
{
    *(struct reply_row *)item = (struct reply_row){.id = db_int(rows, 0),
                                                   .reply_id = db_text(rows, arena, 1),
                                                   .command_id = db_text(rows, arena, 2),
                                                   .host_id = db_text(rows, arena, 3),
                                                   .payload = db_text(rows, arena, 4),
                                                   .received_at = db_int(rows, 5),
                                                   .host_record = db_int(rows, 6)};
}

DB_STATEMENT(SQL_REPLY_OPEN,
             "SELECT id, reply_id, command_id, host_id, payload, received_at, host_record"
             " FROM replies"
             " WHERE collected_at IS NULL ORDER BY id LIMIT $1");

int store_reply_open(struct db *db, struct arena *arena, size_t limit, struct reply_row **ret_items,
                     size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_REPLY_OPEN, &rows, err, "i", (int64_t)limit);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill_reply_row, ret_items, ret_n, err);
}

DB_STATEMENT(
    SQL_REPLY_COLLECT,
    "UPDATE replies SET collected_at = $1, note = $2 WHERE id = $3 AND collected_at IS NULL");

int store_reply_collect(struct db *db, int64_t id, const char *note, time_ms now, struct err *err)
{
    return db_change(db, &SQL_REPLY_COLLECT, err, "iti", now, note, id);
}

static void fill_reply_note(struct db_rows *rows, struct arena *arena, void *item)
{
    *(struct reply_note *)item = (struct reply_note){.host_id = db_text(rows, arena, 0),
                                                     .note = db_text(rows, arena, 1),
                                                     .received_at = db_int(rows, 2)};
}

DB_STATEMENT(SQL_REPLY_NOTES, "SELECT host_id, note, received_at FROM replies WHERE command_id = $1"
                              " AND note IS NOT NULL ORDER BY id LIMIT 200");

int store_reply_notes(struct db *db, struct arena *arena, const char *command_id,
                      struct reply_note **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_REPLY_NOTES, &rows, err, "t", command_id);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill_reply_note, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_REPLY_OF_COMMAND,
             "SELECT id, reply_id, command_id, host_id, payload, received_at, host_record"
             " FROM replies WHERE command_id = $1 AND host_id = $2 ORDER BY id LIMIT $3");

int store_reply_of_command(struct db *db, struct arena *arena, const char *command_id,
                           const char *host_id, size_t limit, struct reply_row **ret_items,
                           size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc =
        db_query(db, &SQL_REPLY_OF_COMMAND, &rows, err, "tti", command_id, host_id, (int64_t)limit);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill_reply_row, ret_items, ret_n, err);
}
