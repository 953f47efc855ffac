/* lane: which paths are content. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/rules/lane.h"

static void patterns_match_as_githubs_path_filters_do(void **state)
{
    static const struct {
        const char *pattern, *path;
        bool matches;
    } cases[] = {
        {"pages/**", "pages/a.html", true},
        {"pages/**", "pages/a/b/c.html", true},
        {"pages/**", "pages", false},
        {"pages/**", "pagesx/a.html", false},
        {"**/*.png", "a.png", true},
        {"**/*.png", "x/y/a.png", true},
        {"**/*.png", "x/y/a.jpg", false},
        {"*.md", "README.md", true},
        {"*.md", "docs/README.md", false},
        {"docs/*/x", "docs/a/x", true},
        {"docs/*/x", "docs/a/b/x", false},
        {"docs/**/x", "docs/x", true},
        {"docs/**/x", "docs/a/b/x", true},
        {"a?c", "abc", true},
        {"a?c", "a/c", false},
        {"**", "any/thing", true},
        {"**/a/**/b", "x/a/y/z/b", true},
        {"**/a/**/b", "x/c/y/b", false},
        {"pages/**", "../pages/x", false},
        {"images/**", "images/\xe5\x86\xac.png", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        if (lane_path_matches(cases[i].pattern, cases[i].path) != cases[i].matches)
            fail_msg("%s against %s", cases[i].pattern, cases[i].path);
}

static void content_only_if_every_path_is(void **state)
{
    const char *patterns[] = {"pages/**", "images/**"};
    const char *content[] = {"pages/a.html", "images/b.png"};
    const char *mixed[] = {"pages/a.html", "app/models/cart.rb"};

    (void)state;
    assert_int_equal(lane_of_paths(patterns, 2, content, 2, false), LANE_CONTENT);
    assert_int_equal(lane_of_paths(patterns, 2, mixed, 2, false), LANE_CODE);
    assert_int_equal(lane_of_paths(patterns, 2, content, 2, true), LANE_CODE);
    assert_int_equal(lane_of_paths(patterns, 2, content, 0, false), LANE_CODE);
    assert_int_equal(lane_of_paths(patterns, 0, content, 2, false), LANE_CODE);
}

static void C4_a_batch_with_any_code_is_code(void **state)
{
    const enum lane content[] = {LANE_CONTENT, LANE_CONTENT};
    const enum lane mixed[] = {LANE_CONTENT, LANE_CODE};
    const enum lane unknown[] = {LANE_CONTENT, LANE_UNKNOWN};

    (void)state;
    assert_int_equal(lane_of_releases(content, 2), LANE_CONTENT);
    assert_int_equal(lane_of_releases(mixed, 2), LANE_CODE);
    assert_int_equal(lane_of_releases(unknown, 2), LANE_CODE);
    assert_int_equal(lane_of_releases(content, 0), LANE_CODE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_match_as_githubs_path_filters_do),
        cmocka_unit_test(content_only_if_every_path_is),
        cmocka_unit_test(C4_a_batch_with_any_code_is_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
