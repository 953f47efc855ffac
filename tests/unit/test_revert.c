/* revert: what of a range cancels what (C5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/rules/revert.h"

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

static void C5_a_change_and_its_revert_in_one_batch_cancel(void **state)
{
    const struct revert list[] = {{.number = 4, .of = 2}};

    (void)state;
    assert_int_equal(revert_cancelled_by(list, 1, 1, 4, 2), 4);
    assert_int_equal(revert_cancelled_by(list, 1, 1, 4, 4), 2);
    assert_int_equal(revert_cancelled_by(list, 1, 1, 4, 3), 0);
    assert_int_equal(revert_cancelled_by(list, 1, 1, 3, 2), 0); /* the revert is not in the batch */
    assert_int_equal(revert_cancelled_by(list, 1, 2, 4, 4),
                     0); /* what it reverts is live already */
}

static void C5_a_revert_that_is_reverted_takes_nothing_out(void **state)
{
    const struct revert list[] = {{.number = 5, .of = 4}, {.number = 4, .of = 2}};
    const struct revert third[] = {{6, 5}, {5, 4}, {4, 2}};

    (void)state;
    assert_int_equal(revert_cancelled_by(list, 2, 1, 5, 2), 0);
    assert_int_equal(revert_cancelled_by(list, 2, 1, 5, 4), 5);
    assert_int_equal(revert_cancelled_by(list, 2, 1, 5, 5), 4);
    assert_int_equal(revert_cancelled_by(third, 3, 1, 6, 2), 4);
    assert_int_equal(revert_cancelled_by(third, 3, 1, 6, 5), 6);
}

static void one_commit_may_revert_several(void **state)
{
    const struct revert list[] = {{.number = 5, .of = 3}, {.number = 5, .of = 2}};

    (void)state;
    assert_int_equal(revert_cancelled_by(list, 2, 1, 5, 2), 5);
    assert_int_equal(revert_cancelled_by(list, 2, 1, 5, 3), 5);
    assert_int_equal(revert_cancelled_by(list, 2, 1, 5, 5), 3);
}

static void a_revert_of_itself_or_of_something_newer_is_no_revert(void **state)
{
    const struct revert list[] = {{.number = 3, .of = 3}, {.number = 2, .of = 4}};

    (void)state;
    for (int64_t number = 2; number <= 4; number++)
        assert_int_equal(revert_cancelled_by(list, LENGTH(list), 1, 4, number), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(C5_a_change_and_its_revert_in_one_batch_cancel),
        cmocka_unit_test(C5_a_revert_that_is_reverted_takes_nothing_out),
        cmocka_unit_test(one_commit_may_revert_several),
        cmocka_unit_test(a_revert_of_itself_or_of_something_newer_is_no_revert),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
