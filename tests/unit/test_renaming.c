/* renaming: whose a delivery is, under whatever name, and what goes along with a repository to another one (W6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/model/config.h"
#include "lib/store/store_baseline.h"
#include "lib/store/store_freeze.h"
#include "lib/store/store_hold.h"
#include "lib/store/store_occurrence.h"
#include "lib/store/store_release.h"
#include "lib/store/store_repository.h"
#include "tests/support/record_room.h"

/* Names ----------------------------------------------------------------------------------------- */

static const char *renamed(struct record_room *room, const char *action, const char *name,
                           const char *at)
{
    return arena_printf(&room->arena,
                        "{\"action\":\"%s\",\"changes\":{},\"repository\":{\"id\":" SHOP_ID
                        ",\"full_name\":\"%s\",\"updated_at\":%s},\"sender\":" ANA "}",
                        action, name, at);
}

static void W6_a_renamed_repository_stays_ours_by_its_id(void **state)
{
    struct record_room *room = *state;

    record_room_reads(room, "pull_request",
                      record_room_pull(room, "opened", 7, "", "2026-11-24T01:00:00Z"));
    assert_int_equal(record_room_shop(room).github_id, 9);
    record_room_reads(room, "repository", renamed(room, "renamed", "acme/store", AT("3:00:00")));
    assert_string_equal(record_room_shop(room).github_name, "acme/store");
    /* What was sent under the old name before, and comes later, does not rename it back (W4). */
    record_room_reads(room, "repository", renamed(room, "edited", "acme/shop", AT("2:00:00")));
    assert_string_equal(record_room_shop(room).github_name, "acme/store");
    record_room_reads(room, "repository",
                      renamed(room, "transferred", "other/store", AT("4:00:00")));
    assert_string_equal(record_room_shop(room).github_name, "other/store");
    record_room_reads(room, "repository", renamed(room, "renamed", "Acme/Shop", AT("5:00:00")));
    assert_null(record_room_shop(room).github_name);
}

/* T60: another repository takes the name that ours had. */
static void T60_another_repository_under_the_known_name_is_a_stranger(void **state)
{
    struct record_room *room = *state;

    record_room_reads(room, "pull_request",
                      record_room_pull(room, "opened", 7, "", "2026-11-24T01:00:00Z"));
    record_room_ignores(
        room, "repository",
        "{\"action\":\"deleted\",\"repository\":{\"id\":10,\"full_name\":\"acme/shop\"}}",
        "another repository under a known name");
    assert_int_equal(record_room_shop(room).github_id, 9);
}

static int accept(struct db *db, void *arg, struct err *err)
{
    return snapshot_accept(db, arg, "reload", 1795500000000, err);
}

static void W6_a_configuration_with_the_new_name_keeps_the_history(void **state)
{
    struct record_room *room = *state;
    const struct snapshot *s = snapshots_take(&room->stop.api.snapshots);
    struct config changed = *s->config;
    struct config_repo repos[2] = {s->config->repos[0], s->config->repos[1]};
    struct repository r = {0};
    struct err err = ERR_INIT;

    record_room_reads(room, "pull_request",
                      record_room_pull(room, "opened", 7, "", "2026-11-24T01:00:00Z"));
    record_room_reads(room, "repository", renamed(room, "renamed", "acme/store", AT("3:00:00")));
    for (size_t i = 0; i < 2; i++)
        if (strcmp(repos[i].name, "acme/shop") == 0)
            repos[i].name = "acme/store";
    changed.repos = repos;
    api_room_write(&room->stop.api, accept, &changed);
    assert_int_equal(store_repository_by_name(room->stop.flow.db, &room->arena, "acme/store", &r,
                                              &err),
                     0);
    assert_int_equal(r.id, 1);
    assert_int_equal(r.github_id, 9);
    assert_null(r.github_name);
    assert_int_equal(record_room_count(room, "repositories"), 2);
    assert_int_equal(stop_room_journal(&room->stop, "repository.rename"), 1);
    snapshots_give(s);
}

/* The configuration with another name for acme/shop is in force. */
static void call(struct record_room *room, const char *name)
{
    struct snapshot *s = room->stop.api.snapshots.current;
    struct config *config = s->config;

    for (size_t i = 0; i < config->n_repos; i++)
        if (strcasecmp(config->repos[i].name, "acme/site") != 0)
            config->repos[i].name = name;
    api_room_write(&room->stop.api, accept, config);
}

static void W6_another_case_of_letters_is_the_same_repository(void **state)
{
    struct record_room *room = *state;

    record_room_reads(room, "pull_request",
                      record_room_pull(room, "opened", 7, "", "2026-11-24T01:00:00Z"));
    call(room, "Acme/Shop");
    assert_int_equal(record_room_count(room, "repositories"), 2);
    assert_int_equal(record_room_shop(room).id, 1);
    assert_string_equal(record_room_shop(room).name, "Acme/Shop");
    assert_int_equal(stop_room_journal(&room->stop, "repository.rename"), 1);
    record_room_reads(room, "pull_request",
                      record_room_pull(room, "opened", 8, "", "2026-11-24T01:00:00Z"));
    assert_int_equal(record_room_pull_of(room, 8).repository_id, 1);
    call(room, "acme/shop");
    assert_int_equal(record_room_shop(room).id, 1);
}

static int freeze_shop(struct db *db, void *arg, struct err *err)
{
    const char *repositories[] = {"acme/shop"};
    struct freeze freeze = {.name = "sale",
                            .from_at = 1795500000000,
                            .to_at = 1795600000000,
                            .timezone = "Asia/Tokyo",
                            .repositories = repositories,
                            .n_repositories = 1,
                            .actor = "ana",
                            .way = "cli",
                            .reason = "sale",
                            .added_at = 1795400000000};
    int64_t id;

    (void)arg;
    return store_freeze_put(db, &freeze, &id, err);
}

static void F3_a_freeze_follows_its_repository_to_another_name(void **state)
{
    struct record_room *room = *state;
    struct freeze *items = NULL;
    struct err err = ERR_INIT;
    size_t n = 0;

    stop_room_write(&room->stop, freeze_shop, NULL);
    record_room_reads(room, "pull_request",
                      record_room_pull(room, "opened", 7, "", "2026-11-24T01:00:00Z"));
    record_room_reads(room, "repository", renamed(room, "renamed", "acme/store", AT("3:00:00")));
    call(room, "acme/store");
    assert_int_equal(store_freeze_list(room->stop.flow.db, &room->arena, 1795400000000, &items, &n,
                                       &err),
                     0);
    assert_int_equal(n, 1);
    assert_true(store_freeze_covers(&items[0], "acme/store", "production"));
    assert_true(store_freeze_covers(&items[0], "Acme/Store", "production"));
    assert_false(store_freeze_covers(&items[0], "acme/shop", "production"));
}

static struct repository named(struct record_room *room, const char *name)
{
    struct repository r = {0};
    struct err err = ERR_INIT;

    if (store_repository_by_name(room->stop.flow.db, &room->arena, name, &r, &err) < 0)
        fail_msg("%s: %s", name, err.text);
    return r;
}

static int bind_stray(struct db *db, void *arg, struct err *err)
{
    return store_repository_bind(db, *(int64_t *)arg, 77, err);
}

/* The configuration was changed before GitHub told of the new name. */
static void W6_the_configuration_may_have_the_new_name_first(void **state)
{
    struct record_room *room = *state;

    record_room_reads(room, "pull_request",
                      record_room_pull(room, "opened", 7, "", "2026-11-24T01:00:00Z"));
    call(room, "acme/store");
    assert_int_not_equal(named(room, "acme/store").id, 1); /* nobody knows yet whose name it is */
    record_room_reads(room, "repository", renamed(room, "renamed", "acme/store", AT("3:00:00")));
    assert_int_equal(named(room, "acme/store").id, 1);
    assert_int_equal(named(room, "acme/store").github_id, 9);
    assert_int_equal(named(room, "acme/shop").github_id, 0);
    assert_int_equal(record_room_count(room, "repositories"), 3);
    assert_int_equal(stop_room_journal(&room->stop, "repository.rename"), 1);
    record_room_reads(room, "pull_request",
                      record_room_pull(room, "opened", 8, "", "2026-11-24T01:00:00Z"));
    assert_int_equal(record_room_pull_of(room, 8).repository_id, 1);
}

static int hold_row(struct db *db, void *arg, struct err *err)
{
    const struct hold hold = {.repository_id = *(int64_t *)arg,
                              .environment = "production",
                              .actor = "ana",
                              .way = "cli",
                              .reason = "stop it",
                              .held_at = 1795400000000};
    int64_t id;

    return store_hold_put(db, &hold, &id, err);
}

static void T27_a_hold_stays_with_the_name_that_it_was_put_on(void **state)
{
    struct record_room *room = *state;
    struct hold *items = NULL;
    struct err err = ERR_INIT;
    size_t n = 0;
    int64_t id;

    record_room_reads(room, "pull_request",
                      record_room_pull(room, "opened", 7, "", "2026-11-24T01:00:00Z"));
    call(room, "acme/store");
    id = named(room, "acme/store").id;
    stop_room_write(&room->stop, hold_row, &id);
    record_room_reads(room, "repository", renamed(room, "renamed", "acme/store", AT("3:00:00")));
    assert_int_equal(named(room, "acme/store").id, 1);
    assert_int_equal(store_hold_open(room->stop.flow.db, &room->arena, 1, "production",
                                     1795500000000, &items, &n, &err),
                     0);
    assert_int_equal(n, 1);
    assert_string_equal(items[0].repository, "acme/store");
}

/* Days that the edit opens were no starts under the old name either (F6). */
static void F6_the_calendar_of_a_new_name_is_known_when_it_is_taken(void **state)
{
    struct record_room *room = *state;
    struct err err = ERR_INIT;
    time_ms until = 0;
    const char *was;

    record_room_reads(room, "pull_request",
                      record_room_pull(room, "opened", 7, "", "2026-11-24T01:00:00Z"));
    call(room, "acme/store");
    record_room_reads(room, "repository", renamed(room, "renamed", "acme/store", AT("3:00:00")));
    assert_int_equal(named(room, "acme/store").id, 1);
    assert_int_equal(store_schedule_days(room->stop.flow.db, &room->arena, 1, "production", &was,
                                         &until, &err),
                     0);
}

static int see_live(struct db *db, void *arg, struct err *err)
{
    const int64_t id = *(int64_t *)arg;
    const struct release release = {
        .repository_id = id, .number = 1, .sha = SHA, .subject = "one", .author = "ana"};
    const struct baseline baseline = {.repository_id = id,
                                      .environment = "production",
                                      .release_number = 1,
                                      .actor = "ana",
                                      .way = "cli",
                                      .reason = "it is live",
                                      .declared_at = 1795400000000};
    int64_t number;
    int rc = store_release_append(db, &release, &number, err);

    return rc < 0 ? rc : store_baseline_put(db, &baseline, &number, err);
}

static void C7_a_row_with_a_baseline_of_a_person_is_in_use(void **state)
{
    struct record_room *room = *state;
    int64_t id;

    record_room_reads(room, "pull_request",
                      record_room_pull(room, "opened", 7, "", "2026-11-24T01:00:00Z"));
    call(room, "acme/store");
    id = named(room, "acme/store").id;
    stop_room_write(&room->stop, see_live, &id);
    record_room_ignores(room, "repository", renamed(room, "renamed", "acme/store", AT("3:00:00")),
                        "configure it as acme/shop again");
    assert_int_equal(named(room, "acme/store").id, id);
}

static void W6_two_rows_with_a_history_are_told_and_kept_apart(void **state)
{
    struct record_room *room = *state;
    int64_t id;

    record_room_reads(room, "pull_request",
                      record_room_pull(room, "opened", 7, "", "2026-11-24T01:00:00Z"));
    call(room, "acme/store");
    id = named(room, "acme/store").id;
    stop_room_write(&room->stop, bind_stray, &id);
    record_room_ignores(room, "repository", renamed(room, "renamed", "acme/store", AT("3:00:00")),
                        "configure it as acme/shop again");
    assert_int_equal(named(room, "acme/shop").id, 1);
    assert_string_equal(named(room, "acme/shop").github_name, "acme/store"); /* for the doctor */
    call(room, "acme/shop");
    record_room_reads(room, "repository", renamed(room, "renamed", "acme/store", AT("4:00:00")));
}

#define IN_ROOM(name) cmocka_unit_test_setup_teardown(name, record_room_up, record_room_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(W6_a_renamed_repository_stays_ours_by_its_id),
        IN_ROOM(T60_another_repository_under_the_known_name_is_a_stranger),
        IN_ROOM(W6_a_configuration_with_the_new_name_keeps_the_history),
        IN_ROOM(W6_another_case_of_letters_is_the_same_repository),
        IN_ROOM(F3_a_freeze_follows_its_repository_to_another_name),
        IN_ROOM(W6_the_configuration_may_have_the_new_name_first),
        IN_ROOM(T27_a_hold_stays_with_the_name_that_it_was_put_on),
        IN_ROOM(F6_the_calendar_of_a_new_name_is_known_when_it_is_taken),
        IN_ROOM(C7_a_row_with_a_baseline_of_a_person_is_in_use),
        IN_ROOM(W6_two_rows_with_a_history_are_told_and_kept_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
