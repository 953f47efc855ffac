/* body_time: the time in a body that its key in the store begins with (docs/decisions/0078). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/github/body_time.h"

#define T INT64_C(1795487405000) /* 2026-11-24T02:30:05Z */

static time_ms of(const char *text)
{
    return body_time(text, strlen(text), false);
}

static void the_latest_time_in_a_body_counts_wherever_it_stands(void **state)
{
    (void)state;
    assert_int_equal(of("{\"updated_at\":\"2026-11-24T02:30:05Z\"}"), T);
    assert_int_equal(of("{\"a_at\":\"2026-11-24T02:30:05Z\",\"b_at\":\"2020-01-01T00:00:00Z\"}"),
                     T);
    assert_int_equal(of("{\"b_at\":null,\"c_at\":\"2020-01-01T00:00:00Z\",\"id\":\"ZZ\",\"a_at\":"
                        "\"2026-11-24T02:30:05Z\"}"),
                     T);
}

/* A push tells when its branch moved in seconds; when the repository was changed lies long ago. */
static void a_push_says_it_in_seconds(void **state)
{
    (void)state;
    assert_int_equal(of("{\"ref\":\"refs/heads/main\",\"repository\":{\"created_at\":1363295520,"
                        "\"updated_at\":\"2020-01-01T00:00:00Z\",\"pushed_at\":1795487405}}"),
                     T);
    assert_int_equal(of("{\"pushed_at\":1795487405}"), 0);
}

static void a_form_says_the_same_as_its_json(void **state)
{
    static const char text[] = "payload=%7B%22updated_at%22%3A%222026-11-24T02%3A30%3A05Z%22%7D";
    static const char push[] =
        "payload=%7B%22ref%22%3A%22refs%2Fheads%2Fmain%22%2C%22pushed_at%22%3A"
        "1795487405%7D";

    (void)state;
    assert_int_equal(body_time(text, strlen(text), true), T);
    assert_int_equal(body_time(push, strlen(push), true), T);
    assert_int_equal(body_time(text, strlen(text), false), 0);
}

/* What lies ahead (`due_on`), what people write, and what is no time. */
static void nothing_else_is_taken_for_one(void **state)
{
    (void)state;
    assert_int_equal(of(""), 0);
    assert_int_equal(of("{\"due_on\":\"2030-01-01T00:00:00Z\"}"), 0);
    assert_int_equal(of("{\"body\":\"\\\"x_at\\\":\\\"2030-01-01T00:00:00Z\\\"\"}"), 0);
    assert_int_equal(of("{\"x_at\":\"2101-01-01T00:00:00Z\"}"), 0);
    assert_int_equal(of("{\"x_at\":\"1999-01-01T00:00:00Z\"}"), 0);
    assert_int_equal(of("{\"x_at\":\"2026-13-01T00:00:00Z\"}"), 0);
    assert_int_equal(of("{\"x_at\":\"2026-11-24T02:30:05\"}"), 0);
    assert_int_equal(of("{\"ref\":1,\"pushed_at\":179548740"), 0);
    assert_int_equal(of("at\":\"2026-11-24T02:30:05Z\""), 0);
}

/* Each part of a body, in a place of exactly its size: nothing before or behind it is looked at. */
static void each_part_is_read_to_its_ends_and_no_further(void **state)
{
    static const char text[] =
        "{\"ref\":1,\"a_at\":\"2026-11-24T02:30:05Z\",\"pushed_at\":1795487406}";
    size_t len = sizeof(text) - 1;

    (void)state;
    for (size_t from = 0; from < len; from++)
        for (size_t to = from; to <= len; to++) {
            char *exact =
                malloc(to > from ? to - from : 1); /* the sanitizer sees what lies beyond */
            time_ms t;
            memcpy(exact, text + from, to - from);
            t = body_time(exact, to - from, false);
            if (from == 0 && to >= len - 1)
                assert_int_equal(t, T + 1000);
            else
                assert_int_equal(t, from <= 11 && to >= 37 ? T : 0);
            free(exact);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_latest_time_in_a_body_counts_wherever_it_stands),
        cmocka_unit_test(a_push_says_it_in_seconds),
        cmocka_unit_test(a_form_says_the_same_as_its_json),
        cmocka_unit_test(nothing_else_is_taken_for_one),
        cmocka_unit_test(each_part_is_read_to_its_ends_and_no_further),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
