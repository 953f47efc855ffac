#include "lib/store/store_release.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/store/db_list.h"

#define COLUMNS                                                                                      \
    "repository_id, number, sha, parent_sha, subject, author, committed_at, seen_at, lane, n_paths," \
    " off_line"

DB_STATEMENT(
    SQL_RELEASE_APPEND,
    "INSERT INTO releases (repository_id, number, sha, parent_sha, subject, author, committed_at,"
    " seen_at, lane, n_paths, author_email) VALUES ($1, 1 + coalesce((SELECT max(number)"
    " FROM releases WHERE repository_id = $1), 0), $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    " RETURNING number");

int store_release_append(struct db *db, const struct release *r, int64_t *ret_number,
                         struct err *err)
{
    return db_number(db, &SQL_RELEASE_APPEND, ret_number, err, "itettiitIe", r->repository_id,
                     r->sha, r->parent_sha, r->subject, r->author, r->committed_at, r->seen_at,
                     lane_name(r->lane), r->lane == LANE_UNKNOWN ? (int64_t)0 : r->n_paths,
                     r->author_email);
}

DB_STATEMENT(SQL_RELEASE_MAKER_PUT,
             "INSERT INTO release_makers (repository_id, number, email) VALUES ($1, $2, $3)"
             " ON CONFLICT DO NOTHING");

int store_release_maker_put(struct db *db, int64_t repository_id, int64_t number, const char *email,
                            struct err *err)
{
    return db_run(db, &SQL_RELEASE_MAKER_PUT, err, "iit", repository_id, number, email);
}

DB_STATEMENT(
    SQL_RELEASE_PATHS,
    "UPDATE releases SET lane = $1, n_paths = $2 WHERE repository_id = $3 AND number = $4");

int store_release_paths(struct db *db, int64_t repository_id, int64_t number, enum lane lane,
                        int64_t n_paths, struct err *err)
{
    return db_change(db, &SQL_RELEASE_PATHS, err, "tiii", lane_name(lane), n_paths, repository_id,
                     number);
}

static void fill(struct db_rows *rows, struct arena *arena, void *item)
{
    struct release *r = item;
    char lane[16];

    r->repository_id = db_int(rows, 0);
    r->number = db_int(rows, 1);
    db_copy(rows, 2, r->sha, sizeof(r->sha));
    db_copy(rows, 3, r->parent_sha, sizeof(r->parent_sha));
    r->subject = db_text(rows, arena, 4);
    r->author = db_text(rows, arena, 5);
    r->committed_at = db_int(rows, 6);
    r->seen_at = db_int(rows, 7);
    db_copy(rows, 8, lane, sizeof(lane));
    r->lane = lane_from_name(lane);
    r->n_paths = db_int_or(rows, 9, -1);
    r->off_line = db_int(rows, 10) != 0;
}

DB_STATEMENT(SQL_RELEASE_BY_NUMBER,
             "SELECT " COLUMNS " FROM releases WHERE repository_id = $1 AND number = $2");

int store_release_by_number(struct db *db, struct arena *arena, int64_t repository_id,
                            int64_t number, struct release *ret_release, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_RELEASE_BY_NUMBER, &rows, err, "ii", repository_id, number);

    return rc < 0 ? rc
                  : db_list_one(rows, arena, fill, ret_release, err, "no release r%lld",
                                (long long)number);
}

DB_STATEMENT(SQL_RELEASE_BY_SHA,
             "SELECT " COLUMNS " FROM releases WHERE repository_id = $1 AND sha = $2"
             " ORDER BY off_line, number DESC LIMIT 1");

int store_release_by_sha(struct db *db, struct arena *arena, int64_t repository_id, const char *sha,
                         struct release *ret_release, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_RELEASE_BY_SHA, &rows, err, "it", repository_id, sha);

    return rc < 0 ? rc
                  : db_list_one(rows, arena, fill, ret_release, err, "no release of commit %.12s",
                                sha);
}

DB_STATEMENT(SQL_RELEASE_NEWEST,
             "SELECT " COLUMNS " FROM releases WHERE repository_id = $1 AND off_line = 0"
             " ORDER BY number DESC LIMIT 1");

int store_release_newest(struct db *db, struct arena *arena, int64_t repository_id,
                         struct release *ret_release, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_RELEASE_NEWEST, &rows, err, "i", repository_id);

    return rc < 0 ? rc : db_list_one(rows, arena, fill, ret_release, err, "no release yet");
}

DB_STATEMENT(SQL_RELEASE_NEWEST_AT,
             "SELECT " COLUMNS " FROM releases WHERE repository_id = $1 AND seen_at <= $2"
             " ORDER BY seen_at DESC, number DESC LIMIT 1");

int store_release_newest_at(struct db *db, struct arena *arena, int64_t repository_id, time_ms at,
                            struct release *ret_release, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_RELEASE_NEWEST_AT, &rows, err, "ii", repository_id, at);

    return rc < 0 ? rc : db_list_one(rows, arena, fill, ret_release, err, "no release then");
}

DB_STATEMENT(SQL_RELEASE_ON_LINE,
             "SELECT " COLUMNS " FROM releases WHERE repository_id = $1 AND number <= $2"
             " AND off_line = 0 ORDER BY number DESC LIMIT 1");

int store_release_on_line(struct db *db, struct arena *arena, int64_t repository_id,
                          int64_t at_most, struct release *ret_release, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_RELEASE_ON_LINE, &rows, err, "ii", repository_id, at_most);

    return rc < 0 ? rc : db_list_one(rows, arena, fill, ret_release, err, "no release on the line");
}

DB_STATEMENT(SQL_RELEASE_BY_PREFIX,
             "SELECT " COLUMNS " FROM releases WHERE repository_id = $1 AND substr(sha, 1,"
             " length($2)) = $2 ORDER BY off_line, number DESC LIMIT 8");

int store_release_by_prefix(struct db *db, struct arena *arena, int64_t repository_id,
                            const char *prefix, struct release *ret_release, size_t *ret_n,
                            struct err *err)
{
    struct release *items = NULL;
    size_t n = 0, different = 0;
    struct db_rows *rows;
    int rc = db_query(db, &SQL_RELEASE_BY_PREFIX, &rows, err, "it", repository_id, prefix);

    if (rc == 0)
        rc = DB_LIST(rows, arena, fill, &items, &n, err);
    /* One commit may have had several numbers: the first row is the one that counts. */
    for (size_t i = 0; rc == 0 && i < n; i++)
        different += i == 0 || strcmp(items[i].sha, items[0].sha) != 0;
    if (rc == 0 && n > 0)
        *ret_release = items[0];
    if (rc == 0)
        *ret_n = different;
    return rc;
}

DB_STATEMENT(SQL_RELEASE_LEAVE_LINE,
             "UPDATE releases SET off_line = 1 WHERE repository_id = $1 AND number > $2"
             " AND off_line = 0 RETURNING number");

int store_release_leave_line(struct db *db, int64_t repository_id, int64_t after, int64_t *ret_n,
                             struct err *err)
{
    struct db_rows *rows;
    int64_t n = 0;
    int rc = db_query(db, &SQL_RELEASE_LEAVE_LINE, &rows, err, "ii", repository_id, after);

    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0)
        n++;
    db_end(rows);
    if (rc == 0)
        *ret_n = n;
    return rc;
}

DB_STATEMENT(SQL_RELEASE_REVERT_PUT,
             "INSERT OR IGNORE INTO release_reverts (repository_id, number, sha)"
             " VALUES ($1, $2, $3)");

int store_release_revert_put(struct db *db, int64_t repository_id, int64_t number, const char *sha,
                             struct err *err)
{
    return db_run(db, &SQL_RELEASE_REVERT_PUT, err, "iit", repository_id, number, sha);
}

/* Few releases revert another: they come first, in this order. */
DB_STATEMENT(
    SQL_RELEASE_REVERTS,
    "SELECT a.number, b.number FROM release_reverts v CROSS JOIN releases a"
    " CROSS JOIN releases b"
    " WHERE v.repository_id = $1 AND v.number > $2 AND v.number <= $3"
    " AND a.repository_id = $1 AND a.number = v.number AND a.off_line = 0"
    " AND b.repository_id = $1 AND b.sha = v.sha AND b.off_line = 0 AND +b.number < a.number"
    " UNION SELECT a.number, b.number FROM pull_requests p CROSS JOIN releases a"
    " JOIN pull_requests q ON q.repository_id = p.repository_id AND q.number = p.reverts"
    " JOIN releases b ON b.repository_id = q.repository_id AND b.sha = q.merge_sha"
    " WHERE p.reverts > 0 AND +p.repository_id = $1"
    " AND a.repository_id = $1 AND a.sha = p.merge_sha"
    " AND +a.number > $2 AND +a.number <= $3 AND a.off_line = 0"
    " AND b.off_line = 0 AND b.number < a.number ORDER BY 1 DESC, 2 DESC LIMIT 500");

int store_release_reverts(struct db *db, struct arena *arena, int64_t repository_id, int64_t from,
                          int64_t to, struct revert **ret_items, size_t *ret_n, struct err *err)
{
    struct revert *items = NULL;
    size_t n = 0, cap = 0;
    struct db_rows *rows;
    int rc = db_query(db, &SQL_RELEASE_REVERTS, &rows, err, "iii", repository_id, from, to);

    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0)
        *ARENA_PUSH(arena, items, n, cap) =
            (struct revert){.number = db_int(rows, 0), .of = db_int(rows, 1)};
    db_end(rows);
    *ret_items = items;
    *ret_n = n;
    return rc;
}

DB_STATEMENT(SQL_RELEASE_NEWER, "SELECT * FROM (SELECT " COLUMNS
                                " FROM releases WHERE repository_id = $1 AND number > $2"
                                " AND number < $3 AND off_line = 0"
                                " ORDER BY number DESC LIMIT $4) ORDER BY number");
DB_STATEMENT(SQL_RELEASE_PROVEN,
             "SELECT * FROM (SELECT " COLUMNS " FROM releases WHERE repository_id = $1"
             " AND number IN (SELECT release_number FROM deployments WHERE repository_id = $1"
             " AND release_number > $2 AND release_number < $3 AND environment = $4"
             " AND state = 'succeeded') AND off_line = 0"
             " ORDER BY number DESC LIMIT $5) ORDER BY number");

int store_release_newer(struct db *db, struct arena *arena, int64_t repository_id, int64_t after,
                        int64_t below, const char *proven_in, size_t limit,
                        struct release **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = proven_in != NULL ? db_query(db, &SQL_RELEASE_PROVEN, &rows, err, "iiiti",
                                          repository_id, after, below, proven_in, (int64_t)limit)
                               : db_query(db, &SQL_RELEASE_NEWER, &rows, err, "iiii", repository_id,
                                          after, below, (int64_t)limit);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_RELEASE_LIST,
             "SELECT " COLUMNS " FROM releases WHERE repository_id = $1 AND number < $2"
             " ORDER BY number DESC LIMIT $3");

int store_release_list(struct db *db, struct arena *arena, int64_t repository_id, int64_t before,
                       size_t limit, struct release **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_RELEASE_LIST, &rows, err, "iii", repository_id,
                      before == 0 ? INT64_MAX : before, (int64_t)limit);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_RELEASE_UNREAD,
             "SELECT " COLUMNS " FROM releases WHERE repository_id = $1 AND lane IS NULL"
             " ORDER BY number DESC LIMIT $2");

int store_release_unread(struct db *db, struct arena *arena, int64_t repository_id, size_t limit,
                         struct release **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_RELEASE_UNREAD, &rows, err, "ii", repository_id, (int64_t)limit);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_RELEASE_NOBODYS,
             "SELECT " COLUMNS " FROM releases r WHERE repository_id = $1 AND number > $2"
             " AND off_line = 0 AND NOT EXISTS (SELECT 1 FROM pull_requests p"
             " WHERE p.merge_sha = r.sha AND +p.repository_id = r.repository_id)"
             " ORDER BY number DESC");

int store_release_nobodys(struct db *db, struct arena *arena, int64_t repository_id, int64_t after,
                          struct release **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_RELEASE_NOBODYS, &rows, err, "ii", repository_id, after);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_RELEASE_LANE,
             "SELECT count(*), coalesce(sum(lane IS NOT 'content'), 0) FROM releases"
             " WHERE repository_id = $1 AND number > $2 AND number <= $3 AND off_line = 0");

int store_release_lane(struct db *db, int64_t repository_id, int64_t from, int64_t to,
                       enum lane *ret_lane, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_RELEASE_LANE, &rows, err, "iii", repository_id, from, to);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    if (rc > 0)
        *ret_lane = db_int(rows, 0) > 0 && db_int(rows, 1) == 0 ? LANE_CONTENT : LANE_CODE;
    db_end(rows);
    return rc < 0 ? rc : 0;
}
