/*
 * The main job: what is merged at 14:10 goes to stage at once and to production at 15:00, migrates once, and
 * nobody has to watch.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/story_expect.h"
#include "tests/support/story_shop.h"

static void F7_P2_M1_what_is_merged_goes_to_stage_at_once_and_to_production_at_its_time(
    void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_expect_next(s, "acme/shop", "stage", 0, NULL); /* C7: r1 by itself is nothing new */

    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_expect_pull(s, "acme/shop", 1, "merged", 2);
    story_expect_live(s, "acme/shop", "stage", 2);
    story_expect_live(s, "acme/shop", "production", 0);
    story_expect_next(s, "acme/shop", "production", 2, "2026-11-24 15:00");

    story_at(s, "2026-11-24 14:59");
    story_expect_last(s, "acme/shop", "production", 2, NULL);
    story_until(s, "2026-11-24 15:01");
    story_expect_started(s, "acme/shop", "production", 2, "2026-11-24 15:00");
    story_expect_decision(s, "production", "2026-11-24 15:00:00", "started");
    story_expect_live(s, "acme/shop", "production", 2);

    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    story_expect_starts(s, "batch-2", "migrate", 2, 0);
    story_expect_attempt(s, "acme/shop/production/primary-db", "succeeded");
    story_expect_starts(s, "web-1", "fetch", 2, 1);
    story_expect_starts(s, "web-2", "fetch", 2, 1);
    story_expect_one_by_one(s, "web", 2, "web-1", "web-2");
    story_expect_next(s, "acme/shop", "production", 0, NULL);
    story_end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            F7_P2_M1_what_is_merged_goes_to_stage_at_once_and_to_production_at_its_time, story_up,
            story_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
