/*
 * A stopped deployment goes on because somebody wants it: on the hosts that failed and those that were not touched, or
 * without one of them (P4, P5).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/json.h"
#include "lib/base/str.h"
#include "tests/support/story_expect.h"
#include "tests/support/story_shop.h"

#define RETRY "/api/v1/repos/acme/shop/retry"

/* web-1 is unwell with r2, web-2 was not touched. */
static void production_stopped(struct story *s, enum story_host_way way)
{
    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_refused(s, "POST", RETRY, "{}", 404, "nothing has stopped");
    story_host_is(s, "web-1", "web", way);
    story_at(s, "2026-11-24 15:00");
}

static void P4_retry_goes_on_with_what_failed_and_what_was_not_touched(void **state)
{
    struct story *s = *state;

    production_stopped(s, STORY_HOST_UNWELL);
    story_expect_open(s, "acme/shop", "production", 2, "attention");
    story_host_is(s, "web-1", "web", STORY_HOST_SUCCEEDS);
    story_act(s, "POST", RETRY "?dry-run=1", "{}");
    story_expect_open(s, "acme/shop", "production", 2, "attention");
    (void)story_ask(s, "POST", RETRY, "{\"reason\":\"the disk has room again\"}");
    story_reopen(s); /* killed before a command was made */
    story_settle(s);
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_starts(s, "web-1", "web", 2, 2);
    story_expect_starts(s, "web-2", "web", 2, 1);
    story_expect_starts(s, "web-1", "fetch", 2, 1); /* what is done is not done again */
    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    story_expect_told(s, "deployment.retry", "acme/shop/production/r2", "disk");
    story_end(s);
}

static void P5_it_may_fail_again_and_be_tried_again(void **state)
{
    struct story *s = *state;

    production_stopped(s, STORY_HOST_UNWELL);
    story_act(s, "POST", RETRY, "{}");
    story_expect_open(s, "acme/shop", "production", 2, "attention");
    story_expect_starts(s, "web-1", "web", 2, 2);
    story_expect_starts(s, "web-2", "web", 2, 0);
    story_host_is(s, "web-1", "web", STORY_HOST_SUCCEEDS);
    story_act(s, "POST", RETRY, "{}");
    story_expect_live(s, "acme/shop", "production", 2);
    story_end(s);
}

static void P5_a_host_that_is_left_out_gets_nothing_more_and_does_not_count(void **state)
{
    struct story *s = *state;

    production_stopped(s, STORY_HOST_UNWELL);
    story_refused(s, "POST", RETRY, "{\"leave_out\":\"web-9\"}", 404, "web-9");
    story_act(s, "POST", RETRY, "{\"leave_out\":\"web-1\",\"reason\":\"broken\"}");
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_starts(s, "web-1", "web", 2, 1);
    story_expect_starts(s, "web-2", "web", 2, 1);
    story_expect_told(s, "deployment.leave-out", "acme/shop/production/r2", "web-1");
    story_end(s);
}

/* The first by name is heard again, and what it runs nobody knows: it gets nothing more, so it does not migrate. */
static void P5_a_host_that_is_left_out_does_not_migrate(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_host_is(s, "batch-1", "fetch", STORY_HOST_LOSES_POWER);
    story_at(s, "2026-11-24 15:00");
    story_host_back(s, "batch-1");
    story_expect_open(s, "acme/shop", "production", 2, "attention");
    story_act(s, "POST", RETRY, "{\"leave_out\":\"batch-1\"}");
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_starts(s, "batch-1", "migrate", 2, 0);
    story_expect_starts(s, "batch-2", "migrate", 2, 1);
    story_end(s);
}

static void I11_a_host_that_may_still_run_it_is_not_told_again(void **state)
{
    struct story *s = *state;

    production_stopped(s, STORY_HOST_SUCCEEDS);
    story_expect_live(s, "acme/shop", "production", 2);
    story_merge(s, "acme/shop", 2, "Gifts");
    story_host_script(story_host(s, "web-1"), "web", STORY_HOST_FALLS_SILENT, 20 * 60000);
    story_at(s, "2026-11-25 11:00");
    story_until(s, "2026-11-25 11:10");
    story_expect_open(s, "acme/shop", "production", 3, "attention");
    story_refused(s, "POST", RETRY, "{}", 409, "web-1 may still run");
    story_host_is(s, "web-1", "web", STORY_HOST_SUCCEEDS);
    story_until(s, "2026-11-25 11:30");
    story_host_back(s, "web-1"); /* it had succeeded all the time */
    story_act(s, "POST", RETRY, "{}");
    story_expect_live(s, "acme/shop", "production", 3);
    story_expect_starts(s, "web-1", "web", 3, 1);
    story_end(s);
}

static void GATE_a_hold_and_an_undecided_migrate_job_stand_against_a_retry(void **state)
{
    struct story *s = *state;

    production_stopped(s, STORY_HOST_UNWELL);
    story_act(s, "POST", "/api/v1/repos/acme/shop/holds", "{\"reason\":\"stock check\"}");
    story_refused(s, "POST", RETRY, "{}", 409, "stock check");
    story_act(s, "DELETE", "/api/v1/repos/acme/shop/holds", NULL);
    story_host_is(s, "web-1", "web", STORY_HOST_SUCCEEDS);
    story_act(s, "POST", RETRY, "{}");
    story_expect_live(s, "acme/shop", "production", 2);
    story_merge(s, "acme/shop", 2, "Gifts");
    story_host_is(s, "batch-1", "migrate", STORY_HOST_FAILS);
    story_at(s, "2026-11-25 11:00");
    story_expect_open(s, "acme/shop", "production", 3, "attention");
    story_refused(s, "POST", RETRY, "{}", 409, "to be decided first");
    story_expect_starts(s, "batch-1", "migrate", 3, 1);
    story_end(s);
}

static void P4_a_retry_keeps_the_parameters_of_its_cut(void **state)
{
    struct story *s = *state;

    production_stopped(s, STORY_HOST_UNWELL);
    story_config(s, story_shop_config(s, "at: [\"11:00\"]"));
    story_host_is(s, "web-1", "web", STORY_HOST_SUCCEEDS);
    story_act(s, "POST", RETRY, "{}");
    story_expect_live(s, "acme/shop", "production", 2);
    story_refused(s, "POST", RETRY, "{}", 404, "nothing has stopped");
    story_end(s);
}

#define PAGE "/api/v1/repos/acme/shop/releases"

/* The choice is among those that the release offers; `why`: part of why it is not open, NULL = it is. */
static void expect_choice(struct story *s, const char *target, const char *choice, const char *why)
{
    struct err err = ERR_INIT;
    struct cJSON *json = NULL;
    const char *text = story_ask(s, "GET", target, NULL);
    bool found = false;

    assert_int_equal(json_parse(text, strlen(text), NULL, &json, &err), 0);
    for (const struct cJSON *a = json_first(json_array(json, "attention")); a != NULL;
         a = json_next(a))
        for (const struct cJSON *c = json_first(json_array(a, "choices")); c != NULL;
             c = json_next(c)) {
            bool possible = false;
            if (!str_eq(json_str(c, "choice"), choice))
                continue;
            found = true;
            json_bool(c, "possible", &possible);
            if (possible != (why == NULL) ||
                (why != NULL && strstr(json_str(c, "why"), why) == NULL))
                fail_msg("%s: %s", choice, possible ? "possible" : json_str(c, "why"));
        }
    json_free(json);
    if (!found)
        fail_msg("%s does not offer %s: %s", target, choice, text);
}

static void P5_what_stopped_says_since_when_and_what_may_be_done(void **state)
{
    struct story *s = *state;

    production_stopped(s, STORY_HOST_UNWELL);
    assert_non_null(strstr(story_ask(s, "GET", PAGE "/2", NULL), "\"since\":\"2026-11-24T06:0"));
    expect_choice(s, PAGE "/2", "retry", NULL);
    expect_choice(s, PAGE "/2", "leave-out", NULL);
    expect_choice(s, PAGE "/2", "roll-back", "nothing older");
    expect_choice(s, PAGE "/2", "cancel", NULL);
    assert_non_null(strstr(story_ask(s, "GET", PAGE "/2?lang=ja", NULL), "web-1 を除いて続ける"));
    assert_non_null(strstr(story_ask(s, "GET", "/api/v1/status", NULL),
                           "slipway retry acme/shop production --leave-out web-1"));
    story_act(s, "POST", "/api/v1/repos/acme/shop/holds", "{\"reason\":\"stock check\"}");
    expect_choice(s, PAGE "/2", "retry", "stock check");
    story_act(s, "DELETE", "/api/v1/repos/acme/shop/holds", NULL);
    story_act(s, "POST", RETRY, "{\"leave_out\":\"web-1\"}");
    story_expect_live(s, "acme/shop", "production", 2);
    assert_non_null(strstr(story_ask(s, "GET", PAGE "/2", NULL), "\"attention\":[]"));
    story_end(s);
}

static void M6_a_migrate_job_that_failed_offers_its_ways_out(void **state)
{
    struct story *s = *state;

    production_stopped(s, STORY_HOST_SUCCEEDS);
    story_expect_live(s, "acme/shop", "production", 2);
    story_merge(s, "acme/shop", 2, "Gifts");
    story_host_is(s, "batch-1", "migrate", STORY_HOST_FAILS);
    story_at(s, "2026-11-25 11:00");
    story_expect_open(s, "acme/shop", "production", 3, "attention");
    expect_choice(s, PAGE "/3", "probe", NULL);
    expect_choice(s, PAGE "/3", "mark-succeeded", "no probe has shown");
    expect_choice(s, PAGE "/3", "mark-failed", NULL);
    expect_choice(s, PAGE "/3", "new-attempt", NULL);
    expect_choice(s, PAGE "/3", "abandon", NULL);
    expect_choice(s, PAGE "/3", "retry", "to be decided first");
    expect_choice(s, PAGE "/3", "roll-back", "no host was changed");
    expect_choice(s, PAGE "/3", "cancel", NULL);
    story_act(s, "POST", "/api/v1/repos/acme/shop/cancel", "{}");
    story_end(s);
}

static void C1_a_retry_brings_out_again_what_had_ended(void **state)
{
    struct story *s = *state;

    production_stopped(s, STORY_HOST_UNWELL);
    story_act(s, "POST", "/api/v1/repos/acme/shop/cancel", "{\"reason\":\"web-1 is ill\"}");
    story_expect_last(s, "acme/shop", "production", 2, "failed");
    story_expect_waits(s, "acme/shop", "production", "failed-before", NULL);
    story_refused(s, "POST", RETRY, "{\"leave_out\":\"web-1\"}", 409, "has ended");
    story_host_is(s, "web-1", "web", STORY_HOST_SUCCEEDS);
    story_act(s, "POST", RETRY "?dry-run=1", "{}");
    story_expect_waits(s, "acme/shop", "production", "failed-before", NULL);
    assert_non_null(strstr(story_ask(s, "POST", RETRY, "{\"reason\":\"it is well\"}"),
                           "\"start_at\":\"2026-11-25T02:00:00"));
    story_expect_told(s, "release.wish", "acme/shop/production/r2", "it is well");
    story_at(s, "2026-11-25 11:00");
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_starts(s, "batch-1", "migrate", 2, 1); /* it succeeded: never twice (I3) */
    story_end(s);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, story_up, story_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(P4_retry_goes_on_with_what_failed_and_what_was_not_touched),
        STORY(P5_it_may_fail_again_and_be_tried_again),
        STORY(P5_a_host_that_is_left_out_gets_nothing_more_and_does_not_count),
        STORY(P5_a_host_that_is_left_out_does_not_migrate),
        STORY(I11_a_host_that_may_still_run_it_is_not_told_again),
        STORY(GATE_a_hold_and_an_undecided_migrate_job_stand_against_a_retry),
        STORY(P4_a_retry_keeps_the_parameters_of_its_cut),
        STORY(C1_a_retry_brings_out_again_what_had_ended),
        STORY(P5_what_stopped_says_since_when_and_what_may_be_done),
        STORY(M6_a_migrate_job_that_failed_offers_its_ways_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
