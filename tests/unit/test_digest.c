/* digest: published vectors, and strict readers of hex and base64. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/digest.h"
#include "lib/base/err.h"

static void assert_digest(const unsigned char digest[DIGEST_SIZE], const char *expected)
{
    char hex[DIGEST_HEX_SIZE];

    digest_hex(digest, DIGEST_SIZE, hex);
    assert_string_equal(hex, expected);
}

static void sha_256_gives_the_published_values(void **state)
{
    static const struct {
        const char *text, *digest;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    char hex[DIGEST_HEX_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        digest_sha256_hex(cases[i].text, strlen(cases[i].text), hex);
        assert_string_equal(hex, cases[i].digest);
    }
}

static void pieces_of_any_size_give_the_digest_of_the_whole(void **state)
{
    char bytes[300];
    unsigned char whole[DIGEST_SIZE], streamed[DIGEST_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * 7);
    digest_sha256(bytes, sizeof(bytes), whole);
    for (size_t piece = 1; piece <= sizeof(bytes); piece++) {
        struct digest *d = digest_new();
        for (size_t at = 0; at < sizeof(bytes); at += piece)
            digest_add(d, bytes + at, sizeof(bytes) - at < piece ? sizeof(bytes) - at : piece);
        digest_final(d, streamed);
        digest_free(d);
        assert_memory_equal(streamed, whole, DIGEST_SIZE);
    }
    digest_free(NULL);
}

/* RFC 4231, test cases 1, 2, 3, 6 and 7; the last one is GitHub's published vector. */
static void T01_hmac_gives_the_published_values(void **state)
{
    unsigned char key_1[20], key_3[20], key_6[131], data_3[50], out[DIGEST_SIZE];
    const char *data_6 = "Test Using Larger Than Block-Size Key - Hash Key First";
    const char *data_7 = "This is a test using a larger than block-size key and a larger than "
                         "block-size data. The key needs to be hashed before being used by the "
                         "HMAC algorithm.";

    (void)state;
    memset(key_1, 0x0b, sizeof(key_1));
    memset(key_3, 0xaa, sizeof(key_3));
    memset(key_6, 0xaa, sizeof(key_6));
    memset(data_3, 0xdd, sizeof(data_3));
    digest_hmac_sha256(key_1, sizeof(key_1), "Hi There", 8, out);
    assert_digest(out, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    digest_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, out);
    assert_digest(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    digest_hmac_sha256(key_3, sizeof(key_3), data_3, sizeof(data_3), out);
    assert_digest(out, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    digest_hmac_sha256(key_6, sizeof(key_6), data_6, strlen(data_6), out);
    assert_digest(out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    digest_hmac_sha256(key_6, sizeof(key_6), data_7, strlen(data_7), out);
    assert_digest(out, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
    digest_hmac_sha256("It's a Secret to Everybody", 26, "Hello, World!", 13, out);
    assert_digest(out, "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
}

static void hmac_in_pieces_is_hmac_of_the_whole(void **state)
{
    const char *text = "what do ya want for nothing?";
    unsigned char out[DIGEST_SIZE];

    (void)state;
    for (size_t cut = 0; cut <= strlen(text); cut++) {
        struct digest_hmac *h = digest_hmac_new("Jefe", 4);
        digest_hmac_add(h, text, cut);
        digest_hmac_add(h, text + cut, strlen(text) - cut);
        digest_hmac_final(h, out);
        digest_hmac_free(h);
        assert_digest(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
    digest_hmac_sha256("", 0, "", 0, out); /* an empty key is a key */
    assert_digest(out, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    digest_hmac_free(NULL);
}

static void T01_equal_sees_each_single_bit(void **state)
{
    unsigned char a[32], b[32];

    (void)state;
    digest_random(a, sizeof(a));
    memcpy(b, a, sizeof(a));
    assert_true(digest_equal(a, b, sizeof(a)));
    for (size_t bit = 0; bit < 8 * sizeof(b); bit++) {
        b[bit / 8] ^= (unsigned char)(1u << bit % 8);
        assert_false(digest_equal(a, b, sizeof(a)));
        b[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    assert_true(digest_equal(a, b, 0));
}

static void hex_is_read_in_both_cases_and_nothing_else(void **state)
{
    unsigned char out[4] = {1, 2, 3, 4};
    char hex[9];

    (void)state;
    assert_int_equal(digest_unhex("00fFaB10", 8, out, 4), 0);
    assert_memory_equal(out, "\x00\xff\xab\x10", 4);
    digest_hex(out, 4, hex);
    assert_string_equal(hex, "00ffab10");
    assert_int_equal(digest_unhex("00ffab1", 7, out, 4), ERR_INVALID);
    assert_int_equal(digest_unhex("00ffab100", 9, out, 4), ERR_INVALID);
    assert_int_equal(digest_unhex("", 0, out, 0), 0);
    for (int c = 0; c < 256; c++) {
        char text[] = {'0', '0', '0', '0', '0', '0', '0', (char)c};
        bool is_digit = c != 0 && strchr("0123456789abcdefABCDEF", c) != NULL;
        assert_int_equal(digest_unhex(text, 8, out, 4), is_digit ? 0 : ERR_INVALID);
    }
}

/* RFC 4648, section 10. */
static void base64_gives_the_published_values(void **state)
{
    static const char *const texts[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
    static const char *const codes[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                        "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};

    (void)state;
    for (size_t i = 0; i < 7; i++) {
        char code[DIGEST_BASE64_SIZE(6)];
        unsigned char back[6];
        assert_int_equal(digest_base64(texts[i], i, code), strlen(codes[i]));
        assert_string_equal(code, codes[i]);
        assert_int_equal(digest_unbase64(code, strlen(code), back, sizeof(back)), i);
        assert_memory_equal(back, texts[i], i);
    }
}

static void base64_of_each_length_comes_back_and_fits_exactly(void **state)
{
    (void)state;
    for (size_t n = 0; n < 200; n++) {
        unsigned char bytes[200], back[200];
        char *code = malloc(DIGEST_BASE64_SIZE(n)); /* exactly: the sanitizer watches the end */
        size_t len;
        digest_random(bytes, n);
        len = digest_base64(bytes, n, code);
        assert_int_equal(len, DIGEST_BASE64_SIZE(n) - 1);
        assert_int_equal(digest_unbase64(code, len, back, n), n);
        assert_memory_equal(back, bytes, n);
        if (n > 0)
            assert_int_equal(digest_unbase64(code, len, back, n - 1), ERR_INVALID);
        len = digest_base64url(bytes, n, code);
        assert_null(strpbrk(code, "+/="));
        assert_int_equal(digest_unbase64url(code, len, back, n), n);
        assert_memory_equal(back, bytes, n);
        free(code);
    }
}

static void base64_has_one_text_for_each_value(void **state)
{
    static const char *const refused[] = {
        "Zg",       "Zg=",  "Zg===", "Zm8",      "Zm9v=", "Zm9v====", "Z",
        "====",     "=",    "Zh==",  "Zm9=",     "Zm9 v", "Zm9v\n",   "Zm9v Zg==",
        "Zg==Zg==", "Zm-_", "Z===",  "Zm8=Zm8=", "Zm=v",  "=m9v",
    };
    unsigned char out[20];

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
        if (digest_unbase64(refused[i], strlen(refused[i]), out, sizeof(out)) != ERR_INVALID)
            fail_msg("read: %s", refused[i]);
    assert_int_equal(digest_unbase64("Zm\0v", 4, out, sizeof(out)), ERR_INVALID);
    assert_int_equal(digest_unbase64url("Zm+/", 4, out, sizeof(out)), ERR_INVALID);
    assert_int_equal(digest_unbase64url("Zg==", 4, out, sizeof(out)), ERR_INVALID);
    assert_int_equal(digest_unbase64url("-_-_", 4, out, sizeof(out)), 3);
}

static void random_bytes_differ_each_time(void **state)
{
    unsigned char a[32], b[32];

    (void)state;
    digest_random(a, sizeof(a));
    for (int i = 0; i < 100; i++) {
        digest_random(b, sizeof(b));
        assert_memory_not_equal(a, b, sizeof(a));
    }
    digest_random(a, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha_256_gives_the_published_values),
        cmocka_unit_test(pieces_of_any_size_give_the_digest_of_the_whole),
        cmocka_unit_test(T01_hmac_gives_the_published_values),
        cmocka_unit_test(hmac_in_pieces_is_hmac_of_the_whole),
        cmocka_unit_test(T01_equal_sees_each_single_bit),
        cmocka_unit_test(hex_is_read_in_both_cases_and_nothing_else),
        cmocka_unit_test(base64_gives_the_published_values),
        cmocka_unit_test(base64_of_each_length_comes_back_and_fits_exactly),
        cmocka_unit_test(base64_has_one_text_for_each_value),
        cmocka_unit_test(random_bytes_differ_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
