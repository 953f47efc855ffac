#include "lib/store/store_aws_host.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/store/db_list.h"
#include "lib/store/store_host.h"

DB_STATEMENT(SQL_AWS_HOST_NEW,
             "INSERT INTO hosts (id, name, state, transport, fingerprint, registered_at)"
             " VALUES ($1, $1, 'registered', 'ssm', '', $2) ON CONFLICT (id) DO NOTHING");
DB_STATEMENT(SQL_AWS_HOST_LAST,
             "SELECT coalesce(seen_at, 0) FROM hosts WHERE id = $1 AND transport = 'ssm'"
             " AND state <> 'deregistered'");
DB_STATEMENT(SQL_AWS_HOST_IS_OURS, "SELECT 1 FROM hosts WHERE id = $1 AND transport <> 'ssm'");

/* 0, and since when it was not heard; ERR_NOT_FOUND: it was deregistered. */
static int last_sign(struct db *db, const char *id, time_ms *ret_at, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_AWS_HOST_LAST, &rows, err, "t", id);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    if (rc > 0)
        *ret_at = db_int(rows, 0);
    else if (rc == 0)
        rc = err_set(err, ERR_NOT_FOUND, "%s was deregistered", id);
    db_end(rows);
    return rc < 0 ? rc : 0;
}

int store_aws_host_told(struct db *db, const struct host *h, bool online, time_ms now,
                        bool *ret_came, struct err *err)
{
    struct err own = ERR_INIT;
    bool is_ours = false;
    time_ms last = 0;
    int rc = db_exists(db, &SQL_AWS_HOST_IS_OURS, &is_ours, err, "t", h->id);

    *ret_came = false;
    if (rc == 0 && is_ours)
        rc = err_set(err, ERR_CONFLICT, "%s is the id of a host with an agent of its own here",
                     h->id);
    if (rc == 0)
        rc = db_run(db, &SQL_AWS_HOST_NEW, err, "ti", h->id, now);
    if (rc < 0)
        return rc;
    rc = last_sign(db, h->id, &last, &own);
    if (rc < 0) {
        if (rc != ERR_NOT_FOUND)
            *err = own;
        return rc == ERR_NOT_FOUND ? 0 : rc;
    }
    rc = store_host_described(db, h, err);
    if (rc < 0 || !online)
        return rc;
    rc = store_host_seen(db, h->id, h->agent, h->platform, now, err);
    *ret_came = last == 0 || now - last >= HOST_SILENT_AFTER_MS;
    return rc < 0 || !*ret_came ? rc : store_host_came(db, h->id, now, err);
}

static bool has(const char *const *ids, size_t n, const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(ids[i], id) == 0)
            return true;
    return false;
}

DB_STATEMENT(SQL_AWS_HOST_SPEAKERS, "SELECT id FROM hosts WHERE transport = 'ssm'"
                                    " AND coalesce(protocol, 0) > 0 AND state <> 'deregistered'");
DB_STATEMENT(SQL_AWS_HOST_IS_KNOWN, "SELECT 1 FROM hosts WHERE id = $1 AND transport = 'ssm'"
                                    " AND state <> 'deregistered'");
DB_STATEMENT(SQL_AWS_HOST_SPEAKS,
             "UPDATE hosts SET protocol = $1 WHERE id = $2 AND transport = 'ssm'");

/* One that is in no role is none of ours. */
static int begin_to_speak(struct db *db, const char *id, time_ms now, bool *ret_changed,
                          struct err *err)
{
    bool is_known;
    int rc = db_exists(db, &SQL_AWS_HOST_IS_KNOWN, &is_known, err, "t", id);

    if (rc < 0 || !is_known)
        return rc;
    *ret_changed = true;
    rc = db_run(db, &SQL_AWS_HOST_SPEAKS, err, "It", (int64_t)HOST_PROTOCOL_PERMIT, id);
    return rc < 0 ? rc : store_host_came(db, id, now, err);
}

int store_aws_host_once(struct db *db, const char *const *ids, size_t n, time_ms now,
                        bool *ret_changed, struct err *err)
{
    const char **speakers;
    struct db_rows *rows;
    struct arena arena;
    size_t n_speakers;
    int rc = db_query(db, &SQL_AWS_HOST_SPEAKERS, &rows, err, "");

    *ret_changed = false;
    if (rc < 0)
        return rc;
    arena_init(&arena);
    rc = DB_LIST(rows, &arena, db_list_text, &speakers, &n_speakers, err);
    for (size_t i = 0; rc == 0 && i < n_speakers; i++)
        if (!has(ids, n, speakers[i])) {
            *ret_changed = true;
            rc = db_run(db, &SQL_AWS_HOST_SPEAKS, err, "It", (int64_t)0, speakers[i]);
        }
    for (size_t i = 0; rc == 0 && i < n; i++)
        if (!has(speakers, n_speakers, ids[i]))
            rc = begin_to_speak(db, ids[i], now, ret_changed, err);
    arena_deinit(&arena);
    return rc;
}

DB_STATEMENT(SQL_AWS_HOST_HOLDERS,
             "SELECT t.host_id FROM host_tags t JOIN hosts h ON h.id = t.host_id"
             " WHERE t.key = $1 AND t.value = $2 AND h.transport = 'ssm'");
DB_STATEMENT(SQL_AWS_HOST_UNTAG,
             "DELETE FROM host_tags WHERE host_id = $1 AND key = $2 AND value = $3");
DB_STATEMENT(SQL_AWS_HOST_TAG,
             "INSERT INTO host_tags (host_id, key, value) SELECT id, $1, $2 FROM hosts"
             " WHERE id = $3 AND transport = 'ssm'"
             " ON CONFLICT (host_id, key) DO UPDATE SET value = excluded.value");

static int tag(struct db *db, const struct config_pair *pair, const char *id, time_ms now,
               struct err *err)
{
    int rc = db_run(db, &SQL_AWS_HOST_TAG, err, "ttt", pair->key, pair->value, id);

    return rc < 0 ? rc : store_host_came(db, id, now, err);
}

int store_aws_host_tagged(struct db *db, const struct config_pair *pair, const char *const *ids,
                          size_t n, time_ms now, bool *ret_changed, struct err *err)
{
    const char **holders;
    struct db_rows *rows;
    struct arena arena;
    size_t n_holders;
    int rc = db_query(db, &SQL_AWS_HOST_HOLDERS, &rows, err, "tt", pair->key, pair->value);

    *ret_changed = false;
    if (rc < 0)
        return rc;
    arena_init(&arena);
    rc = DB_LIST(rows, &arena, db_list_text, &holders, &n_holders, err);
    for (size_t i = 0; rc == 0 && i < n_holders; i++)
        if (!has(ids, n, holders[i])) {
            *ret_changed = true;
            rc = db_run(db, &SQL_AWS_HOST_UNTAG, err, "ttt", holders[i], pair->key, pair->value);
        }
    for (size_t i = 0; rc == 0 && i < n; i++)
        if (!has(holders, n_holders, ids[i])) {
            *ret_changed = true;
            rc = tag(db, pair, ids[i], now, err);
        }
    arena_deinit(&arena);
    return rc;
}
