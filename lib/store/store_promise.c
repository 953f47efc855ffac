#include "lib/store/store_promise.h"

#include "lib/base/arena.h"

#define PROMISE_COLUMNS                                                                            \
    "p.id, p.repository_id, r.name, p.environment, p.release_number, p.start_at, p.lacks,"         \
    " p.sequence, p.state, p.made_at, p.changed_at, p.deployment_id, d.started_at"                 \
    " FROM promises p JOIN repositories r ON r.id = p.repository_id"                               \
    " LEFT JOIN deployments d ON d.id = p.deployment_id"

static struct promise read_row(struct db_rows *rows, struct arena *arena)
{
    int state = states_find(promise_states, PROMISE_STATES_COUNT, db_text(rows, arena, 8));

    return (struct promise){.id = db_int(rows, 0),
                            .repository_id = db_int(rows, 1),
                            .repository = db_text(rows, arena, 2),
                            .environment = db_text(rows, arena, 3),
                            .release_number = db_int(rows, 4),
                            .start_at = db_int(rows, 5),
                            .lacks = db_text(rows, arena, 6),
                            .sequence = db_int(rows, 7),
                            .state = (enum promise_state)state,
                            .made_at = db_int(rows, 9),
                            .changed_at = db_int(rows, 10),
                            .deployment_id = db_int(rows, 11),
                            .started_at = db_int(rows, 12)};
}

DB_STATEMENT(SQL_PROMISE_OPEN,
             "SELECT " PROMISE_COLUMNS " WHERE p.repository_id = $1 AND p.environment = $2"
             " AND p.state = 'open'");

int store_promise_open(struct db *db, struct arena *arena, int64_t repository_id,
                       const char *environment, struct promise *ret_promise, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_PROMISE_OPEN, &rows, err, "it", repository_id, environment);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    if (rc > 0)
        *ret_promise = read_row(rows, arena);
    else if (rc == 0)
        rc = err_set(err, ERR_NOT_FOUND, "no start is promised in %s", environment);
    db_end(rows);
    return rc < 0 ? rc : 0;
}

DB_STATEMENT(
    SQL_PROMISE_MAKE,
    "INSERT INTO promises (repository_id, environment, release_number, start_at, lacks,"
    " sequence, state, made_at, changed_at) VALUES ($1, $2, $3, $4, $5, 0, 'open', $6, $6)");

int store_promise_make(struct db *db, const struct promise *p, time_ms now, struct err *err)
{
    return db_run(db, &SQL_PROMISE_MAKE, err, "itiiti", p->repository_id, p->environment,
                  p->release_number, p->start_at, p->lacks, now);
}

DB_STATEMENT(SQL_PROMISE_CHANGE,
             "UPDATE promises SET release_number = $1, start_at = $2, lacks = $3,"
             " sequence = sequence + 1, changed_at = $4 WHERE id = $5 AND sequence = $6"
             " AND state = 'open'");

int store_promise_change(struct db *db, const struct promise *p, time_ms now, struct err *err)
{
    return db_change(db, &SQL_PROMISE_CHANGE, err, "iitiii", p->release_number, p->start_at,
                     p->lacks, now, p->id, p->sequence);
}

DB_STATEMENT(SQL_PROMISE_WITHDRAW,
             "UPDATE promises SET state = 'withdrawn', sequence = sequence + 1, changed_at = $1"
             " WHERE id = $2 AND state = 'open'");

int store_promise_withdraw(struct db *db, int64_t id, time_ms now, struct err *err)
{
    return db_change(db, &SQL_PROMISE_WITHDRAW, err, "ii", now, id);
}

DB_STATEMENT(SQL_PROMISE_KEEP,
             "UPDATE promises SET state = 'kept', deployment_id = $1, sequence = sequence + 1,"
             " changed_at = $2 WHERE repository_id = $3 AND environment = $4 AND state = 'open'");

int store_promise_keep(struct db *db, int64_t repository_id, const char *environment,
                       int64_t deployment_id, time_ms now, struct err *err)
{
    return db_run(db, &SQL_PROMISE_KEEP, err, "iiit", deployment_id, now, repository_id,
                  environment);
}

/* What is open stands in it however long ago it was made; of the others the newest ones. */
DB_STATEMENT(SQL_PROMISE_LIST,
             "SELECT " PROMISE_COLUMNS
             " WHERE p.id IN (SELECT id FROM promises WHERE state = 'open'"
             " UNION SELECT id FROM promises WHERE state <> 'open' AND changed_at >= $1)"
             " ORDER BY p.state = 'open' DESC, p.changed_at DESC, p.id DESC"
             " LIMIT $2");
#define READ_MAX 20000 /* also of those that are not for who asks */

int store_promise_list(struct db *db, struct arena *arena, time_ms since,
                       const struct store_promise_filter *filter, size_t limit,
                       struct promise **ret_items, size_t *ret_n, struct err *err)
{
    struct promise *items = NULL;
    struct db_rows *rows;
    size_t n = 0, cap = 0;
    int rc = db_query(db, &SQL_PROMISE_LIST, &rows, err, "ii", since, (int64_t)READ_MAX);

    if (rc < 0)
        return rc;
    while (n < limit && (rc = db_next(rows, err)) > 0)
        if (filter->shows(filter->arg, db_text(rows, arena, 2)))
            *ARENA_PUSH(arena, items, n, cap) = read_row(rows, arena);
    db_end(rows);
    if (rc < 0)
        return rc;
    *ret_items = items;
    *ret_n = n;
    return 0;
}
