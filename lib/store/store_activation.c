#include "lib/store/store_activation.h"

#include "lib/store/db_list.h"

DB_STATEMENT(
    SQL_ACTIVATION_PUT,
    "INSERT INTO activations (id, code_digest, name, prefix, registration_limit, created_at,"
    " created_by, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
DB_STATEMENT(SQL_ACTIVATION_TAG,
             "INSERT INTO activation_tags (activation_id, key, value) VALUES ($1, $2, $3)");

int store_activation_put(struct db *db, const struct activation *a, const struct config_pairs *tags,
                         struct err *err)
{
    int rc = db_run(db, &SQL_ACTIVATION_PUT, err, "ttttiiti", a->id, a->code_digest, a->name,
                    a->prefix, a->limit, a->created_at, a->created_by, a->expires_at);

    for (size_t i = 0; tags != NULL && i < tags->n && rc == 0; i++)
        rc = db_run(db, &SQL_ACTIVATION_TAG, err, "ttt", a->id, tags->items[i].key,
                    tags->items[i].value);
    return rc;
}

#define COLUMNS                                                                                    \
    "id, code_digest, name, prefix, registration_limit, registrations, created_at, created_by,"    \
    " expires_at, deleted_at"

static void fill(struct db_rows *rows, struct arena *arena, void *item)
{
    *(struct activation *)item = (struct activation){.id = db_text(rows, arena, 0),
                                                     .code_digest = db_text(rows, arena, 1),
                                                     .name = db_text(rows, arena, 2),
                                                     .prefix = db_text(rows, arena, 3),
                                                     .limit = db_int(rows, 4),
                                                     .registrations = db_int(rows, 5),
                                                     .created_at = db_int(rows, 6),
                                                     .created_by = db_text(rows, arena, 7),
                                                     .expires_at = db_int(rows, 8),
                                                     .deleted_at = db_int(rows, 9)};
}

DB_STATEMENT(SQL_ACTIVATION, "SELECT " COLUMNS " FROM activations WHERE id = $1");

int store_activation_by_id(struct db *db, struct arena *arena, const char *id,
                           struct activation *ret_activation, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_ACTIVATION, &rows, err, "t", id);

    return rc < 0 ? rc : db_list_one(rows, arena, fill, ret_activation, err, "no such activation");
}

DB_STATEMENT(SQL_ACTIVATIONS,
             "SELECT " COLUMNS " FROM activations ORDER BY created_at DESC LIMIT 500");

int store_activation_list(struct db *db, struct arena *arena, struct activation **ret_items,
                          size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_ACTIVATIONS, &rows, err, "");

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_ACTIVATION_SAY,
             "INSERT INTO activation_words (activation_id, iam_role, description, default_name)"
             " VALUES ($1, $2, $3, $4)");

int store_activation_say(struct db *db, const char *id, const struct activation_words *words,
                         struct err *err)
{
    return db_run(db, &SQL_ACTIVATION_SAY, err, "ttee", id, words->iam_role, words->description,
                  words->default_name);
}

static void fill_said(struct db_rows *rows, struct arena *arena, void *item)
{
    struct activation_said *said = item;

    fill(rows, arena, &said->activation);
    said->words = (struct activation_words){.iam_role = db_text(rows, arena, 10),
                                            .description = db_text(rows, arena, 11),
                                            .default_name = db_text(rows, arena, 12)};
}

DB_STATEMENT(SQL_ACTIVATIONS_OF,
             "SELECT " COLUMNS ", w.iam_role, w.description, w.default_name"
             " FROM activations a JOIN activation_words w ON w.activation_id = a.id"
             " WHERE a.id > $1 AND created_by = $2 AND deleted_at IS NULL ORDER BY a.id LIMIT $3");

int store_activation_of(struct db *db, struct arena *arena, const char *created_by,
                        const char *after, size_t limit, struct activation_said **ret_items,
                        size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc =
        db_query(db, &SQL_ACTIVATIONS_OF, &rows, err, "tti", after, created_by, (int64_t)limit);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill_said, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_ACTIVATION_DELETE,
             "UPDATE activations SET deleted_at = $1 WHERE id = $2 AND deleted_at IS NULL");

int store_activation_delete(struct db *db, const char *id, time_ms now, struct err *err)
{
    return db_change(db, &SQL_ACTIVATION_DELETE, err, "it", now, id);
}

DB_STATEMENT(SQL_ACTIVATION_COUNT,
             "UPDATE activations SET registrations = registrations + 1 WHERE id = $1"
             " AND registrations < registration_limit AND expires_at > $2 AND deleted_at IS NULL");

int store_activation_count(struct db *db, const char *id, time_ms now, struct err *err)
{
    return db_change(db, &SQL_ACTIVATION_COUNT, err, "ti", id, now);
}

static void fill_tag(struct db_rows *rows, struct arena *arena, void *item)
{
    *(struct config_pair *)item =
        (struct config_pair){.key = db_text(rows, arena, 0), .value = db_text(rows, arena, 1)};
}

DB_STATEMENT(SQL_ACTIVATION_TAGS,
             "SELECT key, value FROM activation_tags WHERE activation_id = $1 ORDER BY key");

int store_activation_tags(struct db *db, struct arena *arena, const char *id,
                          struct config_pairs *ret_tags, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_ACTIVATION_TAGS, &rows, err, "t", id);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill_tag, &ret_tags->items, &ret_tags->n, err);
}
