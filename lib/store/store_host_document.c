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
    return db_exists(db, &SQL_HOST_DOCUMENT_HAS, ret_has, err, "tt", host_id, digest);
}
