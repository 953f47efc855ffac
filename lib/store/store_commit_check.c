#include "lib/store/store_commit_check.h"

#include "lib/store/db_list.h"

#define COLUMNS                                                                                    \
    "repository_id, sha, kind, app_id, name, app, github_id, state, word, began_at, reported_at"

/* Rows of values are compared from the left. Where no beginning was told, the ids say which run is the later one. */
DB_STATEMENT(
    SQL_COMMIT_CHECK_PUT,
    "INSERT INTO commit_checks (" COLUMNS ")"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
    " ON CONFLICT (repository_id, sha, kind, app_id, name) DO UPDATE SET app = excluded.app,"
    " github_id = excluded.github_id, state = excluded.state, word = excluded.word,"
    " began_at = excluded.began_at, reported_at = excluded.reported_at"
    " WHERE CASE WHEN github_id = excluded.github_id"
    "  THEN (excluded.reported_at, excluded.state <> 'pending', excluded.word)"
    "   > (reported_at, state <> 'pending', word)"
    "  WHEN 0 IN (began_at, excluded.began_at) THEN excluded.github_id > github_id"
    "  ELSE (excluded.began_at, excluded.github_id) > (began_at, github_id) END");

int store_commit_check_put(struct db *db, const struct commit_check *c, bool *ret_taken,
                           struct err *err)
{
    int rc = db_change(db, &SQL_COMMIT_CHECK_PUT, err, "ittiteittii", c->repository_id, c->sha,
                       commit_check_kinds[c->kind].text, c->app_id, c->name, c->app, c->github_id,
                       commit_check_states[c->state].text, c->word, c->began_at, c->reported_at);

    *ret_taken = rc == 0;
    return rc == ERR_CONFLICT ? 0 : rc;
}

static void fill(struct db_rows *rows, struct arena *arena, void *item)
{
    struct commit_check *c = item;

    char word[16];

    c->repository_id = db_int(rows, 0);
    db_copy(rows, 1, c->sha, sizeof(c->sha));
    db_copy(rows, 2, word, sizeof(word));
    c->kind =
        (enum commit_check_kind)states_find(commit_check_kinds, COMMIT_CHECK_KINDS_COUNT, word);
    c->app_id = db_int(rows, 3);
    c->name = db_text(rows, arena, 4);
    c->app = db_text(rows, arena, 5);
    c->github_id = db_int(rows, 6);
    db_copy(rows, 7, word, sizeof(word));
    c->state =
        (enum commit_check_state)states_find(commit_check_states, COMMIT_CHECK_STATES_COUNT, word);
    c->word = db_text(rows, arena, 8);
    c->began_at = db_int(rows, 9);
    c->reported_at = db_int(rows, 10);
}

DB_STATEMENT(SQL_COMMIT_CHECK_LIST,
             "SELECT " COLUMNS " FROM commit_checks WHERE repository_id = $1 AND sha = $2"
             " ORDER BY kind, app_id, name LIMIT $3");

int store_commit_check_list(struct db *db, struct arena *arena, int64_t repository_id,
                            const char *sha, struct commit_check **ret_items, size_t *ret_n,
                            struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_COMMIT_CHECK_LIST, &rows, err, "iti", repository_id, sha,
                      (int64_t)STORE_COMMIT_CHECK_MAX);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}
