#include "lib/store/store_door_document.h"

#include "lib/store/db_list.h"

#define COLUMNS "name, latest_version, default_version, target_type, created_at, created_by"

static void fill(struct db_rows *rows, struct arena *arena, void *item)
{
    struct door_document *d = item;

    *d = (struct door_document){.name = db_text(rows, arena, 0),
                                .latest_version = db_int(rows, 1),
                                .default_version = db_int(rows, 2),
                                .target_type = db_text(rows, arena, 3),
                                .created_at = db_int(rows, 4),
                                .created_by = db_text(rows, arena, 5)};
}

DB_STATEMENT(SQL_DOOR_DOCUMENT, "SELECT " COLUMNS " FROM door_documents WHERE name = $1");

int store_door_document(struct db *db, struct arena *arena, const char *name,
                        struct door_document *ret_document, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DOOR_DOCUMENT, &rows, err, "t", name);

    return rc < 0 ? rc : db_list_one(rows, arena, fill, ret_document, err, "no document %s", name);
}

DB_STATEMENT(SQL_DOOR_DOCUMENT_PAGE,
             "SELECT " COLUMNS " FROM door_documents WHERE name > $1 ORDER BY name LIMIT $2");

int store_door_document_page(struct db *db, struct arena *arena, const char *after, size_t limit,
                             struct door_document **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DOOR_DOCUMENT_PAGE, &rows, err, "ti", after, (int64_t)limit);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_DOOR_DOCUMENT_COUNT, "SELECT count(*) FROM door_documents");

int store_door_document_count(struct db *db, int64_t *ret_n, struct err *err)
{
    return db_number(db, &SQL_DOOR_DOCUMENT_COUNT, ret_n, err, "");
}

DB_STATEMENT(SQL_DOOR_DOCUMENT_VERSION,
             "SELECT v.version, v.digest, v.version_name, d.content, v.created_at, v.source"
             " FROM door_document_versions v JOIN documents d ON d.digest = v.digest"
             " WHERE v.name = $1 AND v.version = $2");

int store_door_document_version(struct db *db, struct arena *arena, const char *name,
                                int64_t version, struct door_document_version *ret_version,
                                struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_DOOR_DOCUMENT_VERSION, &rows, err, "ti", name, version);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    if (rc > 0)
        *ret_version = (struct door_document_version){.version = db_int(rows, 0),
                                                      .digest = db_text(rows, arena, 1),
                                                      .version_name = db_text(rows, arena, 2),
                                                      .content = db_text(rows, arena, 3),
                                                      .created_at = db_int(rows, 4),
                                                      .source = db_text(rows, arena, 5)};
    else if (rc == 0)
        rc = err_set(err, ERR_NOT_FOUND, "document %s has no version %lld", name,
                     (long long)version);
    db_end(rows);
    return rc < 0 ? rc : 0;
}

DB_STATEMENT(SQL_DOOR_DOCUMENT_NAMED,
             "SELECT version FROM door_document_versions WHERE name = $1 AND version_name = $2");

int store_door_document_version_named(struct db *db, const char *name, const char *version_name,
                                      int64_t *ret_version, struct err *err)
{
    return db_number(db, &SQL_DOOR_DOCUMENT_NAMED, ret_version, err, "tt", name, version_name);
}

DB_STATEMENT(SQL_DOOR_DOCUMENT_OF,
             "SELECT version FROM door_document_versions WHERE name = $1 AND digest = $2 LIMIT 1");

int store_door_document_version_of(struct db *db, const char *name, const char *digest,
                                   int64_t *ret_version, struct err *err)
{
    return db_number(db, &SQL_DOOR_DOCUMENT_OF, ret_version, err, "tt", name, digest);
}

DB_STATEMENT(SQL_DOOR_DOCUMENT_CREATE,
             "INSERT INTO door_documents (name, latest_version, default_version, target_type,"
             " created_at, created_by) VALUES ($1, 1, 1, $2, $3, $4)");
DB_STATEMENT(SQL_DOOR_DOCUMENT_ADD,
             "INSERT INTO door_document_versions (name, version, digest, version_name, created_at,"
             " created_by, source) VALUES ($1, $2, $3, $4, $5, $6, $7)");

int store_door_document_create(struct db *db, const struct door_document *d,
                               const struct door_document_version *v, struct err *err)
{
    int rc = db_run(db, &SQL_DOOR_DOCUMENT_CREATE, err, "teit", d->name, d->target_type,
                    d->created_at, d->created_by);

    return rc < 0 ? rc
                  : db_run(db, &SQL_DOOR_DOCUMENT_ADD, err, "titeite", d->name, (int64_t)1,
                           v->digest, v->version_name, v->created_at, d->created_by, v->source);
}

DB_STATEMENT(SQL_DOOR_DOCUMENT_RAISE, "UPDATE door_documents SET latest_version = $1"
                                      " WHERE name = $2 AND latest_version = $3");

int store_door_document_update(struct db *db, const char *name, int64_t latest,
                               const struct door_document_version *v, const char *created_by,
                               struct err *err)
{
    int rc = db_change(db, &SQL_DOOR_DOCUMENT_RAISE, err, "iti", latest + 1, name, latest);

    return rc < 0 ? rc
                  : db_run(db, &SQL_DOOR_DOCUMENT_ADD, err, "titeite", name, latest + 1, v->digest,
                           v->version_name, v->created_at, created_by, v->source);
}

DB_STATEMENT(SQL_DOOR_DOCUMENT_DEFAULT,
             "UPDATE door_documents SET default_version = $1 WHERE name = $2");

int store_door_document_default(struct db *db, const char *name, int64_t version, struct err *err)
{
    return db_change(db, &SQL_DOOR_DOCUMENT_DEFAULT, err, "it", version, name);
}

DB_STATEMENT(SQL_DOOR_DOCUMENT_DELETE_VERSIONS,
             "DELETE FROM door_document_versions WHERE name = $1");
DB_STATEMENT(SQL_DOOR_DOCUMENT_DELETE, "DELETE FROM door_documents WHERE name = $1");

int store_door_document_delete(struct db *db, const char *name, struct err *err)
{
    int rc = db_run(db, &SQL_DOOR_DOCUMENT_DELETE_VERSIONS, err, "t", name);

    return rc < 0 ? rc : db_change(db, &SQL_DOOR_DOCUMENT_DELETE, err, "t", name);
}
