#include "lib/store/store_signing_key.h"

#include "lib/base/arena.h"
#include "lib/store/db_list.h"

static void fill_signing_key(struct db_rows *rows, struct arena *arena, void *item)
{
    struct signing_key *k = item;

    k->number = db_int(rows, 0);
    k->key = db_text(rows, arena, 1);
    k->announcement = db_text(rows, arena, 2);
    k->signature = db_text(rows, arena, 3);
    k->announced_at = db_int(rows, 4);
    k->until = db_int(rows, 5);
    k->in_force_at = db_int(rows, 6);
}

DB_STATEMENT(SQL_SIGNING_KEYS,
             "SELECT number, key, announcement, signature, announced_at, until, in_force_at"
             " FROM signing_keys ORDER BY number");

int store_signing_key_list(struct db *db, struct arena *arena, struct signing_key **ret_items,
                           size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_SIGNING_KEYS, &rows, err, "");

    return rc < 0 ? rc : DB_LIST(rows, arena, fill_signing_key, ret_items, ret_n, err);
}

DB_STATEMENT(
    SQL_SIGNING_KEY_PUT,
    "INSERT OR IGNORE INTO signing_keys (number, key, announcement, signature, announced_at,"
    " until, in_force_at) VALUES ($1, $2, $3, $4, $5, $6, $7)");

int store_signing_key_put(struct db *db, const struct signing_key *k, struct err *err)
{
    return db_change(db, &SQL_SIGNING_KEY_PUT, err, "itttiII", k->number, k->key, k->announcement,
                     k->signature, k->announced_at, k->until, k->in_force_at);
}

DB_STATEMENT(SQL_SIGNING_KEY_TURN,
             "UPDATE signing_keys SET in_force_at = $1 WHERE number = $2 AND in_force_at IS NULL");

int store_signing_key_turn(struct db *db, int64_t number, time_ms now, struct err *err)
{
    return db_change(db, &SQL_SIGNING_KEY_TURN, err, "ii", now, number);
}

DB_STATEMENT(SQL_SIGNING_KEY_STRANGERS,
             "SELECT name FROM hosts WHERE state <> 'deregistered' AND protocol IS NOT NULL"
             " AND signing_key IS NOT $1 ORDER BY name");

int store_signing_key_strangers(struct db *db, struct arena *arena, const char *key,
                                const char ***ret_names, size_t *ret_n, struct err *err)
{
    const char **names = NULL;
    size_t n = 0, cap = 0;
    struct db_rows *rows;
    int rc = db_query(db, &SQL_SIGNING_KEY_STRANGERS, &rows, err, "t", key);

    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0)
        *ARENA_PUSH(arena, names, n, cap) = db_text(rows, arena, 0);
    db_end(rows);
    *ret_names = names;
    *ret_n = n;
    return rc;
}

DB_STATEMENT(SQL_SIGNING_KEY_KNOWN,
             "UPDATE hosts SET signing_key = $1 WHERE id = $2 AND signing_key IS NOT $1");

int store_signing_key_known(struct db *db, const char *host_id, const char *key, struct err *err)
{
    return db_run(db, &SQL_SIGNING_KEY_KNOWN, err, "tt", key, host_id);
}
