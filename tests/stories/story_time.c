/*
 * Time: what happens when nobody was there at the promised time, when clocks are changed, when the schedule is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/story_expect.h"
#include "tests/support/story_shop.h"

static void F7_a_server_that_comes_back_inside_grace_starts_what_was_due(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_stop(s);
    story_at(s, "2026-11-24 15:07");
    story_start(s);
    story_expect_started(s, "acme/shop", "production", 2, "2026-11-24 15:07");
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_decision(s, "production", "2026-11-24 15:00:00", "started");
    story_end(s);
}

static void F7_I8_a_server_that_comes_back_after_grace_defers_and_promises_the_next(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_stop(s);
    story_at(s, "2026-11-24 15:15"); /* grace is half-open: this is after it */
    story_start(s);
    story_expect_last(s, "acme/shop", "production", 2, NULL);
    story_expect_decision(s, "production", "2026-11-24 15:00:00", "deferred");
    story_expect_next(s, "acme/shop", "production", 2, "2026-11-25 11:00");
    story_expect_told(s, "promise.moved", "acme/shop/production", "2026-11-25T02:00:00.000Z");
    story_expect_told(s, "occurrence.defer", "acme/shop/production", "server-down");

    /* Nothing decides it a second time. */
    story_restart(s);
    story_pass(s, 30000);
    story_expect_decision(s, "production", "2026-11-24 15:00:00", "deferred");

    story_at(s, "2026-11-25 10:59");
    story_until(s, "2026-11-25 11:01");
    story_expect_started(s, "acme/shop", "production", 2, "2026-11-25 11:00");
    story_expect_decision(s, "production", "2026-11-25 11:00:00", "started");
    story_end(s);
}

static void F2_a_time_that_is_skipped_runs_at_the_first_instant_after_the_gap(void **state)
{
    struct story *s = *state;

    story_repository(s, "acme/shop");
    story_config(s, story_shop_config(s, "timezone: America/New_York\n        at: [\"02:30\"]"));
    story_hosts(s, "stage-1", "batch-1", "batch-2", "web-1", "web-2", NULL);
    story_at(s, "2027-03-14 06:00Z"); /* 01:00 EST; 02:00 is 03:00 EDT */
    story_merge(s, "acme/shop", 1, "Coupons");
    story_expect_next(s, "acme/shop", "production", 2, "2027-03-14 07:00Z");
    story_at(s, "2027-03-14 06:59Z");
    story_expect_last(s, "acme/shop", "production", 2, NULL);
    story_until(s, "2027-03-14 07:01Z");
    story_expect_started(s, "acme/shop", "production", 2, "2027-03-14 07:00Z");
    story_expect_decision(s, "production", "2027-03-14 02:30:00", "started");

    /* 07:30Z would be 02:30 without the change. */
    story_merge(s, "acme/shop", 2, "Gifts");
    story_at(s, "2027-03-14 07:30Z");
    story_expect_last(s, "acme/shop", "production", 3, NULL);
    story_expect_next(s, "acme/shop", "production", 3, "2027-03-15 06:30Z");
    story_end(s);
}

static void F2_a_time_that_occurs_twice_runs_the_first_time_only(void **state)
{
    struct story *s = *state;

    story_repository(s, "acme/shop");
    story_config(s, story_shop_config(s, "timezone: America/New_York\n        at: [\"01:30\"]"));
    story_hosts(s, "stage-1", "batch-1", "batch-2", "web-1", "web-2", NULL);
    story_at(s, "2027-11-07 05:00Z"); /* 01:00 EDT; 02:00 EDT is 01:00 EST */
    story_merge(s, "acme/shop", 1, "Coupons");
    story_at(s, "2027-11-07 05:29Z");
    story_until(s, "2027-11-07 05:31Z");
    story_expect_started(s, "acme/shop", "production", 2, "2027-11-07 05:30Z");

    story_at(s, "2027-11-07 05:50Z");
    story_merge(s, "acme/shop", 2, "Gifts");
    story_expect_next(s, "acme/shop", "production", 3, "2027-11-08 06:30Z");
    story_at(s, "2027-11-07 06:29Z");
    story_until(s, "2027-11-07 06:32Z"); /* 01:30 for the second time */
    story_expect_last(s, "acme/shop", "production", 3, NULL);
    story_end(s);
}

static void F6_an_edit_of_the_schedule_fires_nothing_and_tells_the_promise_that_moved(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_expect_next(s, "acme/shop", "production", 2, "2026-11-24 15:00");

    /* 14:25 would be due until 14:40, had it stood there at 14:25. */
    story_at(s, "2026-11-24 14:30");
    story_config(s, story_shop_config(s, "at: [\"14:25\", \"17:00\"]"));
    story_expect_last(s, "acme/shop", "production", 2, NULL);
    story_expect_next(s, "acme/shop", "production", 2, "2026-11-24 17:00");
    story_expect_told(s, "promise.moved", "acme/shop/production",
                      "\"from\":\"2026-11-24T06:00:00.000Z\",\"to\":\"2026-11-24T08:00:00.000Z\"");
    story_expect_decision(s, "production", "2026-11-24 14:25:00", NULL);

    story_at(s, "2026-11-24 15:00"); /* no longer in the schedule */
    story_expect_last(s, "acme/shop", "production", 2, NULL);
    story_at(s, "2026-11-24 17:00");
    story_expect_live(s, "acme/shop", "production", 2);
    story_end(s);
}

/* The clock ----------------------------------------------------------------------------------------- */

static void F9_a_clock_that_is_set_back_over_a_start_runs_nothing_again(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_until(s, "2026-11-24 15:05");
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_board(s, "clock", NULL);
    story_set_clock(s, "2026-11-24 14:40");
    story_expect_told(s, "clock.jumped", "clock", "\"to\":\"2026-11-24T05:40:00.000Z\"");
    story_expect_board(s, "clock", "was set back by 0:2");
    story_merge(s, "acme/shop", 2, "Gifts");
    story_until(s, "2026-11-24 15:20"); /* 15:00 for the second time: it is decided */
    story_expect_starts(s, "web-1", "web", 2, 1);
    story_expect_decision(s, "production", "2026-11-24 15:00:00", "started");
    story_expect_next(s, "acme/shop", "production", 3, "2026-11-25 11:00");
    story_end(s);
}

static void F9_a_clock_that_is_set_forward_over_a_start_defers_it_and_says_why(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_set_clock(s, "2026-11-24 15:15");
    story_expect_told(s, "clock.jumped", "clock", "\"to\":\"2026-11-24T06:15:00.000Z\"");
    story_expect_board(s, "clock", "was set forward by 1:0");
    story_expect_decision(s, "production", "2026-11-24 15:00:00", "deferred");
    story_expect_told(s, "occurrence.defer", "acme/shop/production", "clock-jumped");
    story_expect_last(s, "acme/shop", "production", 2, NULL);
    story_expect_next(s, "acme/shop", "production", 2, "2026-11-25 11:00");
    story_end(s);
}

static void F9_a_clock_that_is_set_forward_into_grace_starts_what_is_due(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_set_clock(s, "2026-11-24 15:05");
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_decision(s, "production", "2026-11-24 15:00:00", "started");
    story_end(s);
}

static void F9_a_clock_that_was_set_back_while_the_server_was_down_is_told(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_until(s, "2026-11-24 15:05");
    story_stop(s);
    story_clock_jump(&s->clock, -INT64_C(7200000));
    story_start(s);
    story_expect_told(s, "clock.jumped", "clock", "\"from\":\"2026-11-24T06:0");
    story_until(s, "2026-11-24 15:20");
    story_expect_starts(s, "web-1", "web", 2, 1);
    story_end(s);
}

static void F9_a_machine_that_slept_is_no_jump_and_starts_inside_grace(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_at(s, "2026-11-24 15:10"); /* nobody looked in between */
    story_expect_started(s, "acme/shop", "production", 2, "2026-11-24 15:10");
    story_expect_untold(s, "clock.jumped", "clock");
    story_end(s);
}

/* Once, while hosts run something: twenty minutes forward. */
static void set_forward(struct story *s)
{
    if (s->clock.now >= story_time(s, "2026-11-24 15:00") && s->seed == 0) {
        s->seed = 1;
        story_clock_jump(&s->clock, INT64_C(1200000));
    }
}

/* What hosts said last is old by the clock alone. */
static void F9_a_jump_makes_nobody_silent_who_runs_something(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    s->seed = 0;
    s->between = set_forward;
    story_at(s, "2026-11-24 15:00");
    s->between = NULL;
    assert_int_equal(s->seed, 1);
    story_expect_told(s, "clock.jumped", "clock", "\"to\":\"2026-11-24T06:20:");
    story_expect_started(s, "acme/shop", "production", 2, "2026-11-24 15:00");
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_untold(s, "invocation.unknown", "web-1");
    story_end(s);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, story_up, story_down)

#define DATABASE "acme/shop/production/primary-db"
#define ABOUT "{\"database\":\"" DATABASE "\",\"reason\":\"looked at it\""

/* A host that died while it migrated is as dead as before, and what a person may do about it opens when it would have. */
static void F9_a_clock_that_is_set_back_makes_nobody_alive_and_no_probe_fresh(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_host_script(story_host(s, "batch-1"), "migrate", STORY_HOST_SUCCEEDS, 30 * 60000);
    story_amid(s, "2026-11-24 15:02");
    story_expect_attempt(s, DATABASE, "running");
    story_host_silent(s, "batch-1");
    story_set_clock(s, "2026-11-24 13:02");
    story_pass(s, 6 * 60000);
    story_expect_attempt(s, DATABASE, "unknown");
    /* A probe sees somebody, and the clock is set once more: it is two minutes, and not two hours. */
    story_host(s, "batch-2")->probe_holders = "1";
    story_act(s, "POST", "/api/v1/migrate/probe", ABOUT "}");
    story_pass(s, 5000);
    story_host(s, "batch-2")->probe_holders = "0";
    story_host(s, "batch-2")->probe_pending = "1";
    story_act(s, "POST", "/api/v1/migrate/probe", ABOUT "}");
    story_pass(s, 5000);
    story_set_clock(s, "2026-11-24 11:02");
    story_refused(s, "POST", "/api/v1/migrate/retry", ABOUT "}", 409, "two minutes must pass");
    story_pass(s, 120000);
    story_act(s, "POST", "/api/v1/migrate/retry?dry-run=1", ABOUT "}");
    story_end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(F7_a_server_that_comes_back_inside_grace_starts_what_was_due),
        STORY(F7_I8_a_server_that_comes_back_after_grace_defers_and_promises_the_next),
        STORY(F2_a_time_that_is_skipped_runs_at_the_first_instant_after_the_gap),
        STORY(F2_a_time_that_occurs_twice_runs_the_first_time_only),
        STORY(F6_an_edit_of_the_schedule_fires_nothing_and_tells_the_promise_that_moved),
        STORY(F9_a_clock_that_is_set_back_over_a_start_runs_nothing_again),
        STORY(F9_a_clock_that_is_set_forward_over_a_start_defers_it_and_says_why),
        STORY(F9_a_clock_that_is_set_forward_into_grace_starts_what_is_due),
        STORY(F9_a_clock_that_was_set_back_while_the_server_was_down_is_told),
        STORY(F9_a_machine_that_slept_is_no_jump_and_starts_inside_grace),
        STORY(F9_a_jump_makes_nobody_silent_who_runs_something),
        cmocka_unit_test_setup_teardown(
            F9_a_clock_that_is_set_back_makes_nobody_alive_and_no_probe_fresh, story_up,
            story_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
