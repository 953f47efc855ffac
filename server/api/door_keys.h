/*
 * door_keys: the server's own keys, made at the first start and kept in the state folder.
 *
 *      signing-key.pem   Ed25519: signs envelopes; hosts pin its public half
 *      credential-key    32 random bytes as hex: behind the agents' session credentials
 *
 * Called by main before any thread. Losing the first means registering every host again.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_KEYS_H
#define SLIPWAY_SERVER_API_DOOR_KEYS_H

#include "lib/base/err.h"
#include "lib/base/sign.h"

struct secret;

struct door_keys {
    struct sign_key *signing;
    struct secret *credential;
    unsigned char public_key[SIGN_PUBLIC_SIZE];
};

/* Read what is there, make what is missing. ERR_DENIED: a file that others can read. */
int door_keys_open(const char *folder, struct door_keys *ret_keys, struct err *err);
void door_keys_deinit(struct door_keys *keys);

#endif
