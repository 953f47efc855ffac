/* door_credentials: see door_credentials.h. */
#include "server/api/door_credentials.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/digest.h"
#include "lib/base/names.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"

/* SLIPWAY1.HOST.END.NONCE.MAC; END in milliseconds, NONCE 16 hex digits, MAC base64url. */
#define PREFIX "SLIPWAY1."
#define NONCE_SIZE 8
#define MAC_SIZE 43

/* What a value is for goes into the MAC too, so that none can stand for another. */
static void derive(const struct secret *key, const char *purpose, const char *text, size_t len,
                   unsigned char out[DIGEST_SIZE])
{
    struct digest_hmac *hmac = digest_hmac_new(secret_bytes(key), secret_len(key));

    digest_hmac_add(hmac, purpose, strlen(purpose) + 1);
    digest_hmac_add(hmac, text, len);
    digest_hmac_final(hmac, out);
    digest_hmac_free(hmac);
}

static void token_mac(const struct secret *key, const char *text, size_t len,
                      char out[MAC_SIZE + 1])
{
    unsigned char mac[DIGEST_SIZE];

    derive(key, "session token", text, len, mac);
    digest_base64url(mac, sizeof(mac), out);
    out[MAC_SIZE] = '\0';
}

/* key_id and secret, from the token. */
static void derive_rest(const struct secret *key, struct door_credentials *c)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    unsigned char raw[DIGEST_SIZE];

    derive(key, "access key id", c->token, strlen(c->token), raw);
    memcpy(c->key_id, "ASIA", 4);
    for (size_t i = 0; i < 16; i++)
        c->key_id[4 + i] = letters[raw[i] & 31];
    c->key_id[20] = '\0';
    derive(key, "secret access key", c->token, strlen(c->token), raw);
    digest_base64(raw, 30, c->secret); /* 40 characters, as AWS' */
    secret_wipe(raw, sizeof(raw));
}

void door_credentials_make(const struct secret *key, const char *host_id, time_ms expires_at,
                           struct door_credentials *ret_credentials)
{
    struct door_credentials c = {.expires_at = expires_at};
    unsigned char nonce[NONCE_SIZE];
    char hex[2 * NONCE_SIZE + 1];
    char mac[MAC_SIZE + 1];
    int len;

    digest_random(nonce, sizeof(nonce));
    digest_hex(nonce, sizeof(nonce), hex);
    len = snprintf(c.token, sizeof(c.token) - MAC_SIZE - 1, PREFIX "%s.%" PRId64 ".%s", host_id,
                   expires_at, hex);
    token_mac(key, c.token, (size_t)len, mac);
    c.token[len] = '.';
    memcpy(c.token + len + 1, mac, sizeof(mac));
    snprintf(c.host_id, sizeof(c.host_id), "%s", host_id);
    derive_rest(key, &c);
    *ret_credentials = c;
    secret_wipe(&c, sizeof(c));
}

/* HOST.END of a token whose MAC is right. */
static int take(const char *text, struct door_credentials *c)
{
    const char *end = text + 20; /* behind the host id */
    char number[24];
    size_t len;

    if (strlen(text) < 22 || *end != '.')
        return ERR_DENIED;
    memcpy(c->host_id, text, 20);
    c->host_id[20] = '\0';
    len = strcspn(end + 1, ".");
    if (!names_is_host_id(c->host_id) || len >= sizeof(number))
        return ERR_DENIED;
    memcpy(number, end + 1, len);
    number[len] = '\0';
    return str_parse_int64(number, &c->expires_at) < 0 ? ERR_DENIED : 0;
}

int door_credentials_open(const struct secret *key, const char *token,
                          struct door_credentials *ret_credentials)
{
    struct door_credentials c = {.expires_at = 0};
    const char *dot = strrchr(token, '.');
    char mac[MAC_SIZE + 1];
    int rc;

    if (strlen(token) >= sizeof(c.token) || !str_starts(token, PREFIX) || dot == NULL ||
        strlen(dot + 1) != MAC_SIZE)
        return ERR_DENIED;
    token_mac(key, token, (size_t)(dot - token), mac);
    if (!digest_equal(mac, dot + 1, MAC_SIZE))
        return ERR_DENIED;
    rc = take(token + strlen(PREFIX), &c);
    if (rc < 0)
        return rc;
    memcpy(c.token, token, strlen(token) + 1);
    derive_rest(key, &c);
    *ret_credentials = c;
    secret_wipe(&c, sizeof(c));
    return 0;
}
