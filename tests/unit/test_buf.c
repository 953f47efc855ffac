/* buf: grows to its maximum and no further, and says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/buf.h"

static void what_is_added_stands_in_order_with_an_end(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 1000);
    assert_string_equal(buf_str(&buf), "");
    buf_adds(&buf, "a");
    buf_addc(&buf, 'b');
    buf_add(&buf, "c\0d", 3);
    buf_addf(&buf, "-%04d-%s", 42, "x");
    assert_int_equal(buf.len, 12);
    assert_memory_equal(buf_str(&buf), "abc\0d-0042-x", 13);
    buf_reset(&buf);
    assert_string_equal(buf_str(&buf), "");
    buf_adds(&buf, "again");
    assert_string_equal(buf_str(&buf), "again");
    buf_deinit(&buf);
    buf_deinit(&buf);
    buf_deinit(NULL);
}

static void each_maximum_is_reached_exactly_and_not_passed(void **state)
{
    (void)state;
    for (size_t max = 0; max < 600; max++) {
        struct buf buf;
        buf_init(&buf, max);
        for (size_t i = 0; i < max; i++)
            buf_addc(&buf, 'x');
        assert_false(buf.overflow);
        assert_int_equal(buf.len, max);
        buf_addc(&buf, 'y');
        assert_true(buf.overflow);
        assert_int_equal(buf.len, max);
        assert_null(strchr(buf_str(&buf), 'y'));
        buf_deinit(&buf);
    }
}

static void what_is_kept_of_too_much_is_a_beginning_without_holes(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 10);
    buf_adds(&buf, "12345");
    buf_adds(&buf, "too long a piece");
    buf_adds(&buf, "6");
    buf_addf(&buf, "%d", 7);
    assert_true(buf.overflow);
    assert_string_equal(buf_str(&buf), "12345");
    buf_reset(&buf);
    assert_false(buf.overflow);
    buf_addf(&buf, "%011d", 1);
    assert_true(buf.overflow);
    assert_string_equal(buf_str(&buf), "");
    buf_deinit(&buf);
}

static void detach_hands_the_bytes_over(void **state)
{
    struct buf buf;
    size_t len = 99;
    char *bytes;

    (void)state;
    buf_init(&buf, 10);
    assert_null(buf_detach(&buf, &len));
    assert_int_equal(len, 0);
    buf_adds(&buf, "mine");
    bytes = buf_detach(&buf, &len);
    assert_string_equal(bytes, "mine");
    assert_int_equal(len, 4);
    free(bytes);
    buf_adds(&buf, "next");
    assert_string_equal(buf_str(&buf), "next");
    assert_int_equal(buf.max, 10);
    buf_deinit(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_stands_in_order_with_an_end),
        cmocka_unit_test(each_maximum_is_reached_exactly_and_not_passed),
        cmocka_unit_test(what_is_kept_of_too_much_is_a_beginning_without_holes),
        cmocka_unit_test(detach_hands_the_bytes_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
