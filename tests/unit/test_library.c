/* library: what is loaded late, and what is said of one that is not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/library.h"

struct functions {
    void *(*first)(void);
    void *(*second)(void);
};

static struct functions functions;

static void a_library_that_is_missing_is_said_by_its_name(void **state)
{
    static const char *const names[] = {"first"};
    struct library library = LIBRARY_INIT("libnone.so.7", names, &functions);
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(library_load(&library, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "libnone.so.7"));
    assert_int_equal(library_load(&library, &err),
                     ERR_NOT_FOUND); /* and it is not there the second time */
}

static void an_older_one_without_a_function_is_refused(void **state)
{
    static const char *const names[] = {"strlen", "function_of_tomorrow"};
    struct library library = LIBRARY_INIT("libc.so.6", names, &functions);
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(library_load(&library, &err), ERR_NOT_FOUND);
    assert_string_equal(err.text, "libc.so.6 has no function_of_tomorrow");
}

static void its_functions_are_there_in_the_order_of_their_names(void **state)
{
    static const char *const names[] = {"getppid", "getpid"};
    struct library library = LIBRARY_INIT("libc.so.6", names, &functions);
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(library_load(&library, &err), 0);
    assert_non_null(functions.first);
    assert_non_null(functions.second);
    assert_true(functions.first != functions.second);
    assert_int_equal(library_load(&library, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_library_that_is_missing_is_said_by_its_name),
        cmocka_unit_test(an_older_one_without_a_function_is_refused),
        cmocka_unit_test(its_functions_are_there_in_the_order_of_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
