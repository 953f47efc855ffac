#include "lib/store/store_token.h"

#include "lib/store/db_list.h"

#define COLUMNS                                                                                    \
    "id, name, token_digest, rights, github_id, login, scope, created_at, created_by, expires_at," \
    " used_at, revoked_at"

DB_STATEMENT(SQL_TOKEN_PUT,
             "INSERT INTO tokens (name, token_digest, rights, github_id, login, scope, created_at,"
             " created_by, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");

int store_token_put(struct db *db, const struct token *t, struct err *err)
{
    return db_run(db, &SQL_TOKEN_PUT, err, "tttIttitI", t->name, t->digest, t->rights, t->github_id,
                  t->login, t->scope, t->created_at, t->created_by, t->expires_at);
}

static void fill(struct db_rows *rows, struct arena *arena, void *item)
{
    struct token *t = item;

    *t = (struct token){.id = db_int(rows, 0),
                        .name = db_text(rows, arena, 1),
                        .digest = db_text(rows, arena, 2),
                        .rights = db_text(rows, arena, 3),
                        .github_id = db_int(rows, 4),
                        .login = db_text(rows, arena, 5),
                        .scope = db_text(rows, arena, 6),
                        .created_at = db_int(rows, 7),
                        .created_by = db_text(rows, arena, 8),
                        .expires_at = db_int(rows, 9),
                        .used_at = db_int(rows, 10),
                        .revoked_at = db_int(rows, 11)};
}

DB_STATEMENT(SQL_TOKEN_BY_DIGEST,
             "SELECT " COLUMNS " FROM tokens WHERE token_digest = $1 AND revoked_at IS NULL");

int store_token_by_digest(struct db *db, struct arena *arena, const char *digest,
                          struct token *ret_token, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_TOKEN_BY_DIGEST, &rows, err, "t", digest);

    return rc < 0 ? rc : db_list_one(rows, arena, fill, ret_token, err, "no such token");
}

DB_STATEMENT(SQL_TOKEN_LIST, "SELECT " COLUMNS " FROM tokens ORDER BY id DESC LIMIT 500");

int store_token_list(struct db *db, struct arena *arena, struct token **ret_items, size_t *ret_n,
                     struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_TOKEN_LIST, &rows, err, "");

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_TOKEN_REVOKE,
             "UPDATE tokens SET revoked_at = $1 WHERE name = $2 AND revoked_at IS NULL");

int store_token_revoke(struct db *db, const char *name, time_ms now, struct err *err)
{
    return db_change(db, &SQL_TOKEN_REVOKE, err, "it", now, name);
}

DB_STATEMENT(SQL_TOKEN_USED, "UPDATE tokens SET used_at = $1 WHERE id = $2");

int store_token_used(struct db *db, int64_t id, time_ms now, struct err *err)
{
    return db_change(db, &SQL_TOKEN_USED, err, "ii", now, id);
}
