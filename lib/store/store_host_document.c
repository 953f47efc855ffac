#include "lib/store/store_host_document.h"

DB_STATEMENT(SQL_HOST_DOCUMENT_CLEAR, "DELETE FROM host_documents WHERE host_id = $1");
DB_STATEMENT(SQL_HOST_DOCUMENT_ADD,
             "INSERT OR IGNORE INTO host_documents (host_id, digest) VALUES ($1, $2)");
DB_STATEMENT(SQL_HOST_DOCUMENT_STRICT, "UPDATE hosts SET strict = $1 WHERE id = $2");

int store_host_document_set(struct db *db, const char *host_id, const char *strict,
                            const char *const *digests, size_t n, struct err *err)
{
    int rc = db_run(db, &SQL_HOST_DOCUMENT_CLEAR, err, "t", host_id);

    for (size_t i = 0; i < n && rc == 0; i++)
        rc = db_run(db, &SQL_HOST_DOCUMENT_ADD, err, "tt", host_id, digests[i]);
    return rc < 0 ? rc : db_change(db, &SQL_HOST_DOCUMENT_STRICT, err, "tt", strict, host_id);
}

DB_STATEMENT(SQL_HOST_DOCUMENT_HAS,
             "SELECT 1 FROM host_documents WHERE host_id = $1 AND digest = $2");

int store_host_document_has(struct db *db, const char *host_id, const char *digest, bool *ret_has,
                            struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_HOST_DOCUMENT_HAS, &rows, err, "tt", host_id, digest);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    *ret_has = rc > 0;
    db_end(rows);
    return rc < 0 ? rc : 0;
}
