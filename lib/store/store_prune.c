#include "lib/store/store_prune.h"

/* Rows: id, time, whether it is still needed; in the order in which they came. */
static int take(struct db_rows *rows, time_ms before, int64_t after,
                struct store_prune_page *ret_page, struct err *err)
{
    struct store_prune_page page = {.last = after, .before = before};
    size_t seen = 0, old = 0;
    int rc;

    while ((rc = db_next(rows, err)) > 0) {
        seen++;
        page.last = db_int(rows, 0);
        if (db_int(rows, 1) >= before)
            continue;
        old++;
        if (db_int(rows, 2) == 0)
            page.ids[page.n++] = page.last;
    }
    db_end(rows);
    /* A clock that was put back leaves rows out of order: a whole page of young ones ends the look. */
    page.is_last = seen < STORE_PRUNE_PAGE || old == 0;
    *ret_page = page;
    return rc;
}

static int find(struct db *db, const struct statement *statement, time_ms before, int64_t after,
                struct store_prune_page *ret_page, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, statement, &rows, err, "ii", after, (int64_t)STORE_PRUNE_PAGE);

    return rc < 0 ? rc : take(rows, before, after, ret_page, err);
}

/* A body is as old as the last that brought it. */
DB_STATEMENT(SQL_PRUNE_FIND_BODIES,
             "SELECT b.delivery_id, d.received_at, d.state = 'received' OR EXISTS (SELECT 1"
             " FROM deliveries r WHERE r.repeat_of = d.id AND r.received_at >= $1) OR EXISTS"
             " (SELECT 1 FROM deliveries r WHERE r.repeat_of = d.id AND r.state = 'received')"
             " FROM delivery_bodies b JOIN deliveries d ON d.id = b.delivery_id"
             " WHERE b.delivery_id > $2 ORDER BY b.delivery_id LIMIT $3");

int store_prune_find_bodies(struct db *db, time_ms before, int64_t after,
                            struct store_prune_page *ret_page, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_PRUNE_FIND_BODIES, &rows, err, "iii", before, after,
                      (int64_t)STORE_PRUNE_PAGE);

    return rc < 0 ? rc : take(rows, before, after, ret_page, err);
}

/* The time is ours: a host's clock says nothing about age. */
DB_STATEMENT(SQL_PRUNE_FIND_OUTPUT,
             "SELECT o.arrival, c.requested_at, i.ended_at IS NULL FROM output_chunks o"
             " JOIN commands c ON c.id = o.command_id"
             " JOIN invocations i ON i.command_id = o.command_id AND i.host_id = o.host_id"
             " WHERE o.arrival > $1 ORDER BY o.arrival LIMIT $2");

int store_prune_find_output(struct db *db, time_ms before, int64_t after,
                            struct store_prune_page *ret_page, struct err *err)
{
    return find(db, &SQL_PRUNE_FIND_OUTPUT, before, after, ret_page, err);
}

DB_STATEMENT(SQL_PRUNE_FIND_REPLIES,
             "SELECT id, received_at, collected_at IS NULL OR note IS NOT NULL FROM replies"
             " WHERE id > $1 ORDER BY id LIMIT $2");

int store_prune_find_replies(struct db *db, time_ms before, int64_t after,
                             struct store_prune_page *ret_page, struct err *err)
{
    return find(db, &SQL_PRUNE_FIND_REPLIES, before, after, ret_page, err);
}

DB_STATEMENT(SQL_PRUNE_BODY,
             "DELETE FROM delivery_bodies WHERE delivery_id = $1 AND NOT EXISTS (SELECT 1"
             " FROM deliveries WHERE id = $1 AND state = 'received') AND NOT EXISTS (SELECT 1"
             " FROM deliveries r WHERE r.repeat_of = $1 AND r.received_at >= $2) AND NOT EXISTS"
             " (SELECT 1 FROM deliveries r WHERE r.repeat_of = $1 AND r.state = 'received')");

int store_prune_bodies(struct db *db, const struct store_prune_page *page, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; i < page->n && rc == 0; i++)
        rc = db_run(db, &SQL_PRUNE_BODY, err, "ii", page->ids[i], page->before);
    return rc;
}

DB_STATEMENT(SQL_PRUNE_OUTPUT, "DELETE FROM output_chunks WHERE arrival = $1");

int store_prune_output(struct db *db, const struct store_prune_page *page, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; i < page->n && rc == 0; i++)
        rc = db_run(db, &SQL_PRUNE_OUTPUT, err, "i", page->ids[i]);
    return rc;
}

DB_STATEMENT(SQL_PRUNE_REPLY, "DELETE FROM replies WHERE id = $1 AND collected_at IS NOT NULL"
                              " AND note IS NULL");

int store_prune_replies(struct db *db, const struct store_prune_page *page, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; i < page->n && rc == 0; i++)
        rc = db_run(db, &SQL_PRUNE_REPLY, err, "i", page->ids[i]);
    return rc;
}
