/* digest: see digest.h. Sources: FIPS 180-4, RFC 2104, RFC 4648 (sections 4, 5 and 8). */
#include "lib/base/digest.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>

#include "lib/base/crypto_library.h"
#include "lib/base/err.h"

static void must(int ok)
{
    if (ok != 1)
        abort();
}

/* By its name it would be looked up at each use, which takes longer than a short digest. */
static EVP_MD *sha256;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;

static void find_sha256(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    must(sha256 != NULL);
}

static const EVP_MD *the_sha256(void)
{
    must(pthread_once(&sha256_once, find_sha256) == 0);
    return sha256;
}

int digest_begin(struct err *err)
{
    int rc = crypto_library_load(err);
    EVP_MAC *mac;

    if (rc < 0)
        return rc;
    (void)the_sha256();
    mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    must(mac != NULL);
    EVP_MAC_free(mac);
    return 0;
}

struct digest {
    EVP_MD_CTX *ctx;
};

struct digest *digest_new(void)
{
    struct digest *d = calloc(1, sizeof(*d));

    if (d == NULL || (d->ctx = EVP_MD_CTX_new()) == NULL)
        abort();
    must(EVP_DigestInit_ex(d->ctx, the_sha256(), NULL));
    return d;
}

void digest_add(struct digest *digest, const void *bytes, size_t n)
{
    must(EVP_DigestUpdate(digest->ctx, bytes, n));
}

void digest_final(struct digest *digest, unsigned char out[DIGEST_SIZE])
{
    must(EVP_DigestFinal_ex(digest->ctx, out, NULL));
}

void digest_free(struct digest *digest)
{
    if (digest == NULL)
        return;
    EVP_MD_CTX_free(digest->ctx);
    free(digest);
}

void digest_sha256(const void *bytes, size_t n, unsigned char out[DIGEST_SIZE])
{
    must(EVP_Digest(bytes, n, out, NULL, the_sha256(), NULL));
}

void digest_sha256_hex(const void *bytes, size_t n, char out[DIGEST_HEX_SIZE])
{
    unsigned char raw[DIGEST_SIZE];

    digest_sha256(bytes, n, raw);
    digest_hex(raw, sizeof(raw), out);
}

void digest_sha1_hex(const void *bytes, size_t n, char out[DIGEST_SHA1_HEX_SIZE])
{
    unsigned char raw[20];

    if (EVP_Digest(bytes, n, raw, NULL, EVP_sha1(), NULL) != 1)
        abort();
    digest_hex(raw, sizeof(raw), out);
}

struct digest_hmac {
    EVP_MAC *mac;
    EVP_MAC_CTX *ctx;
};

struct digest_hmac *digest_hmac_new(const void *key, size_t key_len)
{
    char name[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                           OSSL_PARAM_construct_end()};
    struct digest_hmac *h = calloc(1, sizeof(*h));

    if (h == NULL || (h->mac = EVP_MAC_fetch(NULL, "HMAC", NULL)) == NULL ||
        (h->ctx = EVP_MAC_CTX_new(h->mac)) == NULL)
        abort();
    must(EVP_MAC_init(h->ctx, key_len == 0 ? (const void *)"" : key, key_len, params));
    return h;
}

void digest_hmac_add(struct digest_hmac *hmac, const void *bytes, size_t n)
{
    must(EVP_MAC_update(hmac->ctx, bytes, n));
}

void digest_hmac_final(struct digest_hmac *hmac, unsigned char out[DIGEST_SIZE])
{
    size_t n;

    must(EVP_MAC_final(hmac->ctx, out, &n, DIGEST_SIZE));
}

void digest_hmac_free(struct digest_hmac *hmac)
{
    if (hmac == NULL)
        return;
    EVP_MAC_CTX_free(hmac->ctx);
    EVP_MAC_free(hmac->mac);
    free(hmac);
}

void digest_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t n,
                        unsigned char out[DIGEST_SIZE])
{
    struct digest_hmac *h = digest_hmac_new(key, key_len);

    digest_hmac_add(h, bytes, n);
    digest_hmac_final(h, out);
    digest_hmac_free(h);
}

bool digest_equal(const void *a, const void *b, size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}

void digest_hex(const void *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = bytes;

    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
    out[2 * n] = '\0';
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int digest_unhex(const char *hex, size_t hex_len, unsigned char *out, size_t n)
{
    if (hex_len != 2 * n)
        return ERR_INVALID;
    for (size_t i = 0; i < n; i++) {
        int high = nibble(hex[2 * i]);
        int low = nibble(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return ERR_INVALID;
        out[i] = (unsigned char)(high << 4 | low);
    }
    return 0;
}

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char for_urls[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static size_t encode(const char *alphabet, bool pad, const unsigned char *p, size_t n, char *out)
{
    size_t used = 0;

    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i;
        unsigned v = (unsigned)p[i] << 16 | (left > 1 ? (unsigned)p[i + 1] << 8 : 0) |
                     (left > 2 ? p[i + 2] : 0);
        out[used++] = alphabet[v >> 18];
        out[used++] = alphabet[v >> 12 & 63];
        if (left > 1 || pad)
            out[used++] = left > 1 ? alphabet[v >> 6 & 63] : '=';
        if (left > 2 || pad)
            out[used++] = left > 2 ? alphabet[v & 63] : '=';
    }
    out[used] = '\0';
    return used;
}

/* The six bits of a letter, or -1. `last` holds the alphabet's letters 62 and 63. */
static int sextet(const char last[2], char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == last[0] ? 62 : c == last[1] ? 63 : -1;
}

/* Unpadded text. Bits left over must be zero, so that each value has one text. */
static int decode(const char *alphabet, const char *text, size_t len, unsigned char *out,
                  size_t max)
{
    size_t used = 0;
    unsigned bits = 0, v = 0;

    if (len % 4 == 1)
        return ERR_INVALID;
    for (size_t i = 0; i < len; i++) {
        int six = sextet(alphabet + 62, text[i]);
        if (six < 0)
            return ERR_INVALID;
        v = v << 6 | (unsigned)six;
        bits += 6;
        if (bits < 8)
            continue;
        bits -= 8;
        if (used == max)
            return ERR_INVALID;
        out[used++] = (unsigned char)(v >> bits);
        v &= (1u << bits) - 1;
    }
    return v == 0 ? (int)used : ERR_INVALID;
}

size_t digest_base64(const void *bytes, size_t n, char *out)
{
    return encode(standard, true, bytes, n, out);
}

int digest_unbase64(const char *text, size_t len, unsigned char *out, size_t max)
{
    if (len % 4 != 0)
        return ERR_INVALID;
    for (int i = 0; i < 2 && len > 0 && text[len - 1] == '='; i++)
        len--;
    return decode(standard, text, len, out, max);
}

size_t digest_base64url(const void *bytes, size_t n, char *out)
{
    return encode(for_urls, false, bytes, n, out);
}

int digest_unbase64url(const char *text, size_t len, unsigned char *out, size_t max)
{
    return decode(for_urls, text, len, out, max);
}

void digest_random(void *bytes, size_t n)
{
    must(n <= INT_MAX && RAND_bytes(bytes, (int)n));
}
