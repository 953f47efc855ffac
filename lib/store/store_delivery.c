#include "lib/store/store_delivery.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/str.h"
#include "lib/store/db_list.h"

#define COLUMNS                                                                                     \
    "id, guid, event, received_at, state, form, body_mark, repeat_of, crashes, action, repository," \
    " note, recorded_at, origin, body_key >> 31"

/*
 * Keys. A GUID of GitHub is a UUID of version 1 (RFC 9562, 5.1): it has the time in it, its lowest part first.
 * With the highest first, keys grow, and the index is written at its end only, however long history is. Any
 * other GUID is its own key. What we called so ourselves has keys of a third kind: a header, which is not signed, cannot
 * take its place. The kinds never meet, and no two GUIDs of a kind have one key.
 */
#define GUID_KEY_SIZE 132

static bool is_uuid1(const char *guid)
{
    static const char form[] = "xxxxxxxx-xxxx-1xxx-xxxx-xxxxxxxxxxxx";

    if (strlen(guid) != sizeof(form) - 1)
        return false;
    for (size_t i = 0; i < sizeof(form) - 1; i++) {
        bool hex = (guid[i] >= '0' && guid[i] <= '9') || (guid[i] >= 'a' && guid[i] <= 'f');
        if (form[i] == 'x' ? !hex : guid[i] != form[i])
            return false;
    }
    return true;
}

static void guid_key(const char *guid, enum delivery_origin origin, char key[GUID_KEY_SIZE])
{
    if (origin == DELIVERY_LOOKED_UP)
        snprintf(key, GUID_KEY_SIZE, "2%s", guid);
    else if (is_uuid1(guid))
        snprintf(key, GUID_KEY_SIZE, "1%.3s%.4s%.8s%s", guid + 15, guid + 9, guid, guid + 18);
    else
        snprintf(key, GUID_KEY_SIZE, "0%s", guid);
}

/*
 * Of a body: its second in front, 31 bits of its mark (in hex) behind it. Equal bodies have equal keys, whenever they
 * come, and keys grow as GUIDs do.
 */
static int64_t body_key(const struct delivery *d)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < 8 && d->body_mark[i] != '\0'; i++) {
        const char c = d->body_mark[i];
        bits = bits << 4 | (uint64_t)(c >= 'a' && c <= 'f' ? c - 'a' + 10 : (c - '0') & 15);
    }
    return d->body_at / 1000 << 31 | (int64_t)(bits & 0x7fffffff);
}

DB_STATEMENT(SQL_DELIVERY_BY_GUID, "SELECT id FROM deliveries WHERE guid_key = $1");
DB_STATEMENT(SQL_DELIVERY_BY_BODY,
             "SELECT coalesce(repeat_of, id) FROM deliveries WHERE body_key = $1"
             " AND body_mark = $2 AND event = $3 ORDER BY id LIMIT 1");
DB_STATEMENT(
    SQL_DELIVERY_PUT,
    "INSERT INTO deliveries (guid, event, received_at, state, form, body_mark, repeat_of,"
    " guid_key, body_key, origin) VALUES ($1, $2, $3, 'received', $4, $5, $6, $7, $8, $9)");
/* An equal body is kept once, with the first that brought it; if its time was over, it is there again. */
DB_STATEMENT(SQL_DELIVERY_BODY_PUT,
             "INSERT OR IGNORE INTO delivery_bodies (delivery_id, size, zstd) VALUES ($1, $2, $3)");

static int find_guid(struct db *db, const char *key, int64_t *ret_id, struct err *err)
{
    return db_number(db, &SQL_DELIVERY_BY_GUID, ret_id, err, "t", key);
}

int store_delivery_by_body(struct db *db, const struct delivery *d, int64_t *ret_id,
                           struct err *err)
{
    return db_number(db, &SQL_DELIVERY_BY_BODY, ret_id, err, "itt", body_key(d), d->body_mark,
                     d->event);
}

int store_delivery_put(struct db *db, const struct delivery *d, const void *zstd, size_t zstd_len,
                       size_t size, int64_t *ret_id, bool *ret_known, struct err *err)
{
    char key[GUID_KEY_SIZE];
    int64_t id, repeat_of = d->repeat_of;
    int rc;

    guid_key(d->guid, d->origin, key);
    rc = find_guid(db, key, &id, err);
    if (rc < 0)
        return rc;
    if (id != 0) {
        *ret_id = id;
        *ret_known = true;
        return 0;
    }
    if (repeat_of == 0)
        rc = store_delivery_by_body(db, d, &repeat_of, err);
    if (rc == 0)
        rc = db_run(db, &SQL_DELIVERY_PUT, err, "ttibtItit", d->guid, d->event, d->received_at,
                    (int)d->form, d->body_mark, repeat_of, key, body_key(d),
                    delivery_origins[d->origin]);
    if (rc < 0)
        return rc;
    id = db_last_id(db);
    rc = db_run(db, &SQL_DELIVERY_BODY_PUT, err, "iiz", repeat_of != 0 ? repeat_of : id,
                (int64_t)size, zstd, zstd_len);
    if (rc < 0)
        return rc;
    *ret_id = id;
    *ret_known = false;
    return 0;
}

DB_STATEMENT(SQL_DELIVERY_SAYS, "SELECT id FROM deliveries WHERE id = $1 AND body_mark = $2"
                                " AND event = $3");

int store_delivery_says(struct db *db, int64_t id, const struct delivery *d, bool *ret_same,
                        struct err *err)
{
    return db_exists(db, &SQL_DELIVERY_SAYS, ret_same, err, "itt", id, d->body_mark, d->event);
}

static void fill(struct db_rows *rows, struct arena *arena, void *item)
{
    struct delivery *d = item;

    char state[16], origin[16];

    d->id = db_int(rows, 0);
    db_copy(rows, 1, d->guid, sizeof(d->guid));
    db_copy(rows, 2, d->event, sizeof(d->event));
    d->received_at = db_int(rows, 3);
    db_copy(rows, 4, state, sizeof(state));
    d->state = (enum delivery_state)states_find(delivery_states, DELIVERY_STATES_COUNT, state);
    d->form = db_int(rows, 5) != 0;
    db_copy(rows, 6, d->body_mark, sizeof(d->body_mark));
    d->repeat_of = db_int(rows, 7);
    d->crashes = (int)db_int(rows, 8);
    d->action = db_text(rows, arena, 9);
    d->repository = db_text(rows, arena, 10);
    d->note = db_text(rows, arena, 11);
    d->recorded_at = db_int(rows, 12);
    db_copy(rows, 13, origin, sizeof(origin));
    for (int i = 0; i < DELIVERY_ORIGINS_COUNT; i++)
        if (strcmp(delivery_origins[i], origin) == 0)
            d->origin = (enum delivery_origin)i;
    d->body_at = db_int(rows, 14) * 1000;
}

DB_STATEMENT(SQL_DELIVERY_OPEN,
             "SELECT " COLUMNS " FROM deliveries WHERE state = 'received' ORDER BY id LIMIT $1");

int store_delivery_open(struct db *db, struct arena *arena, size_t limit,
                        struct delivery **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DELIVERY_OPEN, &rows, err, "i", (int64_t)limit);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_DELIVERY_LIST,
             "SELECT " COLUMNS " FROM deliveries WHERE id < $1 ORDER BY id DESC LIMIT $2");

int store_delivery_list(struct db *db, struct arena *arena, int64_t before, size_t limit,
                        struct delivery **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DELIVERY_LIST, &rows, err, "ii", before == 0 ? INT64_MAX : before,
                      (int64_t)limit);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_DELIVERY_FAILED,
             "SELECT " COLUMNS " FROM deliveries WHERE state IN ('unreadable', 'quarantined')"
             " AND id < $1 ORDER BY id DESC LIMIT $2");

int store_delivery_failed(struct db *db, struct arena *arena, int64_t before, size_t limit,
                          struct delivery **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DELIVERY_FAILED, &rows, err, "ii", before == 0 ? INT64_MAX : before,
                      (int64_t)limit);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

/* The one row there is. */
static int take_one(struct db_rows *rows, struct arena *arena, struct delivery *ret_delivery,
                    struct err *err)
{
    return db_list_one(rows, arena, fill, ret_delivery, err,
                       "no such delivery; slipway events ls names them");
}

DB_STATEMENT(SQL_DELIVERY_ROW, "SELECT " COLUMNS " FROM deliveries WHERE id = $1");

int store_delivery_by_id(struct db *db, struct arena *arena, int64_t id,
                         struct delivery *ret_delivery, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DELIVERY_ROW, &rows, err, "i", id);

    return rc < 0 ? rc : take_one(rows, arena, ret_delivery, err);
}

int store_delivery_by_guid(struct db *db, struct arena *arena, const char *guid,
                           struct delivery *ret_delivery, struct err *err)
{
    char key[GUID_KEY_SIZE];
    int64_t id = 0;
    int rc;

    guid_key(guid, DELIVERY_LOOKED_UP, key);
    rc = str_starts(guid, "looked-up-") ? find_guid(db, key, &id, err) : 0;
    if (rc == 0 && id == 0) {
        guid_key(guid, DELIVERY_SENT, key);
        rc = find_guid(db, key, &id, err);
    }
    return rc < 0 ? rc : store_delivery_by_id(db, arena, id, ret_delivery, err);
}

DB_STATEMENT(
    SQL_DELIVERY_REPLAY,
    "UPDATE deliveries SET state = 'received', crashes = 0, note = NULL, recorded_at = NULL"
    " WHERE id = $1 AND state <> 'received'"
    " AND EXISTS (SELECT 1 FROM delivery_bodies b WHERE b.delivery_id = coalesce(repeat_of, $1))");
DB_STATEMENT(SQL_DELIVERY_WAITS, "SELECT id FROM deliveries WHERE id = $1 AND state = 'received'");

int store_delivery_replay(struct db *db, int64_t id, struct err *err)
{
    int rc = db_change(db, &SQL_DELIVERY_REPLAY, err, "i", id);

    bool waits;

    if (rc != ERR_CONFLICT)
        return rc;
    rc = db_exists(db, &SQL_DELIVERY_WAITS, &waits, err, "i", id);
    if (rc < 0)
        return rc;
    return waits
               ? err_set(err, ERR_CONFLICT, "delivery %lld waits to be read already", (long long)id)
               : err_set(err, ERR_CONFLICT,
                         "the body of delivery %lld is no longer kept: it came over 30 days ago",
                         (long long)id);
}

DB_STATEMENT(SQL_DELIVERY_BODY, "SELECT zstd, size FROM delivery_bodies WHERE delivery_id ="
                                " (SELECT coalesce(repeat_of, id) FROM deliveries WHERE id = $1)");

int store_delivery_body(struct db *db, struct arena *arena, int64_t id, const void **ret_zstd,
                        size_t *ret_len, size_t *ret_size, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DELIVERY_BODY, &rows, err, "i", id);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    if (rc > 0) {
        *ret_zstd = db_blob(rows, arena, 0, ret_len);
        *ret_size = (size_t)db_int(rows, 1);
    } else if (rc == 0) {
        rc = err_set(err, ERR_NOT_FOUND, "the body of delivery %lld is no longer kept",
                     (long long)id);
    }
    db_end(rows);
    return rc < 0 ? rc : 0;
}

DB_STATEMENT(SQL_DELIVERY_BEGIN,
             "UPDATE deliveries SET crashes = crashes + 1 WHERE id = $1 AND state = 'received'");

int store_delivery_begin(struct db *db, int64_t id, struct err *err)
{
    return db_change(db, &SQL_DELIVERY_BEGIN, err, "i", id);
}

DB_STATEMENT(
    SQL_DELIVERY_CLOSE,
    "UPDATE deliveries SET state = $1, action = $2, repository = $3, note = $4, recorded_at = $5"
    " WHERE id = $6 AND state = 'received'");

int store_delivery_close(struct db *db, int64_t id, enum delivery_state state, const char *action,
                         const char *repository, const char *note, time_ms now, struct err *err)
{
    return db_change(db, &SQL_DELIVERY_CLOSE, err, "teetii", delivery_states[state].text, action,
                     repository, note, now, id);
}

DB_STATEMENT(SQL_DELIVERY_WAITING, "SELECT count(*) FROM deliveries WHERE state = 'received'");

int store_delivery_waiting(struct db *db, int64_t *ret_n, struct err *err)
{
    return db_number(db, &SQL_DELIVERY_WAITING, ret_n, err, "");
}
