/*
 * The answer to a poll is lost. Its command is offered again under the same id; once its time to begin is over its host is asked
 * all the same, and what it then writes down is proof (migrate.md 10). That nothing is heard is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/story_expect.h"
#include "tests/support/story_shop.h"

#define DATABASE "acme/shop/production/primary-db"

/* A minute before production migrates, and what is handed to batch-1 for it is lost from then on. */
static struct story_host *answers_get_lost(struct story *s)
{
    struct story_host *batch;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    batch = story_host(s, "batch-1");
    story_until(s, "2026-11-24 14:59");
    batch->misses = "migrate";
    return batch;
}

static void files(const struct story *s, const char *line)
{
    char command[1024];

    snprintf(command, sizeof(command), "cd '%s' && %s", s->folder, line);
    assert_int_equal(system(command), 0); // NOLINT(cert-env33-c): a folder of our own
}

static void M5_a_lost_poll_answer_is_offered_again_and_runs_once(void **state)
{
    struct story *s = *state;
    struct story_host *batch = answers_get_lost(s);

    story_amid(s, "2026-11-24 15:00:30");
    assert_true(batch->n_missed >= 2);
    story_expect_starts(s, "batch-1", "migrate", 2, 0);
    batch->misses = NULL;
    story_pass(s, 30000);
    story_expect_attempt(s, DATABASE, "succeeded");
    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    story_expect_count(s, "attempts", 2); /* one on stage, one here: the same id */
    story_end(s);
}

/* Its start-by passes first. The host is there, is asked, and says that it never will run: another attempt follows, and nobody
 * was ever told that the outcome is unknown. */
static void M5_a_lost_poll_answer_has_not_started_and_is_tried_again_without_a_person(void **state)
{
    struct story *s = *state;
    struct story_host *batch = answers_get_lost(s);

    story_amid(s, "2026-11-24 15:01:20");
    story_expect_attempt(s, DATABASE, "offered"); /* and not unknown: there is somebody to ask */
    story_expect_starts(s, "batch-1", "migrate", 2, 0);
    batch->misses = NULL;
    story_pass(s, 60000);
    story_expect_attempt(s, DATABASE, "succeeded");
    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    story_expect_count(s, "attempts", 3);
    story_end(s);
}

/* For minutes nothing comes through; then it is unknown. It settles itself as soon as its host has been asked. */
static void M5_what_never_reached_its_host_settles_itself_when_it_can_be_asked(void **state)
{
    struct story *s = *state;
    struct story_host *batch = answers_get_lost(s);

    story_at(s, "2026-11-24 15:00");
    story_pass(s, 2 * 60000);
    story_expect_attempt(s, DATABASE, "unknown");
    batch->misses = NULL;
    story_pass(s, 70000);
    story_expect_attempt(s, DATABASE, "not_started");
    story_expect_starts(s, "batch-1", "migrate", 2, 0);
    assert_int_equal(story_post(s, "/api/v1/repos/acme/shop/retry",
                                "{\"environment\":\"production\",\"reason\":\"it never ran\"}"),
                     0);
    story_pass(s, 60000);
    story_expect_attempt(s, DATABASE, "succeeded");
    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    story_end(s);
}

/* The backup is of the moment in which the answer was lost. After it the command began, ended and was reported: the store has
 * forgotten its permit, and its host names it no more. */
static void restore(struct story *s, bool is_said)
{
    struct story_host *batch = answers_get_lost(s);

    story_amid(s, "2026-11-24 15:00:20");
    assert_true(batch->n_missed > 0);
    story_stop(s);
    files(s, "cp -a state backup");
    story_start(s);
    batch = story_host(s, "batch-1");
    batch->misses = NULL;
    story_pass(s, 60000);
    story_expect_attempt(s, DATABASE, "succeeded");
    story_stop(s);
    files(s, "rm -rf state && mv backup state");
    s->restored = is_said;
    story_start(s);
    s->restored = false;
    story_pass(s, 2 * 60000);
}

static void M5_of_a_restored_store_it_stays_unknown(void **state)
{
    struct story *s = *state;

    restore(s, true);
    story_expect_attempt(s, DATABASE, "unknown");
    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    story_expect_starts(s, "batch-2", "migrate", 2, 0);
    story_end(s);
}

/* Nobody said so to the server: its host does, for its journal knows the command. */
static void M5_a_store_that_was_restored_in_silence_hears_the_true_end(void **state)
{
    struct story *s = *state;

    restore(s, false);
    story_expect_attempt(s, DATABASE, "succeeded");
    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    story_expect_count(s, "attempts", 2);
    story_end(s);
}

#define ACCEPT "{\"reason\":\"its disk was restored\"}"

/* Its disk was set back, and a person accepted the journal: it is not asked, for it may have forgotten. */
static void M5_whoever_was_in_doubt_is_not_asked_about_what_it_was_handed_before(void **state)
{
    struct story *s = *state;
    struct story_host *batch = answers_get_lost(s);

    story_at(s, "2026-11-24 15:00");
    story_pass(s, 2 * 60000);
    story_expect_attempt(s, DATABASE, "unknown");
    batch->record_number = 0;
    story_pass(s, 60000);
    story_act(s, "POST", "/api/v1/hosts/batch-1/accept-journal", ACCEPT);
    batch->misses = NULL;
    story_pass(s, 2 * 60000);
    story_expect_attempt(s, DATABASE, "unknown");
    story_expect_starts(s, "batch-1", "migrate", 2, 0);
    story_end(s);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, story_up, story_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(M5_a_lost_poll_answer_is_offered_again_and_runs_once),
        STORY(M5_a_lost_poll_answer_has_not_started_and_is_tried_again_without_a_person),
        STORY(M5_what_never_reached_its_host_settles_itself_when_it_can_be_asked),
        STORY(M5_of_a_restored_store_it_stays_unknown),
        STORY(M5_a_store_that_was_restored_in_silence_hears_the_true_end),
        STORY(M5_whoever_was_in_doubt_is_not_asked_about_what_it_was_handed_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
