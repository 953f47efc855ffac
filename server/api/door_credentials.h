/*
 * door_credentials: session credentials of a host, which nobody stores.
 *
 * The session token carries host, end and a number used once under a MAC of the server's own key;
 * the access key id and the secret are derived from it. So a restart forgets nothing, and revoking
 * is the host's state, asked at each call. Pure.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_CREDENTIALS_H
#define SLIPWAY_SERVER_API_DOOR_CREDENTIALS_H

#include "lib/base/err.h"
#include "lib/base/timestamp.h"

struct secret;

#define DOOR_CREDENTIALS_LIFE_MS (60 * 60 * 1000)
#define DOOR_CREDENTIALS_KEY_ID_SIZE 21 /* ASIA and 16 capitals or digits */
#define DOOR_CREDENTIALS_SECRET_SIZE 41
#define DOOR_CREDENTIALS_TOKEN_SIZE 128

struct door_credentials {
    char host_id[21];
    time_ms expires_at;
    char key_id[DOOR_CREDENTIALS_KEY_ID_SIZE];
    char secret[DOOR_CREDENTIALS_SECRET_SIZE]; /* secret_wipe() it */
    char token[DOOR_CREDENTIALS_TOKEN_SIZE];
};

void door_credentials_make(const struct secret *key, const char *host_id, time_ms expires_at,
                           struct door_credentials *ret_credentials);

/* From the token that came. ERR_DENIED: not one of ours. Its end and key id are the caller's to
 * compare. */
int door_credentials_open(const struct secret *key, const char *token,
                          struct door_credentials *ret_credentials);

#endif
