/*
 * door_keys: the server's own key behind the agents' session credentials and the secrets of access keys: 32 random bytes
 * as hex in keys/credential-key, made at the first start. (The keys that sign for hosts: server/flow/signer.h.)
 *
 * Called by main before any thread.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_KEYS_H
#define SLIPWAY_SERVER_API_DOOR_KEYS_H

#include "lib/base/err.h"

struct secret;

struct door_keys {
    struct secret *credential;
};

/* Read what is there, make what is missing. ERR_DENIED: a file that others can read. */
int door_keys_open(const char *folder, struct door_keys *ret_keys, struct err *err);
void door_keys_deinit(struct door_keys *keys);

#endif
