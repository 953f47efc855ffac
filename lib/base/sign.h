/*
 * sign: the two kinds of signatures Slipway lives by. Ed25519 for envelopes that the server signs
 * and hosts check; RSA-PSS (SHA-256, MGF1 SHA-256, salt 32) for hosts that ask for credentials
 * (ssm-wire.md 2.2). All of it is OpenSSL's EVP. A key is made once, before threads share it, and
 * only read from then on.
 */
#ifndef SLIPWAY_LIB_BASE_SIGN_H
#define SLIPWAY_LIB_BASE_SIGN_H

#include <stddef.h>

#include "lib/base/err.h"

#define SIGN_PUBLIC_SIZE 32
#define SIGN_SIGNATURE_SIZE 64
#define SIGN_FINGERPRINT_SIZE 33 /* 32 hex digits and a NUL */

/* Ed25519 pair. */
struct sign_key;
struct sign_key *sign_key_new(void);
void sign_key_free(struct sign_key *key);
/* PEM text, PKCS#8, unencrypted; the caller wipes (secret_wipe) and frees. */
char *sign_key_to_pem(const struct sign_key *key, size_t *ret_len);
/* ERR_INVALID for another kind of key or an encrypted one; nobody is asked for a password. */
int sign_key_from_pem(const char *pem, size_t len, struct sign_key **ret_key, struct err *err);
void sign_key_public(const struct sign_key *key, unsigned char out[SIGN_PUBLIC_SIZE]);
void sign_make(const struct sign_key *key, const void *message, size_t n,
               unsigned char out[SIGN_SIGNATURE_SIZE]);
/* 0, or ERR_DENIED. */
int sign_verify(const unsigned char public_key[SIGN_PUBLIC_SIZE], const void *message, size_t n,
                const unsigned char signature[SIGN_SIGNATURE_SIZE])
    __attribute__((warn_unused_result));
/* First 128 bits of the SHA-256 of the public key, as people compare them. */
void sign_fingerprint(const unsigned char public_key[SIGN_PUBLIC_SIZE],
                      char out[SIGN_FINGERPRINT_SIZE]);

/* RSA pair of a host. */
struct sign_rsa;
struct sign_rsa *sign_rsa_new(unsigned bits); /* 2048 to 4096 */
void sign_rsa_free(struct sign_rsa *rsa);
char *sign_rsa_to_pem(const struct sign_rsa *rsa, size_t *ret_len);
int sign_rsa_from_pem(const char *pem, size_t len, struct sign_rsa **ret_rsa, struct err *err);
/* base64 of the DER SubjectPublicKeyInfo; the caller frees. */
char *sign_rsa_spki(const struct sign_rsa *rsa);
/* Is it an RSA public key of 2048 to 4096 bits? ERR_INVALID says why not. */
int sign_rsa_check_spki(const char *spki, struct err *err);
/* base64 of the signature; the caller frees. */
char *sign_rsa_pss(const struct sign_rsa *rsa, const void *message, size_t n);
/* 0, ERR_DENIED for a wrong signature, ERR_INVALID for a key or text that is none. */
int sign_rsa_pss_verify(const char *spki, const void *message, size_t n, const char *signature)
    __attribute__((warn_unused_result));

#endif
