/*
 * What a person, or a probe's proof, makes of a migrate attempt that failed or whose end nobody knows (M5, M6).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/story_expect.h"
#include "tests/support/story_shop.h"

#define DATABASE "acme/shop/production/primary-db"
#define ABOUT "{\"database\":\"" DATABASE "\",\"reason\":\"looked at it\""

static void production_migrates(struct story *s, enum story_host_way way)
{
    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_host_is(s, "batch-1", "migrate", way);
    story_at(s, "2026-11-24 15:00");
}

/* Its machine went down in the middle; it is back, and cannot say how it ended. */
static void nobody_knows(struct story *s)
{
    production_migrates(s, STORY_HOST_LOSES_POWER);
    story_host_back(s, "batch-1");
    story_expect_attempt(s, DATABASE, "unknown");
    story_expect_open(s, "acme/shop", "production", 2, "attention");
}

static void host_reboot_after_exec(void **state)
{
    struct story *s = *state;

    nobody_knows(s);
    story_pass(s, 3600000); /* no time turns it into anything */
    story_expect_attempt(s, DATABASE, "unknown");
    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    story_expect_starts(s, "batch-2", "migrate", 2, 0);
    story_end(s);
}

static void client_dead_sql_alive(void **state)
{
    struct story *s = *state;

    nobody_knows(s);
    story_host(s, "batch-2")->probe_holders = "1"; /* its backend lives on in the database */
    story_host(s, "batch-2")->probe_pending = "1";
    assert_int_equal(story_post(s, "/api/v1/migrate/probe", "{\"database\":\"" DATABASE "\"}"), 0);
    story_pass(s, 5000);
    story_expect_starts(s, "batch-2", "probe", 2, 1);
    assert_int_not_equal(story_post(s, "/api/v1/migrate/retry", ABOUT "}"), 0);
    assert_int_not_equal(story_post(s, "/api/v1/migrate/mark", ABOUT ",\"outcome\":\"succeeded\"}"),
                         0);
    story_expect_starts(s, "batch-1", "migrate", 2, 1);

    /* It came to its end; now the probe proves it, and nobody has to decide anything. */
    story_host(s, "batch-2")->probe_holders = story_host(s, "batch-2")->probe_pending = "0";
    assert_int_equal(story_post(s, "/api/v1/migrate/probe", "{\"database\":\"" DATABASE "\"}"), 0);
    story_pass(s, 5000);
    story_expect_attempt(s, DATABASE, "succeeded");
    story_expect_told(s, "attempt.decide", DATABASE, "proved by probe");
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    story_end(s);
}

static void M6_retry_is_another_attempt_with_a_higher_epoch(void **state)
{
    struct story *s = *state;

    nobody_knows(s);
    story_host_is(s, "batch-1", "migrate", STORY_HOST_SUCCEEDS);
    story_refused(s, "POST", "/api/v1/migrate/retry", ABOUT "}", 409,
                  "nobody knows whether its SQL still runs");
    /* One that cannot say who is there, as of MySQL, leaves it to a person to look. */
    story_host(s, "batch-2")->probe_holders = "";
    assert_int_equal(story_post(s, "/api/v1/migrate/probe", "{\"database\":\"" DATABASE "\"}"), 0);
    story_pass(s, 5000);
    story_refused(s, "POST", "/api/v1/migrate/retry", ABOUT "}", 409,
                  "could not say who is in the database");
    assert_non_null(
        strstr(story_ask(s, "POST", "/api/v1/migrate/retry", ABOUT ",\"unprobed\":true}"),
               "another attempt follows"));
    story_pass(s, 5000);
    story_expect_attempt(s, DATABASE, "succeeded");
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_count(s, "attempts", 3); /* one on stage, two here */
    /* It was decided: another word about it is none. */
    assert_int_not_equal(story_post(s, "/api/v1/migrate/abandon", ABOUT "}"), 0);
    story_end(s);
}

static void M6_mark_wants_a_clean_probe_or_the_word_unprobed(void **state)
{
    struct story *s = *state;

    nobody_knows(s);
    assert_int_not_equal(story_post(s, "/api/v1/migrate/mark", ABOUT ",\"outcome\":\"succeeded\"}"),
                         0);
    /* Who looked at another attempt decides about that one, and not about this. */
    story_refused(s, "POST", "/api/v1/migrate/mark",
                  ABOUT ",\"outcome\":\"succeeded\",\"unprobed\":true,\"epoch\":2}", 409,
                  "the newest is that of epoch 1, unknown");
    assert_int_equal(story_post(s, "/api/v1/migrate/mark",
                                ABOUT ",\"outcome\":\"succeeded\",\"unprobed\":true,\"epoch\":1}"),
                     0);
    story_expect_attempt(s, DATABASE, "succeeded");
    story_expect_live(s, "acme/shop", "production", 2);
    story_end(s);
}

static void M6_mark_failed_ends_the_deployment_and_frees_the_database(void **state)
{
    struct story *s = *state;

    production_migrates(s, STORY_HOST_FAILS);
    story_expect_attempt(s, DATABASE, "failed");
    assert_int_equal(story_post(s, "/api/v1/migrate/mark", ABOUT ",\"outcome\":\"failed\"}"), 0);
    story_expect_last(s, "acme/shop", "production", 2, "failed");
    /* A newer release holds it, and migrates. */
    story_host_is(s, "batch-1", "migrate", STORY_HOST_SUCCEEDS);
    story_merge(s, "acme/shop", 2, "Gifts");
    story_at(s, "2026-11-25 11:00");
    story_expect_live(s, "acme/shop", "production", 3);
    story_end(s);
}

static void late_truth_after_a_decision_is_evidence(void **state)
{
    struct story *s = *state;

    production_migrates(s, STORY_HOST_FALLS_SILENT);
    story_pass(s, 6 * 60000);
    story_expect_attempt(s, DATABASE, "unknown");
    story_act(s, "POST", "/api/v1/repos/acme/shop/cancel", "{\"reason\":\"not today\"}");
    story_expect_last(s, "acme/shop", "production", 2, "failed");
    /* Nothing of it follows any more, so that another attempt would be a promise that nobody keeps. */
    story_refused(s, "POST", "/api/v1/migrate/retry", ABOUT ",\"unprobed\":true}", 409,
                  "no other attempt would follow");
    assert_non_null(strstr(story_ask(s, "POST", "/api/v1/migrate/abandon", ABOUT "}"),
                           "its deployment has ended"));
    story_host_back(s, "batch-1");
    story_expect_attempt(s, DATABASE, "unknown"); /* what was decided stands */
    story_expect_told(s, "attempt.late", DATABASE, "\"end\":\"succeeded\"");
    story_end(s);
}

/* Its host said that its supervisor is gone, and what it had printed came only then. Whoever asks sees it, and the decision keeps
 * it. */
static void what_it_printed_and_came_late_is_evidence(void **state)
{
    struct story *s = *state;
    const char *about = "/api/v1/migrate?database=" DATABASE;
    struct story_host *batch;

    nobody_knows(s);
    assert_non_null(strstr(story_ask(s, "GET", about, NULL), "its supervisor is gone"));
    batch = story_host(s, "batch-1");
    story_host_prints(batch, &batch->runs[batch->n_runs - 1], 7, "came late\n");
    assert_non_null(strstr(story_ask(s, "GET", about, NULL), "\"came late\"]"));
    story_host_prints(batch, &batch->runs[batch->n_runs - 1], 8, "and later\n");
    assert_int_equal(story_post(s, "/api/v1/migrate/abandon", ABOUT "}"), 0);
    assert_non_null(strstr(story_ask(s, "GET", about, NULL), "\"came late\",\"and later\"]"));
    story_end(s);
}

/* Nobody knows how the first ended, and somebody is in the database: who abandons it does not set that one free at once. */
static void M6_after_an_abandon_the_next_waits_until_nobody_was_seen_for_two_minutes(void **state)
{
    struct story *s = *state;

    nobody_knows(s);
    story_at(s, "2026-11-25 10:58");
    story_merge(s, "acme/shop", 2, "Gifts");
    story_host_is(s, "batch-1", "migrate", STORY_HOST_SUCCEEDS);
    story_at(s, "2026-11-25 11:00");
    story_host(s, "batch-2")->probe_holders = story_host(s, "batch-2")->probe_pending = "1";
    assert_int_equal(story_post(s, "/api/v1/migrate/probe", "{\"database\":\"" DATABASE "\"}"), 0);
    story_pass(s, 5000);
    assert_int_equal(story_post(s, "/api/v1/migrate/abandon", ABOUT "}"), 0);
    story_pass(s, 60000);
    story_expect_open(s, "acme/shop", "production", 3, "deploying");
    story_expect_starts(s, "batch-1", "migrate", 3, 0);
    story_pass(s, 70000);
    story_expect_live(s, "acme/shop", "production", 3);
    story_end(s);
}

/* The same, and it ends without anybody knowing how: that agrees with nothing. */
static void M7_late_truth_that_is_unknown_agrees_with_nothing(void **state)
{
    struct story *s = *state;
    struct story_host *batch;

    production_migrates(s, STORY_HOST_FALLS_SILENT);
    batch = story_host(s, "batch-1");
    story_pass(s, 6 * 60000);
    batch->runs[batch->n_runs - 1].way = STORY_HOST_LOCKED_OUT;
    assert_int_equal(story_post(s, "/api/v1/migrate/mark", ABOUT ",\"outcome\":\"failed\"}"), 0);
    story_host_back(s, "batch-1");
    story_expect_told(s, "attempt.late", DATABASE, "\"end\":\"unknown\"");
    story_expect_told(s, "attempt.late", DATABASE, "\"agrees\":null");
    story_end(s);
}

/* A minute without network, and no permit was ever given: when its host says that it never began, nobody has to decide. */
static void M5_an_unknown_that_never_began_settles_itself_when_its_host_says_so(void **state)
{
    struct story *s = *state;

    production_migrates(s, STORY_HOST_GOES_DOWN_FIRST);
    story_pass(s, 6 * 60000);
    story_expect_attempt(s, DATABASE, "unknown");
    assert_non_null(
        strstr(story_ask(s, "GET", "/api/v1/migrate", NULL), "gave no permit to begin"));
    story_host_back(s, "batch-1");
    story_expect_attempt(s, DATABASE, "not_started");
    story_expect_starts(s, "batch-1", "migrate", 2, 0);
    story_refused(s, "POST", "/api/v1/migrate/abandon", ABOUT "}", 409, "no attempt holds");
    story_end(s);
}

/* The same of a store that was restored since: it may have forgotten a permit, which another machine of that name had. */
static void M5_never_began_is_not_believed_of_what_a_restored_store_held(void **state)
{
    struct story *s = *state;

    production_migrates(s, STORY_HOST_GOES_DOWN_FIRST);
    story_pass(s, 6 * 60000);
    story_stop(s);
    s->restored = true;
    story_start(s);
    s->restored = false;
    story_pass(s, 60000);
    story_act(s, "POST", "/api/v1/fence", ABOUT "}");
    story_host_back(s, "batch-1");
    story_pass(s, 60000);
    story_expect_attempt(s, DATABASE, "unknown");
    story_end(s);
}

/* It takes its command and goes down before it begins; it is abandoned, and the machine boots an hour later with the
 * command on its disk. */
static void host_boots_after_abandon(void **state)
{
    struct story *s = *state;
    struct story_host *batch;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    batch = story_host(s, "batch-1");
    story_host_is(s, "batch-1", "migrate", STORY_HOST_GOES_DOWN_FIRST);
    story_at(s, "2026-11-24 15:00");
    story_pass(s, 6 * 60000);
    assert_true(batch->powerless); /* it has it, and never began */
    assert_int_equal(batch->runs[batch->n_runs - 1].stage, STORY_HOST_ACCEPTED);
    story_expect_attempt(s, DATABASE, "unknown");
    assert_int_equal(story_post(s, "/api/v1/migrate/abandon", ABOUT "}"), 0);
    story_expect_last(s, "acme/shop", "production", 2, "failed");

    story_until(s, "2026-11-24 16:00");
    story_host_back(s, "batch-1");
    story_pass(s, 60000);
    story_expect_starts(s, "batch-1", "migrate", 2, 0);
    story_expect_starts(s, "batch-2", "migrate", 2, 0);
    story_expect_told(s, "attempt.late", DATABASE, "\"end\":\"not_started\"");
    story_expect_attempt(s, DATABASE, "unknown"); /* what was decided stands */
    story_end(s);
}

/* A person holds the application's own lock (G9): ours is told so and stops, and nobody can say more. The probe names
 * who is there; while he is, nothing is tried again. */
static void somebody_migrates_by_hand(void **state)
{
    struct story *s = *state;

    production_migrates(s, STORY_HOST_LOCKED_OUT);
    story_expect_attempt(s, DATABASE, "unknown");
    story_expect_open(s, "acme/shop", "production", 2, "attention");
    story_host(s, "batch-2")->probe_holders = "1";
    story_host(s, "batch-2")->probe_pending = "1";
    assert_int_equal(story_post(s, "/api/v1/migrate/probe", "{\"database\":\"" DATABASE "\"}"), 0);
    story_pass(s, 5000);
    story_refused(s, "POST", "/api/v1/migrate/retry", ABOUT "}", 409, "1 backends or lock holders");
    story_refused(s, "POST", "/api/v1/migrate/mark", ABOUT ",\"outcome\":\"succeeded\"}", 409,
                  "no probe has shown");
    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    story_expect_starts(s, "batch-2", "migrate", 2, 0);

    /* His came to its end, and did what ours would have done. */
    story_host(s, "batch-2")->probe_holders = story_host(s, "batch-2")->probe_pending = "0";
    assert_int_equal(story_post(s, "/api/v1/migrate/probe", "{\"database\":\"" DATABASE "\"}"), 0);
    story_pass(s, 5000);
    story_expect_told(s, "attempt.decide", DATABASE, "proved by probe");
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    story_end(s);
}

#define FORGET "/api/v1/migrate/forget"
#define ROLLBACK "/api/v1/repos/acme/shop/rollback"
#define HOLDS "/api/v1/repos/acme/shop/holds?environment=production"

/* r3 goes out once more. */
static void r3_again(struct story *s, const char *when)
{
    story_act(s, "POST", ROLLBACK, "{\"reason\":\"cannot order\",\"across_migration\":true}");
    story_expect_live(s, "acme/shop", "production", 2);
    story_act(s, "DELETE", HOLDS, NULL);
    story_act(s, "POST", "/api/v1/repos/acme/shop/releases/3/release",
              "{\"with\":[2],\"reason\":\"mended\"}");
    story_at(s, when);
    story_expect_live(s, "acme/shop", "production", 3);
}

/* The database is that of before r3 again: what the ledger knows of r3 is no longer true, and only a person can say
 * so. Until then r3 does not migrate a second time, and r2 never does. */
static void dump_restored_then_forget(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 10:30");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_at(s, "2026-11-24 11:00");
    story_merge(s, "acme/shop", 2, "Gifts");
    story_at(s, "2026-11-24 15:00");
    story_expect_live(s, "acme/shop", "production", 3);
    r3_again(s, "2026-11-25 11:00");
    story_expect_starts(s, "batch-1", "migrate", 3, 1);

    story_refused(s, "POST", FORGET, "{\"database\":\"" DATABASE "\",\"since\":3}", 422, "reason");
    story_refused(s, "POST", FORGET, ABOUT "}", 422, "since");
    story_refused(s, "POST", FORGET, ABOUT ",\"since\":9}", 409, "nothing to forget");
    story_act(s, "POST", FORGET, ABOUT ",\"since\":3}");
    story_expect_told(s, "attempt.forget", DATABASE, "looked at it");
    story_expect_starts(s, "batch-1", "migrate", 3, 1); /* by itself nothing follows */
    r3_again(s, "2026-11-25 15:00");
    story_expect_starts(s, "batch-1", "migrate", 3, 2);
    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    story_expect_attempt(s, DATABASE, "succeeded");
    /* Who voided it is told beside who decided it, and not instead of him. */
    assert_non_null(strstr(story_ask(s, "GET", "/api/v1/migrate?database=" DATABASE, NULL),
                           "\"decided_by\":null,\"reason\":null,\"late\":null,\"voided\":true,"
                           "\"voided_by\":\""));
    story_end(s);
}

static void shows(struct story *s, const char *path, const char *text)
{
    const char *answer = story_ask(s, "GET", path, NULL);

    if (strstr(answer, text) == NULL)
        fail_msg("%s says no \"%s\": %s", path, text, answer);
}

/* Nothing happens but that time passes; then everybody is heard again. */
static void jump(struct story *s, const char *when)
{
    story_clock_pass(&s->clock, story_time(s, when) - s->clock.now);
}

/* What stage took is the estimate of production (M8); `timeout-minutes` tells people, everywhere they look, and kills
 * nothing (M5). */
static void alarm_kills_nothing(void **state)
{
    struct story *s = *state;
    static const char *const over =
        "longer than its timeout-minutes. Nothing is stopped: look what "
        "it does before you end it. Its migrate job took 4 min 1";

    story_shop(s);
    story_host_script(story_host(s, "stage-1"), "migrate", STORY_HOST_SUCCEEDS, 250000);
    story_host_script(story_host(s, "batch-1"), "migrate", STORY_HOST_SUCCEEDS, 90 * 60000);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_expect_live(s, "acme/shop", "stage", 2);
    shows(s, "/api/v1/status", "Its migrate job took 4 min 1");
    shows(s, "/api/v1/repos/acme/shop/why?release=2", "Its migrate job took 4 min 1");
    shows(s, "/api/v1/forecast", "Its migrate job took 4 min 1");
    jump(s, "2026-11-24 14:59:50");
    for (int i = 0; i <= 30; i++) /* hosts ask each second for what the flow released */
        story_amid(s, arena_printf(&s->arena, "2026-11-24 15:00:%02d", i));
    jump(s, "2026-11-24 15:58:50");
    story_amid(s, "2026-11-24 15:59");
    story_expect_untold(s, "attempt.alarm", DATABASE);
    jump(s, "2026-11-24 16:01:50");
    story_amid(s, "2026-11-24 16:02");
    story_expect_told(s, "attempt.alarm", DATABASE,
                      "longer than 60 minutes; nothing is stopped. It took 25");
    story_expect_count(s, "alarms", 1);
    shows(s, "/api/v1/status", over);
    shows(s, "/api/v1/migrate", over);
    shows(s, "/api/v1/migrate?lang=ja", "timeout-minutes を超えました");
    jump(s, "2026-11-24 16:19:50");
    story_amid(s, "2026-11-24 16:20");
    story_expect_count(s, "alarms", 1); /* once */
    jump(s, "2026-11-24 16:31");
    story_settle(s);
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    story_end(s);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, story_up, story_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(alarm_kills_nothing),
        STORY(host_reboot_after_exec),
        STORY(client_dead_sql_alive),
        STORY(M6_retry_is_another_attempt_with_a_higher_epoch),
        STORY(M6_mark_wants_a_clean_probe_or_the_word_unprobed),
        STORY(M6_mark_failed_ends_the_deployment_and_frees_the_database),
        STORY(late_truth_after_a_decision_is_evidence),
        STORY(what_it_printed_and_came_late_is_evidence),
        STORY(M7_late_truth_that_is_unknown_agrees_with_nothing),
        STORY(M5_an_unknown_that_never_began_settles_itself_when_its_host_says_so),
        STORY(M5_never_began_is_not_believed_of_what_a_restored_store_held),
        STORY(host_boots_after_abandon),
        STORY(M6_after_an_abandon_the_next_waits_until_nobody_was_seen_for_two_minutes),
        STORY(somebody_migrates_by_hand),
        STORY(dump_restored_then_forget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
