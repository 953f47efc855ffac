/*
 * Hosts that come late, are new or come back get what is live, without migrating; drained ones are in no snapshot (P7).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/story_expect.h"
#include "tests/support/story_shop.h"

#define WEB_2 "/api/v1/hosts/web-2/"

static void production_has_r2(struct story *s)
{
    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
}

static void P7_a_drained_host_is_left_out_and_catches_up_when_it_is_put_back(void **state)
{
    struct story *s = *state;

    production_has_r2(s);
    story_refused(s, "POST", WEB_2 "drain", "{}", 422, "reason");
    story_act(s, "POST", WEB_2 "drain", "{\"reason\":\"new disk\"}");
    story_refused(s, "POST", WEB_2 "drain", "{\"reason\":\"again\"}", 409, "already");
    story_at(s, "2026-11-24 15:00");
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_starts(s, "web-2", "web", 2, 0);
    (void)story_ask(s, "POST", WEB_2 "undrain", "{\"reason\":\"it is in\"}");
    story_reopen(s); /* killed before anybody looked */
    story_settle(s);
    story_expect_starts(s, "web-2", "fetch", 2, 1);
    story_expect_starts(s, "web-2", "web", 2, 1);
    story_expect_starts(s, "web-1", "web", 2, 1);
    story_expect_starts(s, "batch-1", "migrate", 2, 1); /* M7 */
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_last(s, "acme/shop", "production", 2, "succeeded");
    story_pass(s, 120000); /* once */
    story_expect_starts(s, "web-2", "web", 2, 1);
    story_end(s);
}

/* A shop of one job on two hosts. */
static void small(struct story *s, const char *production)
{
    story_repository(s, "acme/shop");
    story_config(s, arena_printf(&s->arena,
                                 "  acme/shop:\n    mirror: GIT/acme/shop\n    root: /srv/shop\n"
                                 "    environments:\n      production:\n        %s\n"
                                 "        roles: { web: { agent: { hosts: [web-1, web-2] } } }\n"
                                 "    jobs:\n      web:\n        runs-on: [web]\n"
                                 "        steps: [{ uses: fetch }, { uses: activate }]\n",
                                 production));
    story_hosts(s, "web-1", "web-2", NULL);
    story_merge(s, "acme/shop", 1, "Coupons");
}

static void release(struct story *s, int number)
{
    story_act(s, "POST",
              arena_printf(&s->arena, "/api/v1/repos/acme/shop/releases/%d/release", number), "{}");
}

#define DRAIN(s) story_act(s, "POST", WEB_2 "drain", "{\"reason\":\"new disk\"}")
#define UNDRAIN(s) story_act(s, "POST", WEB_2 "undrain", "{\"reason\":\"it is in\"}")

/* r2 is live on web-1, and web-2 is drained. */
static void one_is_drained(struct story *s)
{
    small(s, "on: release");
    DRAIN(s);
    release(s, 2);
    story_expect_live(s, "acme/shop", "production", 2);
}

static void GATE_a_hold_keeps_a_late_host_waiting(void **state)
{
    struct story *s = *state;

    one_is_drained(s);
    story_act(s, "POST", "/api/v1/repos/acme/shop/holds", "{\"reason\":\"stock check\"}");
    UNDRAIN(s);
    story_pass(s, 60000);
    story_expect_starts(s, "web-2", "web", 2, 0);
    story_act(s, "DELETE", "/api/v1/repos/acme/shop/holds", NULL);
    story_expect_starts(s, "web-2", "web", 2, 1);
    story_end(s);
}

/* It stands in nobody's way, and is tried again when it comes anew. */
static void P7_a_late_host_that_cannot_catch_up_stops_nobody(void **state)
{
    struct story *s = *state;

    one_is_drained(s);
    story_host_is(s, "web-2", "web", STORY_HOST_FAILS);
    UNDRAIN(s);
    story_expect_starts(s, "web-2", "web", 2, 1);
    story_expect_open(s, "acme/shop", "production", 0, NULL);
    story_expect_live(s, "acme/shop", "production", 2);
    story_pass(s, 120000);
    story_expect_starts(s, "web-2", "web", 2, 1);
    story_host_is(s, "web-2", "web", STORY_HOST_SUCCEEDS);
    DRAIN(s);
    UNDRAIN(s);
    story_expect_starts(s, "web-2", "web", 2, 2);
    story_merge(s, "acme/shop", 2, "Gifts");
    release(s, 3);
    story_expect_live(s, "acme/shop", "production", 3);
    story_end(s);
}

static void P7_a_host_that_was_left_out_catches_up_when_it_is_heard_again(void **state)
{
    struct story *s = *state;

    small(s, "on: release");
    story_host_silent(s, "web-2");
    story_pass(s, 61000);
    release(s, 2);
    story_pass(s, 480000);
    story_expect_open(s, "acme/shop", "production", 2, "attention");
    story_act(s, "POST", "/api/v1/repos/acme/shop/retry",
              "{\"leave_out\":\"web-2\",\"reason\":\"its rack is dark\"}");
    story_expect_live(s, "acme/shop", "production", 2);
    story_pass(s, 60000);
    story_expect_starts(s, "web-2", "web", 2, 0);
    story_host_back(s, "web-2");
    story_expect_starts(s, "web-2", "web", 2, 1);
    story_expect_live(s, "acme/shop", "production", 2);
    story_end(s);
}

/* One that goes down with each try is not told a fourth time. */
static void P7_a_host_that_fails_each_time_it_comes_is_given_up(void **state)
{
    struct story *s = *state;

    one_is_drained(s);
    story_host_is(s, "web-2", "web", STORY_HOST_FAILS);
    UNDRAIN(s);
    for (int i = 0; i < 4; i++) {
        story_host_silent(s, "web-2");
        story_pass(s, 70000);
        story_host_back(s, "web-2");
    }
    story_expect_starts(s, "web-2", "web", 2, 3);
    story_expect_open(s, "acme/shop", "production", 0, NULL);
    story_host_is(s, "web-2", "web", STORY_HOST_SUCCEEDS);
    DRAIN(s);
    UNDRAIN(s);
    story_expect_starts(s, "web-2", "web", 2, 4);
    story_end(s);
}

/* It goes down in the middle: nobody waits for it longer than for any host, and it is tried when it is back. */
static void P7_a_host_that_is_lost_while_it_catches_up_is_tried_when_it_is_back(void **state)
{
    struct story *s = *state;

    one_is_drained(s);
    story_host_is(s, "web-2", "web", STORY_HOST_LOSES_POWER);
    UNDRAIN(s);
    story_expect_open(s, "acme/shop", "production", 2, "deploying");
    story_pass(s, 1200000);
    story_expect_open(s, "acme/shop", "production", 0, NULL);
    story_expect_live(s, "acme/shop", "production", 2);
    story_host_is(s, "web-2", "web", STORY_HOST_SUCCEEDS);
    story_host_back(s, "web-2");
    story_pass(s, 60000);
    story_expect_starts(s, "web-2", "web", 2, 1); /* what it had may still run (I11) */
    story_expect_open(s, "acme/shop", "production", 0, NULL);
    story_at(s, "2026-11-24 10:03"); /* its hour is over */
    story_pass(s, 60000);
    story_expect_starts(s, "web-2", "web", 2, 2);
    story_pass(s, 60000);
    story_expect_starts(s, "web-2", "web", 2, 2);
    story_end(s);
}

/* What is due meanwhile waits for it, and goes when it has ended. */
static void GATE_a_start_waits_for_hosts_that_catch_up(void **state)
{
    struct story *s = *state;

    small(s, "on: schedule\n        at: [\"09:30\", \"11:00\"]");
    DRAIN(s);
    story_at(s, "2026-11-24 09:30");
    story_expect_live(s, "acme/shop", "production", 2);
    story_at(s, "2026-11-24 10:49");
    story_merge(s, "acme/shop", 2, "Gifts");
    story_host_script(story_host(s, "web-2"), "web", STORY_HOST_SUCCEEDS, INT64_C(12) * 60 * 1000);
    (void)story_ask(s, "POST", WEB_2 "undrain", "{\"reason\":\"it is in\"}");
    story_amid(s, "2026-11-24 11:00");
    story_expect_open(s, "acme/shop", "production", 2, "deploying");
    story_expect_waits(s, "acme/shop", "production", "open-deployment", "r2");
    story_host_script(story_host(s, "web-2"), "web", STORY_HOST_SUCCEEDS, 1000);
    story_until(s, "2026-11-24 11:03");
    story_expect_live(s, "acme/shop", "production", 3);
    story_expect_starts(s, "web-2", "web", 2, 1);
    story_expect_starts(s, "web-2", "web", 3, 1);
    story_end(s);
}

/* Shortly before a start nobody begins: that start brings it to them as well. */
static void P7_shortly_before_a_start_late_hosts_wait_for_it(void **state)
{
    struct story *s = *state;

    small(s, "on: schedule\n        at: [\"09:30\", \"11:00\"]");
    DRAIN(s);
    story_at(s, "2026-11-24 09:30");
    story_expect_live(s, "acme/shop", "production", 2);
    story_at(s, "2026-11-24 10:51");
    story_merge(s, "acme/shop", 2, "Gifts");
    UNDRAIN(s);
    story_pass(s, 60000);
    story_expect_starts(s, "web-2", "web", 2, 0);
    story_at(s, "2026-11-24 11:00");
    story_expect_live(s, "acme/shop", "production", 3);
    story_expect_starts(s, "web-2", "web", 2, 0);
    story_expect_starts(s, "web-2", "web", 3, 1);
    story_end(s);
}

/* A rollback is live: that, and the hold that came with it binds them too (R3). */
static void R1_late_hosts_get_what_a_rollback_brought_back(void **state)
{
    struct story *s = *state;

    production_has_r2(s);
    story_host_is(s, "batch-1", "migrate", STORY_HOST_NOTHING_TO_DO);
    story_at(s, "2026-11-24 15:00");
    story_merge(s, "acme/shop", 2, "Gifts");
    story_at(s, "2026-11-25 11:00");
    story_expect_live(s, "acme/shop", "production", 3);
    story_act(s, "POST", WEB_2 "drain", "{\"reason\":\"new disk\"}");
    story_act(s, "POST", "/api/v1/repos/acme/shop/rollback", "{\"reason\":\"cannot order\"}");
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_starts(s, "web-2", "web", 2, 1);
    story_act(s, "POST", WEB_2 "undrain", "{\"reason\":\"it is in\"}");
    story_pass(s, 60000);
    story_expect_starts(s, "web-2", "web", 2, 1);
    story_act(s, "DELETE", "/api/v1/repos/acme/shop/holds?environment=production", NULL);
    story_expect_starts(s, "web-2", "web", 2, 2);
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_starts(s, "batch-1", "migrate", 2, 1); /* M7 */
    story_end(s);
}

/* C7: as long as nobody knows what is live, there is nothing to catch up to. */
static void C7_before_the_first_success_nobody_is_late(void **state)
{
    struct story *s = *state;

    small(s, "on: release");
    DRAIN(s);
    UNDRAIN(s);
    story_pass(s, 60000);
    story_expect_count(s, "deployments", 0);
    story_end(s);
}

/* A person who ends it has said no: it does not begin anew behind his back, and the release did not fail here. */
static void P7_catching_up_that_a_person_ended_stays_ended(void **state)
{
    struct story *s = *state;

    one_is_drained(s);
    story_host_script(story_host(s, "web-2"), "web", STORY_HOST_SUCCEEDS, 600000);
    (void)story_ask(s, "POST", WEB_2 "undrain", "{\"reason\":\"it is in\"}");
    story_amid(s, "2026-11-24 09:04");
    story_expect_open(s, "acme/shop", "production", 2, "deploying");
    story_act(s, "POST", "/api/v1/repos/acme/shop/cancel?environment=production",
              "{\"reason\":\"not now\"}");
    story_pass(s, 120000);
    story_expect_open(s, "acme/shop", "production", 0, NULL);
    story_expect_starts(s, "web-2", "web", 2, 1);
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_shown(s, "acme/shop", "production", "live");
    story_host_script(story_host(s, "web-2"), "web", STORY_HOST_SUCCEEDS, 1000);
    story_merge(s, "acme/shop", 2, "Gifts");
    release(s, 3);
    story_expect_live(s, "acme/shop", "production", 3);
    story_expect_starts(s, "web-2", "web", 3, 1);
    story_end(s);
}

/* Drained and barred are two facts: what one person said is not undone by what another says of something else. */
static void P7_a_drained_host_whose_journal_was_in_doubt_is_still_drained(void **state)
{
    struct story *s = *state;

    small(s, "on: release");
    DRAIN(s);
    names_uuid_new(story_host(s, "web-2")->journal_id);
    story_host(s, "web-2")->observed_at = 0;
    story_pass(s, 5000);
    story_expect_host(s, "web-2", "barred");
    story_act(s, "POST", WEB_2 "accept-journal", "{\"reason\":\"it was made anew\"}");
    story_expect_host(s, "web-2", "drained");
    release(s, 2);
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_starts(s, "web-2", "web", 2, 0);
    UNDRAIN(s);
    story_expect_starts(s, "web-2", "web", 2, 1);
    story_end(s);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, story_up, story_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(P7_a_drained_host_is_left_out_and_catches_up_when_it_is_put_back),
        STORY(GATE_a_hold_keeps_a_late_host_waiting),
        STORY(P7_a_late_host_that_cannot_catch_up_stops_nobody),
        STORY(P7_a_host_that_was_left_out_catches_up_when_it_is_heard_again),
        STORY(P7_a_host_that_fails_each_time_it_comes_is_given_up),
        STORY(P7_a_host_that_is_lost_while_it_catches_up_is_tried_when_it_is_back),
        STORY(GATE_a_start_waits_for_hosts_that_catch_up),
        STORY(P7_shortly_before_a_start_late_hosts_wait_for_it),
        STORY(R1_late_hosts_get_what_a_rollback_brought_back),
        STORY(C7_before_the_first_success_nobody_is_late),
        STORY(P7_catching_up_that_a_person_ended_stays_ended),
        STORY(P7_a_drained_host_whose_journal_was_in_doubt_is_still_drained),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
