#include "lib/store/store_host.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/names.h"
#include "lib/store/db_list.h"

DB_STATEMENT(
    SQL_HOST_REGISTER,
    "INSERT INTO hosts (id, name, state, activation_id, fingerprint, registered_at, drained_at)"
    " VALUES ($1, $2, 'registered', $3, $4, $5, $6)");
DB_STATEMENT(
    SQL_HOST_KEY,
    "INSERT INTO host_keys (host_id, spki, added_at) VALUES ($1, $2, $3)"
    " ON CONFLICT (host_id, spki) DO UPDATE SET added_at = excluded.added_at, retired_at = NULL"
    " WHERE retired_at IS NOT NULL");
DB_STATEMENT(
    SQL_HOST_INHERIT,
    "INSERT INTO host_tags (host_id, key, value) SELECT $1, key, value FROM activation_tags"
    " WHERE activation_id = $2");

int store_host_register(struct db *db, const struct host *h, const char *fingerprint,
                        const char *spki, struct err *err)
{
    int rc;

    if (names_is_machine_id(h->name))
        return err_set(err, ERR_CONFLICT, "the name %s is an instance id: it stays AWS' own",
                       h->name);
    rc = db_run(db, &SQL_HOST_REGISTER, err, "ttttII", h->id, h->name, h->activation_id,
                fingerprint, h->registered_at, h->drained_at);
    if (rc == 0)
        rc = db_run(db, &SQL_HOST_KEY, err, "tti", h->id, spki, h->registered_at);
    return rc < 0 ? rc : db_run(db, &SQL_HOST_INHERIT, err, "tt", h->id, h->activation_id);
}

int store_host_add_key(struct db *db, const char *id, const char *spki, time_ms now,
                       struct err *err)
{
    return db_run(db, &SQL_HOST_KEY, err, "tti", id, spki, now);
}

DB_STATEMENT(SQL_HOST_RETIRE_KEYS,
             "UPDATE host_keys SET retired_at = $1 WHERE host_id = $2 AND spki <> $3"
             " AND retired_at IS NULL");

int store_host_retire_keys(struct db *db, const char *id, const char *spki, time_ms now,
                           struct err *err)
{
    return db_run(db, &SQL_HOST_RETIRE_KEYS, err, "itt", now, id, spki);
}

DB_STATEMENT(SQL_HOST_KEYS, "SELECT spki FROM host_keys WHERE host_id = $1 AND retired_at IS NULL"
                            " ORDER BY added_at DESC LIMIT 8");

int store_host_keys(struct db *db, struct arena *arena, const char *id, const char ***ret_items,
                    size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_HOST_KEYS, &rows, err, "t", id);

    return rc < 0 ? rc : DB_LIST(rows, arena, db_list_text, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_HOST_KEY_ADDED, "SELECT added_at FROM host_keys WHERE host_id = $1 AND spki = $2");

int store_host_key_added(struct db *db, const char *id, const char *spki, time_ms *ret_added_at,
                         struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_HOST_KEY_ADDED, &rows, err, "tt", id, spki);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    if (rc > 0)
        *ret_added_at = db_int(rows, 0);
    else if (rc == 0)
        rc = err_set(err, ERR_NOT_FOUND, "host %s has no such key", id);
    db_end(rows);
    return rc < 0 ? rc : 0;
}

DB_STATEMENT(SQL_HOST_FINGERPRINT, "SELECT fingerprint FROM hosts WHERE id = $1");

int store_host_fingerprint(struct db *db, struct arena *arena, const char *id,
                           const char **ret_fingerprint, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_HOST_FINGERPRINT, &rows, err, "t", id);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    if (rc > 0)
        *ret_fingerprint = db_text(rows, arena, 0);
    else if (rc == 0)
        rc = err_set(err, ERR_NOT_FOUND, "no host %s", id);
    db_end(rows);
    return rc < 0 ? rc : 0;
}

#define COLUMNS                                                                                      \
    "id, name, state, activation_id, registered_at, seen_at, agent, platform, protocol, journal_id," \
    " boot_id, record_number, platform_type, computer_name, ip_address, earlier_boot_id, doubt,"     \
    " doubt_journal_id, suspended_at, drained_at, came_at, put_back_at, strict, transport = 'ssm'"

static void fill(struct db_rows *rows, struct arena *arena, void *item)
{
    struct host *h = item;

    char state[16];

    db_copy(rows, 0, h->id, sizeof(h->id));
    h->name = db_text(rows, arena, 1);
    db_copy(rows, 2, state, sizeof(state));
    h->state = (enum host_state)states_find(host_states, HOST_STATES_COUNT, state);
    h->activation_id = db_text(rows, arena, 3);
    h->registered_at = db_int(rows, 4);
    h->seen_at = db_int(rows, 5);
    h->agent = db_text(rows, arena, 6);
    h->platform = db_text(rows, arena, 7);
    h->protocol = db_int(rows, 8);
    h->journal_id = db_text(rows, arena, 9);
    h->boot_id = db_text(rows, arena, 10);
    h->record_number = db_int(rows, 11);
    h->platform_type = db_text(rows, arena, 12);
    h->computer_name = db_text(rows, arena, 13);
    h->ip_address = db_text(rows, arena, 14);
    h->earlier_boot_id = db_text(rows, arena, 15);
    h->doubt = db_text(rows, arena, 16);
    h->doubt_journal_id = db_text(rows, arena, 17);
    h->suspended_at = db_int(rows, 18);
    h->drained_at = db_int(rows, 19);
    h->came_at = db_int(rows, 20);
    h->put_back_at = db_int(rows, 21);
    h->strict = db_text(rows, arena, 22);
    h->by_ssm = db_int(rows, 23) != 0;
    h->tags = (struct config_pairs){.n = 0};
}

static int one(struct db_rows *rows, struct arena *arena, struct host *ret_host, const char *what,
               struct err *err)
{
    return db_list_one(rows, arena, fill, ret_host, err,
                       "no host is registered as %.64s; slipway hosts lists them", what);
}

DB_STATEMENT(SQL_HOST_BY_ID, "SELECT " COLUMNS " FROM hosts WHERE id = $1");

int store_host_by_id(struct db *db, struct arena *arena, const char *id, struct host *ret_host,
                     struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_HOST_BY_ID, &rows, err, "t", id);

    return rc < 0 ? rc : one(rows, arena, ret_host, id, err);
}

DB_STATEMENT(SQL_HOST_BY_REGISTRATION,
             "SELECT " COLUMNS " FROM hosts WHERE activation_id = $1 AND fingerprint = $2"
             " AND state <> 'deregistered' AND EXISTS (SELECT 1 FROM host_keys k"
             " WHERE k.host_id = hosts.id AND k.spki = $3)");

int store_host_by_registration(struct db *db, struct arena *arena, const char *activation_id,
                               const char *fingerprint, const char *spki, struct host *ret_host,
                               struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_HOST_BY_REGISTRATION, &rows, err, "ttt", activation_id, fingerprint,
                      spki);

    return rc < 0 ? rc : one(rows, arena, ret_host, fingerprint, err);
}

DB_STATEMENT(SQL_HOST_BY_NAME,
             "SELECT " COLUMNS " FROM hosts WHERE name = $1 AND state <> 'deregistered'");

int store_host_by_name(struct db *db, struct arena *arena, const char *name, struct host *ret_host,
                       struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_HOST_BY_NAME, &rows, err, "t", name);

    return rc < 0 ? rc : one(rows, arena, ret_host, name, err);
}

DB_STATEMENT(SQL_HOST_LIST, "SELECT " COLUMNS
                            " FROM hosts WHERE state <> 'deregistered' ORDER BY name LIMIT 20000");

int store_host_list(struct db *db, struct arena *arena, struct host **ret_items, size_t *ret_n,
                    struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_HOST_LIST, &rows, err, "");

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_HOST_OLDEST_SIGN,
             "SELECT min(seen_at) FROM hosts WHERE state <> 'deregistered' AND seen_at > $1");

int store_host_oldest_sign(struct db *db, time_ms after, time_ms *ret_at, struct err *err)
{
    return db_number(db, &SQL_HOST_OLDEST_SIGN, ret_at, err, "i", after);
}

static void fill_tag(struct db_rows *rows, struct arena *arena, void *item)
{
    *(struct config_pair *)item =
        (struct config_pair){.key = db_text(rows, arena, 0), .value = db_text(rows, arena, 1)};
}

DB_STATEMENT(SQL_HOST_TAGS, "SELECT key, value FROM host_tags WHERE host_id = $1 ORDER BY key");

int store_host_tags(struct db *db, struct arena *arena, const char *id,
                    struct config_pairs *ret_tags, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_HOST_TAGS, &rows, err, "t", id);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill_tag, &ret_tags->items, &ret_tags->n, err);
}

DB_STATEMENT(
    SQL_HOST_SEEN,
    "UPDATE hosts SET seen_at = $1, agent = coalesce($2, agent), platform = coalesce($3, platform)"
    " WHERE id = $4 AND state <> 'deregistered'");

int store_host_seen(struct db *db, const char *id, const char *agent, const char *platform,
                    time_ms now, struct err *err)
{
    return db_change(db, &SQL_HOST_SEEN, err, "ieet", now, agent, platform, id);
}

DB_STATEMENT(SQL_HOST_DESCRIBED,
             "UPDATE hosts SET platform_type = coalesce($1, platform_type),"
             " computer_name = coalesce($2, computer_name), ip_address = coalesce($3, ip_address)"
             " WHERE id = $4 AND state <> 'deregistered'");

int store_host_described(struct db *db, const struct host *h, struct err *err)
{
    return db_change(db, &SQL_HOST_DESCRIBED, err, "eeet", h->platform_type, h->computer_name,
                     h->ip_address, h->id);
}

DB_STATEMENT(SQL_HOST_PAGE, "SELECT " COLUMNS " FROM hosts WHERE id > $1"
                            " AND state <> 'deregistered' AND transport = 'agent'"
                            " ORDER BY id LIMIT $2");

DB_STATEMENT(SQL_HOST_OF_DEPLOYMENT, "SELECT " COLUMNS " FROM hosts WHERE id IN"
                                     " (SELECT host_id FROM invocations WHERE deployment_id = $1)");

int store_host_of_deployment(struct db *db, struct arena *arena, int64_t deployment_id,
                             struct host **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_HOST_OF_DEPLOYMENT, &rows, err, "i", deployment_id);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_HOST_FELL_SILENT,
             "SELECT " COLUMNS " FROM hosts WHERE state <> 'deregistered' AND seen_at > $1"
             " AND seen_at <= $2 LIMIT $3");

int store_host_fell_silent(struct db *db, struct arena *arena, time_ms since, time_ms until,
                           size_t limit, struct host **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_HOST_FELL_SILENT, &rows, err, "iii", since, until, (int64_t)limit);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_HOST_CAME_SINCE, "SELECT " COLUMNS " FROM hosts WHERE came_at >= $1"
                                  " ORDER BY came_at LIMIT $2");

int store_host_came_since(struct db *db, struct arena *arena, time_ms since, size_t limit,
                          struct host **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_HOST_CAME_SINCE, &rows, err, "ii", since, (int64_t)limit);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_HOST_CAME_LAST,
             "SELECT came_at, count(*) FROM hosts WHERE came_at ="
             " (SELECT max(came_at) FROM hosts WHERE came_at IS NOT NULL) GROUP BY came_at");

int store_host_came_last(struct db *db, time_ms *ret_at, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_HOST_CAME_LAST, &rows, err, "");

    *ret_at = 0;
    *ret_n = 0;
    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    if (rc > 0) {
        *ret_at = db_int(rows, 0);
        *ret_n = (size_t)db_int(rows, 1);
    }
    db_end(rows);
    return rc < 0 ? rc : 0;
}

int store_host_page(struct db *db, struct arena *arena, const char *after, size_t limit,
                    struct host **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_HOST_PAGE, &rows, err, "ti", after, (int64_t)limit);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_HOST_TAGGED, "SELECT " COLUMNS " FROM hosts WHERE state <> 'deregistered'"
                              " AND id IN (SELECT host_id FROM host_tags WHERE key = $1"
                              " AND value = $2) ORDER BY id");
DB_STATEMENT(SQL_HOST_WITH_KEY, "SELECT " COLUMNS " FROM hosts WHERE state <> 'deregistered'"
                                " AND id IN (SELECT host_id FROM host_tags WHERE key = $1)"
                                " ORDER BY id");

int store_host_tagged(struct db *db, struct arena *arena, const char *key, const char *value,
                      struct host **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = value != NULL ? db_query(db, &SQL_HOST_TAGGED, &rows, err, "tt", key, value)
                           : db_query(db, &SQL_HOST_WITH_KEY, &rows, err, "t", key);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_HOST_MARK_TAGGED,
             "SELECT h.name FROM host_tags t JOIN hosts h ON h.id = t.host_id"
             " WHERE t.key = $1 AND t.value = $2 AND h.state <> 'deregistered' ORDER BY h.name");

static void push_tag(struct arena *arena, struct config_pairs *tags, const struct config_pair *tag)
{
    struct config_pair *grown;

    for (size_t i = 0; i < tags->n; i++)
        if (strcmp(tags->items[i].key, tag->key) == 0)
            return; /* another role asked for it, too */
    grown = arena_array(arena, tags->n + 1, sizeof(*grown));
    if (tags->n > 0)
        memcpy(grown, tags->items, tags->n * sizeof(*grown));
    grown[tags->n++] = *tag;
    tags->items = grown;
}

int store_host_mark_tagged(struct db *db, struct arena *arena, const struct config_pair *tag,
                           struct host *hosts, size_t n, struct err *err)
{
    struct db_rows *rows;
    size_t i = 0;
    int rc = db_query(db, &SQL_HOST_MARK_TAGGED, &rows, err, "tt", tag->key, tag->value);

    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0) {
        const char *name = db_text(rows, arena, 0);
        while (i < n && strcmp(hosts[i].name, name) < 0)
            i++;
        if (i < n && strcmp(hosts[i].name, name) == 0)
            push_tag(arena, &hosts[i].tags, tag);
    }
    db_end(rows);
    return rc;
}

DB_STATEMENT(SQL_HOST_DRAIN,
             "UPDATE hosts SET drained_at = $1 WHERE id = $2 AND drained_at IS NULL");

int store_host_drain(struct db *db, const char *id, time_ms now, struct err *err)
{
    return db_change(db, &SQL_HOST_DRAIN, err, "it", now, id);
}

DB_STATEMENT(SQL_HOST_UNDRAIN, "UPDATE hosts SET drained_at = NULL, put_back_at = $1"
                               " WHERE id = $2 AND drained_at IS NOT NULL");

int store_host_undrain(struct db *db, const char *id, time_ms now, struct err *err)
{
    return db_change(db, &SQL_HOST_UNDRAIN, err, "it", now, id);
}

/* None earlier than those before it, whatever the clock says: who reads on from the last one misses none. */
DB_STATEMENT(SQL_HOST_CAME, "UPDATE hosts SET came_at = max($1, coalesce((SELECT max(came_at)"
                            " FROM hosts WHERE came_at IS NOT NULL), 0)) WHERE id = $2");

int store_host_came(struct db *db, const char *id, time_ms now, struct err *err)
{
    return db_change(db, &SQL_HOST_CAME, err, "it", now, id);
}

DB_STATEMENT(SQL_HOST_OBSERVED,
             "UPDATE hosts SET protocol = max(coalesce(protocol, 0), $1), journal_id = $2,"
             " earlier_boot_id = CASE WHEN boot_id IS NOT $3 THEN boot_id ELSE earlier_boot_id END,"
             " boot_id = $3,"
             " record_number = CASE WHEN journal_id IS $2 THEN max(coalesce(record_number, 0), $4)"
             "  ELSE $4 END WHERE id = $5");

int store_host_observed(struct db *db, const char *id, int64_t protocol, const char *journal_id,
                        const char *boot_id, int64_t record_number, struct err *err)
{
    return db_change(db, &SQL_HOST_OBSERVED, err, "ittit", protocol, journal_id, boot_id,
                     record_number, id);
}

DB_STATEMENT(SQL_HOST_RECORDED,
             "UPDATE hosts SET record_number = max(coalesce(record_number, 0), $1)"
             " WHERE id = $2 AND journal_id IS $3");

int store_host_recorded(struct db *db, const char *id, const char *journal_id,
                        int64_t record_number, struct err *err)
{
    return db_run(db, &SQL_HOST_RECORDED, err, "itt", record_number, id, journal_id);
}

DB_STATEMENT(SQL_HOST_MOVE, "UPDATE hosts SET state = $1 WHERE id = $2 AND state = $3");

int store_host_move(struct db *db, const char *id, enum host_state from, enum host_state to,
                    struct err *err)
{
    if (!states_allows(host_states, (int)from, (int)to))
        return err_set(err, ERR_INTERNAL, "a host cannot go from %s to %s", host_states[from].text,
                       host_states[to].text);
    return db_change(db, &SQL_HOST_MOVE, err, "ttt", host_states[to].text, id,
                     host_states[from].text);
}

DB_STATEMENT(SQL_HOST_DOUBT,
             "UPDATE hosts SET doubt = $1, doubt_journal_id = coalesce($2, doubt_journal_id),"
             " suspended_at = CASE WHEN $3 THEN coalesce(suspended_at, $4) ELSE suspended_at END"
             " WHERE id = $5");

int store_host_doubt(struct db *db, const char *id, const char *why, const char *journal_id,
                     bool suspends, time_ms now, struct err *err)
{
    return db_change(db, &SQL_HOST_DOUBT, err, "tebit", why, journal_id, (int)suspends, now, id);
}

DB_STATEMENT(
    SQL_HOST_ACCEPT_JOURNAL,
    "UPDATE hosts SET doubt = NULL, doubt_journal_id = NULL, suspended_at = NULL,"
    " journal_id = NULL, record_number = NULL, boot_id = NULL, earlier_boot_id = NULL,"
    " protocol = NULL, state = CASE WHEN state = 'barred' THEN 'registered' ELSE state END,"
    " put_back_at = $1 WHERE id = $2 AND (state = 'barred' OR suspended_at IS NOT NULL)");

int store_host_accept_journal(struct db *db, const char *id, time_ms now, struct err *err)
{
    return db_change(db, &SQL_HOST_ACCEPT_JOURNAL, err, "it", now, id);
}

DB_STATEMENT(SQL_HOST_END_KEYS,
             "UPDATE host_keys SET retired_at = $1 WHERE host_id = $2 AND retired_at IS NULL");

int store_host_end_keys(struct db *db, const char *id, time_ms now, struct err *err)
{
    return db_run(db, &SQL_HOST_END_KEYS, err, "it", now, id);
}

DB_STATEMENT(SQL_HOST_SEEN_BY,
             "UPDATE hosts SET seen_at = min(seen_at, $1), came_at = min(came_at, $1)"
             " WHERE seen_at > $1 OR came_at > $1");

int store_host_seen_by(struct db *db, time_ms now, struct err *err)
{
    return db_run(db, &SQL_HOST_SEEN_BY, err, "i", now);
}
