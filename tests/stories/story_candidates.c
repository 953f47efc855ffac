/*
 * What goes out: the newest release that has everything, of a source that was seen (C1, C7, gate).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/story_expect.h"
#include "tests/support/story_shop.h"

static void C1_the_older_release_goes_while_the_newest_says_what_it_lacks(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_expect_live(s, "acme/shop", "stage", 2);
    story_host_is(s, "stage-1", "web", STORY_HOST_UNWELL);
    story_merge(s, "acme/shop", 2, "Gifts");
    story_expect_open(s, "acme/shop", "stage", 3, "attention");

    story_expect_next(s, "acme/shop", "production", 2, "2026-11-24 15:00");
    story_expect_lacks(s, "acme/shop", 3, "production", "needs", "stage");
    story_at(s, "2026-11-24 15:00");
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_last(s, "acme/shop", "production", 3, NULL);
    story_expect_next(s, "acme/shop", "production", 3, "2026-11-25 11:00");
    story_expect_waits(s, "acme/shop", "production", "needs", "stage");
    story_end(s);
}

static void C7_the_release_at_first_sight_is_no_candidate_by_itself(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_expect_count(s, "releases", 1);
    story_until(s, "2026-11-24 09:03");
    story_at(s, "2026-11-24 11:00");
    story_expect_count(s, "deployments", 0);
    story_expect_next(s, "acme/shop", "stage", 0, NULL);
    story_expect_next(s, "acme/shop", "production", 0, NULL);
    story_at(s, "2026-11-24 11:16");
    story_expect_decision(s, "production", "2026-11-24 11:00:00", "skipped");
    story_end(s);
}

static void C6_a_source_that_cannot_be_seen_makes_work_wait_and_says_why(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_github_hide(&s->github, "acme/shop");
    story_at(s, "2026-11-24 14:59");
    story_until(s, "2026-11-24 15:03");
    story_expect_last(s, "acme/shop", "production", 2, NULL);
    story_expect_next(s, "acme/shop", "production", 2, "2026-11-24 15:00");
    story_expect_waits(s, "acme/shop", "production", "source-not-seen", "acme/shop");

    /* Back inside grace: it goes at the first sight, which is tried for every ten seconds. */
    story_github_show(&s->github, "acme/shop");
    story_until(s, "2026-11-24 15:04");
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_decision(s, "production", "2026-11-24 15:00:00", "started");
    story_end(s);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, story_up, story_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(C1_the_older_release_goes_while_the_newest_says_what_it_lacks),
        STORY(C7_the_release_at_first_sight_is_no_candidate_by_itself),
        STORY(C6_a_source_that_cannot_be_seen_makes_work_wait_and_says_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
