#include "lib/store/store_access_key.h"

#include <string.h>

#include "lib/base/arena.h"

DB_STATEMENT(SQL_ACCESS_KEY_PUT,
             "INSERT INTO access_keys (id, name, shell, any_host, manages_documents, manages_hosts,"
             " created_at, created_by, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
DB_STATEMENT(SQL_ACCESS_KEY_WORD,
             "INSERT OR IGNORE INTO access_key_words (key_id, kind, word, value)"
             " VALUES ($1, $2, $3, $4)");

static int put_words(struct db *db, const struct access_key *k, const char *kind,
                     const struct config_list *words, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; i < words->n && rc == 0; i++)
        rc = db_run(db, &SQL_ACCESS_KEY_WORD, err, "tttt", k->id, kind, words->items[i], "");
    return rc;
}

int store_access_key_put(struct db *db, const struct access_key *k, struct err *err)
{
    int rc = db_run(db, &SQL_ACCESS_KEY_PUT, err, "ttbbbbitI", k->id, k->name, (int)k->shell,
                    (int)k->any_host, (int)k->manages_documents, (int)k->manages_hosts,
                    k->created_at, k->created_by, k->expires_at);

    if (rc == 0)
        rc = put_words(db, k, "document", &k->documents, err);
    if (rc == 0)
        rc = put_words(db, k, "environment", &k->environments, err);
    for (size_t i = 0; i < k->tags.n && rc == 0; i++)
        rc = db_run(db, &SQL_ACCESS_KEY_WORD, err, "tttt", k->id, "tag", k->tags.items[i].key,
                    k->tags.items[i].value);
    return rc;
}

#define COLUMNS                                                                                    \
    "id, name, shell, any_host, manages_documents, manages_hosts, created_at, created_by,"         \
    " expires_at, used_at, ended_at"

static void fill(struct db_rows *rows, struct arena *arena, struct access_key *k)
{
    *k = (struct access_key){.id = db_text(rows, arena, 0),
                             .name = db_text(rows, arena, 1),
                             .shell = db_int(rows, 2) != 0,
                             .any_host = db_int(rows, 3) != 0,
                             .manages_documents = db_int(rows, 4) != 0,
                             .manages_hosts = db_int(rows, 5) != 0,
                             .created_at = db_int(rows, 6),
                             .created_by = db_text(rows, arena, 7),
                             .expires_at = db_int(rows, 8),
                             .used_at = db_int(rows, 9),
                             .ended_at = db_int(rows, 10)};
}

DB_STATEMENT(SQL_ACCESS_KEY_WORDS,
             "SELECT kind, word, value FROM access_key_words WHERE key_id = $1"
             " ORDER BY kind, word, value");

static void push(struct arena *arena, struct config_list *list, size_t *cap, const char *word)
{
    *ARENA_PUSH(arena, list->items, list->n, *cap) = word;
}

static int load_words(struct db *db, struct arena *arena, struct access_key *k, struct err *err)
{
    size_t documents = 0, environments = 0, tags = 0;
    struct db_rows *rows;
    int rc = db_query(db, &SQL_ACCESS_KEY_WORDS, &rows, err, "t", k->id);

    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0) {
        char kind[16];
        const char *word = db_text(rows, arena, 1);

        db_copy(rows, 0, kind, sizeof(kind));
        if (strcmp(kind, "document") == 0) {
            push(arena, &k->documents, &documents, word);
        } else if (strcmp(kind, "environment") == 0) {
            push(arena, &k->environments, &environments, word);
        } else {
            struct config_pair *pair = ARENA_PUSH(arena, k->tags.items, k->tags.n, tags);
            pair->key = word;
            pair->value = db_text(rows, arena, 2);
        }
    }
    db_end(rows);
    return rc;
}

static int one(struct db *db, struct db_rows *rows, struct arena *arena, struct access_key *ret_key,
               struct err *err)
{
    int rc = db_next(rows, err);

    if (rc > 0)
        fill(rows, arena, ret_key);
    else if (rc == 0)
        rc = err_set(err, ERR_NOT_FOUND, "no such access key");
    db_end(rows);
    return rc < 0 ? rc : load_words(db, arena, ret_key, err);
}

DB_STATEMENT(SQL_ACCESS_KEY_BY_ID, "SELECT " COLUMNS " FROM access_keys WHERE id = $1");

int store_access_key_by_id(struct db *db, struct arena *arena, const char *id,
                           struct access_key *ret_key, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_ACCESS_KEY_BY_ID, &rows, err, "t", id);

    return rc < 0 ? rc : one(db, rows, arena, ret_key, err);
}

DB_STATEMENT(SQL_ACCESS_KEY_BY_NAME,
             "SELECT " COLUMNS " FROM access_keys WHERE name = $1 AND ended_at IS NULL");

int store_access_key_by_name(struct db *db, struct arena *arena, const char *name,
                             struct access_key *ret_key, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_ACCESS_KEY_BY_NAME, &rows, err, "t", name);

    return rc < 0 ? rc : one(db, rows, arena, ret_key, err);
}

DB_STATEMENT(SQL_ACCESS_KEY_LIST, "SELECT " COLUMNS " FROM access_keys WHERE ended_at IS NULL"
                                  " ORDER BY created_at DESC, name LIMIT 500");

int store_access_key_list(struct db *db, struct arena *arena, struct access_key **ret_items,
                          size_t *ret_n, struct err *err)
{
    struct access_key *items = NULL;
    size_t n = 0, cap = 0;
    struct db_rows *rows;
    int rc = db_query(db, &SQL_ACCESS_KEY_LIST, &rows, err, "");

    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0)
        fill(rows, arena, ARENA_PUSH(arena, items, n, cap));
    db_end(rows);
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = load_words(db, arena, &items[i], err);
    *ret_items = items;
    *ret_n = n;
    return rc;
}

DB_STATEMENT(SQL_ACCESS_KEY_END,
             "UPDATE access_keys SET ended_at = $1 WHERE name = $2 AND ended_at IS NULL");

int store_access_key_end(struct db *db, const char *name, time_ms now, struct err *err)
{
    return db_change(db, &SQL_ACCESS_KEY_END, err, "it", now, name);
}

DB_STATEMENT(SQL_ACCESS_KEY_USED, "UPDATE access_keys SET used_at = $1 WHERE id = $2");

int store_access_key_used(struct db *db, const char *id, time_ms now, struct err *err)
{
    return db_change(db, &SQL_ACCESS_KEY_USED, err, "it", now, id);
}
