/* record: what pull requests and pushes leave behind: what is so, what the branch is asked for, who made what. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/store/store_change.h"
#include "lib/store/store_check.h"
#include "lib/store/store_release.h"
#include "tests/support/record_room.h"

/* Each byte that is not a plain letter, as GitHub's default content type has them. */
static const char *as_form(struct record_room *room, const char *json)
{
    char *form = arena_alloc(&room->arena, strlen("payload=") + 3 * strlen(json) + 1);
    char *at = form + sprintf(form, "payload=");

    for (; *json != '\0'; json++)
        at += isalnum((unsigned char)*json) ? sprintf(at, "%c", *json)
              : *json == ' '                ? sprintf(at, "+")
                                            : sprintf(at, "%%%02X", (unsigned char)*json);
    return form;
}

static void a_form_is_read_as_the_json_in_it(void **state)
{
    struct record_room *room = *state;
    const char *body =
        as_form(room, record_room_pull(room, "opened", 7, "\"note\":\"50% a+b & \xe5\x86\xac\",",
                                       "2026-11-24T01:00:00Z"));

    room->form = true;
    record_room_reads(room, "pull_request", body);
    assert_string_equal(record_room_pull_of(room, 7).title, "Sale");
    assert_string_equal(record_room_pull_of(room, 7).head_sha, SHA);
}

/* What is told last is so ------------------------------------------------------------------------ */

/* Of the same pull request, `at` minutes after one o'clock. */
static void tell(struct record_room *room, const char *action, int at, const char *state,
                 const char *draft, const char *base, const char *head)
{
    record_room_reads(
        room, "pull_request",
        arena_printf(
            &room->arena,
            "{\"action\":\"%s\",\"pull_request\":{\"id\":70,\"number\":7,\"state\":\"%s\","
            "\"draft\":%s,\"title\":\"Sale\",\"merged\":false,\"merge_commit_sha\":\"" SHA
            "\",\"created_at\":\"2026-11-24T01:00:00Z\",\"updated_at\":\"2026-11-24T01:%02d:00Z\","
            "\"base\":{\"ref\":\"%s\"},\"head\":{\"ref\":\"sale\",\"sha\":\"%s\"}}," SHOP
            ",\"sender\":" ANA "}",
            action, state, draft, at, base, head));
}

static void is_so(struct record_room *room, enum pull_request_state state, bool draft,
                  const char *base, const char *head)
{
    struct pull_request p = record_room_pull_of(room, 7);

    assert_int_equal(p.state, state);
    assert_int_equal(p.draft, draft);
    assert_string_equal(p.base_ref, base);
    assert_string_equal(p.head_sha, head);
    assert_string_equal(p.merge_sha, ""); /* of a test merge, which is on no branch */
}

/* Everything that may happen to a pull request before its merge, and an old event of each kind that comes late. */
static void W4_a_pull_request_is_as_it_was_told_last(void **state)
{
    struct record_room *room = *state;

    tell(room, "opened", 1, "open", "false", "main", SHA);
    is_so(room, PULL_REQUEST_OPEN, false, "main", SHA);
    tell(room, "converted_to_draft", 2, "open", "true", "main", SHA);
    is_so(room, PULL_REQUEST_OPEN, true, "main", SHA);
    tell(room, "edited", 3, "open", "true", "stable", SHA); /* changes.base */
    is_so(room, PULL_REQUEST_OPEN, true, "stable", SHA);
    tell(room, "synchronize", 4, "open", "true", "stable", NEXT);
    is_so(room, PULL_REQUEST_OPEN, true, "stable", NEXT);
    tell(room, "ready_for_review", 5, "open", "false", "stable", NEXT);
    tell(room, "closed", 6, "closed", "false", "stable", NEXT);
    is_so(room, PULL_REQUEST_CLOSED, false, "stable", NEXT);
    tell(room, "reopened", 7, "open", "false", "stable", NEXT);
    is_so(room, PULL_REQUEST_OPEN, false, "stable", NEXT);
    tell(room, "enqueued", 8, "open", "false", "stable", NEXT);
    tell(room, "dequeued", 9, "open", "false", "stable", NEXT);
    tell(room, "auto_merge_enabled", 9, "open", "false", "stable", NEXT);
    is_so(room, PULL_REQUEST_OPEN, false, "stable", NEXT);
    tell(room, "closed", 6, "closed", "true", "main", SHA); /* late: nothing goes back */
    tell(room, "synchronize", 2, "open", "true", "main", SHA);
    is_so(room, PULL_REQUEST_OPEN, false, "stable", NEXT);
    assert_int_equal(record_room_count(room, "timeline"), 12);
}

static int check_head(struct db *db, void *arg, struct err *err)
{
    struct check check = {.repository_id = 1,
                          .pull_number = 7,
                          .ok = true,
                          .actor = "mika",
                          .way = "web",
                          .content = true,
                          .checked_at = 1};
    int64_t id;

    memcpy(check.sha, (const char *)arg, sizeof(check.sha));
    return store_check_put(db, &check, &id, err);
}

static bool is_checked(struct record_room *room)
{
    struct check check;
    struct err err = ERR_INIT;

    return store_check_of_pull(room->stop.flow.db, &room->arena, 1, 7, &check, &err) == 0;
}

/* Whoever pressed ok saw another head. What comes late, or moves nothing, leaves it as it is (L1). */
static void T22_a_push_to_its_head_makes_a_check_void(void **state)
{
    static char sha[] = SHA;
    struct record_room *room = *state;

    tell(room, "synchronize", 2, "open", "false", "main", SHA);
    stop_room_write(&room->stop, check_head, sha);
    tell(room, "labeled", 3, "open", "false", "main", SHA);
    tell(room, "synchronize", 1, "open", "false", "main", NEXT);
    assert_true(is_checked(room));
    assert_int_equal(stop_room_journal(&room->stop, "check.void"), 0);
    tell(room, "synchronize", 4, "open", "false", "main", NEXT);
    assert_false(is_checked(room));
    assert_int_equal(stop_room_journal(&room->stop, "check.void"), 1);
}

/* What the branch is asked for ------------------------------------------------------------------- */

static int want_nothing(struct db *db, void *arg, struct err *err)
{
    (void)arg;
    return db_exec(db, "UPDATE repositories SET wanted_at = NULL", err);
}

static bool asks(struct record_room *room, const char *event, const char *body)
{
    stop_room_write(&room->stop, want_nothing, NULL);
    record_room_reads(room, event, body);
    return record_room_shop(room).wanted_at != 0;
}

static void W4_the_branch_is_asked_when_something_says_that_it_moved(void **state)
{
    struct record_room *room = *state;
    const char *merged = record_room_closed(room, "true", "Sale", "", AT("2:05:00"), AT("2:05:00"));
    const char *base = strstr(merged, "\"main\"");

    assert_true(asks(room, "push", record_room_pushed(room, "refs/heads/main", SHA, NEXT, ANA)));
    assert_true(asks(room, "push",
                     record_room_pushed(room, "refs/heads/main", NEXT, SHA, ANA))); /* forced */
    assert_true(
        asks(room, "push", record_room_pushed(room, "refs/heads/main", SHA, NONE, ANA))); /* gone */
    assert_false(asks(room, "push", record_room_pushed(room, "refs/heads/topic", SHA, NEXT, ANA)));
    assert_false(asks(room, "push", record_room_pushed(room, "refs/tags/main", NONE, NEXT, ANA)));
    assert_false(asks(room, "pull_request",
                      record_room_pull(room, "opened", 7, "", "2026-11-24T01:00:00Z")));
    assert_false(asks(room, "pull_request",
                      arena_printf(&room->arena, "%.*s\"stable\"%s", (int)(base - merged), merged,
                                   base + 6)));
    assert_true(asks(room, "pull_request", merged));
    assert_true(asks(room, "pull_request", merged)); /* a repeat is a reason to look again */
    assert_false(asks(room, "pull_request_review",
                      record_room_closed(room, NULL, "Sale", "", "null", AT("2:06:00"))));
    assert_true(asks(room, "pull_request_review",
                     record_room_closed(room, NULL, "Sale", "", AT("2:05:00"), AT("2:07:00"))));
}

static void W4_a_merge_that_comes_late_sets_nothing_else_back(void **state)
{
    struct record_room *room = *state;
    struct pull_request p;

    record_room_reads(room, "pull_request",
                      record_room_closed(room, "false", "New", "{\"name\":\"a\"},{\"name\":\"b\"}",
                                         "null", AT("2:09:00")));
    record_room_reads(room, "pull_request",
                      record_room_closed(room, "true", "Old", "", AT("2:05:00"), AT("2:05:00")));
    p = record_room_pull_of(room, 7);
    assert_int_equal(p.state, PULL_REQUEST_MERGED);
    assert_string_equal(p.merge_sha, SHA);
    assert_true(p.merged_at == p.updated_at - 240000);
    assert_string_equal(p.title, "New");
    assert_int_equal(record_room_count(room, "labels"), 2);
}

/* What came last has no commit: who merged, and what came of it, is told by the one that comes late. */
static void W4_a_merge_commit_that_is_told_late_is_taken_over(void **state)
{
    struct record_room *room = *state;
    const char *whole = record_room_closed(room, "true", "New", "", AT("2:05:00"), AT("2:09:00"));
    const char *at = strstr(whole, "\"" SHA "\"");

    record_room_reads(room, "pull_request",
                      arena_printf(&room->arena, "%.*snull%s", (int)(at - whole), whole, at + 42));
    assert_int_equal(record_room_pull_of(room, 7).state, PULL_REQUEST_MERGED);
    assert_string_equal(record_room_pull_of(room, 7).merge_sha, "");
    record_room_reads(room, "pull_request",
                      record_room_closed(room, "true", "Old", "", AT("2:05:00"), AT("2:05:00")));
    assert_string_equal(record_room_pull_of(room, 7).merge_sha, SHA);
    assert_string_equal(record_room_pull_of(room, 7).title, "New");
}

static void W4_a_review_of_what_was_merged_tells_the_merge(void **state)
{
    struct record_room *room = *state;

    record_room_reads(room, "pull_request_review",
                      record_room_closed(room, NULL, "Sale", "", "null", AT("2:05:00")));
    assert_int_equal(record_room_pull_of(room, 7).state, PULL_REQUEST_CLOSED);
    record_room_reads(room, "pull_request_review",
                      record_room_closed(room, NULL, "Sale", "", AT("2:04:00"), AT("2:05:00")));
    assert_int_equal(record_room_pull_of(room, 7).state, PULL_REQUEST_MERGED);
}

/* A2: whose an address is, GitHub says with the commits of a push. */
static int add_makers(struct db *db, void *arg, struct err *err)
{
    static const char *const emails[] = {"ken@x.example", "9+mori@users.noreply.github.com",
                                         "nobody@x.example", ""};
    int rc = 0;

    (void)arg;
    for (size_t i = 0; i < sizeof(emails) / sizeof(*emails) && rc == 0; i++)
        rc = store_release_maker_put(db, 1, 1, emails[i], err);
    return rc;
}

static void A2_makers_are_known_by_what_github_said_of_their_addresses(void **state)
{
    static const char *const logins[] = {"ken", "mori"};
    struct record_room *room = *state;
    struct change *changes;
    struct err err = ERR_INIT;
    bool more, found;
    size_t n;

    record_room_reads(
        room, "push",
        "{\"ref\":\"refs/heads/topic\",\"before\":\"" SHA "\",\"after\":\"" SHA
        "\",\"commits\":[{\"author\":{\"email\":\"Ken@x.example\",\"username\":\"Ken\"}},"
        "{\"author\":{\"email\":\"nobody@x.example\"}},{\"author\":{\"email\":\"a b\","
        "\"username\":\"ana\"}},1,{\"author\":null}]," SHOP ",\"sender\":" ANA "}");
    stop_room_release(&room->stop, "acme/shop", 0);
    api_room_write(&room->stop.api, add_makers, NULL);
    assert_int_equal(store_change_in_range(room->stop.flow.db, &room->arena, 1, 0, 1, 10, &changes,
                                           &n, &more, &err),
                     0);
    assert_int_equal(n, 1);
    assert_int_equal(changes[0].n_unknown, 2);
    for (size_t i = 0; i < 2; i++) {
        found = false;
        for (size_t k = 0; k < changes[0].n_makers; k++)
            found = found || strcmp(changes[0].makers[k].login, logins[i]) == 0;
        assert_true(found);
    }
}

static bool is_maker(const struct change *c, const char *login)
{
    for (size_t i = 0; i < c->n_makers; i++)
        if (strcmp(c->makers[i].login, login) == 0)
            return true;
    return false;
}

/* A tag or another branch that is put on a commit of the base branch is a push that ends there, too. */
static void A2_who_tags_a_commit_or_begins_a_branch_at_it_did_not_push_it(void **state)
{
    struct record_room *room = *state;
    struct release *releases;
    struct change *changes;
    struct err err = ERR_INIT;
    bool more;
    size_t n;

    stop_room_release(&room->stop, "acme/shop", 0);
    assert_int_equal(store_release_list(room->stop.flow.db, &room->arena, 1, 0, 1, &releases, &n,
                                        &err),
                     0);
    assert_int_equal(n, 1);
    record_room_reads(room, "push",
                      record_room_pushed(room, "refs/heads/main", SHA, releases[0].sha, LI));
    record_room_reads(room, "push",
                      record_room_pushed(room, "refs/tags/v1", NONE, releases[0].sha, ANA));
    record_room_reads(room, "push",
                      record_room_pushed(room, "refs/heads/topic", NONE, releases[0].sha, ANA));
    assert_int_equal(store_change_in_range(room->stop.flow.db, &room->arena, 1, 0, 1, 10, &changes,
                                           &n, &more, &err),
                     0);
    assert_int_equal(n, 1);
    assert_true(is_maker(&changes[0], "li"));
    assert_false(is_maker(&changes[0], "ana"));
}

#define IN_ROOM(name) cmocka_unit_test_setup_teardown(name, record_room_up, record_room_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(a_form_is_read_as_the_json_in_it),
        IN_ROOM(W4_a_pull_request_is_as_it_was_told_last),
        IN_ROOM(T22_a_push_to_its_head_makes_a_check_void),
        IN_ROOM(W4_the_branch_is_asked_when_something_says_that_it_moved),
        IN_ROOM(W4_a_merge_that_comes_late_sets_nothing_else_back),
        IN_ROOM(W4_a_merge_commit_that_is_told_late_is_taken_over),
        IN_ROOM(W4_a_review_of_what_was_merged_tells_the_merge),
        IN_ROOM(A2_makers_are_known_by_what_github_said_of_their_addresses),
        IN_ROOM(A2_who_tags_a_commit_or_begins_a_branch_at_it_did_not_push_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
