/* store_token: tokens for the API, stored hashed. */
#ifndef SLIPWAY_LIB_STORE_STORE_TOKEN_H
#define SLIPWAY_LIB_STORE_STORE_TOKEN_H

#include "lib/store/db.h"

struct token {
    int64_t id;
    const char *name;
    const char *digest; /* SHA-256 of the token, hex */
    const char *rights; /* comma list: what it has by itself; for a person's: at most */
    int64_t github_id;  /* account of the person it stands for; 0 = it stands for itself */
    const char *login;  /* of that person when it was made; NULL */
    const char *scope;  /* owner/name or owner/name/environment; NULL = everywhere */
    time_ms created_at;
    const char *created_by;
    time_ms expires_at; /* 0 = never */
    time_ms used_at;
    time_ms revoked_at;
};

/* ERR_CONFLICT: a token of that name is in use. Writer. */
int store_token_put(struct db *db, const struct token *token, struct err *err);
/* By the digest of what was sent; ERR_NOT_FOUND also if it was revoked. */
int store_token_by_digest(struct db *db, struct arena *arena, const char *digest,
                          struct token *ret_token, struct err *err);
int store_token_list(struct db *db, struct arena *arena, struct token **ret_items, size_t *ret_n,
                     struct err *err);
/* ERR_CONFLICT: no token of that name is in use. Writer. */
int store_token_revoke(struct db *db, const char *name, time_ms now, struct err *err);
/* Note its use. Writer. */
int store_token_used(struct db *db, int64_t id, time_ms now, struct err *err);

#endif
