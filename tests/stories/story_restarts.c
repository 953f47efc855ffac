/*
 * The main job again, with the server stopped and opened at odd moments: the same end, nothing twice (I2, I3, I4,
 * I8, I10, and the promise that a restart loses nothing).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/base/str.h"
#include "tests/support/story_expect.h"
#include "tests/support/story_shop.h"

#define SEEDS 2
#define SEEDS_DEEP 40 /* tests/run --deep */

static int restarts;

/* Every third moment, by the seed. */
static void now_and_then(struct story *s)
{
    s->seed = s->seed * 1103515245 + 12345;
    if ((s->seed >> 16) % 3 == 0) {
        story_reopen(s);
        restarts++;
    }
}

static void always(struct story *s)
{
    story_reopen(s);
    restarts++;
}

static void main_job(struct story *s, void (*between)(struct story *s))
{
    restarts = 0;
    story_shop(s);
    story_config(s, story_shop_config(s, "at: [\"15:00\"]\n        cut-off: 10m"));
    story_at(s, "2026-11-24 14:10");
    s->between = between;
    story_merge(s, "acme/shop", 1, "Coupons");
    between(s);
    story_at(s, "2026-11-24 14:50");
    story_expect_open(s, "acme/shop", "production", 2, "waiting");
    between(s);
    story_at(s, "2026-11-24 15:00");
    s->between = NULL;
    story_settle(s);

    story_expect_live(s, "acme/shop", "stage", 2);
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_pull(s, "acme/shop", 1, "merged", 2);
    story_expect_started(s, "acme/shop", "production", 2, "2026-11-24 15:00");
    story_expect_count(s, "deployments", 2);
    story_expect_count(s, "attempts", 2);
    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    story_expect_starts(s, "batch-2", "migrate", 2, 0);
    story_expect_starts(s, "stage-1", "migrate", 2, 1);
    story_expect_starts(s, "web-1", "web", 2, 1);
    story_expect_starts(s, "web-2", "web", 2, 1);
    story_expect_one_by_one(s, "web", 2, "web-1", "web-2");
    story_expect_decision(s, "production", "2026-11-24 15:00:00", "started");
    story_end(s);
    print_message("%d restarts\n", restarts);
}

static void I4_restarts_at_every_moment_change_nothing(void **state)
{
    main_job(*state, always);
    assert_true(restarts > 20);
}

static void I4_restarts_at_odd_moments_change_nothing(void **state)
{
    unsigned seeds = str_eq(getenv("SLIPWAY_DEEP"), "1") ? SEEDS_DEEP : SEEDS;

    (void)state;
    for (unsigned seed = 1; seed <= seeds; seed++) {
        struct story *s;
        void *own;

        assert_int_equal(story_up(&own), 0);
        s = own;
        s->seed = seed;
        print_message("seed %u\n", seed);
        main_job(s, now_and_then);
        assert_true(restarts > 5);
        story_down(&own);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(I4_restarts_at_every_moment_change_nothing, story_up,
                                        story_down),
        cmocka_unit_test(I4_restarts_at_odd_moments_change_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
