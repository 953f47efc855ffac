/*
 * Webhooks: deliveries come twice, late, in any order, or not at all; the end is the same (W3, W4).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/str.h"
#include "tests/support/story_expect.h"
#include "tests/support/story_shop.h"

#define GUID "72d3162e-cc78-11e3-81ab-0000000000aa"

/* What GitHub sends of a merge, one letter each: o opened, p push, c closed. `open_ms`: how long it was open;
 * GitHub's times are whole seconds, so it may be merged in the second in which it was opened. */
static void deliver_in_order(struct story *s, const char *order, int number, int64_t open_ms)
{
    struct story_github_pull *pull =
        story_github_open(&s->github, "acme/shop", number, "Coupons", atomic_load(&s->clock.now));

    story_clock_pass(&s->clock, open_ms);
    story_github_merge(&s->github, pull, atomic_load(&s->clock.now));
    for (const char *p = order; *p != '\0'; p++) {
        const char *body =
            *p == 'p'
                ? story_github_push_event(&s->github, "acme/shop", pull->base_sha, pull->merge_sha)
                : story_github_pull_event(&s->github, pull, *p == 'o' ? "opened" : "closed");
        assert_int_equal(story_deliver(s, *p == 'p' ? "push" : "pull_request", NULL, body), 202);
        story_settle(s);
    }
}

static void W4_any_order_of_deliveries_gives_the_same_end(void **state)
{
    static const char *const orders[] = {"opc", "ocp", "poc", "pco", "cop", "cpo", "c", "co"};
    struct story *s = *state;

    story_shop(s);
    for (int i = 0; i < (int)(sizeof(orders) / sizeof(*orders)); i++) {
        deliver_in_order(s, orders[i], i + 1, i % 2 == 0 ? 60000 : 0);
        story_expect_pull(s, "acme/shop", i + 1, "merged", i + 2);
        story_expect_live(s, "acme/shop", "stage", i + 2);
    }
    story_expect_count(s, "releases", 9);
    story_end(s);
}

static void A4_the_first_signed_delivery_binds_the_logins_in_it(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_expect_count(s, "people", 0);
    story_merge(s, "acme/shop", 1, "Coupons");
    story_expect_count(s, "people", 1); /* the examples' one person opens, merges and sends */
    story_merge(s, "acme/shop", 2, "Cart");
    story_expect_count(s, "people", 1);
    story_end(s);
}

static void W3_the_same_guid_again_is_the_same_event(void **state)
{
    struct story *s = *state;
    struct story_github_pull *pull;
    const char *body;

    story_shop(s);
    pull = story_github_open(&s->github, "acme/shop", 1, "Coupons", atomic_load(&s->clock.now));
    story_github_merge(&s->github, pull, atomic_load(&s->clock.now));
    body = story_github_pull_event(&s->github, pull, "closed");
    assert_int_equal(story_deliver(s, "pull_request", GUID, body), 202);
    assert_int_equal(story_deliver(s, "pull_request", GUID, body), 202); /* before it was read */
    story_settle(s);
    assert_int_equal(story_deliver(s, "pull_request", GUID, body), 202); /* and after it */
    story_settle(s);
    story_expect_count(s, "deliveries", 1);
    story_expect_pull(s, "acme/shop", 1, "merged", 2);
    story_expect_live(s, "acme/shop", "stage", 2);
    story_expect_count(s, "deployments", 1);
    story_end(s);
}

static void W3_an_equal_body_under_a_new_guid_is_a_repeat_and_changes_nothing(void **state)
{
    struct story *s = *state;
    const struct story_github_pull *pull;

    story_shop(s);
    story_merge(s, "acme/shop", 1, "Coupons");
    story_expect_count(s, "deliveries", 3);
    pull = story_github_pull(&s->github, "acme/shop", 1);
    assert_int_equal(story_deliver(s, "pull_request", NULL,
                                   story_github_pull_event(&s->github, pull, "closed")),
                     202);
    story_settle(s);
    story_expect_count(s, "deliveries", 4);
    story_expect_count(s, "repeats", 1);
    story_expect_count(s, "pull_requests", 1);
    story_expect_count(s, "releases", 2);
    story_expect_count(s, "deployments", 1);
    story_expect_starts(s, "stage-1", "migrate", 2, 1);
    story_end(s);
}

/* Headers are not signed: who kept a delivery may send it under any GUID, whenever he likes. */
static void T05_what_comes_again_after_three_days_and_a_restart_changes_nothing(void **state)
{
    struct story *s = *state;
    const struct story_github_pull *pull;
    const char *closed, *opened;

    story_shop(s);
    story_merge(s, "acme/shop", 1, "Coupons");
    pull = story_github_pull(&s->github, "acme/shop", 1);
    closed = story_github_pull_event(&s->github, pull, "closed");
    opened = story_github_pull_event(&s->github, pull, "opened");
    assert_int_equal(story_deliver(s, "pull_request", GUID, opened), 202);
    story_settle(s);
    story_expect_count(s, "deliveries", 4);
    story_stop(s);
    story_clock_pass(&s->clock, INT64_C(3) * 86400000);
    story_start(s);
    story_pass(s, 61000);
    assert_int_equal(story_deliver(s, "pull_request", GUID, opened), 202);  /* known */
    assert_int_equal(story_deliver(s, "pull_request", NULL, closed), 202);  /* a repeat */
    assert_int_equal(story_deliver(s, "issue_comment", NULL, closed), 202); /* and none */
    story_settle(s);
    story_expect_count(s, "deliveries", 6);
    story_expect_count(s, "repeats", 2);
    story_expect_count(s, "releases", 2);
    story_expect_pull(s, "acme/shop", 1, "merged", 2);
    story_expect_starts(s, "stage-1", "migrate", 2, 1);
    story_end(s);
}

static void W5_a_merge_that_nobody_told_of_is_seen_on_the_branch(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_stop(s);
    story_merge(s, "acme/shop", 1, "Coupons"); /* every delivery is lost */
    story_start(s);
    story_pass(s, 61000);
    story_expect_count(s, "deliveries", 0);
    story_expect_count(s, "releases", 2);
    story_expect_live(s, "acme/shop", "stage", 2);
    story_end(s);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, story_up, story_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(W4_any_order_of_deliveries_gives_the_same_end),
        cmocka_unit_test_setup_teardown(A4_the_first_signed_delivery_binds_the_logins_in_it,
                                        story_up, story_down),
        STORY(W3_the_same_guid_again_is_the_same_event),
        STORY(W3_an_equal_body_under_a_new_guid_is_a_repeat_and_changes_nothing),
        STORY(T05_what_comes_again_after_three_days_and_a_restart_changes_nothing),
        STORY(W5_a_merge_that_nobody_told_of_is_seen_on_the_branch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
