#include "lib/store/store_probe.h"

#include "lib/store/db_list.h"

DB_STATEMENT(SQL_PROBE_ASK,
             "INSERT INTO probes (attempt_id, asked_at, asked_by) VALUES ($1, $2, $3)");

int store_probe_ask(struct db *db, int64_t attempt_id, const char *by, time_ms now, int64_t *ret_id,
                    struct err *err)
{
    int rc = db_run(db, &SQL_PROBE_ASK, err, "iit", attempt_id, now, by);

    if (rc == 0)
        *ret_id = db_last_id(db);
    return rc;
}

DB_STATEMENT(SQL_PROBE_SENT, "UPDATE probes SET command_id = $1, host_id = $2"
                             " WHERE id = $3 AND command_id IS NULL AND ended_at IS NULL");

int store_probe_sent(struct db *db, int64_t id, const char *command_id, const char *host_id,
                     struct err *err)
{
    return db_change(db, &SQL_PROBE_SENT, err, "tti", command_id, host_id, id);
}

DB_STATEMENT(SQL_PROBE_END,
             "UPDATE probes SET ended_at = $1, pending = CASE WHEN $2 >= 0 THEN $2 END,"
             " holders = CASE WHEN $3 >= 0 THEN $3 END, note = $4"
             " WHERE id = $5 AND ended_at IS NULL");

int store_probe_end(struct db *db, int64_t id, int64_t pending, int64_t holders, const char *note,
                    time_ms now, struct err *err)
{
    return db_change(db, &SQL_PROBE_END, err, "iiiti", now, pending, holders, note, id);
}

#define COLUMNS                                                                                    \
    "p.id, p.attempt_id, p.command_id, p.host_id, h.name, p.asked_at, p.asked_by, p.ended_at,"     \
    " p.pending, p.holders, p.note"
#define FROM " FROM probes p LEFT JOIN hosts h ON h.id = p.host_id "

static void fill_probe(struct db_rows *rows, struct arena *arena, void *item)
{
    struct probe *p = item;

    p->id = db_int(rows, 0);
    p->attempt_id = db_int(rows, 1);
    db_copy(rows, 2, p->command_id, sizeof(p->command_id));
    db_copy(rows, 3, p->host_id, sizeof(p->host_id));
    p->host = db_text(rows, arena, 4);
    p->asked_at = db_int(rows, 5);
    p->asked_by = db_text(rows, arena, 6);
    p->ended_at = db_int(rows, 7);
    p->pending = db_int_or(rows, 8, -1);
    p->holders = db_int_or(rows, 9, -1);
    p->note = db_text(rows, arena, 10);
}

DB_STATEMENT(SQL_PROBE_OPEN,
             "SELECT " COLUMNS FROM "WHERE p.ended_at IS NULL ORDER BY p.asked_at LIMIT 100");

int store_probe_open(struct db *db, struct arena *arena, struct probe **ret_items, size_t *ret_n,
                     struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_PROBE_OPEN, &rows, err, "");

    return rc < 0 ? rc : DB_LIST(rows, arena, fill_probe, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_PROBE_OF_ATTEMPT,
             "SELECT " COLUMNS FROM "WHERE p.attempt_id = $1 ORDER BY p.asked_at DESC LIMIT $2");

int store_probe_of_attempt(struct db *db, struct arena *arena, int64_t attempt_id, size_t limit,
                           struct probe **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_PROBE_OF_ATTEMPT, &rows, err, "ii", attempt_id, (int64_t)limit);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill_probe, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_PROBE_HOLDER_SEEN,
             "SELECT max(p.ended_at) FROM attempts a JOIN probes p ON p.attempt_id = a.id"
             " WHERE a.database = $1 AND p.holders > 0");

int store_probe_holder_seen(struct db *db, const char *database, time_ms *ret_at, struct err *err)
{
    return db_number(db, &SQL_PROBE_HOLDER_SEEN, ret_at, err, "t", database);
}
