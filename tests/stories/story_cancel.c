/*
 * Somebody wants it ended: what waits is cancelled at once, what runs when its host confirms that the process group is
 * gone; who does not answer is unknown (P5, P6).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/story_expect.h"
#include "tests/support/story_shop.h"

#define CANCEL "/api/v1/repos/acme/shop/cancel"

/* r2 is on its way to production, and the second web host runs its job for an hour. */
static void production_is_half_way(struct story *s, enum story_host_way way)
{
    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_host_script(story_host(s, "web-1"), "web", STORY_HOST_SUCCEEDS, 2000);
    story_host_script(story_host(s, "web-2"), "web", way, 3600000);
    story_clock_pass(&s->clock,
                     story_time(s, "2026-11-24 15:00") - story_time(s, "2026-11-24 14:10") - 60000);
}

/* Until web-2 runs it, and no longer. */
static void until_it_runs(struct story *s)
{
    story_amid(s, "2026-11-24 15:01");
    story_expect_open(s, "acme/shop", "production", 2, "deploying");
    story_expect_starts(s, "web-2", "web", 2, 1);
}

static void P6_what_runs_is_cancelling_until_its_host_confirms(void **state)
{
    struct story *s = *state;

    production_is_half_way(s, STORY_HOST_SUCCEEDS);
    until_it_runs(s);
    (void)story_ask(s, "POST", CANCEL, "{\"reason\":\"prices are wrong\"}");
    story_refused(s, "POST", CANCEL, "{}", 409, "is being ended");
    story_restart(s);
    story_expect_open(s, "acme/shop", "production", 0, NULL);
    story_expect_last(s, "acme/shop", "production", 2, "failed"); /* web-1 runs it */
    story_expect_told(s, "deployment.end", "acme/shop/production/r2", "prices are wrong");
    story_expect_told(s, "invocation.cancel", "acme/shop/production/r2", "\"job\":\"web\"");
    story_expect_live(s, "acme/shop", "production", 0);
    story_expect_waits(s, "acme/shop", "production", "failed-before", NULL);
    story_end(s);
}

static void P6_a_host_that_does_not_answer_is_unknown(void **state)
{
    struct story *s = *state;

    production_is_half_way(s, STORY_HOST_STUBBORN);
    until_it_runs(s);
    (void)story_ask(s, "POST", CANCEL, "{}");
    story_amid(s, "2026-11-24 15:04");
    story_expect_open(s, "acme/shop", "production", 2, "deploying");
    story_amid(s, "2026-11-24 15:08");
    story_expect_open(s, "acme/shop", "production", 0, NULL);
    story_expect_last(s, "acme/shop", "production", 2, "failed");
    story_expect_told(s, "invocation.lost", "acme/shop/production/r2", "\"job\":\"web\"");
    story_end(s);
}

static void P6_what_waits_is_cancelled_at_once_with_its_start(void **state)
{
    struct story *s = *state;

    story_repository(s, "acme/shop");
    story_config(s, story_shop_config(s, "at: [\"11:00\", \"15:00\"]\n        cut-off: 10m"));
    story_hosts(s, "stage-1", "batch-1", "batch-2", "web-1", "web-2", NULL);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_at(s, "2026-11-24 14:51");
    story_expect_open(s, "acme/shop", "production", 2, "waiting");
    story_act(s, "POST", CANCEL "?dry-run=1", "{\"reason\":\"not today\"}");
    story_expect_open(s, "acme/shop", "production", 2, "waiting");
    story_act(s, "POST", CANCEL, "{\"reason\":\"not today\"}");
    story_expect_open(s, "acme/shop", "production", 0, NULL);
    story_expect_last(s, "acme/shop", "production", 2, "cancelled");
    story_at(s, "2026-11-24 15:05");
    story_expect_decision(s, "production", "2026-11-24 15:00:00", "skipped");
    story_at(s, "2026-11-25 11:05");
    story_expect_last(s, "acme/shop", "production", 2, "cancelled"); /* not by itself any more */
    story_refused(s, "POST", CANCEL, "{}", 404, "nothing is going out");
    story_end(s);
}

static void P5_cancel_from_attention_frees_the_environment(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_host_is(s, "web-1", "fetch", STORY_HOST_FAILS);
    story_at(s, "2026-11-24 15:00");
    story_expect_open(s, "acme/shop", "production", 2, "attention");
    story_act(s, "POST", CANCEL, "{\"reason\":\"a disk is full\"}");
    story_expect_last(s, "acme/shop", "production", 2,
                      "cancelled"); /* only fetched: nothing is touched */
    story_host_is(s, "web-1", "fetch", STORY_HOST_SUCCEEDS);
    story_merge(s, "acme/shop", 2, "Gifts");
    story_at(s, "2026-11-25 11:00");
    story_expect_live(s, "acme/shop", "production", 3);
    story_end(s);
}

static void M5_a_migrate_job_that_is_ended_is_unknown_and_holds_its_database(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_host_script(story_host(s, "batch-1"), "migrate", STORY_HOST_SUCCEEDS, 3600000);
    story_clock_pass(&s->clock, 49 * 60000);
    story_amid(s, "2026-11-24 15:01");
    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    (void)story_ask(s, "POST", CANCEL, "{\"reason\":\"it takes too long\"}");
    story_amid(s, "2026-11-24 15:02");
    story_expect_last(s, "acme/shop", "production", 2, "failed");
    story_expect_attempt(s, "acme/shop/production/primary-db", "unknown");
    story_expect_starts(s, "web-1", "web", 2, 0);
    story_merge(s, "acme/shop", 2, "Gifts");
    story_at(s, "2026-11-25 11:00");
    story_expect_waits(s, "acme/shop", "production", "unsettled", NULL);
    story_expect_starts(s, "batch-1", "migrate", 3, 0);
    story_end(s);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, story_up, story_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(P6_what_runs_is_cancelling_until_its_host_confirms),
        STORY(P6_a_host_that_does_not_answer_is_unknown),
        STORY(P6_what_waits_is_cancelled_at_once_with_its_start),
        STORY(P5_cancel_from_attention_frees_the_environment),
        STORY(M5_a_migrate_job_that_is_ended_is_unknown_and_holds_its_database),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
