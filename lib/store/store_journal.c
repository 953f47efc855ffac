#include "lib/store/store_journal.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"

static void add_text(struct digest *digest, const char *text)
{
    char length[24];

    /* NULL and "" are two things. */
    snprintf(length, sizeof(length), "%zd:", text == NULL ? (ssize_t)-1 : (ssize_t)strlen(text));
    digest_add(digest, length, strlen(length));
    if (text != NULL)
        digest_add(digest, text, strlen(text));
}

static void hash_of(const char *previous, const struct journal_entry *e, char out[DIGEST_HEX_SIZE])
{
    struct digest *digest = digest_new();
    unsigned char raw[DIGEST_SIZE];
    char numbers[64];

    add_text(digest, previous);
    snprintf(numbers, sizeof(numbers), "%" PRId64 ",%" PRId64, e->id, e->at);
    add_text(digest, numbers);
    add_text(digest, e->actor);
    add_text(digest, e->way);
    add_text(digest, e->act);
    add_text(digest, e->subject);
    add_text(digest, e->detail);
    add_text(digest, e->reason);
    digest_final(digest, raw);
    digest_free(digest);
    digest_hex(raw, sizeof(raw), out);
}

DB_STATEMENT(SQL_JOURNAL_LAST, "SELECT id, hash FROM journal ORDER BY id DESC LIMIT 1");
DB_STATEMENT(SQL_JOURNAL_ADD,
             "INSERT INTO journal (id, at, actor, way, act, subject, detail, reason, hash)"
             " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");

int store_journal_add(struct db *db, const struct journal_entry *entry, struct err *err)
{
    char previous[DIGEST_HEX_SIZE] = "", hash[DIGEST_HEX_SIZE];
    struct journal_entry e = *entry;
    struct db_rows *rows;
    int rc = db_query(db, &SQL_JOURNAL_LAST, &rows, err, "");

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    e.id = rc > 0 ? db_int(rows, 0) + 1 : 1;
    if (rc > 0)
        db_copy(rows, 1, previous, sizeof(previous));
    db_end(rows);
    if (rc < 0)
        return rc;
    if (e.detail == NULL)
        e.detail = "{}";
    hash_of(previous, &e, hash);
    return db_run(db, &SQL_JOURNAL_ADD, err, "iittttttt", e.id, e.at, e.actor, e.way, e.act,
                  e.subject, e.detail, e.reason, hash);
}

static void fill(struct db_rows *rows, struct arena *arena, struct journal_entry *e)
{
    *e = (struct journal_entry){.id = db_int(rows, 0),
                                .at = db_int(rows, 1),
                                .actor = db_text(rows, arena, 2),
                                .way = db_text(rows, arena, 3),
                                .act = db_text(rows, arena, 4),
                                .subject = db_text(rows, arena, 5),
                                .detail = db_text(rows, arena, 6),
                                .reason = db_text(rows, arena, 7)};
}

#define COLUMNS "id, at, actor, way, act, subject, detail, reason, hash"
#define COLUMN_ACT 4
#define COLUMN_HASH 8
#define COLUMN_TIMED 9

DB_STATEMENT(SQL_JOURNAL_HASH, "SELECT hash FROM journal WHERE id = $1");

int store_journal_hash(struct db *db, int64_t id, char ret_hash[DIGEST_HEX_SIZE], struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_JOURNAL_HASH, &rows, err, "i", id);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    if (rc > 0)
        db_copy(rows, 0, ret_hash, DIGEST_HEX_SIZE);
    else if (rc == 0)
        rc = err_set(err, ERR_NOT_FOUND, "the journal has no row %" PRId64, id);
    db_end(rows);
    return rc < 0 ? rc : 0;
}

DB_STATEMENT(SQL_JOURNAL_WALK,
             "SELECT " COLUMNS " FROM journal WHERE id > $1 ORDER BY id LIMIT 1000");

/* Up to 1,000 rows behind `*last`, whose hash is `previous`; both are moved on. 1 = there may be more. */
static int walk(struct db *db, struct arena *arena, char previous[DIGEST_HEX_SIZE], int64_t *last,
                int64_t *ret_bad, struct err *err)
{
    int64_t from = *last;
    struct db_rows *rows;
    int rc = db_query(db, &SQL_JOURNAL_WALK, &rows, err, "i", from);

    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0) {
        char hash[DIGEST_HEX_SIZE], stored[DIGEST_HEX_SIZE];
        struct journal_entry e;

        fill(rows, arena, &e);
        db_copy(rows, COLUMN_HASH, stored, sizeof(stored));
        hash_of(previous, &e, hash);
        if (e.id != *last + 1 || strcmp(hash, stored) != 0) {
            *ret_bad = e.id;
            rc = 0;
            break;
        }
        memcpy(previous, hash, sizeof(hash));
        *last = e.id;
    }
    db_end(rows);
    arena_reset(arena);
    return rc < 0 ? rc : *ret_bad == 0 && *last != from;
}

int store_journal_verify_behind(struct db *db, int64_t after, size_t rows, int64_t *ret_last,
                                int64_t *ret_bad, struct err *err)
{
    char previous[DIGEST_HEX_SIZE] = "";
    struct arena arena;
    int64_t last = after;
    int rc = after == 0 ? 0 : store_journal_hash(db, after, previous, err);

    if (rc < 0)
        return rc;
    *ret_bad = 0;
    arena_init(&arena);
    do
        rc = walk(db, &arena, previous, &last, ret_bad, err);
    while (rc > 0 && (rows == 0 || (size_t)(last - after) < rows));
    arena_deinit(&arena);
    *ret_last = last;
    return rc;
}

int store_journal_verify(struct db *db, int64_t *ret_rows, int64_t *ret_bad, struct err *err)
{
    return store_journal_verify_behind(db, 0, 0, ret_rows, ret_bad, err);
}

DB_STATEMENT(SQL_JOURNAL_SINCE, "SELECT id FROM journal WHERE at >= $1 ORDER BY at, id LIMIT 1");

int store_journal_since(struct db *db, time_ms since, int64_t *ret_id, struct err *err)
{
    return db_number(db, &SQL_JOURNAL_SINCE, ret_id, err, "i", since);
}

DB_STATEMENT(SQL_JOURNAL_LIST,
             "SELECT " COLUMNS " FROM journal WHERE id < $1 ORDER BY id DESC LIMIT $2");

int store_journal_list(struct db *db, struct arena *arena, int64_t before, size_t limit,
                       struct journal_entry **ret_items, size_t *ret_n, struct err *err)
{
    struct journal_entry *items = NULL;
    size_t n = 0, cap = 0;
    struct db_rows *rows;
    int rc = db_query(db, &SQL_JOURNAL_LIST, &rows, err, "ii", before == 0 ? INT64_MAX : before,
                      (int64_t)limit);

    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0)
        fill(rows, arena, ARENA_PUSH(arena, items, n, cap));
    db_end(rows);
    *ret_items = items;
    *ret_n = n;
    return rc;
}

/* The flow's own moves are many, and named here; an act that is not, whoever did it, is news. In a list of the
 * statement's SQLite would build a table of them at each look. */
static const char *const own_acts[] = {"approval.void",
                                       "attempt.alarm",
                                       "attempt.late",
                                       "attempt.move",
                                       "attempt.plan",
                                       "check.void",
                                       "command.end",
                                       "command.move",
                                       "database.fence",
                                       "deployment.cut",
                                       "deployment.end",
                                       "deployment.give-up",
                                       "deployment.start",
                                       "deployment.undo",
                                       "hold.add",
                                       "invocation.again",
                                       "invocation.cancel",
                                       "invocation.lost",
                                       "invocation.move",
                                       "invocation.release",
                                       "invocation.undelivered",
                                       "job.end",
                                       "job.start",
                                       "occurrence.defer",
                                       "occurrence.skip",
                                       "promise.changed",
                                       "promise.made",
                                       "promise.moved",
                                       "promise.withdrawn",
                                       "release.number",
                                       "repository.new-line",
                                       "repository.rewritten",
                                       "rollback.ask",
                                       "rollback.end",
                                       "wish.end"};

static bool is_own(struct db_rows *rows)
{
    char act[32];

    if (db_int(rows, COLUMN_TIMED) == 0)
        return false;
    db_copy(rows, COLUMN_ACT, act, sizeof(act));
    for (size_t i = 0; i < sizeof(own_acts) / sizeof(own_acts[0]); i++)
        if (strcmp(act, own_acts[i]) == 0)
            return true;
    return false;
}

DB_STATEMENT(SQL_JOURNAL_NEWS, "SELECT " COLUMNS ", actor = 'slipway' AND way = 'timer'"
                               " FROM journal WHERE id > $1 AND id <= $2 ORDER BY id");

int store_journal_news(struct db *db, struct arena *arena, int64_t after, int64_t until,
                       size_t limit, struct journal_entry **ret_items, size_t *ret_n,
                       struct err *err)
{
    struct journal_entry *items = NULL;
    size_t n = 0, cap = 0;
    struct db_rows *rows;
    int rc = db_query(db, &SQL_JOURNAL_NEWS, &rows, err, "ii", after, until);

    if (rc < 0)
        return rc;
    while (n < limit && (rc = db_next(rows, err)) > 0)
        if (!is_own(rows))
            fill(rows, arena, ARENA_PUSH(arena, items, n, cap));
    db_end(rows);
    *ret_items = items;
    *ret_n = n;
    return rc < 0 ? rc : 0;
}

DB_STATEMENT(SQL_JOURNAL_END, "SELECT coalesce(max(id), 0) FROM journal");

int store_journal_end(struct db *db, int64_t *ret_id, struct err *err)
{
    return db_number(db, &SQL_JOURNAL_END, ret_id, err, "");
}
