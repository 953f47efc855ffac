/* api_delivery: what GitHub sent is listed, shown safely, and read again when a person says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/digest.h"
#include "lib/base/str.h"
#include "lib/base/zip.h"
#include "lib/store/store_delivery.h"
#include "lib/store/store_repository.h"
#include "lib/store/store_token.h"
#include "tests/support/stop_room.h"

#define LIST "/api/v1/deliveries"
#define SECRET_TOKEN "ghp_0123456789abcdefghijABCDEFGHIJ0123456789"
#define REPOSITORY "\"repository\":{\"id\":9,\"full_name\":\"acme/shop\"}"

struct room {
    struct stop_room stop;
    struct arena arena;
};

static int up(void **state)
{
    struct room *room = calloc(1, sizeof(*room));

    assert_non_null(room);
    stop_room_up(&room->stop);
    arena_init(&room->arena);
    *state = room;
    return 0;
}

static int down(void **state)
{
    struct room *room = *state;

    stop_room_down(&room->stop);
    arena_deinit(&room->arena);
    free(room);
    return 0;
}

struct delivering {
    const char *guid, *event, *body;
    int64_t id;
};

static int put(struct db *db, void *arg, struct err *err)
{
    struct delivering *d = arg;
    struct delivery row = {.received_at = 1795500000000};
    struct zip *zip = zip_new();
    char mark[DIGEST_HEX_SIZE];
    size_t len, size = strlen(d->body);
    char *packed = zip_compress(zip, d->body, size, &len);
    bool known;
    int rc;

    snprintf(row.guid, sizeof(row.guid), "%s", d->guid);
    snprintf(row.event, sizeof(row.event), "%s", d->event);
    digest_sha256_hex(d->body, size, mark);
    snprintf(row.body_mark, sizeof(row.body_mark), "%.32s", mark);
    rc = store_delivery_put(db, &row, packed, len, size, &d->id, &known, err);
    free(packed);
    zip_free(zip);
    return rc;
}

static int64_t deliver(struct room *room, const char *guid, const char *event, const char *body)
{
    struct delivering d = {guid, event, body, 0};

    api_room_write(&room->stop.api, put, &d);
    return d.id;
}

static int break_down(struct db *db, void *arg, struct err *err)
{
    int rc = 0;

    for (int i = 0; i < 3 && rc == 0; i++)
        rc = store_delivery_begin(db, *(int64_t *)arg, err);
    return rc;
}

/* The text `key` of a delivery, as the API tells it. */
static const char *told(struct room *room, const char *target, const char *key)
{
    struct stop_answer a = stop_room_ask(&room->stop, NULL, "GET", target, NULL);
    const char *text;

    assert_int_equal(a.status, 200);
    text = json_str(a.json, key);
    text = text != NULL ? arena_str(&room->arena, text) : NULL;
    stop_room_answered(&a);
    return text;
}

static size_t listed(struct room *room, const char *query)
{
    struct stop_answer a =
        stop_room_ask(&room->stop, NULL, "GET", arena_printf(&room->arena, LIST "%s", query), NULL);
    size_t n = json_count(json_array(a.json, "deliveries"));

    assert_int_equal(a.status, 200);
    stop_room_answered(&a);
    return n;
}

static bool is_wanted(struct room *room)
{
    struct err err = ERR_INIT;
    struct repository r;
    struct db *db;

    assert_int_equal(db_open_read(room->stop.api.store.path, &db, &err), 0);
    assert_int_equal(store_repository_by_name(db, &room->arena, "acme/shop", &r, &err), 0);
    db_close(db);
    return r.wanted_at != 0;
}

/* What it said is not known. A disk that fails ends the server three times, too, and then it was innocent. */
static void W7_W4_what_is_set_aside_was_a_hint_so_the_branches_are_asked(void **state)
{
    struct room *room = *state;
    int64_t id = deliver(room, "poison", "push", "{}");

    assert_false(is_wanted(room));
    api_room_write(&room->stop.api, break_down, &id);
    stop_room_look(&room->stop);
    assert_string_equal(told(room, LIST "/1", "state"), "quarantined");
    assert_true(is_wanted(room));
}

static void T11_W7_a_poison_row_is_set_aside_shown_and_read_again_by_a_person(void **state)
{
    struct room *room = *state;
    int64_t id = deliver(room, "poison", "star", "{\"action\":\"created\"," REPOSITORY "}");

    api_room_write(&room->stop.api, break_down, &id);
    stop_room_look(&room->stop);
    assert_string_equal(told(room, LIST "/1", "state"), "quarantined");
    assert_non_null(strstr(told(room, LIST "/poison", "note"), "three times"));
    assert_int_equal(listed(room, "?failed=1"), 1);
    assert_int_equal(stop_room_status(&room->stop, NULL, "POST", LIST "/1/replay?dry-run=1", "{}"),
                     202);
    assert_string_equal(told(room, LIST "/1", "state"), "quarantined");
    assert_int_equal(stop_room_status(&room->stop, NULL, "POST", LIST "/1/replay",
                                      "{\"reason\":\"fixed\"}"),
                     202);
    stop_room_look(&room->stop);
    assert_string_equal(told(room, LIST "/1", "state"), "ignored");
    assert_int_equal(listed(room, "?failed=1"), 0);
    assert_int_equal(stop_room_journal(&room->stop, "delivery.replay"), 1);
}

static void what_waits_already_is_not_read_twice_at_once(void **state)
{
    struct room *room = *state;

    deliver(room, "a", "star", "{}");
    assert_int_equal(stop_room_status(&room->stop, NULL, "POST", LIST "/a/replay", "{}"), 409);
    assert_int_equal(stop_room_status(&room->stop, NULL, "POST", LIST "/77/replay", "{}"), 404);
    assert_int_equal(stop_room_status(&room->stop, NULL, "GET", LIST "/nobody", NULL), 404);
}

static int forget_body(struct db *db, void *arg, struct err *err)
{
    (void)arg;
    return db_exec(db, "DELETE FROM delivery_bodies", err);
}

static void a_body_that_is_no_longer_kept_cannot_be_read_again_and_this_is_said(void **state)
{
    struct room *room = *state;
    struct stop_answer a;

    deliver(room, "old", "star", "{\"action\":\"created\"}");
    stop_room_look(&room->stop);
    api_room_write(&room->stop.api, forget_body, NULL);
    assert_null(told(room, LIST "/old?body=1", "body"));
    a = stop_room_ask(&room->stop, NULL, "POST", LIST "/old/replay", "{}");
    assert_int_equal(a.status, 409);
    assert_non_null(strstr(json_str(a.json, "detail"), "no longer kept"));
    stop_room_answered(&a);
    stop_room_look(&room->stop); /* and nothing breaks */
}

/* A replay of what was recorded changes nothing, and nothing appears twice. */
static void W3_what_was_recorded_is_the_same_after_it_was_read_again(void **state)
{
    struct room *room = *state;
    static const struct statement counts = {
        "counts", "SELECT (SELECT count(*) FROM pushes) * 100 + (SELECT count(*) FROM"
                  " pull_request_timeline) * 10 + (SELECT count(*) FROM comments)"};
    struct db_rows *rows;
    struct err err = ERR_INIT;

    deliver(room, "push", "push",
            "{\"ref\":\"refs/heads/main\",\"before\":\"4f2c9e1bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\","
            "\"after\":\"9b07d22aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"," REPOSITORY "}");
    stop_room_release(&room->stop, "acme/shop", 7);
    deliver(room, "said", "issue_comment",
            "{\"action\":\"created\",\"issue\":{\"number\":7,\"pull_request\":{}},\"comment\":{"
            "\"id\":80,\"body\":\"hello\",\"created_at\":\"2026-11-24T02:00:00Z\","
            "\"updated_at\":\"2026-11-24T02:00:00Z\"}," REPOSITORY "}");
    for (int round = 0; round < 2; round++) {
        stop_room_look(&room->stop);
        assert_string_equal(told(room, LIST "/push", "state"), "recorded");
        assert_int_equal(db_query(room->stop.flow.db, &counts, &rows, &err, ""), 0);
        assert_int_equal(db_next(rows, &err), 1);
        assert_int_equal(db_int(rows, 0), 111);
        db_end(rows);
        assert_int_equal(stop_room_status(&room->stop, NULL, "POST", LIST "/push/replay", "{}"),
                         202);
        assert_int_equal(stop_room_status(&room->stop, NULL, "POST", LIST "/said/replay", "{}"),
                         202);
    }
}

static void T40_a_body_is_shown_to_who_may_operate_and_without_tokens(void **state)
{
    struct room *room = *state;
    const char *body;

    deliver(room, "b", "star", "{\"said\":\"" SECRET_TOKEN " and ghp_short\"}");
    body = told(room, LIST "/b?body=1", "body");
    assert_null(strstr(body, "0123456789abcdefghij"));
    assert_non_null(strstr(body, "ghp_****"));
    assert_non_null(strstr(body, "ghp_short"));
    assert_null(told(room, LIST "/b", "body"));
    /* `view: anyone` sees what became of it, and no body. */
    assert_int_equal(stop_room_status(&room->stop, "", "GET", LIST "/b", NULL), 200);
    assert_int_equal(stop_room_status(&room->stop, "", "GET", LIST "/b?body=1", NULL), 403);
    assert_true(stop_room_status(&room->stop, "", "POST", LIST "/b/replay", "{}") >= 401);
}

/* Whoever has the delivery from GitHub's own list can compare. */
static void what_came_is_shown_with_its_digest_before_anything_is_hidden(void **state)
{
    static const char came[] = "{\"said\":\"" SECRET_TOKEN "\"}";
    struct room *room = *state;
    char digest[DIGEST_HEX_SIZE];

    deliver(room, "b", "star", came);
    digest_sha256_hex(came, strlen(came), digest);
    assert_string_equal(told(room, LIST "/b?body=1", "body_digest"), digest);
    assert_null(told(room, LIST "/b", "body_digest"));
    api_room_write(&room->stop.api, forget_body, NULL);
    assert_null(told(room, LIST "/b?body=1", "body_digest"));
}

/* What is shown ends after 256 KiB, and a token that begins before the end is one. */
static void T40_a_token_at_the_end_of_what_is_shown_is_hidden(void **state)
{
    struct room *room = *state;
    size_t shown = (size_t)256 << 10, before = shown - 30 - strlen("{\"said\":\"");
    char *padding = arena_alloc(&room->arena, before + 1);
    const char *body;

    memset(padding, ' ', before);
    padding[before] = '\0';
    deliver(room, "long", "star",
            arena_printf(&room->arena, "{\"said\":\"%s" SECRET_TOKEN "\"}", padding));
    body = told(room, LIST "/long?body=1", "body");
    assert_int_equal(strlen(body), shown);
    assert_non_null(strstr(body, "ghp_***"));
    assert_null(strstr(body, "0123456789"));
}

/* Of one person's for some repositories: GitHub calls it otherwise. */
static void T40_a_fine_grained_token_is_hidden_too(void **state)
{
    struct room *room = *state;
    const char *body;

    deliver(room, "pat", "star",
            "{\"said\":\"github_pat_11ABCDEFG0abcdefghijkl_0123456789abcdefghijABCDEFGHIJ and "
            "github_pat_short\"}");
    body = told(room, LIST "/pat?body=1", "body");
    assert_non_null(strstr(body, "github_pat_****"));
    assert_null(strstr(body, "ABCDEFG"));
    assert_non_null(strstr(body, "**** and github_pat_short"));
}

static void the_list_pages_from_the_newest_back(void **state)
{
    struct room *room = *state;
    struct stop_answer a;
    int64_t next = 0;

    for (int i = 0; i < 5; i++)
        deliver(room, arena_printf(&room->arena, "g%d", i), "star",
                arena_printf(&room->arena, "{\"i\":%d}", i));
    a = stop_room_ask(&room->stop, NULL, "GET", LIST "?limit=2", NULL);
    assert_string_equal(json_str(json_first(json_array(a.json, "deliveries")), "guid"), "g4");
    assert_true(json_int(a.json, "next", &next));
    assert_int_equal(next, 4);
    stop_room_answered(&a);
    assert_int_equal(listed(room, "?limit=2&before=2"), 1);
    assert_int_equal(stop_room_status(&room->stop, NULL, "GET", LIST "?limit=0", NULL), 422);
}

#define IN_ROOM(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(W7_W4_what_is_set_aside_was_a_hint_so_the_branches_are_asked),
        IN_ROOM(T11_W7_a_poison_row_is_set_aside_shown_and_read_again_by_a_person),
        IN_ROOM(what_waits_already_is_not_read_twice_at_once),
        IN_ROOM(a_body_that_is_no_longer_kept_cannot_be_read_again_and_this_is_said),
        IN_ROOM(W3_what_was_recorded_is_the_same_after_it_was_read_again),
        IN_ROOM(T40_a_token_at_the_end_of_what_is_shown_is_hidden),
        IN_ROOM(T40_a_fine_grained_token_is_hidden_too),
        IN_ROOM(T40_a_body_is_shown_to_who_may_operate_and_without_tokens),
        IN_ROOM(what_came_is_shown_with_its_digest_before_anything_is_hidden),
        IN_ROOM(the_list_pages_from_the_newest_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
