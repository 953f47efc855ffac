/*
 * Hosts that fail: the roll-out stops at the first, what is left out stays as it was, and who goes on is decided by
 * the environment (P1, P2, P5).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/story_expect.h"
#include "tests/support/story_shop.h"

static void P2_P5_a_host_that_fails_its_health_stops_the_rest_and_a_schedule_stands(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_host_is(s, "web-1", "web", STORY_HOST_UNWELL);
    story_at(s, "2026-11-24 15:00");
    story_expect_open(s, "acme/shop", "production", 2, "attention");
    story_expect_live(s, "acme/shop", "production", 0);
    story_expect_starts(s, "web-1", "web", 2, 1);
    story_expect_starts(s, "web-2", "web", 2, 0);
    story_expect_starts(s, "web-2", "fetch", 2, 1);

    /* The next release has to wait: a person decides (after-failure: stand). */
    story_host_is(s, "web-1", "web", STORY_HOST_SUCCEEDS);
    story_merge(s, "acme/shop", 2, "Gifts");
    story_expect_live(s, "acme/shop", "stage", 3);
    story_at(s, "2026-11-25 11:00");
    story_expect_open(s, "acme/shop", "production", 2, "attention");
    story_expect_last(s, "acme/shop", "production", 3, NULL);
    story_expect_waits(s, "acme/shop", "production", "open-deployment", "r2");
    story_end(s);
}

static void P5_at_each_merge_the_next_release_follows_the_one_that_failed(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_host_is(s, "stage-1", "web", STORY_HOST_UNWELL);
    story_merge(s, "acme/shop", 1, "Coupons");
    story_expect_open(s, "acme/shop", "stage", 2, "attention");
    story_pass(s, 120000);
    story_expect_open(s, "acme/shop", "stage", 2,
                      "attention"); /* it is not tried again by itself */
    story_expect_starts(s, "stage-1", "web", 2, 1);

    story_host_is(s, "stage-1", "web", STORY_HOST_SUCCEEDS);
    story_merge(s, "acme/shop", 2, "Gifts");
    story_expect_last(s, "acme/shop", "stage", 2, "failed");
    story_expect_live(s, "acme/shop", "stage", 3);
    story_end(s);
}

static void P1_a_host_that_never_takes_its_command_is_no_success(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_host_script(story_host(s, "web-1"), "web", STORY_HOST_SUCCEEDS, 30000);
    story_at(s, "2026-11-24 14:59");
    story_host_silent(s, "web-2");
    story_until(s, "2026-11-24 15:10");
    story_expect_open(s, "acme/shop", "production", 2, "attention");
    story_expect_live(s, "acme/shop", "production", 0);
    story_expect_starts(s, "web-2", "fetch", 2, 0);
    story_expect_starts(s, "batch-1", "migrate", 2, 0); /* fetch is a barrier */
    story_end(s);
}

static void I7_words_that_come_twice_change_nothing(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_host_is(s, "stage-1", "fetch", STORY_HOST_TWICE);
    story_host_is(s, "stage-1", "migrate", STORY_HOST_TWICE);
    story_host_is(s, "stage-1", "web", STORY_HOST_TWICE);
    story_merge(s, "acme/shop", 1, "Coupons");
    story_expect_live(s, "acme/shop", "stage", 2);
    story_expect_starts(s, "stage-1", "migrate", 2, 1);
    story_expect_count(s, "attempts", 1);
    story_end(s);
}

/* Its command of the release before may still run, and nothing else goes to it meanwhile. */
static void stage_is_unknown_and_works_on(struct story *s, int64_t takes_ms)
{
    story_shop(s);
    story_host_script(story_host(s, "stage-1"), "web", STORY_HOST_FALLS_SILENT, takes_ms);
    story_merge(s, "acme/shop", 1, "Coupons");
    story_pass(s, 6 * 60000);
    story_expect_open(s, "acme/shop", "stage", 2, "attention");
    story_host_is(s, "stage-1", "web", STORY_HOST_SUCCEEDS);
    story_host_comes_back(story_host(s, "stage-1"));
    story_merge(s, "acme/shop", 2, "Gifts");
    story_expect_last(s, "acme/shop", "stage", 2, "failed");
}

static void I11_the_next_release_waits_for_a_host_that_still_runs_the_one_before(void **state)
{
    struct story *s = *state;

    stage_is_unknown_and_works_on(s, 7 * 60000);
    story_expect_live(s, "acme/shop", "stage", 3);
    story_end(s);
}

static void I11_P2_it_does_not_wait_longer_than_its_delivery_limit(void **state)
{
    struct story *s = *state;

    stage_is_unknown_and_works_on(s, 20 * 60000);
    story_expect_open(s, "acme/shop", "stage", 3, "attention");
    story_expect_starts(s, "stage-1", "fetch", 3, 0);
    story_end(s);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, story_up, story_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(P2_P5_a_host_that_fails_its_health_stops_the_rest_and_a_schedule_stands),
        STORY(P5_at_each_merge_the_next_release_follows_the_one_that_failed),
        STORY(P1_a_host_that_never_takes_its_command_is_no_success),
        STORY(I7_words_that_come_twice_change_nothing),
        STORY(I11_the_next_release_waits_for_a_host_that_still_runs_the_one_before),
        STORY(I11_P2_it_does_not_wait_longer_than_its_delivery_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
