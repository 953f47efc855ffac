/*
 * An old release comes back: it never migrates, the environment is held, and what it took back does not go out again by
 * itself (R1 to R4, gate table).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/story_expect.h"
#include "tests/support/story_shop.h"

#define ROLLBACK "/api/v1/repos/acme/shop/rollback"
#define HOLDS "/api/v1/repos/acme/shop/holds?environment=production"
#define NOTHING_CHANGED(s)                                                                         \
    do {                                                                                           \
        story_host_is(s, "stage-1", "migrate", STORY_HOST_NOTHING_TO_DO);                          \
        story_host_is(s, "batch-1", "migrate", STORY_HOST_NOTHING_TO_DO);                          \
    } while (0)

/* r2 and r3 went out one after the other, and neither changed the database. */
static void two_are_out(struct story *s)
{
    story_shop(s);
    NOTHING_CHANGED(s);
    story_at(s, "2026-11-24 10:30");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_at(s, "2026-11-24 11:00");
    story_expect_live(s, "acme/shop", "production", 2);
    story_merge(s, "acme/shop", 2, "Gifts");
    story_at(s, "2026-11-24 15:00");
    story_expect_live(s, "acme/shop", "production", 3);
}

static void R1_R3_the_one_before_comes_back_and_the_environment_is_held(void **state)
{
    struct story *s = *state;

    two_are_out(s);
    story_refused(s, "POST", ROLLBACK, "{}", 422, "reason");
    story_act(s, "POST", ROLLBACK "?dry-run=1", "{\"reason\":\"cannot order\"}");
    story_expect_live(s, "acme/shop", "production", 3);
    story_act(s, "POST", ROLLBACK, "{\"reason\":\"cannot order\"}");
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_starts(s, "web-1", "web", 2, 2);
    story_expect_starts(s, "web-2", "web", 2, 2);
    story_expect_starts(s, "batch-1", "migrate", 2, 1); /* M7 */
    story_expect_told(s, "hold.add", "acme/shop/production", "r3 to r2 (#2): cannot order");
    story_expect_told(s, "rollback.ask", "acme/shop/production/r2", "cannot order");
    story_expect_waits(s, "acme/shop", "production", "hold", "cannot order");
    story_expect_waits(s, "acme/shop", "production", "rolled-back", "#2");
    story_expect_shown(s, "acme/shop", "production", "held");
    story_at(s, "2026-11-25 11:00");
    story_expect_live(s, "acme/shop", "production", 2);
    story_end(s);
}

static void R4_what_was_taken_back_waits_for_its_revert_or_somebody_who_names_it(void **state)
{
    struct story *s = *state;

    two_are_out(s);
    story_act(s, "POST", ROLLBACK, "{\"reason\":\"cannot order\"}");
    story_act(s, "DELETE", HOLDS, NULL);
    story_merge(s, "acme/shop", 3, "Wrapping");
    story_expect_live(s, "acme/shop", "stage", 4);
    story_at(s, "2026-11-25 11:00");
    story_expect_live(s, "acme/shop", "production", 2); /* r4 holds #2 */
    story_expect_waits(s, "acme/shop", "production", "rolled-back", "#2");
    story_refused(s, "POST", "/api/v1/repos/acme/shop/releases/4/release", "{\"with\":[2]}", 422,
                  "reason");
    story_refused(s, "POST", "/api/v1/repos/acme/shop/releases/4/release",
                  "{\"with\":[3],\"reason\":\"x\"}", 422, "neither kept back nor rolled back");
    story_act(s, "POST", "/api/v1/repos/acme/shop/releases/4/release",
              "{\"with\":[2],\"reason\":\"it was the cache\"}");
    story_at(s, "2026-11-25 15:00");
    story_expect_live(s, "acme/shop", "production", 4);
    story_expect_shown(s, "acme/shop", "production", "live");
    story_end(s);
}

static void R2_a_database_that_was_changed_does_not_go_back_with_the_code(void **state)
{
    struct story *s = *state;

    story_shop(s);
    NOTHING_CHANGED(s);
    story_at(s, "2026-11-24 10:30");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_at(s, "2026-11-24 11:00");
    story_host_is(s, "batch-1", "migrate", STORY_HOST_SUCCEEDS);
    story_merge(s, "acme/shop", 2, "Gifts");
    story_at(s, "2026-11-24 15:00");
    story_refused(s, "POST", ROLLBACK, "{\"reason\":\"cannot order\"}", 409, "--across-migration");
    story_act(s, "POST", ROLLBACK, "{\"reason\":\"cannot order\",\"across_migration\":true}");
    story_expect_live(s, "acme/shop", "production", 2);
    story_end(s);
}

static void R1_without_an_older_success_there_is_no_target(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_refused(s, "POST", ROLLBACK, "{\"reason\":\"x\"}", 409, "nobody knows what is live");
    story_at(s, "2026-11-24 10:30");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_at(s, "2026-11-24 11:00");
    story_refused(s, "POST", ROLLBACK, "{\"reason\":\"x\"}", 409, "nothing older than r2");
    story_refused(s, "POST", ROLLBACK, "{\"reason\":\"x\",\"to\":\"r1\"}", 409, "never succeeded");
    story_refused(s, "POST", ROLLBACK, "{\"reason\":\"x\",\"to\":\"r2\"}", 422, "not older");
    story_end(s);
}

/* web-1 has the new one and is unwell, web-2 still serves the old one: only web-1 goes back. */
static void P5_R1_from_attention_only_what_was_touched_goes_back(void **state)
{
    struct story *s = *state;

    story_shop(s);
    NOTHING_CHANGED(s);
    story_at(s, "2026-11-24 10:30");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_at(s, "2026-11-24 11:00");
    story_merge(s, "acme/shop", 2, "Gifts");
    story_host_is(s, "web-1", "web", STORY_HOST_UNWELL);
    story_at(s, "2026-11-24 15:00");
    story_expect_open(s, "acme/shop", "production", 3, "attention");
    story_host_is(s, "web-1", "web", STORY_HOST_SUCCEEDS);
    story_act(s, "POST", ROLLBACK, "{\"reason\":\"unwell\"}");
    story_expect_last(s, "acme/shop", "production", 3, "failed");
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_starts(s, "web-1", "web", 2, 2);
    story_expect_starts(s, "web-2", "web", 2, 1);
    story_expect_waits(s, "acme/shop", "production", "rolled-back", "#2");
    story_end(s);
}

static void R1_what_runs_is_ended_first_and_kills_in_between_change_nothing(void **state)
{
    struct story *s = *state;

    two_are_out(s);
    story_merge(s, "acme/shop", 3, "Wrapping");
    story_host_script(story_host(s, "web-2"), "web", STORY_HOST_SUCCEEDS, 3600000);
    story_clock_pass(&s->clock, 20 * 3600000 - 400000);
    story_amid(s, "2026-11-25 11:01");
    story_expect_open(s, "acme/shop", "production", 4, "deploying");
    story_host_is(s, "web-2", "web", STORY_HOST_SUCCEEDS);
    (void)story_ask(s, "POST", ROLLBACK, "{\"reason\":\"cannot order\"}");
    story_reopen(s); /* killed before anybody looked */
    story_amid(s, "2026-11-25 11:02");
    story_reopen(s);
    story_settle(s);
    story_expect_last(s, "acme/shop", "production", 4, "failed");
    story_expect_live(s, "acme/shop", "production", 3);
    story_expect_waits(s, "acme/shop", "production", "rolled-back", "#3");
    story_end(s);
}

static void GATE_a_rollback_passes_a_hold_and_not_a_strict_freeze(void **state)
{
    struct story *s = *state;

    two_are_out(s);
    story_act(s, "POST", "/api/v1/repos/acme/shop/holds", "{\"reason\":\"stock check\"}");
    story_act(s, "POST", "/api/v1/freezes",
              "{\"name\":\"audit\",\"from\":\"2026-11-24 14:00\",\"to\":\"2026-11-24 18:00\","
              "\"allow\":[],\"reason\":\"auditors\"}");
    story_refused(s, "POST", ROLLBACK, "{\"reason\":\"cannot order\"}", 409, "18:00");
    story_act(s, "DELETE", "/api/v1/freezes?name=audit", NULL);
    story_act(s, "POST", ROLLBACK, "{\"reason\":\"cannot order\"}");
    story_expect_live(s, "acme/shop", "production", 2);
    story_end(s);
}

static void P5_after_failure_rollback_is_one_step_back_by_itself(void **state)
{
    struct story *s = *state;

    story_repository(s, "acme/shop");
    story_config(s,
                 story_shop_config(s,
                                   "at: [\"11:00\", \"15:00\"]\n        after-failure: rollback"));
    story_hosts(s, "stage-1", "batch-1", "batch-2", "web-1", "web-2", NULL);
    NOTHING_CHANGED(s);
    story_at(s, "2026-11-24 10:30");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_at(s, "2026-11-24 11:00");
    story_merge(s, "acme/shop", 2, "Gifts");
    story_host_is(s, "web-2", "web", STORY_HOST_UNWELL);
    story_clock_pass(&s->clock, 3 * 3600000);
    story_amid(s, "2026-11-24 15:00");
    story_at(s, "2026-11-24 15:01");
    /* It went back by itself, and web-2 is still unwell: no cascade, a person decides. */
    story_expect_last(s, "acme/shop", "production", 3, "failed");
    story_expect_told(s, "rollback.ask", "acme/shop/production/r2", "after-failure");
    story_expect_open(s, "acme/shop", "production", 2, "attention");
    story_expect_starts(s, "web-1", "web", 2, 2);
    story_expect_waits(s, "acme/shop", "production", "hold", "after-failure");
    story_pass(s, 600000);
    story_expect_open(s, "acme/shop", "production", 2, "attention");
    story_end(s);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, story_up, story_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(R1_R3_the_one_before_comes_back_and_the_environment_is_held),
        STORY(R4_what_was_taken_back_waits_for_its_revert_or_somebody_who_names_it),
        STORY(R2_a_database_that_was_changed_does_not_go_back_with_the_code),
        STORY(R1_without_an_older_success_there_is_no_target),
        STORY(P5_R1_from_attention_only_what_was_touched_goes_back),
        STORY(R1_what_runs_is_ended_first_and_kills_in_between_change_nothing),
        STORY(P5_after_failure_rollback_is_one_step_back_by_itself),
        STORY(GATE_a_rollback_passes_a_hold_and_not_a_strict_freeze),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
