/*
 * crypto_library: OpenSSL's libcrypto, loaded when something of it is first wanted (library.h).
 *
 * To relocate it is a third of the time until `main` where it is linked in. A server that starts loads it beside other
 * things (0207); a program that has nothing to hash does not. Files that call it include this in the place of OpenSSL's
 * headers. Other rooms call digest_begin().
 */
#ifndef SLIPWAY_LIB_BASE_CRYPTO_LIBRARY_H
#define SLIPWAY_LIB_BASE_CRYPTO_LIBRARY_H

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "lib/base/library.h"

/* clang-format off */
#define CRYPTO_LIBRARY(X)                                                                          \
    X(BIO_ctrl) X(BIO_free) X(BIO_new) X(BIO_new_mem_buf) X(BIO_s_mem) X(CRYPTO_free)              \
    X(CRYPTO_memcmp) X(ERR_clear_error) X(EVP_Digest) X(EVP_DigestFinal_ex) X(EVP_DigestInit_ex)   \
    X(EVP_DigestSign) X(EVP_DigestSignInit) X(EVP_DigestUpdate) X(EVP_DigestVerify)                \
    X(EVP_DigestVerifyInit) X(EVP_MAC_CTX_free) X(EVP_MAC_CTX_new) X(EVP_MAC_fetch)                \
    X(EVP_MAC_final) X(EVP_MAC_free) X(EVP_MAC_init) X(EVP_MAC_update) X(EVP_MD_CTX_free)          \
    X(EVP_MD_CTX_new) X(EVP_MD_fetch) X(EVP_PKEY_CTX_set_rsa_mgf1_md)                              \
    X(EVP_PKEY_CTX_set_rsa_padding) X(EVP_PKEY_CTX_set_rsa_pss_saltlen) X(EVP_PKEY_Q_keygen)       \
    X(EVP_PKEY_free) X(EVP_PKEY_get_base_id) X(EVP_PKEY_get_bits) X(EVP_PKEY_get_raw_public_key)   \
    X(EVP_PKEY_new_raw_public_key) X(EVP_sha1) X(EVP_sha256)                                       \
    X(OSSL_PARAM_construct_end) X(OSSL_PARAM_construct_utf8_string) X(PEM_read_bio_PrivateKey)     \
    X(PEM_write_bio_PKCS8PrivateKey) X(RAND_bytes) X(d2i_PUBKEY) X(i2d_PUBKEY)
/* clang-format on */

struct crypto_library {
    CRYPTO_LIBRARY(LIBRARY_FIELD)
};

/* Load it, if it is not. ERR_NOT_FOUND says what is missing. Any thread. */
int crypto_library_load(struct err *err);

/* Of the library that is loaded; loads it, and ends the process if it cannot. */
const struct crypto_library *crypto_library(void);

#ifndef __cppcheck__ /* which knows what a function gives, and not what a table of them does */
/* clang-format off */
#define BIO_ctrl(...) (crypto_library()->BIO_ctrl(__VA_ARGS__))
#define BIO_free(...) (crypto_library()->BIO_free(__VA_ARGS__))
#define BIO_new(...) (crypto_library()->BIO_new(__VA_ARGS__))
#define BIO_new_mem_buf(...) (crypto_library()->BIO_new_mem_buf(__VA_ARGS__))
#define BIO_s_mem(...) (crypto_library()->BIO_s_mem(__VA_ARGS__))
#define CRYPTO_free(...) (crypto_library()->CRYPTO_free(__VA_ARGS__))
#define CRYPTO_memcmp(...) (crypto_library()->CRYPTO_memcmp(__VA_ARGS__))
#define ERR_clear_error(...) (crypto_library()->ERR_clear_error(__VA_ARGS__))
#define EVP_Digest(...) (crypto_library()->EVP_Digest(__VA_ARGS__))
#define EVP_DigestFinal_ex(...) (crypto_library()->EVP_DigestFinal_ex(__VA_ARGS__))
#define EVP_DigestInit_ex(...) (crypto_library()->EVP_DigestInit_ex(__VA_ARGS__))
#define EVP_DigestSign(...) (crypto_library()->EVP_DigestSign(__VA_ARGS__))
#define EVP_DigestSignInit(...) (crypto_library()->EVP_DigestSignInit(__VA_ARGS__))
#define EVP_DigestUpdate(...) (crypto_library()->EVP_DigestUpdate(__VA_ARGS__))
#define EVP_DigestVerify(...) (crypto_library()->EVP_DigestVerify(__VA_ARGS__))
#define EVP_DigestVerifyInit(...) (crypto_library()->EVP_DigestVerifyInit(__VA_ARGS__))
#define EVP_MAC_CTX_free(...) (crypto_library()->EVP_MAC_CTX_free(__VA_ARGS__))
#define EVP_MAC_CTX_new(...) (crypto_library()->EVP_MAC_CTX_new(__VA_ARGS__))
#define EVP_MAC_fetch(...) (crypto_library()->EVP_MAC_fetch(__VA_ARGS__))
#define EVP_MAC_final(...) (crypto_library()->EVP_MAC_final(__VA_ARGS__))
#define EVP_MAC_free(...) (crypto_library()->EVP_MAC_free(__VA_ARGS__))
#define EVP_MAC_init(...) (crypto_library()->EVP_MAC_init(__VA_ARGS__))
#define EVP_MAC_update(...) (crypto_library()->EVP_MAC_update(__VA_ARGS__))
#define EVP_MD_CTX_free(...) (crypto_library()->EVP_MD_CTX_free(__VA_ARGS__))
#define EVP_MD_CTX_new(...) (crypto_library()->EVP_MD_CTX_new(__VA_ARGS__))
#define EVP_MD_fetch(...) (crypto_library()->EVP_MD_fetch(__VA_ARGS__))
#define EVP_PKEY_CTX_set_rsa_mgf1_md(...) (crypto_library()->EVP_PKEY_CTX_set_rsa_mgf1_md(__VA_ARGS__))
#define EVP_PKEY_CTX_set_rsa_padding(...) (crypto_library()->EVP_PKEY_CTX_set_rsa_padding(__VA_ARGS__))
#define EVP_PKEY_CTX_set_rsa_pss_saltlen(...) (crypto_library()->EVP_PKEY_CTX_set_rsa_pss_saltlen(__VA_ARGS__))
#define EVP_PKEY_Q_keygen(...) (crypto_library()->EVP_PKEY_Q_keygen(__VA_ARGS__))
#define EVP_PKEY_free(...) (crypto_library()->EVP_PKEY_free(__VA_ARGS__))
#define EVP_PKEY_get_base_id(...) (crypto_library()->EVP_PKEY_get_base_id(__VA_ARGS__))
#define EVP_PKEY_get_bits(...) (crypto_library()->EVP_PKEY_get_bits(__VA_ARGS__))
#define EVP_PKEY_get_raw_public_key(...) (crypto_library()->EVP_PKEY_get_raw_public_key(__VA_ARGS__))
#define EVP_PKEY_new_raw_public_key(...) (crypto_library()->EVP_PKEY_new_raw_public_key(__VA_ARGS__))
#define EVP_sha1(...) (crypto_library()->EVP_sha1(__VA_ARGS__))
#define EVP_sha256(...) (crypto_library()->EVP_sha256(__VA_ARGS__))
#define OSSL_PARAM_construct_end(...) (crypto_library()->OSSL_PARAM_construct_end(__VA_ARGS__))
#define OSSL_PARAM_construct_utf8_string(...) (crypto_library()->OSSL_PARAM_construct_utf8_string(__VA_ARGS__))
#define PEM_read_bio_PrivateKey(...) (crypto_library()->PEM_read_bio_PrivateKey(__VA_ARGS__))
#define PEM_write_bio_PKCS8PrivateKey(...) (crypto_library()->PEM_write_bio_PKCS8PrivateKey(__VA_ARGS__))
#define RAND_bytes(...) (crypto_library()->RAND_bytes(__VA_ARGS__))
#define d2i_PUBKEY(...) (crypto_library()->d2i_PUBKEY(__VA_ARGS__))
#define i2d_PUBKEY(...) (crypto_library()->i2d_PUBKEY(__VA_ARGS__))
/* clang-format on */
#endif

#endif
