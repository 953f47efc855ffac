/* sign: published and foreign signatures verify, changed ones do not. */
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/digest.h"
#include "lib/base/sign.h"

/* Made by the openssl program over "a message" with one 2048 bit key: what a host's agent sends. */
static const char spki[] =
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAq+xOq64E3x2ee+e2UsasOcni8Tni8Jv15jeR"
    "PjjgPUD8eKTsxsOE13vnoz2f3bOntAk/4yIzsiitWr5LBh5i7bMZ8uPqrzDIZf0DMNHvRZRLAUhKfacP"
    "Tlu8hRvrpvvBcVpsYtYVLkftzfmzNrOmJ4DCizV9idbU+A9NZY2y+6kmn02Ju3N/iBCf0cJsyDqc4d6q"
    "x09fyCB8Enz4ifV5qU3IirTaI17MQoXCZWM7WlCUN/R+pZF6Saa5pmykyiQm1j3Ce28+KW3lgvrB+XnQ"
    "05vuawoqnC1KEDbLf6/qgFJAcN2SQtmTEvPo1SMtlb8oVHuIDBM5kCpXCKDbBD5chwIDAQAB";
static const char pss_32[] = /* salt of 32 bytes: the one we speak */
    "njai491eWPN+HBgYzyEGb/dfQ0xc0nTc83ezAVHszE4p6QWyjOeDnpykyac4Zecqbr125807dlrAC2+D"
    "NY3Um6Q9Y7P1ukOAxr+wbyDsBdZW7ZwGtXALXLY1rYe54l1H+t2hR1gaxttH5ZT0W6o2qiZETWhmLhWV"
    "sbI3lHT0zrY3u8rvsQVrtMb/B8SftwwI4blg/SqgZLn4JDcbjyLh/5ZfD0OBXN2LtMf5nM1RIdaDbsd4"
    "NS1a65Fc7JDb9X5dOq7fqg3j5bNOGKMzBcIhxVgUQpA7Bgise/btwDqembpsu5qMZK0t39kKzFGIqCf0"
    "StobsgB9f3RDYIhZO2tTLQ==";
static const char pss_20[] = /* salt of 20 bytes */
    "GQQhQqXsUxMzv676OvuVYKcpRIQnFwXsXzL05ei6A9sqtDxltoAFuyk1jObtzkF4tKnHfZQrDTiAOWR7"
    "hj5e92mj8giENqqqdQWq9u6s0hzuKWhAwQltHeyO+yF9IhrSw0XbLnPddbzwiAL3lwXBYGANYIORgBfQ"
    "GxFp0aFwfLvxlGd8PRF7w3pQHuHJ8vxDX0+iIpxkk/XAQ/DM/iSUCGlZrqfyd/zMwAQ8iniU0rdmal7V"
    "wSBxpDJgJ5NviHlxfYldleni3Cvs+bZfMEFL0QORuBD0tZFQG8EddLou2bYEM84uvJFLon/UL4BTWio/"
    "YyNUHAIKsCsH0EmZmhv9nA==";
static const char pkcs1[] = /* the old padding */
    "a4R7y0C1RriKveS+s3TCx7zjQtkA0C3Xb//kxViq1cwsrXqwZany9a9vtf6RfUrESx5/4XeBV0mvbvxR"
    "Cr04ZAfNX0+3P42lX9PsxGFRnuPN2A9vuoqaLLuP1obPS7SHYxLuCUC0GAu3vjUZ5dGNZXAGC+1mdJch"
    "zeITnwkxmWjKPZL6xA50rmKRb6YPyIOj5oo34tVaCmw/zBG3aCPhc2m9HUTUs+QftGPkstN+x3Qmxgla"
    "k5ezRQWtBzwCiRQ+xCA22vkUKpEHw6wOxfSaQk3TtkC4WiKyGDoczAtvAxZ/u0y6kDSa8quYq+LnUZJk"
    "dxyUWaW7N3Xi3eIcjxznbg==";

static const char spki_1024[] =
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDzaXIm2JuTmmH5LA2Wy1shjtNnbEYEumyzff/adE/f"
    "lMI088d3Dxks1ayR8NNbJbzUr5UoUdfUtlKXptHLbeZxZhE6hJrkZgYjRg2nRBQMCrQ4caXVBcirDlZR"
    "HAbdx6hG/OYtSMUMU+G1en4rEpjMApldlEe71Mg39W1elwnseQIDAQAB";
static const char spki_ec[] =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEz6C03UC2DtkdRjbwOpUXB7hDmglDteboewQShyFSPaH2"
    "y+s0IsvOiyOWjDcaFfDaNpIZvGGaGYE94mvRrZU9qQ==";

static const char encrypted_pem[] =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjVgMB1c1P9owICCAAw\n"
    "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEN44m0UwqvgT5bRbt08iSpoEQMy4\n"
    "KYy0A9QD9IixRXSp4noIyckRaGaFDgjYo4JIsMmzj+RV8z/YP6ZF+JkQynGQjYqI\n"
    "dOzVoyZoyIK7gtsx4Ls=\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

/* PKCS#8 of a 32 byte seed (RFC 8410, section 7). */
static struct sign_key *key_of_seed(const char *seed_hex)
{
    unsigned char der[48];
    char pem[200], code[DIGEST_BASE64_SIZE(48)];
    struct sign_key *key = NULL;

    assert_int_equal(digest_unhex("302e020100300506032b657004220420", 32, der, 16), 0);
    assert_int_equal(digest_unhex(seed_hex, 64, der + 16, 32), 0);
    digest_base64(der, sizeof(der), code);
    snprintf(pem, sizeof(pem), "-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----\n",
             code);
    assert_int_equal(sign_key_from_pem(pem, strlen(pem), &key, NULL), 0);
    return key;
}

/* RFC 8032, section 7.1, tests 1 to 3. */
static void ed25519_gives_the_published_signatures(void **state)
{
    static const struct {
        const char *seed, *public_key, *message, *signature;
    } cases[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701"
         "cf9b4"
         "6bd25bf5f0595bbe24655141438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d"
         "0f11d"
         "8c387b2eaeb4302aeeb00d291612bb0c00"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f7609"
         "84dc6"
         "594a7c15e9716ed28dc027beceea1ec40a"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sign_key *key = key_of_seed(cases[i].seed);
        unsigned char public_key[SIGN_PUBLIC_SIZE], signature[SIGN_SIGNATURE_SIZE], message[2];
        size_t n = strlen(cases[i].message) / 2;
        char hex[2 * SIGN_SIGNATURE_SIZE + 1];
        sign_key_public(key, public_key);
        digest_hex(public_key, sizeof(public_key), hex);
        assert_string_equal(hex, cases[i].public_key);
        assert_int_equal(digest_unhex(cases[i].message, 2 * n, message, n), 0);
        sign_make(key, message, n, signature);
        digest_hex(signature, sizeof(signature), hex);
        assert_string_equal(hex, cases[i].signature);
        assert_int_equal(sign_verify(public_key, message, n, signature), 0);
        sign_key_free(key);
    }
}

static void each_flipped_bit_of_an_envelope_is_denied(void **state)
{
    struct sign_key *key = sign_key_new(), *other = sign_key_new();
    unsigned char public_key[SIGN_PUBLIC_SIZE], others[SIGN_PUBLIC_SIZE];
    unsigned char signature[SIGN_SIGNATURE_SIZE];
    char message[] = "{\"Host\":\"mi-0123456789abcdef0\"}";

    (void)state;
    sign_key_public(key, public_key);
    sign_key_public(other, others);
    sign_make(key, message, sizeof(message) - 1, signature);
    assert_int_equal(sign_verify(public_key, message, sizeof(message) - 1, signature), 0);
    assert_int_equal(sign_verify(others, message, sizeof(message) - 1, signature), ERR_DENIED);
    assert_int_equal(sign_verify(public_key, message, sizeof(message) - 2, signature), ERR_DENIED);
    for (size_t bit = 0; bit < 8 * sizeof(signature); bit++) {
        signature[bit / 8] ^= (unsigned char)(1u << bit % 8);
        assert_int_equal(sign_verify(public_key, message, sizeof(message) - 1, signature),
                         ERR_DENIED);
        signature[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * (sizeof(message) - 1); bit++) {
        message[bit / 8] ^= (char)(1u << bit % 8);
        assert_int_equal(sign_verify(public_key, message, sizeof(message) - 1, signature),
                         ERR_DENIED);
        message[bit / 8] ^= (char)(1u << bit % 8);
    }
    sign_key_free(key);
    sign_key_free(other);
    sign_key_free(NULL);
}

static void a_key_survives_its_file(void **state)
{
    struct sign_key *key = sign_key_new(), *back = NULL;
    unsigned char a[SIGN_PUBLIC_SIZE], b[SIGN_PUBLIC_SIZE];
    char fingerprint[SIGN_FINGERPRINT_SIZE], digest[DIGEST_HEX_SIZE];
    size_t n;
    char *pem = sign_key_to_pem(key, &n);

    (void)state;
    assert_int_equal(strlen(pem), n);
    assert_int_equal(sign_key_from_pem(pem, n, &back, NULL), 0);
    sign_key_public(key, a);
    sign_key_public(back, b);
    assert_memory_equal(a, b, sizeof(a));
    sign_fingerprint(a, fingerprint);
    digest_sha256_hex(a, sizeof(a), digest);
    assert_int_equal(strlen(fingerprint), 32);
    assert_memory_equal(fingerprint, digest, 32);
    free(pem);
    sign_key_free(key);
    sign_key_free(back);
}

static void what_is_no_key_of_the_kind_is_refused_and_nobody_is_asked(void **state)
{
    struct sign_rsa *rsa = sign_rsa_new(2048), *no_rsa = NULL;
    struct sign_key *key = sign_key_new(), *no_key = NULL;
    struct err err = ERR_INIT;
    size_t n, m;
    char *rsa_pem = sign_rsa_to_pem(rsa, &n), *pem = sign_key_to_pem(key, &m);

    (void)state;
    assert_int_equal(sign_key_from_pem(rsa_pem, n, &no_key, &err), ERR_INVALID);
    assert_string_equal(err.text, "not an unencrypted Ed25519 private key in PEM");
    assert_int_equal(sign_rsa_from_pem(pem, m, &no_rsa, &err), ERR_INVALID);
    assert_int_equal(sign_key_from_pem(encrypted_pem, strlen(encrypted_pem), &no_key, &err),
                     ERR_INVALID);
    assert_int_equal(sign_key_from_pem("", 0, &no_key, &err), ERR_INVALID);
    for (size_t cut = 0; cut < m - 1; cut++) /* the last byte is a line end that need not be */
        assert_int_equal(sign_key_from_pem(pem, cut, &no_key, &err), ERR_INVALID);
    assert_null(no_key);
    assert_null(no_rsa);
    free(pem);
    free(rsa_pem);
    sign_key_free(key);
    sign_rsa_free(rsa);
}

static void an_encrypted_key_is_refused_on_a_terminal_without_a_question(void **state)
{
    char said[200] = "";
    int terminal, status;
    pid_t pid;

    (void)state;
    pid = forkpty(&terminal, NULL, NULL, NULL);
    if (pid == 0) {
        struct sign_key *key = NULL;
        alarm(20); /* whoever asks waits for ever */
        _exit(sign_key_from_pem(encrypted_pem, strlen(encrypted_pem), &key, NULL) == ERR_INVALID
                  ? 7
                  : 1);
    }
    assert_true(pid > 0);
    assert_true(read(terminal, said, sizeof(said) - 1) <= 0); /* the end, not a prompt */
    close(terminal);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
}

static void a_foreign_pss_signature_verifies_with_our_parameters_only(void **state)
{
    (void)state;
    assert_int_equal(sign_rsa_check_spki(spki, NULL), 0);
    assert_int_equal(sign_rsa_pss_verify(spki, "a message", 9, pss_32), 0);
    assert_int_equal(sign_rsa_pss_verify(spki, "a messagf", 9, pss_32), ERR_DENIED);
    assert_int_equal(sign_rsa_pss_verify(spki, "a message", 8, pss_32), ERR_DENIED);
    assert_int_equal(sign_rsa_pss_verify(spki, "a message", 9, pss_20), ERR_DENIED);
    assert_int_equal(sign_rsa_pss_verify(spki, "a message", 9, pkcs1), ERR_DENIED);
}

static void ours_verifies_for_its_own_key_only(void **state)
{
    struct sign_rsa *rsa = sign_rsa_new(2048), *back = NULL;
    size_t n;
    char *pem = sign_rsa_to_pem(rsa, &n), *own = sign_rsa_spki(rsa);
    char *signature;

    (void)state;
    assert_int_equal(sign_rsa_from_pem(pem, n, &back, NULL), 0);
    signature = sign_rsa_pss(back, "request", 7);
    assert_int_equal(sign_rsa_pss_verify(own, "request", 7, signature), 0);
    assert_int_equal(sign_rsa_pss_verify(spki, "request", 7, signature), ERR_DENIED);
    free(signature);
    free(own);
    free(pem);
    sign_rsa_free(rsa);
    sign_rsa_free(back);
    sign_rsa_free(NULL);
}

static void keys_and_signatures_from_outside_are_measured_first(void **state)
{
    char big[8000], longer[sizeof(spki) + 8];
    struct err err = ERR_INIT;

    (void)state;
    memset(big, 'A', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    assert_int_equal(sign_rsa_check_spki(spki_1024, &err), ERR_INVALID);
    assert_string_equal(err.text, "not an RSA public key of 2048 to 4096 bits");
    assert_int_equal(sign_rsa_check_spki(spki_ec, NULL), ERR_INVALID);
    assert_int_equal(sign_rsa_check_spki("", NULL), ERR_INVALID);
    assert_int_equal(sign_rsa_check_spki(big, NULL), ERR_INVALID);
    snprintf(longer, sizeof(longer), "%sAAAA", spki); /* bytes behind the key */
    assert_int_equal(sign_rsa_check_spki(longer, NULL), ERR_INVALID);
    assert_int_equal(sign_rsa_pss_verify(spki, "a message", 9, big), ERR_INVALID);
    assert_int_equal(sign_rsa_pss_verify(spki, "a message", 9, ""), ERR_INVALID);
    assert_int_equal(sign_rsa_pss_verify(spki, "a message", 9, "AAAA"), ERR_DENIED);
    assert_int_equal(sign_rsa_pss_verify("AAAA", "a message", 9, pss_32), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ed25519_gives_the_published_signatures),
        cmocka_unit_test(each_flipped_bit_of_an_envelope_is_denied),
        cmocka_unit_test(a_key_survives_its_file),
        cmocka_unit_test(what_is_no_key_of_the_kind_is_refused_and_nobody_is_asked),
        cmocka_unit_test(an_encrypted_key_is_refused_on_a_terminal_without_a_question),
        cmocka_unit_test(a_foreign_pss_signature_verifies_with_our_parameters_only),
        cmocka_unit_test(ours_verifies_for_its_own_key_only),
        cmocka_unit_test(keys_and_signatures_from_outside_are_measured_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
