/*
 * invariants: the checker of the stories sees what it is there to see. One story is told; then its store is spoilt
 * in each way that a mistake of ours could spoil it, and the rule that is broken must be named.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/file.h"
#include "lib/base/str.h"
#include "lib/store/db.h"
#include "lib/store/store_journal.h"
#include "tests/support/invariants.h"
#include "tests/support/story_expect.h"
#include "tests/support/story_shop.h"

#define STORE_MAX ((size_t)64 << 20)

struct spoiling {
    const char *name; /* of the test: the rule, and what is wrong */
    const char *sql;
};

/* Constraints of the schema that stand in the way are taken out first: the checker trusts none of them. */
static const struct spoiling spoilings[] = {
    {"I1_a_delivery_that_was_accepted_and_is_gone",
     "UPDATE deliveries SET guid = 'x' WHERE id = 2"},
    {"I2_an_attempt_that_began_before_the_earlier_one_was_settled",
     "UPDATE attempts SET settled_at = NULL WHERE database LIKE '%stage%' AND epoch = 1"},
    {"I2_an_attempt_that_was_settled_after_the_next_began",
     "UPDATE attempts SET settled_at = settled_at + 86400000"
     " WHERE database LIKE '%stage%' AND epoch = 1"},
    {"I3_two_successes_of_one_release",
     "DROP INDEX attempts_one_success;"
     "UPDATE attempts SET release_number = 2, n = epoch WHERE database LIKE '%stage%'"},
    {"I4_one_command_for_two_hosts",
     "PRAGMA foreign_keys = OFF; UPDATE invocations"
     " SET command_id = (SELECT max(command_id) FROM invocations)"
     " WHERE command_id = (SELECT min(command_id) FROM invocations)"},
    {"I6_a_start_that_needed_an_approval_and_has_none",
     "UPDATE deployments SET approvals_needed = 1 WHERE id = 1"},
    {"I6_a_start_where_the_configuration_asked_for_one",
     "UPDATE configs SET text = json_set(text,"
     " '$.repos.\"acme/shop\".environments.production.approvals.code', 1)"},
    {"I7_a_deployment_that_had_ended_otherwise",
     "UPDATE deployments SET state = 'failed' WHERE id = 1"},
    {"I7_an_invocation_that_had_ended_otherwise",
     "UPDATE invocations SET details = 'Failed', status = 'Failed' WHERE job_number = 0"},
    {"I7_an_attempt_that_had_ended_otherwise",
     "UPDATE attempts SET state = 'failed' WHERE epoch = 1"},
    {"I8_a_start_at_an_occurrence_that_was_deferred",
     "UPDATE occurrences SET decision = 'deferred'"},
    {"I8_an_occurrence_that_started_nothing",
     "UPDATE occurrences SET deployment_id = NULL WHERE decision = 'started'"},
    {"I8_two_starts_at_one_occurrence",
     "UPDATE deployments SET environment = 'production',"
     " occurrence_date = (SELECT local_date FROM occurrences WHERE decision = 'started'),"
     " occurrence_time = (SELECT local_time FROM occurrences WHERE decision = 'started')"
     " WHERE environment = 'stage'"},
    {"I10_a_journal_line_with_another_actor", "UPDATE journal SET actor = 'somebody' WHERE id = 3"},
    {"I10_a_journal_line_that_is_missing", "DELETE FROM journal WHERE id = 4"},
    {"I11_two_commands_of_one_track_at_a_time",
     "UPDATE invocations SET ended_at = ended_at + 3600000 WHERE job_number = 0"},
    {"I11_a_command_beside_one_that_may_still_run",
     "UPDATE invocations SET ended_at = NULL, status = 'Unknown', details = 'Unknown'"
     " WHERE job_number = 0 AND deployment_id = 1"},
};

#define N_SPOILINGS (sizeof(spoilings) / sizeof(spoilings[0]))

static struct story *story;
static struct invariants_facts facts;
static struct arena arena;

/* Two releases on stage, the second in production. */
static int tell_story(void **state)
{
    void *s;

    (void)state;
    story_up(&s);
    story = s;
    arena_init(&arena);
    story_shop(story);
    story_merge(story, "acme/shop", 1, "Coupons");
    story_merge(story, "acme/shop", 2, "Gifts");
    story_at(story, "2026-11-24 11:00");
    story_expect_live(story, "acme/shop", "production", 3);
    story_stop(story);
    facts.accepted = story->github.accepted;
    facts.n_accepted = story->github.n_accepted;
    return 0;
}

static int end_story(void **state)
{
    void *s = story;

    (void)state;
    arena_deinit(&arena);
    return story_down(&s);
}

/* A copy of the story's store, to be spoilt; the writer closed it, so the file is all of it. */
static struct db *copy_of_store(void)
{
    const char *from = arena_printf(&arena, "%s/state/slipway.db", story->folder);
    const char *to = arena_printf(&arena, "%s/spoilt.db", story->folder);
    struct err err = ERR_INIT;
    struct db *db = NULL;
    char *bytes;
    size_t len;

    assert_int_equal(access(arena_printf(&arena, "%s-wal", from), F_OK), -1);
    (void)unlink(arena_printf(&arena, "%s-wal", to));
    (void)unlink(arena_printf(&arena, "%s-shm", to));
    if (file_read_all(from, STORE_MAX, &bytes, &len, &err) < 0 ||
        file_write_atomic(to, bytes, len, 0600, &err) < 0 || db_open_write(to, &db, &err) < 0)
        fail_msg("%s", err.text);
    free(bytes);
    return db;
}

/* Is a line of that rule among what is broken? */
static bool names_rule(const char *const *broken, size_t n, const char *rule)
{
    for (size_t i = 0; i < n; i++)
        if (str_starts(broken[i], arena_printf(&arena, "%s:", rule)))
            return true;
    return false;
}

static void a_store_that_nobody_spoilt_is_whole(void **state)
{
    struct db *db = copy_of_store();
    const char *const *broken;

    (void)state;
    assert_int_equal(invariants_check(db, &facts, &arena, &broken), 0);
    db_close(db);
}

static void a_spoilt_store_is_seen(void **state)
{
    const struct spoiling *how = *state;
    const char *rule = arena_strn(&arena, how->name, strcspn(how->name, "_"));
    struct db *db = copy_of_store();
    const char *const *broken;
    struct err err = ERR_INIT;
    size_t n;

    if (db_exec(db, how->sql, &err) < 0)
        fail_msg("%s", err.text);
    n = invariants_check(db, &facts, &arena, &broken);
    if (!names_rule(broken, n, rule))
        fail_msg("%s is not seen; %zu others are: %s", rule, n, n > 0 ? broken[0] : "");
    db_close(db);
}

static void I4_a_command_that_two_journals_say_was_started(void **state)
{
    const struct invariants_start starts[] = {{"web-1", "command-a"},
                                              {"web-1", "command-b"},
                                              {"web-2", "command-a"}};
    struct invariants_facts own = facts;
    struct db *db = copy_of_store();
    const char *const *broken;

    (void)state;
    own.starts = starts;
    own.n_starts = 2;
    assert_int_equal(invariants_check(db, &own, &arena, &broken), 0);
    own.n_starts = 3;
    assert_int_equal(invariants_check(db, &own, &arena, &broken), 1);
    assert_string_equal(broken[0], "I4: command-a was started on web-1 and again on web-2");
    db_close(db);
}

/* The chain is right, the rows are right, and still it went on after its end. */
static void I7_a_deployment_that_went_on_after_its_end(void **state)
{
    const struct journal_entry again = {.at = 1,
                                        .actor = "slipway",
                                        .way = "timer",
                                        .act = "deployment.start",
                                        .subject = "acme/shop/stage",
                                        .detail = "{\"deployment\":1}"};
    struct db *db = copy_of_store();
    const char *const *broken;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(store_journal_add(db, &again, &err), 0);
    assert_int_equal(invariants_check(db, &facts, &arena, &broken), 1);
    assert_string_equal(broken[0], "I7: deployment 1 went from succeeded to deploying");
    db_close(db);
}

static void a_store_that_cannot_be_read_is_a_broken_one(void **state)
{
    struct db *db = copy_of_store();
    const char *const *broken;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(db_exec(db, "ALTER TABLE attempts RENAME TO gone", &err), 0);
    assert_true(invariants_check(db, &facts, &arena, &broken) > 0);
    db_close(db);
}

int main(void)
{
    struct CMUnitTest tests[N_SPOILINGS + 4] = {
        cmocka_unit_test(a_store_that_nobody_spoilt_is_whole),
        cmocka_unit_test(I4_a_command_that_two_journals_say_was_started),
        cmocka_unit_test(I7_a_deployment_that_went_on_after_its_end),
        cmocka_unit_test(a_store_that_cannot_be_read_is_a_broken_one),
    };

    for (size_t i = 0; i < N_SPOILINGS; i++)
        tests[4 + i] = (struct CMUnitTest){.name = spoilings[i].name,
                                           .test_func = a_spoilt_store_is_seen,
                                           .initial_state = (void *)(uintptr_t)&spoilings[i]};
    return cmocka_run_group_tests(tests, tell_story, end_story);
}
