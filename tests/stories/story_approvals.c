/*
 * What people say before it goes out: an approval in the morning and the start in its window, one that comes late, one
 * that is taken back, and one for a plan that is another by then (A1 to A3). tests/crash kills the server at the
 * commits of each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/story_expect.h"
#include "tests/support/story_shop.h"

#define APPROVAL "/api/v1/repos/acme/shop/releases/2/approval"

/* Production asks for one approval; who made it may give it, since people come by the machine's socket here. */
static void shop_with(struct story *s, const char *more)
{
    story_repository(s, "acme/shop");
    story_config(s, story_shop_config(s, arena_printf(&s->arena,
                                                      "at: [\"11:00\", \"15:00\"]\n"
                                                      "        approvals: { code: 1, self: %s }",
                                                      more)));
    story_hosts(s, "stage-1", "batch-1", "batch-2", "web-1", "web-2", NULL);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
}

static void A3_approved_early_it_starts_at_its_time_and_not_before(void **state)
{
    struct story *s = *state;

    shop_with(s, "true");
    story_act(s, "POST", APPROVAL, "{\"reason\":\"read it\"}");
    story_expect_live(s, "acme/shop", "production", 0);
    story_at(s, "2026-11-24 15:00");
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_told(s, "approval.grant", "acme/shop/production/r2", "read it");
    story_end(s);
}

static void F7_approved_inside_grace_it_starts_then(void **state)
{
    struct story *s = *state;

    shop_with(s, "true");
    story_at(s, "2026-11-24 15:05");
    story_expect_waits(s, "acme/shop", "production", "approval", NULL);
    story_act(s, "POST", APPROVAL, "{}");
    story_expect_live(s, "acme/shop", "production", 2);
    story_end(s);
}

static void T24_who_may_be_the_author_is_refused_and_nothing_starts(void **state)
{
    struct story *s = *state;

    shop_with(s, "false");
    story_refused(s, "POST", APPROVAL, "{}", 403, "nobody knows whose account");
    story_at(s, "2026-11-24 15:05");
    story_expect_waits(s, "acme/shop", "production", "approval", NULL);
    story_at(s, "2026-11-24 15:20");
    story_expect_decision(s, "production", "2026-11-24 15:00:00", "deferred");
    story_expect_untold(s, "approval.grant", "acme/shop/production/r2");
    story_end(s);
}

static void A2_taken_back_before_its_time_it_does_not_start(void **state)
{
    struct story *s = *state;

    shop_with(s, "true");
    story_act(s, "POST", APPROVAL, "{}");
    story_at(s, "2026-11-24 14:50");
    story_act(s, "DELETE", APPROVAL, "{\"reason\":\"found something\"}");
    story_at(s, "2026-11-24 15:20");
    story_expect_live(s, "acme/shop", "production", 0);
    story_expect_told(s, "approval.withdraw", "acme/shop/production/r2", "found something");
    story_end(s);
}

static void T23_another_plan_is_asked_for_again(void **state)
{
    struct story *s = *state;
    char *other;

    shop_with(s, "true");
    story_act(s, "POST", APPROVAL, "{}");
    other =
        arena_str(&s->arena, story_shop_config(s, "at: [\"11:00\", \"15:00\"]\n"
                                                  "        approvals: { code: 1, self: true }"));
    memcpy(strstr(other, "puma"), "rack", 4);
    story_config(s, other);
    story_expect_told(s, "approval.void", "acme/shop/production/r2", "\"jobs\":\"web\"");
    story_at(s, "2026-11-24 15:05");
    story_expect_waits(s, "acme/shop", "production", "approval", NULL);
    story_act(s, "POST", APPROVAL, "{}");
    story_expect_live(s, "acme/shop", "production", 2);
    story_end(s);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, story_up, story_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(A3_approved_early_it_starts_at_its_time_and_not_before),
        STORY(F7_approved_inside_grace_it_starts_then),
        STORY(T24_who_may_be_the_author_is_refused_and_nothing_starts),
        STORY(A2_taken_back_before_its_time_it_does_not_start),
        STORY(T23_another_plan_is_asked_for_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
