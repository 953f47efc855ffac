/* signature: T01 forged, T02 left out or malformed, rotation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/digest.h"
#include "lib/base/secret.h"
#include "lib/github/signature.h"

/* GitHub's published vector (github-wire.md 1). */
#define SECRET "It's a Secret to Everybody"
#define BODY "Hello, World!"
#define SIGNED "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

static bool verifies(const char *header, const char *const *keys, size_t n_keys, const char *body,
                     size_t len, size_t piece)
{
    struct secret *secrets[SIGNATURE_SECRETS_MAX];
    unsigned char claimed[SIGNATURE_SIZE];
    struct signature *s;
    bool right;

    if (!signature_parse(header, claimed))
        return false;
    for (size_t i = 0; i < n_keys; i++)
        secrets[i] = secret_new(keys[i], strlen(keys[i]));
    s = signature_new(claimed, (const struct secret *const *)secrets, n_keys);
    for (size_t at = 0; at < len; at += piece)
        signature_feed(s, body + at, len - at < piece ? len - at : piece);
    right = signature_judge(s) == SIGNATURE_RIGHT;
    signature_free(s);
    for (size_t i = 0; i < n_keys; i++)
        secret_free(secrets[i]);
    return right;
}

struct marks {
    char by[SIGNATURE_SECRETS_MAX][DELIVERY_MARK_SIZE];
    size_t n, fitting;
};

/* Of a body that was signed with `key`. */
static struct marks marked(const char *const *keys, size_t n_keys, const char *key,
                           const char *body)
{
    struct secret *secrets[SIGNATURE_SECRETS_MAX];
    struct marks marks = {.n = 0};
    unsigned char claimed[SIGNATURE_SIZE];
    struct signature *s;

    digest_hmac_sha256(key, strlen(key), body, strlen(body), claimed);
    for (size_t i = 0; i < n_keys; i++)
        secrets[i] = secret_new(keys[i], strlen(keys[i]));
    s = signature_new(claimed, (const struct secret *const *)secrets, n_keys);
    signature_feed(s, body, strlen(body));
    assert_int_equal(signature_judge(s), SIGNATURE_RIGHT);
    while (signature_mark(s, marks.n, marks.by[marks.n]))
        marks.n++;
    marks.fitting = signature_fitting(s);
    signature_free(s);
    for (size_t i = 0; i < n_keys; i++)
        secret_free(secrets[i]);
    return marks;
}

/* An organisation's hook and a repository's may have secrets of their own, and bring the same body. */
static void W3_equal_bodies_have_one_mark_by_each_secret_whichever_signed_them(void **state)
{
    static const char *const keys[] = {"the first", SECRET, "the third"};
    struct marks first = marked(keys, 3, keys[0], BODY), third = marked(keys, 3, keys[2], BODY);
    struct marks other = marked(keys, 3, keys[1], "Hello, World?"), alone;
    struct secret *secret = secret_new(SECRET, strlen(SECRET));
    char mark[DELIVERY_MARK_SIZE];

    (void)state;
    assert_int_equal(first.n, 3);
    assert_int_equal(first.fitting, 0);
    assert_int_equal(other.fitting, 1);
    assert_int_equal(third.fitting, 2);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(first.by[i], third.by[i]);
        assert_string_not_equal(first.by[i], other.by[i]);
    }
    assert_string_not_equal(first.by[0], first.by[1]);
    alone = marked(&keys[1], 1, SECRET, BODY); /* the other two are gone */
    assert_int_equal(alone.n, 1);
    assert_string_equal(alone.by[0], first.by[1]);
    assert_int_equal(strlen(alone.by[0]), 32); /* half of GitHub's vector, and no more */
    assert_memory_equal(alone.by[0], SIGNED + strlen("sha256="), 32);
    signature_mark_unsigned(secret, BODY, strlen(BODY), mark);
    assert_string_equal(mark, alone.by[0]);
    secret_free(secret);
}

static bool one(const char *header, const char *key, const char *body, size_t len)
{
    return verifies(header, &key, 1, body, len, 4);
}

static void T01_githubs_vector_verifies_in_pieces_of_any_size(void **state)
{
    static const char *const keys[] = {SECRET};

    (void)state;
    for (size_t piece = 1; piece <= sizeof(BODY); piece++)
        assert_true(verifies(SIGNED, keys, 1, BODY, sizeof(BODY) - 1, piece));
}

static void T01_each_flipped_bit_of_the_signature_is_refused(void **state)
{
    unsigned char digest[SIGNATURE_SIZE];

    (void)state;
    assert_true(signature_parse(SIGNED, digest));
    for (size_t bit = 0; bit < sizeof(digest) * 8; bit++) {
        char header[SIGNATURE_HEADER_LEN + 1] = "sha256=";

        digest[bit / 8] = (unsigned char)(digest[bit / 8] ^ (1u << bit % 8));
        digest_hex(digest, sizeof(digest), header + 7);
        assert_false(one(header, SECRET, BODY, sizeof(BODY) - 1));
        digest[bit / 8] = (unsigned char)(digest[bit / 8] ^ (1u << bit % 8));
    }
}

static void T01_each_flipped_bit_of_the_body_or_secret_is_refused(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < (sizeof(BODY) - 1) * 8; bit++) {
        char body[] = BODY;

        body[bit / 8] = (char)(body[bit / 8] ^ (1 << bit % 8));
        assert_false(one(SIGNED, SECRET, body, sizeof(BODY) - 1));
    }
    for (size_t bit = 0; bit < (sizeof(SECRET) - 1) * 8; bit++) {
        char secret[] = SECRET;

        secret[bit / 8] = (char)(secret[bit / 8] ^ (1 << bit % 8));
        if (secret[bit / 8] != '\0')
            assert_false(one(SIGNED, secret, BODY, sizeof(BODY) - 1));
    }
    assert_false(one(SIGNED, SECRET, BODY, sizeof(BODY) - 2));
    assert_false(one(SIGNED, SECRET, "", 0));
}

static void T02_absent_malformed_or_sha1_headers_are_no_signature(void **state)
{
    static const char *const headers[] = {
        "",
        "sha256=",
        "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59",
        "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e1",
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e177",
        "sha256=757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17",
        "SHA256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        "sha512=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        "sha256=g57107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        "sha256= 57107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        " sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e1",
        "sha256:757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    };
    unsigned char claimed[SIGNATURE_SIZE] = "untouched";

    (void)state;
    assert_false(signature_parse(NULL, claimed));
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
        assert_false(signature_parse(headers[i], claimed));
    assert_string_equal((const char *)claimed, "untouched");
}

static void W1_several_secrets_are_valid_at_once_in_any_order(void **state)
{
    static const char *const first[] = {SECRET, "another secret, another secret!!"};
    static const char *const last[] = {"another secret, another secret!!", "third", SECRET};
    static const char *const none[] = {"another secret, another secret!!", "third"};

    (void)state;
    assert_true(verifies(SIGNED, first, 2, BODY, sizeof(BODY) - 1, 5));
    assert_true(verifies(SIGNED, last, 3, BODY, sizeof(BODY) - 1, 5));
    assert_false(verifies(SIGNED, none, 2, BODY, sizeof(BODY) - 1, 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(T01_githubs_vector_verifies_in_pieces_of_any_size),
        cmocka_unit_test(T01_each_flipped_bit_of_the_signature_is_refused),
        cmocka_unit_test(T01_each_flipped_bit_of_the_body_or_secret_is_refused),
        cmocka_unit_test(T02_absent_malformed_or_sha1_headers_are_no_signature),
        cmocka_unit_test(W3_equal_bodies_have_one_mark_by_each_secret_whichever_signed_them),
        cmocka_unit_test(W1_several_secrets_are_valid_at_once_in_any_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
