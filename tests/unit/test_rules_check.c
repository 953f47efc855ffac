/* rules_check and rules_ci: what was looked at, and what is green. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/rules/rules_check.h"
#include "lib/rules/rules_ci.h"

static const struct change code = {.release = 7, .pull = 7, .lane = LANE_CODE};
static const struct change content = {.release = 8, .pull = 8, .lane = LANE_CONTENT};

static struct rules_check_answer judge(const struct change *changes, size_t n,
                                       const struct check *const *of_pull,
                                       const struct check *of_release)
{
    static const struct check *const none[4] = {NULL};
    const struct rules_check_facts f = {.changes = changes,
                                        .of_pull = of_pull != NULL ? of_pull : none,
                                        .n_changes = n,
                                        .of_release = of_release};

    return rules_check_judge(&f);
}

static void C1_nobody_has_looked_says_in_which_lanes(void **state)
{
    const struct change both[] = {code, content};
    struct rules_check_answer answer = judge(both, 2, NULL, NULL);

    (void)state;
    assert_false(answer.checked);
    assert_null(answer.refused);
    assert_true(answer.lacks_code && answer.lacks_content);
    assert_true(judge(both, 0, NULL, NULL).checked);
}

static void L1_a_content_pull_request_is_checked_by_itself_and_code_is_not(void **state)
{
    const struct check ok = {.ok = true, .content = true, .code = true, .checked_at = 5};
    const struct check *const looked_at[] = {&ok};

    (void)state;
    assert_true(judge(&content, 1, looked_at, NULL).checked);
    assert_false(judge(&code, 1, looked_at, NULL).checked);
}

static void C1_a_check_of_the_release_counts_for_the_lanes_of_its_right(void **state)
{
    const struct change both[] = {code, content};
    const struct check by_code = {.ok = true, .code = true};
    const struct check by_both = {.ok = true, .code = true, .content = true};

    (void)state;
    assert_true(judge(both, 1, NULL, &by_code).checked);
    assert_false(judge(both, 2, NULL, &by_code).checked);
    assert_true(judge(both, 2, NULL, &by_both).checked);
}

static void C1_needs_a_fix_stops_whoever_says_it_and_the_later_word_counts(void **state)
{
    const struct check back = {.code = false, .content = true, .checked_at = 5, .reason = "price"};
    const struct check later = {.ok = true, .code = true, .content = true, .checked_at = 6};
    const struct check earlier = {.ok = true, .code = true, .content = true, .checked_at = 4};
    const struct check *const sent_back[] = {&back};

    (void)state;
    assert_ptr_equal(judge(&code, 1, NULL, &back).refused, &back);
    assert_ptr_equal(judge(&content, 1, sent_back, NULL).refused, &back);
    assert_ptr_equal(judge(&content, 1, sent_back, &earlier).refused, &back);
    assert_true(judge(&content, 1, sent_back, &later).checked);
}

static void C1_ci_is_green_when_all_of_that_name_have_passed(void **state)
{
    static const struct {
        struct commit_check checks[3];
        size_t n;
        bool green;
        int worst; /* -1 = none */
    } rows[] = {
        {{{0}}, 0, false, -1},
        {{{.name = "test", .state = COMMIT_CHECK_PASSED}}, 1, true, -1},
        {{{.name = "TEST", .state = COMMIT_CHECK_PASSED}}, 1, true, -1},
        {{{.name = "lint", .state = COMMIT_CHECK_PASSED}}, 1, false, -1},
        {{{.name = "test", .state = COMMIT_CHECK_PENDING}}, 1, false, 0},
        {{{.name = "test", .state = COMMIT_CHECK_FAILED}}, 1, false, 0},
        {{{.name = "test", .state = COMMIT_CHECK_PASSED},
          {.name = "test", .app_id = 9, .state = COMMIT_CHECK_FAILED}},
         2,
         false,
         1},
        {{{.name = "test", .state = COMMIT_CHECK_PENDING},
          {.name = "test", .app_id = 9, .state = COMMIT_CHECK_FAILED}},
         2,
         false,
         1},
        {{{.name = "lint", .state = COMMIT_CHECK_FAILED},
          {.name = "test", .state = COMMIT_CHECK_PASSED}},
         2,
         true,
         -1},
        {{{.kind = COMMIT_CHECK_SUITE, .name = "77", .app = "test", .state = COMMIT_CHECK_PASSED}},
         1,
         true,
         -1},
        {{{.kind = COMMIT_CHECK_SUITE, .name = "test", .state = COMMIT_CHECK_PASSED}},
         1,
         false,
         -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct commit_check *worst = NULL;
        assert_int_equal(rules_ci_is_green(rows[i].checks, rows[i].n, "test", &worst),
                         rows[i].green);
        assert_ptr_equal(worst, rows[i].worst < 0 ? NULL : &rows[i].checks[rows[i].worst]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(C1_nobody_has_looked_says_in_which_lanes),
        cmocka_unit_test(L1_a_content_pull_request_is_checked_by_itself_and_code_is_not),
        cmocka_unit_test(C1_a_check_of_the_release_counts_for_the_lanes_of_its_right),
        cmocka_unit_test(C1_needs_a_fix_stops_whoever_says_it_and_the_later_word_counts),
        cmocka_unit_test(C1_ci_is_green_when_all_of_that_name_have_passed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
