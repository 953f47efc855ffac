#include "lib/store/store_config.h"

DB_STATEMENT(SQL_CONFIG_PUT,
             "INSERT OR IGNORE INTO configs (digest, text, accepted_at, accepted_by)"
             " VALUES ($1, $2, $3, $4)");
DB_STATEMENT(SQL_CONFIG_FORCE,
             "UPDATE configs SET in_force = (digest = $1) WHERE in_force = 1 OR digest = $1");

int store_config_put(struct db *db, const char *digest, const char *text, const char *by,
                     time_ms now, bool *ret_new, struct err *err)
{
    int rc = db_change(db, &SQL_CONFIG_PUT, err, "ttit", digest, text, now, by);

    *ret_new = rc == 0;
    return rc < 0 && rc != ERR_CONFLICT ? rc : db_run(db, &SQL_CONFIG_FORCE, err, "t", digest);
}

DB_STATEMENT(SQL_CONFIG_IS_IN_FORCE, "SELECT 1 FROM configs WHERE digest = $1 AND in_force = 1");

int store_config_is_in_force(struct db *db, const char *digest, bool *ret_is, struct err *err)
{
    return db_exists(db, &SQL_CONFIG_IS_IN_FORCE, ret_is, err, "t", digest);
}

DB_STATEMENT(SQL_REDACTION_PUT, "INSERT OR IGNORE INTO redactions (digest, text) VALUES ($1, $2)");

int store_config_redaction_put(struct db *db, const char *digest, const char *text, struct err *err)
{
    return db_run(db, &SQL_REDACTION_PUT, err, "tt", digest, text);
}

DB_STATEMENT(SQL_REDACTION, "SELECT text FROM redactions WHERE digest = $1");

int store_config_redaction(struct db *db, struct arena *arena, const char *digest,
                           const char **ret_text, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_REDACTION, &rows, err, "t", digest);

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    if (rc > 0)
        *ret_text = db_text(rows, arena, 0);
    db_end(rows);
    return rc == 0 ? err_set(err, ERR_NOT_FOUND, "no redaction %.16s", digest) : rc < 0 ? rc : 0;
}

DB_STATEMENT(SQL_CONFIG_CHANGED, "SELECT max(accepted_at) FROM configs");

int store_config_changed(struct db *db, time_ms *ret_at, struct err *err)
{
    return db_number(db, &SQL_CONFIG_CHANGED, ret_at, err, "");
}

DB_STATEMENT(SQL_WATERMARK_SET, "INSERT INTO watermarks (source, at) VALUES ($1, $2)"
                                " ON CONFLICT (source) DO UPDATE SET at = max(at, excluded.at)");

int store_watermark_set(struct db *db, const char *source, time_ms at, struct err *err)
{
    return db_run(db, &SQL_WATERMARK_SET, err, "ti", source, at);
}

DB_STATEMENT(SQL_WATERMARK_SEEN_BY, "UPDATE watermarks SET at = $1 WHERE at > $1");

int store_watermark_seen_by(struct db *db, time_ms now, struct err *err)
{
    return db_run(db, &SQL_WATERMARK_SEEN_BY, err, "i", now);
}

DB_STATEMENT(SQL_WATERMARK, "SELECT at FROM watermarks WHERE source = $1");

int store_watermark(struct db *db, const char *source, time_ms *ret_at, struct err *err)
{
    return db_number(db, &SQL_WATERMARK, ret_at, err, "t", source);
}
