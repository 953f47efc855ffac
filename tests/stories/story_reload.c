/*
 * Reload: all or nothing; every promise that moves is told and kept; what runs keeps what it was cut with, what is
 * cut and has not started is made again (design.md 7).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "tests/support/story_expect.h"
#include "tests/support/story_shop.h"

#define USUAL "at: [\"11:00\", \"15:00\"]"
#define WITH(setting) "\n        " setting

/* Its server is killed at its commits (tests/crash): then a cut may be made more often. */
static bool dies(const struct story *s)
{
    return s->crash_max > 0 || s->crash_once > 0;
}

static void a_configuration_with_a_mistake_changes_nothing(void **state)
{
    struct story *s = *state;

    if (dies(s))
        skip(); /* no server starts with such a file */
    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_expect_next(s, "acme/shop", "production", 2, "2026-11-24 15:00");
    story_expect_count(s, "configs", 1);
    /* Another time, and a misspelt setting at its end: neither is taken. */
    story_config(s, arena_printf(&s->arena, "%s  acme/other: { mirrror: x }\n",
                                 story_shop_config(s, "at: [\"16:00\"]")));
    story_expect_count(s, "configs", 1);
    story_expect_next(s, "acme/shop", "production", 2, "2026-11-24 15:00");
    story_expect_told(s, "config.refuse", "reload", "slipway.yml");
    story_until(s, "2026-11-24 15:01");
    story_expect_started(s, "acme/shop", "production", 2, "2026-11-24 15:00");
    story_end(s);
}

static void a_promise_that_a_reload_moves_is_told_and_kept(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_expect_next(s, "acme/shop", "production", 2, "2026-11-24 15:00");
    story_config(s, story_shop_config(s, "at: [\"11:00\", \"16:30\"]"));
    story_expect_count(s, "configs", 2); /* each accepted one is stored */
    story_expect_told(s, "config.accept", "reload", "\"new\":true");
    story_expect_told(s, "promise.moved", "acme/shop/production", "2026-11-24T07:30:00.000Z");
    story_expect_next(s, "acme/shop", "production", 2, "2026-11-24 16:30");
    story_restart(s); /* the promise stands in the store */
    story_until(s, "2026-11-24 16:31");
    story_expect_started(s, "acme/shop", "production", 2, "2026-11-24 16:30");
    story_end(s);
}

/* Only what is not part of any promise: nothing moves, nothing is told. */
static void a_reload_of_the_same_moves_nothing(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_config(s, story_shop_config(s, USUAL));
    story_expect_untold(s, "promise.moved", "acme/shop/production");
    story_expect_next(s, "acme/shop", "production", 2, "2026-11-24 15:00");
    story_end(s);
}

static void a_cut_that_has_not_started_is_made_again(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_config(s, story_shop_config(s, USUAL WITH("cut-off: 10m")));
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_until(s, "2026-11-24 14:55"); /* cut at 14:50 */
    if (!dies(s))
        story_expect_count(s, "deployments", 2); /* stage's, and this */
    story_expect_open(s, "acme/shop", "production", 2, "waiting");
    story_config(s, story_shop_config(s, USUAL WITH("cut-off: 10m") WITH("grace: 30m")));
    if (!dies(s))
        story_expect_count(s, "deployments", 3);
    story_expect_open(s, "acme/shop", "production", 2, "waiting");
    story_until(s, "2026-11-24 15:01");
    story_expect_live(s, "acme/shop", "production", 2);
    story_end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_configuration_with_a_mistake_changes_nothing, story_up,
                                        story_down),
        cmocka_unit_test_setup_teardown(a_promise_that_a_reload_moves_is_told_and_kept, story_up,
                                        story_down),
        cmocka_unit_test_setup_teardown(a_reload_of_the_same_moves_nothing, story_up, story_down),
        cmocka_unit_test_setup_teardown(a_cut_that_has_not_started_is_made_again, story_up,
                                        story_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
