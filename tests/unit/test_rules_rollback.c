/* rules_rollback: which release comes back and what it takes back (R1), over all small histories. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/rules/rules_rollback.h"

static const int64_t three[] = {4, 3, 2};

static struct rules_rollback judge(int64_t live, const struct deployment *open, bool touched_hosts,
                                   int64_t to)
{
    const struct rules_rollback_facts f = {.live_number = live,
                                           .open = open,
                                           .open_touched = open != NULL,
                                           .open_touched_hosts = touched_hosts,
                                           .succeeded = three,
                                           .n_succeeded = 3,
                                           .to = to};

    return rules_rollback_judge(&f);
}

static void R1_the_newest_older_one_that_succeeded_comes_back(void **state)
{
    struct rules_rollback r = judge(4, NULL, false, 0);

    (void)state;
    assert_int_equal(r.answer, RULES_ROLLBACK_GOES);
    assert_int_equal(r.left, 4);
    assert_int_equal(r.target, 3);
    assert_int_equal(r.newest, 4);
    assert_false(r.touched_only);
    assert_int_equal(judge(4, NULL, false, 2).target, 2);
}

static void R1_from_half_way_the_rest_stays(void **state)
{
    const struct deployment open = {.release_number = 7, .from_number = 4};
    struct rules_rollback r = judge(4, &open, true, 0);

    (void)state;
    assert_int_equal(r.left, 7);
    assert_int_equal(r.target, 4);
    assert_int_equal(r.newest, 7);
    assert_true(r.touched_only);
    /* Further back: all hosts. */
    r = judge(4, &open, true, 3);
    assert_int_equal(r.target, 3);
    assert_false(r.touched_only);
    /* Only a database was touched: its hosts run the target as before. */
    assert_int_equal(judge(4, &open, false, 0).answer, RULES_ROLLBACK_NOTHING_TOUCHED);
}

/* What stopped half way back is left in turn, and all that was to be taken back still is. */
static void R1_a_rollback_that_failed_may_be_rolled_back_further(void **state)
{
    const struct deployment open = {.kind = DEPLOYMENT_ROLLBACK,
                                    .release_number = 3,
                                    .from_number = 4};
    struct rules_rollback r = judge(4, &open, true, 0);

    (void)state;
    assert_int_equal(r.left, 3);
    assert_int_equal(r.target, 2);
    assert_int_equal(r.newest, 4);
    assert_false(r.touched_only);
}

static void R1_what_cannot_be_says_why(void **state)
{
    (void)state;
    assert_int_equal(judge(0, NULL, false, 0).answer, RULES_ROLLBACK_NOTHING_LIVE);
    assert_int_equal(judge(2, NULL, false, 0).answer, RULES_ROLLBACK_NO_TARGET);
    assert_int_equal(judge(4, NULL, false, 4).answer, RULES_ROLLBACK_NOT_OLDER);
    assert_int_equal(judge(4, NULL, false, 9).answer, RULES_ROLLBACK_NOT_OLDER);
    assert_int_equal(judge(4, NULL, false, 1).answer, RULES_ROLLBACK_NEVER_THERE);
}

static void a_late_host_that_fails_leaves_nothing_behind(void **state)
{
    const struct deployment open = {.kind = DEPLOYMENT_CATCH_UP, .release_number = 4};

    (void)state;
    assert_int_equal(judge(4, &open, true, 0).target, 3);
    assert_int_equal(judge(4, &open, true, 0).left, 4);
}

static void it_always_goes_back_to_what_once_succeeded_and_never_forward(void **state)
{
    (void)state;
    for (int64_t live = 0; live < 6; live++)
        for (int64_t number = 0; number < 8; number++)
            for (int kind = 0; kind < DEPLOYMENT_KINDS_COUNT; kind++)
                for (int64_t to = 0; to < 8; to++) {
                    const struct deployment open = {.kind = (enum deployment_kind)kind,
                                                    .release_number = number,
                                                    .from_number = live};
                    struct rules_rollback r = judge(live, number != 0 ? &open : NULL, true, to);
                    if (r.answer != RULES_ROLLBACK_GOES) {
                        assert_int_equal(r.target, 0);
                        continue;
                    }
                    assert_true(r.target >= 2 && r.target <= 4);
                    assert_true(r.target < r.left && r.left <= r.newest);
                    assert_true(to == 0 || r.target == to);
                    assert_true(r.newest >= live);
                }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R1_the_newest_older_one_that_succeeded_comes_back),
        cmocka_unit_test(R1_from_half_way_the_rest_stays),
        cmocka_unit_test(R1_a_rollback_that_failed_may_be_rolled_back_further),
        cmocka_unit_test(R1_what_cannot_be_says_why),
        cmocka_unit_test(a_late_host_that_fails_leaves_nothing_behind),
        cmocka_unit_test(it_always_goes_back_to_what_once_succeeded_and_never_forward),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
