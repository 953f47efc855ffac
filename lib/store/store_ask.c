/* store_ask: see store_ask.h. */
#include "lib/store/store_ask.h"

#include "lib/store/store_open.h"

/* The conditions of both indexes, word by word: what was handed out, and what runs or is unknown. */
#define HANDED(host) " i.host_id = " host " AND i.status = 'Pending' AND i.released_at IS NOT NULL"
#define UNKNOWN(host)                                                                              \
    " i.host_id = " host " AND " STORE_OPEN_INVOCATION("i.") " AND i.status = 'Unknown'"
#define ASKED                                                                                      \
    " AND i.offered_at IS NOT NULL AND i.start_by <= $2 AND i.redeliver_at <= $2"                  \
    " AND i.acknowledged_at IS NULL AND i.began_at IS NULL AND i.permit_nonce IS NULL"             \
    " AND i.cancel_at IS NULL AND i.again_at IS NULL AND i.deployment_id IS NOT NULL"              \
    " AND i.released_at > coalesce((SELECT restored_at FROM store), 0)"                            \
    " AND (SELECT protocol FROM hosts WHERE id = $1) >= 2"                                         \
    " AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.command_id = i.command_id"                  \
    "  AND a.settled_at IS NOT NULL)"

DB_STATEMENT(SQL_ASK_LIST, "SELECT i.command_id FROM invocations i WHERE" HANDED("$1") ASKED
             " UNION ALL SELECT i.command_id FROM invocations i WHERE" UNKNOWN("$1") ASKED
             " LIMIT $3");

int store_ask_list(struct db *db, struct arena *arena, const char *host_id, time_ms now,
                   size_t limit, const char ***ret_ids, size_t *ret_n, struct err *err)
{
    const char **ids = NULL;
    size_t n = 0, cap = 0;
    struct db_rows *rows;
    int rc = db_query(db, &SQL_ASK_LIST, &rows, err, "tii", host_id, now, (int64_t)limit);

    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0)
        *ARENA_PUSH(arena, ids, n, cap) = db_text(rows, arena, 0);
    db_end(rows);
    *ret_ids = ids;
    *ret_n = n;
    return rc;
}

/* Soon in the first minute, in which it is not called unknown yet. */
DB_STATEMENT(SQL_ASK_PUT_OFF,
             "UPDATE invocations SET redeliver_at = $1"
             " + CASE WHEN $1 < start_by + 60000 THEN 10000 ELSE 60000 END WHERE command_id = $2"
             " AND host_id = $3 AND redeliver_at IS NOT NULL");

int store_ask_put_off(struct db *db, const char *command_id, const char *host_id, time_ms now,
                      struct err *err)
{
    return db_change(db, &SQL_ASK_PUT_OFF, err, "itt", now, command_id, host_id);
}

DB_STATEMENT(SQL_ASK_NAMED,
             "UPDATE invocations SET acknowledged_at = $1, heard_at = $1 WHERE command_id = $2"
             " AND host_id = $3 AND offered_at IS NOT NULL AND acknowledged_at IS NULL"
             " AND status IN ('Pending', 'Unknown')");

int store_ask_named(struct db *db, const char *command_id, const char *host_id, time_ms now,
                    struct err *err)
{
    return db_run(db, &SQL_ASK_NAMED, err, "itt", now, command_id, host_id);
}

DB_STATEMENT(SQL_ASK_NOT_NAMED, "UPDATE invocations AS i SET redeliver_at = $1 WHERE" HANDED(
                                    "$2") " AND i.acknowledged_at IS NULL AND i.redeliver_at > $1");
DB_STATEMENT(SQL_ASK_NOT_NAMED_UNKNOWN,
             "UPDATE invocations AS i SET redeliver_at = $1 WHERE" UNKNOWN(
                 "$2") " AND i.acknowledged_at IS NULL AND i.redeliver_at > $1");

int store_ask_not_named(struct db *db, const char *host_id, time_ms now, struct err *err)
{
    int rc = db_run(db, &SQL_ASK_NOT_NAMED, err, "it", now, host_id);

    return rc < 0 ? rc : db_run(db, &SQL_ASK_NOT_NAMED_UNKNOWN, err, "it", now, host_id);
}

DB_STATEMENT(SQL_ASK_END, "UPDATE invocations AS i SET redeliver_at = NULL WHERE" HANDED(
                              "$1") " AND i.offered_at IS NOT NULL AND i.redeliver_at IS NOT NULL");
DB_STATEMENT(SQL_ASK_END_UNKNOWN, "UPDATE invocations AS i SET redeliver_at = NULL WHERE" UNKNOWN(
                                      "$1") " AND i.redeliver_at IS NOT NULL");

int store_ask_end(struct db *db, const char *host_id, struct err *err)
{
    int rc = db_run(db, &SQL_ASK_END, err, "t", host_id);

    return rc < 0 ? rc : db_run(db, &SQL_ASK_END_UNKNOWN, err, "t", host_id);
}
