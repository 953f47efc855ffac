/* store_commit_check, commit_check: what CI says of a commit, in any order of arrival. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/store/store.h"
#include "lib/store/store_commit_check.h"
#include "lib/store/store_repository.h"

#define NOW ((time_ms)1795500000000)
#define SHA "4f2c9e1bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define OTHER "9b07d22aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

struct room {
    char folder[64];
    struct store store;
    struct arena arena;
};

static int up(void **state)
{
    struct room *room = calloc(1, sizeof(*room));
    struct err err = ERR_INIT;

    assert_non_null(room);
    snprintf(room->folder, sizeof(room->folder), "%s/slipway-checks-XXXXXX",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(room->folder));
    assert_int_equal(store_open(room->folder, "test", NOW, &room->store, &err), 0);
    assert_int_equal(store_repository_ensure(room->store.db, "acme/shop", "main", &err), 0);
    arena_init(&room->arena);
    *state = room;
    return 0;
}

static int down(void **state)
{
    struct room *room = *state;
    char command[128];

    db_close(room->store.db);
    (void)close(room->store.lock);
    arena_deinit(&room->arena);
    snprintf(command, sizeof(command), "rm -rf '%s'", room->folder);
    assert_int_equal(system(command), 0);
    free(room);
    return 0;
}

static struct commit_check run(int64_t id, const char *word, time_ms began, time_ms reported)
{
    return (struct commit_check){.repository_id = 1,
                                 .sha = SHA,
                                 .kind = COMMIT_CHECK_RUN,
                                 .app_id = 15368,
                                 .app = "github-actions",
                                 .name = "test",
                                 .github_id = id,
                                 .state = commit_check_state_of(word),
                                 .word = word,
                                 .began_at = NOW + began,
                                 .reported_at = NOW + reported};
}

static bool put(struct room *room, struct commit_check c)
{
    struct err err = ERR_INIT;
    bool taken = false;

    if (store_commit_check_put(room->store.db, &c, &taken, &err) < 0)
        fail_msg("%s", err.text);
    return taken;
}

static size_t list(struct room *room, const char *sha, struct commit_check **ret_items)
{
    struct err err = ERR_INIT;
    size_t n = 0;

    if (store_commit_check_list(room->store.db, &room->arena, 1, sha, ret_items, &n, &err) < 0)
        fail_msg("%s", err.text);
    return n;
}

/* The one row there is. */
static const struct commit_check *only(struct room *room)
{
    struct commit_check *items = NULL;

    assert_int_equal(list(room, SHA, &items), 1);
    return &items[0];
}

/* Every order of arrival of four reports: two of a first run, two of a second one that began later
 * although the first one ended after it. */
static void W4_reports_in_any_order_give_the_same_end(void **state)
{
    const struct commit_check reports[4] = {
        run(1, "in_progress", 0, 0),
        run(1, "cancelled", 0, 9000),
        run(2, "in_progress", 5000, 5000),
        run(2, "success", 5000, 7000),
    };
    struct room *room = *state;

    for (int order = 0; order < 256; order++) {
        const int at[4] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6 & 3};
        bool all = (1 << at[0] | 1 << at[1] | 1 << at[2] | 1 << at[3]) == 15;
        if (!all)
            continue;
        assert_int_equal(db_exec(room->store.db, "DELETE FROM commit_checks", NULL), 0);
        for (int i = 0; i < 4; i++)
            (void)put(room, reports[at[i]]);
        assert_int_equal(only(room)->github_id, 2);
        assert_int_equal(only(room)->state, COMMIT_CHECK_PASSED);
        assert_string_equal(only(room)->word, "success");
    }
}

static void within_one_second_an_end_beats_a_beginning(void **state)
{
    struct room *room = *state;

    assert_true(put(room, run(1, "failure", 0, 0)));
    assert_false(put(room, run(1, "in_progress", 0, 0)));
    assert_int_equal(only(room)->state, COMMIT_CHECK_FAILED);
    assert_false(put(room, run(1, "failure", 0, 0))); /* the same again is nothing new */
}

static void W4_an_older_report_changes_nothing(void **state)
{
    struct room *room = *state;

    assert_true(put(room, run(7, "success", 5000, 6000)));
    assert_false(put(room, run(7, "in_progress", 5000, 5000)));
    assert_false(put(room, run(6, "failure", 0, 8000)));
    assert_string_equal(only(room)->word, "success");
}

static void names_kinds_apps_and_commits_are_kept_apart(void **state)
{
    struct room *room = *state;
    struct commit_check c = run(1, "success", 0, 0);
    struct commit_check *items;

    assert_true(put(room, c));
    c.app_id = 9;
    assert_true(put(room, c));
    c.name = "lint";
    assert_true(put(room, c));
    c.kind = COMMIT_CHECK_STATUS;
    c.app_id = 0;
    c.app = NULL;
    assert_true(put(room, c));
    memcpy(c.sha, OTHER, sizeof(c.sha));
    assert_true(put(room, c));
    assert_int_equal(list(room, SHA, &items), 4);
    assert_string_equal(items[0].name, "lint");
    assert_int_equal(items[0].app_id, 9);
    assert_string_equal(items[0].app, "github-actions");
    assert_int_equal(list(room, OTHER, &items), 1);
    assert_null(items[0].app);
    assert_int_equal(items[0].reported_at, NOW);
}

static void a_context_is_the_same_in_either_case_of_letters(void **state)
{
    struct room *room = *state;
    struct commit_check c = run(1, "pending", 0, 0);

    c.kind = COMMIT_CHECK_STATUS;
    c.name = "CI/Build";
    assert_true(put(room, c));
    c = run(2, "success", 1000, 1000);
    c.kind = COMMIT_CHECK_STATUS;
    c.name = "ci/build";
    assert_true(put(room, c));
    assert_int_equal(only(room)->state, COMMIT_CHECK_PASSED);
}

static void what_github_counts_as_passing_passes_and_nothing_else(void **state)
{
    static const struct {
        const char *word;
        enum commit_check_state is;
    } words[] = {
        {"success", COMMIT_CHECK_PASSED},     {"neutral", COMMIT_CHECK_PASSED},
        {"skipped", COMMIT_CHECK_PASSED},     {"failure", COMMIT_CHECK_FAILED},
        {"error", COMMIT_CHECK_FAILED},       {"cancelled", COMMIT_CHECK_FAILED},
        {"timed_out", COMMIT_CHECK_FAILED},   {"action_required", COMMIT_CHECK_FAILED},
        {"stale", COMMIT_CHECK_FAILED},       {"startup_failure", COMMIT_CHECK_FAILED},
        {"queued", COMMIT_CHECK_PENDING},     {"in_progress", COMMIT_CHECK_PENDING},
        {"pending", COMMIT_CHECK_PENDING},    {"completed", COMMIT_CHECK_PENDING},
        {"waiting", COMMIT_CHECK_PENDING},    {"requested", COMMIT_CHECK_PENDING},
        {"Success", COMMIT_CHECK_PENDING},    {"", COMMIT_CHECK_PENDING},
        {"a new word", COMMIT_CHECK_PENDING},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        assert_int_equal(commit_check_state_of(words[i].word), words[i].is);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(W4_reports_in_any_order_give_the_same_end, up, down),
        cmocka_unit_test_setup_teardown(within_one_second_an_end_beats_a_beginning, up, down),
        cmocka_unit_test_setup_teardown(W4_an_older_report_changes_nothing, up, down),
        cmocka_unit_test_setup_teardown(names_kinds_apps_and_commits_are_kept_apart, up, down),
        cmocka_unit_test_setup_teardown(a_context_is_the_same_in_either_case_of_letters, up, down),
        cmocka_unit_test(what_github_counts_as_passing_passes_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
