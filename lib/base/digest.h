/*
 * digest: SHA-256, HMAC-SHA256, hex, base64, random bytes. All of it is OpenSSL's; hex is ours.
 *
 * A failure of the library here is a broken machine, not an input: it aborts. The one-shot calls
 * are for any thread; a digest or hmac belongs to one.
 */
#ifndef SLIPWAY_LIB_BASE_DIGEST_H
#define SLIPWAY_LIB_BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

struct err;

#define DIGEST_SIZE 32
#define DIGEST_HEX_SIZE 65 /* 64 digits and a NUL */

/* Load libcrypto, and have it read its configuration and find what is called here: what the first call would do. For who
 * wants it done while files can be read from anywhere, or told why it cannot be: ERR_NOT_FOUND names what is missing, where
 * the first call ends the process. Any thread. */
int digest_begin(struct err *err);

void digest_sha256(const void *bytes, size_t n, unsigned char out[DIGEST_SIZE]);
void digest_sha256_hex(const void *bytes, size_t n, char out[DIGEST_HEX_SIZE]);

/* Only to compare with what others computed so: it proves nothing. */
#define DIGEST_SHA1_HEX_SIZE 41
void digest_sha1_hex(const void *bytes, size_t n, char out[DIGEST_SHA1_HEX_SIZE]);

/* Piece by piece. `final` ends it (no more pieces, no second final); `free` accepts NULL. */
struct digest;
struct digest *digest_new(void);
void digest_add(struct digest *digest, const void *bytes, size_t n);
void digest_final(struct digest *digest, unsigned char out[DIGEST_SIZE]);
void digest_free(struct digest *digest);

/* HMAC-SHA256. */
struct digest_hmac;
struct digest_hmac *digest_hmac_new(const void *key, size_t key_len);
void digest_hmac_add(struct digest_hmac *hmac, const void *bytes, size_t n);
void digest_hmac_final(struct digest_hmac *hmac, unsigned char out[DIGEST_SIZE]);
void digest_hmac_free(struct digest_hmac *hmac);
void digest_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t n,
                        unsigned char out[DIGEST_SIZE]);

/* Constant-time comparison of n bytes. */
bool digest_equal(const void *a, const void *b, size_t n) __attribute__((warn_unused_result));

/* Lower-case hex; `out` has 2n+1 bytes. Reading accepts both cases, needs exactly 2n digits. */
void digest_hex(const void *bytes, size_t n, char *out);
int digest_unhex(const char *hex, size_t hex_len, unsigned char *out, size_t n);

/* Standard base64 with padding; out needs DIGEST_BASE64_SIZE(n). Returns the length. */
#define DIGEST_BASE64_SIZE(n) ((((n) + 2) / 3) * 4 + 1)
size_t digest_base64(const void *bytes, size_t n, char *out);
/* Strict: padding, no blanks. Returns the number of bytes, or ERR_INVALID, also if > max. */
int digest_unbase64(const char *text, size_t len, unsigned char *out, size_t max);

/* The alphabet of URLs, without padding. */
size_t digest_base64url(const void *bytes, size_t n, char *out);
int digest_unbase64url(const char *text, size_t len, unsigned char *out, size_t max);

/* From the library's generator: fit for keys and tokens. */
void digest_random(void *bytes, size_t n);

#endif
