/*
 * store_signing_key: the keys by which this server signs, how each was announced, and which hosts know of it. The private
 * halves are files (server/flow/signer.h).
 */
#ifndef SLIPWAY_LIB_STORE_STORE_SIGNING_KEY_H
#define SLIPWAY_LIB_STORE_STORE_SIGNING_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "lib/store/db.h"

struct signing_key {
    int64_t number;           /* 1.. */
    const char *key;          /* public half, base64url */
    const char *announcement; /* exact bytes that the key before it signed; NULL = the first one */
    const char *signature;
    time_ms announced_at;
    time_ms until;       /* so long hosts take it up; 0 = the first one */
    time_ms in_force_at; /* it signs since; 0 = not yet */
};

/* In order. */
int store_signing_key_list(struct db *db, struct arena *arena, struct signing_key **ret_items,
                           size_t *ret_n, struct err *err);
/* ERR_CONFLICT: that number or key is there. Writer. */
int store_signing_key_put(struct db *db, const struct signing_key *key, struct err *err);
/* It signs from now on. ERR_CONFLICT: it does, or is not there. Writer. */
int store_signing_key_turn(struct db *db, int64_t number, time_ms now, struct err *err);

/* Names of hosts that speak our protocol and have not said that they believe this key. */
int store_signing_key_strangers(struct db *db, struct arena *arena, const char *key,
                                const char ***ret_names, size_t *ret_n, struct err *err);
/* A host says which is the newest that it believes. Writer. */
int store_signing_key_known(struct db *db, const char *host_id, const char *key, struct err *err);

#endif
