#include "lib/store/store_check.h"

#include "lib/base/arena.h"
#include "lib/store/db_list.h"

DB_STATEMENT(SQL_CHECK_REPLACE_OF_RELEASE,
             "UPDATE checks SET state = 'withdrawn', ended_at = $1 WHERE repository_id = $2"
             " AND environment = $3 AND release_number = $4 AND release_number IS NOT NULL"
             " AND state = 'granted'");
DB_STATEMENT(SQL_CHECK_REPLACE_OF_PULL,
             "UPDATE checks SET state = 'withdrawn', ended_at = $1 WHERE repository_id = $2"
             " AND pull_number = $3 AND pull_number IS NOT NULL AND state = 'granted'");
DB_STATEMENT(SQL_CHECK_PUT,
             "INSERT INTO checks (repository_id, environment, release_number, pull_number, sha,"
             " state, ok, actor, way, reason, code, content, checked_at)"
             " VALUES ($1, $2, $3, $4, $5, 'granted', $6, $7, $8, $9, $10, $11, $12)");

int store_check_put(struct db *db, const struct check *c, int64_t *ret_id, struct err *err)
{
    int rc = c->pull_number != 0
                 ? db_run(db, &SQL_CHECK_REPLACE_OF_PULL, err, "iii", c->checked_at,
                          c->repository_id, c->pull_number)
                 : db_run(db, &SQL_CHECK_REPLACE_OF_RELEASE, err, "iiti", c->checked_at,
                          c->repository_id, c->environment, c->release_number);

    if (rc == 0)
        rc = db_run(db, &SQL_CHECK_PUT, err, "itIItbttebbi", c->repository_id, c->environment,
                    c->release_number, c->pull_number, c->sha, (int)c->ok, c->actor, c->way,
                    c->reason, (int)c->code, (int)c->content, c->checked_at);
    if (rc == 0)
        *ret_id = db_last_id(db);
    return rc;
}

DB_STATEMENT(SQL_CHECK_HEAD_MOVED,
             "UPDATE checks SET state = 'void', ended_at = $1 WHERE repository_id = $2"
             " AND pull_number = $3 AND pull_number IS NOT NULL AND state = 'granted' AND sha <> $4"
             " RETURNING id");

int store_check_head_moved(struct db *db, int64_t repository_id, int64_t pull_number,
                           const char *head, time_ms now, int64_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_CHECK_HEAD_MOVED, &rows, err, "iiit", now, repository_id,
                      pull_number, head);

    *ret_n = 0;
    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0)
        (*ret_n)++;
    db_end(rows);
    return rc;
}

#define COLUMNS                                                                                    \
    "id, repository_id, environment, release_number, pull_number, sha, state, ok, actor, way,"     \
    " reason, code, content, checked_at FROM checks"

static void fill(struct db_rows *rows, struct arena *arena, void *item)
{
    struct check *c = item;

    *c = (struct check){.id = db_int(rows, 0),
                        .repository_id = db_int(rows, 1),
                        .environment = db_text(rows, arena, 2),
                        .release_number = db_int(rows, 3),
                        .pull_number = db_int(rows, 4),
                        .state = (enum check_state)states_find(check_states, CHECK_STATES_COUNT,
                                                               db_text(rows, arena, 6)),
                        .ok = db_int(rows, 7) != 0,
                        .actor = db_text(rows, arena, 8),
                        .way = db_text(rows, arena, 9),
                        .reason = db_text(rows, arena, 10),
                        .code = db_int(rows, 11) != 0,
                        .content = db_int(rows, 12) != 0,
                        .checked_at = db_int(rows, 13)};
    db_copy(rows, 5, c->sha, sizeof(c->sha));
}

DB_STATEMENT(SQL_CHECK_OF_RELEASES,
             "SELECT " COLUMNS " WHERE repository_id = $1 AND environment = $2"
             " AND release_number > $3 AND release_number IS NOT NULL AND state = 'granted'"
             " ORDER BY release_number LIMIT 2000");

int store_check_of_releases(struct db *db, struct arena *arena, int64_t repository_id,
                            const char *environment, int64_t after, struct check **ret_items,
                            size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc =
        db_query(db, &SQL_CHECK_OF_RELEASES, &rows, err, "iti", repository_id, environment, after);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_CHECK_OF_PULL, "SELECT " COLUMNS " WHERE repository_id = $1 AND pull_number = $2"
                                " AND pull_number IS NOT NULL AND state = 'granted'");

int store_check_of_pull(struct db *db, struct arena *arena, int64_t repository_id,
                        int64_t pull_number, struct check *ret_check, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_CHECK_OF_PULL, &rows, err, "ii", repository_id, pull_number);

    return rc < 0 ? rc
                  : db_list_one(rows, arena, fill, ret_check, err, "nobody has checked #%lld",
                                (long long)pull_number);
}

DB_STATEMENT(SQL_CHECK_NEWEST, "SELECT max(id) FROM checks");

int store_check_newest(struct db *db, int64_t *ret_id, struct err *err)
{
    return db_number(db, &SQL_CHECK_NEWEST, ret_id, err, "");
}

DB_STATEMENT(SQL_CHECK_SINCE,
             "SELECT actor FROM checks WHERE id > $1 AND repository_id = $2 LIMIT 1");

int store_check_unchanged(struct db *db, int64_t repository_id, int64_t id, struct err *err)
{
    struct arena arena;
    struct db_rows *rows;
    int rc = db_query(db, &SQL_CHECK_SINCE, &rows, err, "ii", id, repository_id);

    if (rc < 0)
        return rc;
    arena_init(&arena);
    rc = db_next(rows, err);
    if (rc > 0)
        rc = err_set(err, ERR_CONFLICT, "%s has checked something meanwhile",
                     db_text(rows, &arena, 0));
    db_end(rows);
    arena_deinit(&arena);
    return rc;
}
