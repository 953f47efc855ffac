/*
 * The migrate job when its host is lost: silent, then unknown, and nothing else touches that database until its
 * end is proven (M1, M2, M5, M6, M7).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/story_expect.h"
#include "tests/support/story_shop.h"

#define DATABASE "acme/shop/production/primary-db"

/* It is 15:00, r2 goes to production, and batch-1 does that with its migrate job. */
static void production_migrates(struct story *s, enum story_host_way way)
{
    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_host_is(s, "batch-1", "migrate", way);
    story_at(s, "2026-11-24 15:00");
}

static void expect_no_other_host_touched(struct story *s)
{
    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    story_expect_starts(s, "batch-2", "migrate", 2, 0);
    story_expect_starts(s, "web-1", "web", 2, 0);
    story_expect_starts(s, "web-2", "web", 2, 0);
    story_expect_starts(s, "batch-1", "batch", 2, 0);
}

static void M1_M5_M6_a_migrate_host_that_is_lost_holds_its_database_until_its_end_is_proven(
    void **state)
{
    struct story *s = *state;

    production_migrates(s, STORY_HOST_FALLS_SILENT);
    story_expect_attempt(s, DATABASE, "running");
    story_expect_host(s, "batch-1", "online");
    story_pass(s, 60000);
    story_expect_host(s, "batch-1", "silent");
    story_pass(s, 3 * 60000);
    story_expect_attempt(s, DATABASE, "running"); /* silent is not unknown yet */
    story_expect_open(s, "acme/shop", "production", 2, "deploying");
    story_pass(s, 61000);
    story_expect_attempt(s, DATABASE, "unknown");
    story_expect_open(s, "acme/shop", "production", 2, "attention");
    story_expect_shown(s, "acme/shop", "production", "unknown");
    expect_no_other_host_touched(s);

    /* Stage has a database of its own and goes on; production does not, also not at its next time. */
    story_merge(s, "acme/shop", 2, "Gifts");
    story_expect_live(s, "acme/shop", "stage", 3);
    story_at(s, "2026-11-25 11:00");
    story_expect_last(s, "acme/shop", "production", 3, NULL);
    story_expect_waits(s, "acme/shop", "production", "open-deployment", "r2");
    expect_no_other_host_touched(s);
    story_at(s, "2026-11-25 11:20");
    story_expect_decision(s, "production", "2026-11-25 11:00:00", "deferred");

    /* Its disk knows how it ended, and that is the truth (I7). Nothing is run again. */
    story_host_back(s, "batch-1");
    story_expect_attempt(s, DATABASE, "succeeded");
    story_expect_open(s, "acme/shop", "production", 2, "attention"); /* a person decides */
    expect_no_other_host_touched(s);
    story_expect_count(s, "attempts", 3); /* two on stage */
    story_end(s);
}

static void M5_a_migrate_host_that_lost_power_says_itself_that_it_does_not_know(void **state)
{
    struct story *s = *state;

    production_migrates(s, STORY_HOST_LOSES_POWER);
    story_pass(s, 120000);
    story_expect_attempt(s, DATABASE, "permitted");
    story_host_back(s, "batch-1");
    story_expect_attempt(s, DATABASE, "unknown");
    story_expect_open(s, "acme/shop", "production", 2, "attention");
    expect_no_other_host_touched(s);
    story_pass(s, 10 * 60000);
    story_expect_attempt(s, DATABASE, "unknown"); /* no time turns it into anything */
    story_end(s);
}

static void M6_a_migrate_job_that_failed_leaves_the_old_code_and_waits_for_a_person(void **state)
{
    struct story *s = *state;

    production_migrates(s, STORY_HOST_FAILS);
    story_expect_attempt(s, DATABASE, "failed");
    assert_non_null(
        strstr(story_ask(s, "GET", "/api/v1/migrate", NULL), "No other host was touched"));
    story_expect_open(s, "acme/shop", "production", 2, "attention");
    expect_no_other_host_touched(s);

    /* Its end is known, and still nobody but a person may go on. */
    story_merge(s, "acme/shop", 2, "Gifts");
    story_at(s, "2026-11-25 11:00");
    story_expect_last(s, "acme/shop", "production", 3, NULL);
    story_end(s);
}

/* The web job does not wait for the migrate job: then it is not true that no other host was touched. */
static void M6_what_ran_beside_a_failed_migrate_job_is_named(void **state)
{
    struct story *s = *state;
    char *text;

    story_shop(s);
    text = arena_str(&s->arena, story_shop_config(s, "at: [\"11:00\", \"15:00\"]"));
    memcpy(strstr(text, "needs: [migrate]"), "needs: [fetch]  ", 16);
    story_config(s, text);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_host_is(s, "batch-1", "migrate", STORY_HOST_FAILS);
    story_at(s, "2026-11-24 15:00");
    story_expect_attempt(s, DATABASE, "failed");
    assert_non_null(strstr(story_ask(s, "GET", "/api/v1/migrate", NULL), "were at work on web-"));
    story_end(s);
}

static void M2_a_migrate_job_that_was_declined_never_began_and_is_tried_again(void **state)
{
    struct story *s = *state;

    production_migrates(s, STORY_HOST_DECLINES);
    story_expect_count(s, "attempts", 4); /* one on stage, three tries here */
    story_expect_attempt(s, DATABASE, "not_started");
    story_expect_open(s, "acme/shop", "production", 2, "attention");
    story_expect_starts(s, "batch-1", "migrate", 2, 0);
    story_expect_starts(s, "web-1", "web", 2, 0);
    story_end(s);
}

static void M3_nothing_to_do_settles_the_attempt_and_the_deployment_goes_on(void **state)
{
    struct story *s = *state;

    production_migrates(s, STORY_HOST_NOTHING_TO_DO);
    story_expect_attempt(s, DATABASE, "succeeded");
    story_expect_live(s, "acme/shop", "production", 2);
    story_end(s);
}

static void M5_a_migrate_job_that_takes_long_and_is_heard_is_neither_silent_nor_unknown(
    void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_host_script(story_host(s, "batch-1"), "migrate", STORY_HOST_SUCCEEDS, 7 * 60000);
    story_at(s, "2026-11-24 15:00");
    story_expect_attempt(s, DATABASE, "succeeded");
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    story_end(s);
}

#define TWO                                                                                        \
    "  acme/admin:\n"                                                                              \
    "    branch: main\n"                                                                           \
    "    mirror: GIT/acme/admin\n"                                                                 \
    "    root: /srv/admin\n"                                                                       \
    "    environments:\n"                                                                          \
    "      live: { on: merge, roles: { all: { agent: { hosts: [admin-1] } } } }\n"                 \
    "    jobs:\n"                                                                                  \
    "      migrate:\n"                                                                             \
    "        runs-on: [all]\n"                                                                     \
    "        once: main\n"                                                                         \
    "        steps: [{ uses: migrate, with: { tool: rails } }]\n"                                  \
    "      queue:\n"                                                                               \
    "        needs: [migrate]\n"                                                                   \
    "        runs-on: [all]\n"                                                                     \
    "        once: queue\n"                                                                        \
    "        steps: [{ uses: migrate, with: { tool: rails } }]\n"

/* The one that succeeded is not migrated again for the sake of the other; what is decided is decided about one. */
static void M1_each_database_of_a_repository_has_a_ledger_of_its_own(void **state)
{
    struct story *s = *state;

    story_repository(s, "acme/admin");
    story_config(s, TWO);
    story_hosts(s, "admin-1", NULL);
    story_at(s, "2026-11-24 14:10");
    story_host_is(s, "admin-1", "queue", STORY_HOST_FAILS);
    story_merge(s, "acme/admin", 1, "Roles");
    story_expect_attempt(s, "acme/admin/live/main", "succeeded");
    story_expect_attempt(s, "acme/admin/live/queue", "failed");
    story_refused(s, "POST", "/api/v1/migrate/abandon",
                  "{\"database\":\"acme/admin/live/main\",\"reason\":\"looked\"}", 409,
                  "no attempt holds");
    story_host_is(s, "admin-1", "queue", STORY_HOST_SUCCEEDS);
    story_act(s, "POST", "/api/v1/migrate/retry",
              "{\"database\":\"acme/admin/live/queue\",\"reason\":\"mended\"}");
    story_pass(s, 5000);
    story_expect_attempt(s, "acme/admin/live/queue", "succeeded");
    story_expect_starts(s, "admin-1", "migrate", 2, 1);
    story_expect_starts(s, "admin-1", "queue", 2, 2);
    story_expect_live(s, "acme/admin", "live", 2);
    story_end(s);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, story_up, story_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(M1_M5_M6_a_migrate_host_that_is_lost_holds_its_database_until_its_end_is_proven),
        STORY(M5_a_migrate_host_that_lost_power_says_itself_that_it_does_not_know),
        STORY(M6_a_migrate_job_that_failed_leaves_the_old_code_and_waits_for_a_person),
        STORY(M6_what_ran_beside_a_failed_migrate_job_is_named),
        STORY(M1_each_database_of_a_repository_has_a_ledger_of_its_own),
        STORY(M2_a_migrate_job_that_was_declined_never_began_and_is_tried_again),
        STORY(M3_nothing_to_do_settles_the_attempt_and_the_deployment_goes_on),
        STORY(M5_a_migrate_job_that_takes_long_and_is_heard_is_neither_silent_nor_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
