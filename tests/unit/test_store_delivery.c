/* store_delivery: each GUID once, equal bodies known as repeats, and keys that grow with time. */
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
#include "lib/base/digest.h"
#include "lib/store/store.h"
#include "lib/store/store_delivery.h"

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
    snprintf(room->folder, sizeof(room->folder), "%s/slipway-delivery-XXXXXX",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(room->folder));
    assert_int_equal(store_open(room->folder, "test", 1000, &room->store, &err), 0);
    arena_init(&room->arena);
    *state = room;
    return 0;
}

static int down(void **state)
{
    struct room *room = *state;
    char line[128];

    db_close(room->store.db);
    close(room->store.lock);
    arena_deinit(&room->arena);
    snprintf(line, sizeof(line), "rm -rf '%s'", room->folder);
    free(room);
    return system(line) == 0 ? 0 : -1;
}

/* Its id; `*ret_known`: the GUID was there. */
static int64_t put(struct room *room, const char *guid, const char *event, const char *body,
                   bool *ret_known)
{
    struct delivery d = {.received_at = 2000};
    struct err err = ERR_INIT;
    char mark[DIGEST_HEX_SIZE];
    int64_t id = 0;

    snprintf(d.guid, sizeof(d.guid), "%s", guid);
    snprintf(d.event, sizeof(d.event), "%s", event);
    digest_sha256_hex(body, strlen(body), mark);
    snprintf(d.body_mark, sizeof(d.body_mark), "%.32s", mark);
    if (store_delivery_put(room->store.db, &d, body, strlen(body), strlen(body), &id, ret_known,
                           &err) < 0)
        fail_msg("%s", err.text);
    return id;
}

static int64_t repeat_of(struct room *room, int64_t id)
{
    struct delivery d = {.id = 0};
    struct err err = ERR_INIT;

    assert_int_equal(store_delivery_by_id(room->store.db, &room->arena, id, &d, &err), 0);
    return d.repeat_of;
}

#define V1 "72d3162e-cc78-11e3-81ab-4c9367dc0958"

static void W3_a_guid_is_taken_once_whatever_its_form(void **state)
{
    static const char *const guids[] = {
        V1,
        "72D3162E-CC78-11E3-81AB-4C9367DC0958", /* not GitHub's letters: another one */
        "72d3162e-cc78-41e3-81ab-4c9367dc0958", /* version 4 */
        "11e3cc7872d3162e-81ab-4c9367dc0958",   /* as the key of the first looks */
        "x",
        "1",
        "01",
    };
    struct room *room = *state;

    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < sizeof(guids) / sizeof(*guids); i++) {
            bool known;
            assert_int_equal(put(room, guids[i], "push", guids[i], &known), (int64_t)i + 1);
            assert_int_equal(known, round);
        }
}

static void W3_an_equal_body_of_the_same_event_is_a_repeat_of_the_first(void **state)
{
    struct room *room = *state;
    bool known;

    assert_int_equal(repeat_of(room, put(room, "a", "push", "body", &known)), 0);
    assert_int_equal(repeat_of(room, put(room, "b", "push", "body", &known)), 1);
    assert_int_equal(repeat_of(room, put(room, "c", "push", "body", &known)), 1);
    assert_int_equal(repeat_of(room, put(room, "d", "status", "body", &known)), 0);
    assert_int_equal(repeat_of(room, put(room, "e", "push", "other", &known)), 0);
}

static int64_t bodies(struct room *room)
{
    static const struct statement sum = {"sum", "SELECT sum(length(zstd)) FROM delivery_bodies"};
    struct db_rows *rows;
    int64_t n;

    assert_int_equal(db_query(room->store.db, &sum, &rows, NULL, ""), 0);
    assert_int_equal(db_next(rows, NULL), 1);
    n = db_int(rows, 0);
    db_end(rows);
    return n;
}

static void T05_a_body_that_comes_again_and_again_is_kept_once(void **state)
{
    struct room *room = *state;
    struct err err = ERR_INIT;
    char guid[16];
    bool known;

    for (int i = 0; i < 100; i++) {
        const void *zstd;
        size_t len, size;
        int64_t id;
        snprintf(guid, sizeof(guid), "g%d", i);
        id = put(room, guid, "push", "twelve bytes", &known);
        assert_int_equal(bodies(room), 12);
        assert_int_equal(store_delivery_body(room->store.db, &room->arena, id, &zstd, &len, &size,
                                             &err),
                         0);
        assert_memory_equal(zstd, "twelve bytes", 12);
    }
    /* Its time was over: the next one brings it again, for all of them. */
    assert_int_equal(db_exec(room->store.db, "DELETE FROM delivery_bodies", &err), 0);
    (void)put(room, "again", "push", "twelve bytes", &known);
    assert_int_equal(bodies(room), 12);
    assert_int_equal(db_exec(room->store.db, "UPDATE deliveries SET state = 'recorded'", &err), 0);
    assert_int_equal(store_delivery_replay(room->store.db, 7, &err), 0);
    assert_int_equal(store_delivery_replay(room->store.db, 7, &err), ERR_CONFLICT);
    assert_non_null(strstr(err.text, "waits to be read"));
    assert_int_equal(db_exec(room->store.db, "DELETE FROM delivery_bodies", &err), 0);
    assert_int_equal(store_delivery_replay(room->store.db, 8, &err), ERR_CONFLICT);
    assert_non_null(strstr(err.text, "no longer kept"));
}

/* The GUID stands in a header that nobody signed. */
static void T05_no_header_takes_the_place_of_what_we_look_up(void **state)
{
    struct delivery d = {.event = "pull_request",
                         .guid = "looked-up-1-12-7",
                         .origin = DELIVERY_LOOKED_UP,
                         .received_at = 2000};
    struct room *room = *state;
    struct delivery found;
    struct err err = ERR_INIT;
    int64_t planted, id;
    bool known, same;

    planted = put(room, d.guid, "push", "planted", &known);
    assert_int_equal(store_delivery_put(room->store.db, &d, "x", 1, 1, &id, &known, &err), 0);
    assert_false(known);
    assert_int_not_equal(id, planted);
    assert_int_equal(store_delivery_by_guid(room->store.db, &room->arena, d.guid, &found, &err), 0);
    assert_int_equal(found.id, id);
    assert_int_equal(store_delivery_says(room->store.db, id, &d, &same, &err), 0);
    assert_true(same);
    assert_int_equal(store_delivery_says(room->store.db, planted, &d, &same, &err), 0);
    assert_false(same);
}

/* Two bodies may begin alike in the index; the whole mark decides. */
static void two_marks_with_one_key_are_two_bodies(void **state)
{
    struct room *room = *state;
    struct delivery d = {.event = "push",
                         .received_at = 2000,
                         .guid = "a",
                         .body_at = 1795500000000};
    struct err err = ERR_INIT;
    int64_t id;
    bool known;

    memset(d.body_mark, 'f', 32);
    assert_int_equal(store_delivery_put(room->store.db, &d, "x", 1, 1, &id, &known, &err), 0);
    snprintf(d.guid, sizeof(d.guid), "b");
    d.body_mark[31] = '0';
    assert_int_equal(store_delivery_put(room->store.db, &d, "x", 1, 1, &id, &known, &err), 0);
    assert_int_equal(repeat_of(room, id), 0);
}

/* GitHub's GUIDs have their time in them, its lowest part first. 100,000 s a step, so that each part turns over. */
static void keys_of_githubs_guids_grow_with_their_time(void **state)
{
    static const struct statement sorted = {"sorted",
                                            "SELECT id FROM deliveries ORDER BY guid_key"};
    struct room *room = *state;
    uint64_t time = UINT64_C(0x1e35c2ae5a1c1d0);
    struct db_rows *rows;
    struct err err = ERR_INIT;
    int64_t last = 0;
    bool known;

    for (int i = 0; i < 400; i++) {
        char guid[64];
        time += UINT64_C(1000000000000) + (uint64_t)i * 7919;
        snprintf(guid, sizeof(guid), "%08x-%04x-1%03x-%04x-4c9367dc0958",
                 (unsigned)(time & 0xffffffff), (unsigned)(time >> 32 & 0xffff),
                 (unsigned)(time >> 48 & 0xfff), (unsigned)(i * 37 & 0xffff));
        (void)put(room, guid, "push", guid, &known);
    }
    assert_int_equal(db_query(room->store.db, &sorted, &rows, &err, ""), 0);
    while (db_next(rows, &err) > 0) {
        assert_int_equal(db_int(rows, 0), last + 1);
        last = db_int(rows, 0);
    }
    db_end(rows);
    assert_int_equal(last, 400);
}

/* What one delivery writes ---------------------------------------------------------------------------- */

#define GROUP 32
#define GROUPS 8
#define SECOND INT64_C(1795500000) /* of the first of them */

/* The n-th delivery, as GitHub's: a GUID of its time, and that time in its body, three a second. It is received, looked
 * at and recorded. */
static void live(struct room *room, int64_t n)
{
    struct delivery d = {.body_at = (SECOND + n / 3) * 1000, .received_at = SECOND * 1000 + n};
    uint64_t time = UINT64_C(0x1f1c2ae5a1c1d0) + (uint64_t)n * 3331000;
    struct err err = ERR_INIT;
    char body[200], mark[DIGEST_HEX_SIZE];
    int64_t id;
    bool known;

    memset(body, 'x', sizeof(body));
    snprintf(d.event, sizeof(d.event), "push");
    snprintf(d.guid, sizeof(d.guid), "%08x-%04x-1%03x-81ab-4c9367dc0958",
             (unsigned)(time & 0xffffffff), (unsigned)(time >> 32 & 0xffff),
             (unsigned)(time >> 48 & 0xfff));
    digest_sha256_hex(d.guid, strlen(d.guid), mark);
    snprintf(d.body_mark, sizeof(d.body_mark), "%.32s", mark);
    if (store_delivery_put(room->store.db, &d, body, sizeof(body), 400, &id, &known, &err) < 0 ||
        store_delivery_begin(room->store.db, id, &err) < 0 ||
        store_delivery_close(room->store.db, id, DELIVERY_RECORDED, "", "acme/shop", NULL, SECOND,
                             &err) < 0)
        fail_msg("%s", err.text);
    assert_false(known);
}

/* From the n-th on, `count` of them in one commit. */
static void live_together(struct room *room, int64_t n, int64_t count)
{
    struct err err = ERR_INIT;

    assert_int_equal(db_exec(room->store.db, "BEGIN IMMEDIATE", &err), 0);
    for (int64_t i = 0; i < count; i++)
        live(room, n + i);
    assert_int_equal(db_exec(room->store.db, "COMMIT", &err), 0);
}

/* Pages that go to the log for a hundred deliveries when so many are there. */
static int64_t pages_after(struct room *room, int64_t n_before)
{
    struct err err = ERR_INIT;
    struct db *db = room->store.db;

    live_together(room, 0, n_before);
    assert_int_equal(db_checkpoint(db, &err), 0);
    for (int i = 0; i < GROUPS; i++)
        live_together(room, n_before + (int64_t)i * GROUP, GROUP);
    return db_wal_bytes(db) / 4096 * 100 / (GROUPS * GROUP);
}

/* The indexes grow at their ends, those of GUIDs and of bodies. 1,000,000 with SLIPWAY_DEEP=1. */
static void what_a_delivery_writes_does_not_grow_with_history(void **state)
{
    const char *deep = getenv("SLIPWAY_DEEP");
    int64_t n = deep != NULL && strcmp(deep, "1") == 0 ? 1000000 : 10000;
    int64_t little = pages_after(*state, 1000), much;

    assert_int_equal(down(state), 0);
    assert_int_equal(up(state), 0);
    much = pages_after(*state, n);
    print_message("# pages for 100 deliveries: %lld after 1,000, %lld after %lld\n",
                  (long long)little, (long long)much, (long long)n);
    assert_true(much * 10 <= little * 12);
}

#define IN_ROOM(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(W3_a_guid_is_taken_once_whatever_its_form),
        IN_ROOM(W3_an_equal_body_of_the_same_event_is_a_repeat_of_the_first),
        IN_ROOM(T05_a_body_that_comes_again_and_again_is_kept_once),
        IN_ROOM(T05_no_header_takes_the_place_of_what_we_look_up),
        IN_ROOM(two_marks_with_one_key_are_two_bodies),
        IN_ROOM(keys_of_githubs_guids_grow_with_their_time),
        IN_ROOM(what_a_delivery_writes_does_not_grow_with_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
