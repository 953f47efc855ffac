#include "lib/store/store_calendar.h"

#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "lib/store/db_list.h"

static void fill_told(struct db_rows *rows, struct arena *arena, void *item)
{
    *(struct calendar_told *)item = (struct calendar_told){.repository_id = db_int(rows, 0),
                                                           .environment = db_text(rows, arena, 1),
                                                           .spans = db_text(rows, arena, 2),
                                                           .known_until = db_int(rows, 3),
                                                           .sequence = db_int(rows, 4)};
}

DB_STATEMENT(SQL_CALENDAR_TOLD, "SELECT repository_id, environment, spans, known_until, sequence"
                                " FROM calendar_spans ORDER BY repository_id, environment");

int store_calendar_told(struct db *db, struct arena *arena, struct calendar_told **ret_items,
                        size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_CALENDAR_TOLD, &rows, err, "");

    return rc < 0 ? rc : DB_LIST(rows, arena, fill_told, ret_items, ret_n, err);
}

DB_STATEMENT(
    SQL_CALENDAR_PUT,
    "INSERT OR REPLACE INTO calendar_spans (repository_id, environment, spans, known_until,"
    " sequence) VALUES ($1, $2, $3, $4, $5)");

int store_calendar_put(struct db *db, const struct calendar_told *t, struct err *err)
{
    return db_run(db, &SQL_CALENDAR_PUT, err, "ittii", t->repository_id, t->environment, t->spans,
                  t->known_until, t->sequence);
}

DB_STATEMENT(SQL_CALENDAR_SEQUENCE, "SELECT max(sequence) FROM calendar_spans");

int store_calendar_sequence(struct db *db, int64_t *ret_sequence, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_CALENDAR_SEQUENCE, &rows, err, "");

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    *ret_sequence = rc > 0 ? db_int(rows, 0) : 0;
    db_end(rows);
    return rc < 0 ? rc : 0;
}

DB_STATEMENT(SQL_CALENDAR_DROP,
             "INSERT INTO calendar_dropped (repository_id, environment, kind, name, from_at, to_at,"
             " dropped_at) VALUES ($1, $2, $3, $4, $5, $6, $7)");

int store_calendar_drop(struct db *db, const struct calendar_dropped *d, struct err *err)
{
    return db_run(db, &SQL_CALENDAR_DROP, err, "itttiii", d->repository_id, d->environment,
                  d->freeze ? "freeze" : "window", d->name, d->from_at, d->to_at, d->dropped_at);
}

static void fill_dropped(struct db_rows *rows, struct arena *arena, void *item)
{
    *(struct calendar_dropped *)item =
        (struct calendar_dropped){.repository_id = db_int(rows, 0),
                                  .repository = db_text(rows, arena, 1),
                                  .environment = db_text(rows, arena, 2),
                                  .freeze = str_eq(db_text(rows, arena, 3), "freeze"),
                                  .name = db_text(rows, arena, 4),
                                  .from_at = db_int(rows, 5),
                                  .to_at = db_int(rows, 6),
                                  .dropped_at = db_int(rows, 7)};
}

DB_STATEMENT(SQL_CALENDAR_DROPPED,
             "SELECT d.repository_id, r.name, d.environment, d.kind, d.name, d.from_at, d.to_at,"
             " d.dropped_at FROM calendar_dropped d JOIN repositories r ON r.id = d.repository_id"
             " WHERE d.dropped_at >= $1 AND d.to_at > $2 ORDER BY d.dropped_at DESC, d.id DESC"
             " LIMIT 2000");

int store_calendar_dropped(struct db *db, struct arena *arena, time_ms since, time_ms now,
                           struct calendar_dropped **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_CALENDAR_DROPPED, &rows, err, "ii", since, now);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill_dropped, ret_items, ret_n, err);
}
