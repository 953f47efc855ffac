/* err: codes go back, stories grow from the inside out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/err.h"

static void set_returns_the_code_and_writes_the_text(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(err_set(&err, ERR_NOT_FOUND, "no release %d in %s", 7, "acme/app"),
                     ERR_NOT_FOUND);
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_string_equal(err.text, "no release 7 in acme/app");
}

static void wrap_puts_context_in_front_and_keeps_the_code(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    err_set(&err, ERR_BUSY, "queue is full");
    assert_int_equal(err_wrap(&err, "posting delivery %s", "d-1"), ERR_BUSY);
    assert_int_equal(err_wrap(&err, "receiving"), ERR_BUSY);
    assert_string_equal(err.text, "receiving: posting delivery d-1: queue is full");
}

static void nobody_needs_to_listen(void **state)
{
    (void)state;
    assert_int_equal(err_set(NULL, ERR_DENIED, "%s", "x"), ERR_DENIED);
    assert_true(err_wrap(NULL, "context") < 0);
}

static void an_argument_may_be_the_old_text(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    err_set(&err, ERR_INVALID, "old");
    err_set(&err, ERR_INVALID, "before (%s) behind", err.text);
    assert_string_equal(err.text, "before (old) behind");
    err_wrap(&err, "again %s", err.text);
    assert_string_equal(err.text, "again before (old) behind: before (old) behind");
}

static void a_long_story_is_cut_not_overrun(void **state)
{
    struct err err = ERR_INIT;
    char long_text[3000];

    (void)state;
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    err_set(&err, ERR_INTERNAL, "%s", long_text);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    assert_int_equal(err_wrap(&err, "front"), ERR_INTERNAL);
    assert_memory_equal(err.text, "front: xxx", 10);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    err_wrap(&err, "%s", long_text); /* the context alone fills it */
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void each_code_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int a = 0; a >= ERR_INTERNAL; a--)
        for (int b = a - 1; b >= ERR_INTERNAL; b--)
            assert_string_not_equal(err_code_name(a), err_code_name(b));
    assert_string_equal(err_code_name(0), "ok");
    assert_string_equal(err_code_name(ERR_NOT_FOUND), "not found");
    assert_string_equal(err_code_name(-99), "internal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_returns_the_code_and_writes_the_text),
        cmocka_unit_test(wrap_puts_context_in_front_and_keeps_the_code),
        cmocka_unit_test(nobody_needs_to_listen),
        cmocka_unit_test(an_argument_may_be_the_old_text),
        cmocka_unit_test(a_long_story_is_cut_not_overrun),
        cmocka_unit_test(each_code_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
