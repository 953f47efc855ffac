/* zip: what comes out is what went in, or a refusal; never more than allowed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/digest.h"
#include "lib/base/zip.h"

static void comes_back(struct zip *zip, const char *bytes, size_t n)
{
    struct err err = ERR_INIT;
    size_t packed_len, len;
    char *packed = zip_compress(zip, bytes, n, &packed_len);
    char *back;

    assert_int_equal(zip_expand(zip, packed, packed_len, n, &back, &len, &err), 0);
    assert_int_equal(len, n);
    if (n > 0)
        assert_memory_equal(back, bytes, n);
    assert_int_equal(back[n], 0);
    free(back);
    /* And in the room that is kept; what is over a megabyte of it is given back at once. */
    assert_int_equal(zip_expand_kept(zip, packed, packed_len, n, &back, &len, &err), 0);
    assert_int_equal(len, n);
    if (n > 0)
        assert_memory_equal(back, bytes, n);
    assert_int_equal(back[n], 0);
    zip_let_go(zip);
    free(packed);
}

static void what_goes_in_comes_out_with_one_context_for_all(void **state)
{
    struct zip *zip = zip_new();
    char bytes[70000];

    (void)state;
    comes_back(zip, "", 0);
    comes_back(zip, "x", 1);
    memset(bytes, 'a', sizeof(bytes));
    comes_back(zip, bytes, sizeof(bytes));
    digest_random(bytes, sizeof(bytes));
    comes_back(zip, bytes, sizeof(bytes));
    zip_free(zip);
    zip_free(NULL);
}

static void T08_a_bomb_is_refused_by_the_size_in_its_head(void **state)
{
    struct zip *zip = zip_new();
    struct err err = ERR_INIT;
    size_t n = 32 << 20, packed_len, len = 77;
    char *zeros = calloc(1, n), *packed, *back = NULL;

    (void)state;
    packed = zip_compress(zip, zeros, n, &packed_len);
    assert_true(packed_len < n / 1000);
    assert_int_equal(zip_expand(zip, packed, packed_len, n - 1, &back, &len, &err), ERR_INVALID);
    assert_string_equal(err.text, "33554432 bytes unpacked, at most 33554431 are accepted");
    assert_null(back);
    assert_int_equal(len, 77);
    free(packed);
    free(zeros);
    zip_free(zip);
}

static void each_cut_and_each_flipped_byte_is_survived(void **state)
{
    struct zip *zip = zip_new();
    const char *text = "a body that is stored, a body that is stored, a body that is stored";
    size_t packed_len, len;
    char *packed = zip_compress(zip, text, strlen(text), &packed_len), *back;

    (void)state;
    for (size_t n = 0; n < packed_len; n++) {
        char *exact = malloc(n + 1); /* so that the sanitizer sees one byte too many */
        memcpy(exact, packed, n);
        exact = realloc(exact, n == 0 ? 1 : n);
        assert_int_equal(zip_expand(zip, exact, n, 1000, &back, &len, NULL), ERR_INVALID);
        free(exact);
    }
    for (size_t i = 0; i < packed_len; i++) {
        packed[i] ^= 0x55;
        if (zip_expand(zip, packed, packed_len, 1000, &back, &len, NULL) == 0) {
            assert_true(len <= 1000);
            free(back);
        }
        packed[i] ^= 0x55;
    }
    free(packed);
    comes_back(zip, text, strlen(text)); /* and the context is still good */
    zip_free(zip);
}

static void text_behind_the_frame_is_refused(void **state)
{
    struct zip *zip = zip_new();
    size_t packed_len, len;
    char *packed = zip_compress(zip, "abc", 3, &packed_len), *back;

    (void)state;
    packed = realloc(packed, packed_len + 3);
    memcpy(packed + packed_len, "xyz", 3);
    assert_int_equal(zip_expand(zip, packed, packed_len + 3, 1000, &back, &len, NULL), ERR_INVALID);
    free(packed);
    zip_free(zip);
}

static void of_several_in_a_row_each_is_found_and_what_is_cut_is_refused(void **state)
{
    static const char *const texts[] = {"one", "", "three three three three three"};
    struct zip *zip = zip_new();
    char row[300], *back;
    size_t ends[4] = {0}, n = 0, len;
    struct err err = ERR_INIT;

    (void)state;
    for (int i = 0; i < 3; i++) {
        char *packed = zip_compress(zip, texts[i], strlen(texts[i]), &len);
        assert_true(n + len <= sizeof(row));
        memcpy(row + n, packed, len);
        ends[i + 1] = n += len;
        free(packed);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(zip_first(row + ends[i], n - ends[i], &len, &err), 0);
        assert_int_equal(len, ends[i + 1] - ends[i]);
        assert_int_equal(zip_expand_kept(zip, row + ends[i], len, 100, &back, &len, &err), 0);
        assert_string_equal(back, texts[i]);
    }
    for (size_t cut = 0; cut < ends[1]; cut++) {
        char *exact = malloc(cut + 1); /* so that the sanitizer sees one byte too many */
        memcpy(exact, row, cut);
        exact = realloc(exact, cut == 0 ? 1 : cut);
        assert_int_equal(zip_first(exact, cut, &len, &err), ERR_INVALID);
        free(exact);
    }
    zip_free(zip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out_with_one_context_for_all),
        cmocka_unit_test(T08_a_bomb_is_refused_by_the_size_in_its_head),
        cmocka_unit_test(each_cut_and_each_flipped_byte_is_survived),
        cmocka_unit_test(text_behind_the_frame_is_refused),
        cmocka_unit_test(of_several_in_a_row_each_is_found_and_what_is_cut_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
