/* store_hold, store_freeze: people's stops, as rows. */
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
#include "lib/store/store_freeze.h"
#include "lib/store/store_hold.h"
#include "lib/store/store_repository.h"

#define NOW ((time_ms)1795500000000)
#define HOUR ((time_ms)3600000)

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
    snprintf(room->folder, sizeof(room->folder), "/tmp/slipway-hold-XXXXXX");
    assert_non_null(mkdtemp(room->folder));
    assert_int_equal(store_open(room->folder, "test", NOW, &room->store, &err), 0);
    assert_int_equal(store_repository_ensure(room->store.db, "acme/shop", "main", &err), 0);
    assert_int_equal(store_repository_ensure(room->store.db, "acme/site", "main", &err), 0);
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
    snprintf(command, sizeof(command), "rm -rf %s", room->folder);
    assert_int_equal(system(command), 0);
    free(room);
    return 0;
}

static int64_t hold(struct room *room, int64_t repository, const char *environment, time_ms until)
{
    const struct hold h = {.repository_id = repository,
                           .environment = environment,
                           .actor = "token:ana",
                           .way = "api",
                           .reason = "stock check",
                           .held_at = NOW,
                           .until_at = until};
    struct err err = ERR_INIT;
    int64_t id = 0;

    if (store_hold_put(room->store.db, &h, &id, &err) < 0)
        fail_msg("%s", err.text);
    return id;
}

static size_t binding(struct room *room, int64_t repository, const char *environment, time_ms now)
{
    struct err err = ERR_INIT;
    struct hold *holds;
    size_t n;

    assert_int_equal(store_hold_open(room->store.db, &room->arena, repository, environment, now,
                                     &holds, &n, &err),
                     0);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(holds[i].reason, "stock check");
        assert_string_equal(holds[i].actor, "token:ana");
        assert_int_equal(holds[i].repository_id, repository);
    }
    return n;
}

static int lift(struct room *room, int64_t id, time_ms now)
{
    struct err err = ERR_INIT;

    return store_hold_lift(room->store.db, id,
                           &(struct hold_lift){.actor = "uid:0", .way = "cli", .at = now}, &err);
}

static void a_hold_binds_its_environment_and_one_of_all_binds_each(void **state)
{
    struct room *room = *state;

    hold(room, 1, "production", 0);
    assert_int_equal(binding(room, 1, "production", NOW), 1);
    assert_int_equal(binding(room, 1, "stage", NOW), 0);
    hold(room, 1, NULL, 0);
    assert_int_equal(binding(room, 1, "production", NOW), 2);
    assert_int_equal(binding(room, 1, "stage", NOW), 1);
    assert_int_equal(binding(room, 1, NULL, NOW), 2);
    assert_int_equal(binding(room, 2, "production", NOW), 0);
}

static void a_hold_with_an_end_ends_by_itself(void **state)
{
    struct room *room = *state;
    int64_t id = hold(room, 1, "production", NOW + HOUR);

    assert_int_equal(binding(room, 1, "production", NOW + HOUR - 1), 1);
    assert_int_equal(binding(room, 1, "production", NOW + HOUR), 0); /* half-open (F3) */
    assert_int_equal(lift(room, id, NOW + HOUR), ERR_CONFLICT);
}

static void a_hold_is_lifted_once(void **state)
{
    struct room *room = *state;
    int64_t id = hold(room, 1, "production", 0);

    assert_int_equal(lift(room, id, NOW + 1), 0);
    assert_int_equal(binding(room, 1, "production", NOW + 1), 0);
    assert_int_equal(lift(room, id, NOW + 2), ERR_CONFLICT);
}

static void a_hold_without_a_reason_or_with_its_end_before_it_is_refused(void **state)
{
    struct room *room = *state;
    struct hold h = {.repository_id = 1, .actor = "a", .way = "api", .reason = "", .held_at = NOW};
    struct err err = ERR_INIT;
    int64_t id;

    assert_int_equal(store_hold_put(room->store.db, &h, &id, &err), ERR_CONFLICT);
    h.reason = "why";
    h.until_at = NOW;
    assert_int_equal(store_hold_put(room->store.db, &h, &id, &err), ERR_CONFLICT);
    h.until_at = NOW + 1;
    assert_int_equal(store_hold_put(room->store.db, &h, &id, &err), 0);
}

static void T27_a_hold_that_came_after_the_decision_is_found(void **state)
{
    struct room *room = *state;
    struct db *db = room->store.db;
    struct err err = ERR_INIT;
    int64_t seen = -1, id;

    assert_int_equal(store_hold_newest(db, &seen, &err), 0);
    assert_int_equal(seen, 0);
    assert_int_equal(store_hold_unchanged(db, 1, "production", seen, &err), 0);
    id = hold(room, 1, "stage", 0);
    assert_int_equal(store_hold_unchanged(db, 1, "production", seen, &err), 0);
    assert_int_equal(store_hold_unchanged(db, 1, "stage", seen, &err), ERR_CONFLICT);
    hold(room, 1, NULL, 0);
    assert_int_equal(store_hold_unchanged(db, 1, "production", seen, &err), ERR_CONFLICT);
    assert_int_equal(store_hold_unchanged(db, 2, "production", seen, &err), 0);
    assert_int_equal(store_hold_newest(db, &seen, &err), 0);
    assert_true(seen > id);
    assert_int_equal(store_hold_unchanged(db, 1, "production", seen, &err), 0);
    id = hold(room, 1, "production", 0);
    assert_int_equal(lift(room, id, NOW + 1), 0);
    assert_int_equal(store_hold_unchanged(db, 1, "production", seen, &err), 0);
}

/* Freezes ----------------------------------------------------------------------------------------- */

static struct freeze year_end(void)
{
    static const char *environments[] = {"production"};
    static const char *repositories[] = {"acme/shop", "acme/later"};

    return (struct freeze){.name = "年末の凍結",
                           .from_at = NOW + HOUR,
                           .to_at = NOW + 2 * HOUR,
                           .timezone = "Asia/Tokyo",
                           .allow_rollback = true,
                           .environments = environments,
                           .n_environments = 1,
                           .repositories = repositories,
                           .n_repositories = 2,
                           .actor = "token:ana",
                           .way = "api",
                           .reason = "quiet days",
                           .added_at = NOW};
}

static size_t listed(struct room *room, time_ms now, struct freeze **ret_items)
{
    struct err err = ERR_INIT;
    size_t n = 0;

    assert_int_equal(store_freeze_list(room->store.db, &room->arena, now, ret_items, &n, &err), 0);
    return n;
}

static void a_freeze_comes_back_as_it_was_added_and_says_whom_it_covers(void **state)
{
    struct room *room = *state;
    struct freeze f = year_end(), *items;
    struct err err = ERR_INIT;
    int64_t id = 0;

    assert_int_equal(store_freeze_put(room->store.db, &f, &id, &err), 0);
    assert_int_equal(listed(room, NOW, &items), 1);
    assert_int_equal(items[0].id, id);
    assert_string_equal(items[0].name, f.name);
    assert_string_equal(items[0].timezone, "Asia/Tokyo");
    assert_int_equal(items[0].from_at, f.from_at);
    assert_int_equal(items[0].to_at, f.to_at);
    assert_true(items[0].allow_rollback);
    assert_true(store_freeze_covers(&items[0], "acme/shop", "production"));
    assert_true(store_freeze_covers(&items[0], "acme/later", "production"));
    assert_false(store_freeze_covers(&items[0], "acme/shop", "stage"));
    assert_false(store_freeze_covers(&items[0], "acme/site", "production"));
    f.n_environments = f.n_repositories = 0;
    assert_true(store_freeze_covers(&f, "acme/site", "stage"));
    assert_int_equal(listed(room, f.to_at - 1, &items), 1);
    assert_int_equal(listed(room, f.to_at, &items), 0);
}

static void a_name_stands_for_one_freeze_until_it_is_over(void **state)
{
    struct room *room = *state;
    struct freeze f = year_end(), *items;
    struct err err = ERR_INIT;
    int64_t id, other;

    assert_int_equal(store_freeze_put(room->store.db, &f, &id, &err), 0);
    assert_int_equal(store_freeze_put(room->store.db, &f, &other, &err), ERR_CONFLICT);
    f.added_at = f.to_at;
    f.from_at = f.to_at + HOUR;
    f.to_at += 2 * HOUR;
    assert_int_equal(store_freeze_put(room->store.db, &f, &other, &err), 0);
    assert_int_equal(listed(room, f.added_at, &items), 1);
    assert_int_equal(items[0].id, other);
}

static void a_freeze_is_removed_once_and_never_after_its_end(void **state)
{
    struct room *room = *state;
    struct freeze f = year_end(), *items;
    struct freeze_removal removal = {.actor = "uid:0", .way = "cli", .at = f.to_at};
    struct err err = ERR_INIT;
    int64_t id;

    assert_int_equal(store_freeze_put(room->store.db, &f, &id, &err), 0);
    assert_int_equal(store_freeze_remove(room->store.db, id, &removal, &err), ERR_CONFLICT);
    removal.at = NOW + 1;
    assert_int_equal(store_freeze_remove(room->store.db, id, &removal, &err), 0);
    assert_int_equal(store_freeze_remove(room->store.db, id, &removal, &err), ERR_CONFLICT);
    assert_int_equal(listed(room, NOW, &items), 0);
}

static void F3_a_freeze_that_ends_before_it_begins_is_refused(void **state)
{
    struct room *room = *state;
    struct freeze f = year_end();
    struct err err = ERR_INIT;
    int64_t id;

    f.to_at = f.from_at;
    assert_int_equal(store_freeze_put(room->store.db, &f, &id, &err), ERR_CONFLICT);
    f = year_end();
    f.reason = "";
    assert_int_equal(store_freeze_put(room->store.db, &f, &id, &err), ERR_CONFLICT);
}

static void T27_a_freeze_that_came_after_the_decision_is_found(void **state)
{
    struct room *room = *state;
    struct db *db = room->store.db;
    struct freeze f = year_end();
    struct err err = ERR_INIT;
    int64_t seen = -1, id;
    time_ms in = f.from_at;

    assert_int_equal(store_freeze_newest(db, &seen, &err), 0);
    assert_int_equal(seen, 0);
    assert_int_equal(store_freeze_put(db, &f, &id, &err), 0);
    assert_int_equal(store_freeze_unchanged(db, "acme/shop", "production", 0, in, &err),
                     ERR_CONFLICT);
    assert_int_equal(store_freeze_unchanged(db, "acme/shop", "production", 0, in - 1, &err), 0);
    assert_int_equal(store_freeze_unchanged(db, "acme/shop", "production", 0, f.to_at, &err), 0);
    assert_int_equal(store_freeze_unchanged(db, "acme/shop", "stage", 0, in, &err), 0);
    assert_int_equal(store_freeze_unchanged(db, "acme/site", "production", 0, in, &err), 0);
    assert_int_equal(store_freeze_newest(db, &seen, &err), 0);
    assert_int_equal(seen, id);
    assert_int_equal(store_freeze_unchanged(db, "acme/shop", "production", seen, in, &err), 0);
    f.name = "everything";
    f.n_environments = f.n_repositories = 0;
    assert_int_equal(store_freeze_put(db, &f, &id, &err), 0);
    assert_int_equal(store_freeze_unchanged(db, "acme/site", "stage", seen, in, &err),
                     ERR_CONFLICT);
}

#define WITH_A_STORE(test) cmocka_unit_test_setup_teardown(test, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_A_STORE(a_hold_binds_its_environment_and_one_of_all_binds_each),
        WITH_A_STORE(a_hold_with_an_end_ends_by_itself),
        WITH_A_STORE(a_hold_is_lifted_once),
        WITH_A_STORE(a_hold_without_a_reason_or_with_its_end_before_it_is_refused),
        WITH_A_STORE(T27_a_hold_that_came_after_the_decision_is_found),
        WITH_A_STORE(a_freeze_comes_back_as_it_was_added_and_says_whom_it_covers),
        WITH_A_STORE(a_name_stands_for_one_freeze_until_it_is_over),
        WITH_A_STORE(a_freeze_is_removed_once_and_never_after_its_end),
        WITH_A_STORE(F3_a_freeze_that_ends_before_it_begins_is_refused),
        WITH_A_STORE(T27_a_freeze_that_came_after_the_decision_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
