/* sign: see sign.h. Sources: RFC 8032 (Ed25519), RFC 8017 8.1 (RSASSA-PSS), RFC 5280 4.1 (SPKI). */
#include "lib/base/sign.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/crypto_library.h"
#include "lib/base/digest.h"

struct sign_key {
    EVP_PKEY *pkey;
};

struct sign_rsa {
    EVP_PKEY *pkey;
};

#define PEM_MAX 65536
#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 4096

static void must(int ok)
{
    if (ok != 1)
        abort();
}

static char *pem_of(EVP_PKEY *pkey, size_t *ret_len)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text, *copy;
    long n;

    must(bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL));
    n = BIO_get_mem_data(bio, &text);
    copy = malloc((size_t)n + 1);
    must(copy != NULL);
    memcpy(copy, text, (size_t)n);
    copy[n] = '\0';
    BIO_free(bio);
    *ret_len = (size_t)n;
    return copy;
}

/* The library would ask on the terminal for the password of an encrypted key; a server must not. */
static int no_password(char *text, int size, int writing, void *arg)
{
    (void)text, (void)size, (void)writing, (void)arg;
    return -1;
}

static EVP_PKEY *pem_read(const char *pem, size_t len, int type)
{
    BIO *bio = len > PEM_MAX ? NULL : BIO_new_mem_buf(pem, (int)len);
    EVP_PKEY *pkey = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);

    BIO_free(bio);
    if (pkey != NULL && EVP_PKEY_base_id(pkey) != type) {
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    ERR_clear_error();
    return pkey;
}

static bool rsa_size_is_fit(const EVP_PKEY *pkey)
{
    return EVP_PKEY_bits(pkey) >= RSA_BITS_MIN && EVP_PKEY_bits(pkey) <= RSA_BITS_MAX;
}

struct sign_key *sign_key_new(void)
{
    struct sign_key *key = calloc(1, sizeof(*key));

    must(key != NULL && (key->pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")) != NULL);
    return key;
}

void sign_key_free(struct sign_key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pkey);
    free(key);
}

char *sign_key_to_pem(const struct sign_key *key, size_t *ret_len)
{
    return pem_of(key->pkey, ret_len);
}

int sign_key_from_pem(const char *pem, size_t len, struct sign_key **ret_key, struct err *err)
{
    EVP_PKEY *pkey = pem_read(pem, len, EVP_PKEY_ED25519);
    struct sign_key *key;

    if (pkey == NULL)
        return err_set(err, ERR_INVALID, "not an unencrypted Ed25519 private key in PEM");
    key = calloc(1, sizeof(*key));
    must(key != NULL);
    key->pkey = pkey;
    *ret_key = key;
    return 0;
}

void sign_key_public(const struct sign_key *key, unsigned char out[SIGN_PUBLIC_SIZE])
{
    size_t n = SIGN_PUBLIC_SIZE;

    must(EVP_PKEY_get_raw_public_key(key->pkey, out, &n));
}

void sign_make(const struct sign_key *key, const void *message, size_t n,
               unsigned char out[SIGN_SIGNATURE_SIZE])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t len = SIGN_SIGNATURE_SIZE;

    must(ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key->pkey) == 1 &&
         EVP_DigestSign(ctx, out, &len, message, n) == 1);
    EVP_MD_CTX_free(ctx);
}

int sign_verify(const unsigned char public_key[SIGN_PUBLIC_SIZE], const void *message, size_t n,
                const unsigned char signature[SIGN_SIGNATURE_SIZE])
{
    EVP_PKEY *pkey =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, SIGN_PUBLIC_SIZE);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int ok = pkey != NULL && ctx != NULL &&
             EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
             EVP_DigestVerify(ctx, signature, SIGN_SIGNATURE_SIZE, message, n) == 1;

    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return ok ? 0 : ERR_DENIED;
}

void sign_fingerprint(const unsigned char public_key[SIGN_PUBLIC_SIZE],
                      char out[SIGN_FINGERPRINT_SIZE])
{
    unsigned char digest[DIGEST_SIZE];

    digest_sha256(public_key, SIGN_PUBLIC_SIZE, digest);
    digest_hex(digest, (SIGN_FINGERPRINT_SIZE - 1) / 2, out);
}

struct sign_rsa *sign_rsa_new(unsigned bits)
{
    struct sign_rsa *rsa = calloc(1, sizeof(*rsa));

    must(rsa != NULL && bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX &&
         (rsa->pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits)) != NULL);
    return rsa;
}

void sign_rsa_free(struct sign_rsa *rsa)
{
    if (rsa == NULL)
        return;
    EVP_PKEY_free(rsa->pkey);
    free(rsa);
}

char *sign_rsa_to_pem(const struct sign_rsa *rsa, size_t *ret_len)
{
    return pem_of(rsa->pkey, ret_len);
}

int sign_rsa_from_pem(const char *pem, size_t len, struct sign_rsa **ret_rsa, struct err *err)
{
    EVP_PKEY *pkey = pem_read(pem, len, EVP_PKEY_RSA);
    struct sign_rsa *rsa;

    if (pkey == NULL || !rsa_size_is_fit(pkey)) {
        EVP_PKEY_free(pkey);
        return err_set(err, ERR_INVALID,
                       "not an unencrypted RSA private key of %d to %d bits in PEM", RSA_BITS_MIN,
                       RSA_BITS_MAX);
    }
    rsa = calloc(1, sizeof(*rsa));
    must(rsa != NULL);
    rsa->pkey = pkey;
    *ret_rsa = rsa;
    return 0;
}

static char *base64_of(const unsigned char *bytes, size_t n)
{
    char *text = malloc(DIGEST_BASE64_SIZE(n));

    must(text != NULL);
    digest_base64(bytes, n, text);
    return text;
}

char *sign_rsa_spki(const struct sign_rsa *rsa)
{
    unsigned char *der = NULL;
    int n = i2d_PUBKEY(rsa->pkey, &der);
    char *text;

    must(n > 0);
    text = base64_of(der, (size_t)n);
    OPENSSL_free(der);
    return text;
}

#define SPKI_MAX 1024 /* DER of 4096 bits has 550 */

static EVP_PKEY *spki_read(const char *spki)
{
    unsigned char der[SPKI_MAX];
    const unsigned char *p = der;
    int n = digest_unbase64(spki, strlen(spki), der, sizeof(der));
    EVP_PKEY *pkey = n <= 0 ? NULL : d2i_PUBKEY(NULL, &p, n);

    if (pkey != NULL &&
        (p != der + n || EVP_PKEY_base_id(pkey) != EVP_PKEY_RSA || !rsa_size_is_fit(pkey))) {
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    ERR_clear_error();
    return pkey;
}

int sign_rsa_check_spki(const char *spki, struct err *err)
{
    EVP_PKEY *pkey = spki_read(spki);

    if (pkey == NULL)
        return err_set(err, ERR_INVALID, "not an RSA public key of %d to %d bits", RSA_BITS_MIN,
                       RSA_BITS_MAX);
    EVP_PKEY_free(pkey);
    return 0;
}

static int pss(EVP_PKEY_CTX *ctx)
{
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, 32) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) == 1;
}

char *sign_rsa_pss(const struct sign_rsa *rsa, const void *message, size_t n)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx = NULL;
    unsigned char signature[512];
    size_t len = sizeof(signature);

    must(ctx != NULL && EVP_DigestSignInit(ctx, &pctx, EVP_sha256(), NULL, rsa->pkey) == 1 &&
         pss(pctx) && EVP_DigestSign(ctx, signature, &len, message, n) == 1);
    EVP_MD_CTX_free(ctx);
    return base64_of(signature, len);
}

int sign_rsa_pss_verify(const char *spki, const void *message, size_t n, const char *signature)
{
    unsigned char raw[512];
    int len = digest_unbase64(signature, strlen(signature), raw, sizeof(raw));
    EVP_PKEY *pkey = spki_read(spki);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx = NULL;
    int rc = ERR_INVALID;

    if (len <= 0 || pkey == NULL || ctx == NULL)
        goto out;
    rc = EVP_DigestVerifyInit(ctx, &pctx, EVP_sha256(), NULL, pkey) == 1 && pss(pctx) &&
                 EVP_DigestVerify(ctx, raw, (size_t)len, message, n) == 1
             ? 0
             : ERR_DENIED;
out:
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return rc;
}
