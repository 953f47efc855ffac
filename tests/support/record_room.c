#include "tests/support/record_room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/digest.h"
#include "lib/base/zip.h"
#include "lib/store/store_delivery.h"
#include "lib/store/store_pull_request.h"
#include "lib/store/store_repository.h"

int record_room_up(void **state)
{
    struct record_room *room = calloc(1, sizeof(*room));

    assert_non_null(room);
    stop_room_up(&room->stop);
    arena_init(&room->arena);
    *state = room;
    return 0;
}

int record_room_down(void **state)
{
    struct record_room *room = *state;

    stop_room_down(&room->stop);
    arena_deinit(&room->arena);
    free(room);
    return 0;
}

/* Deliveries ------------------------------------------------------------------------------------ */

struct delivering {
    struct delivery delivery;
    const char *body;
};

static int put(struct db *db, void *arg, struct err *err)
{
    struct delivering *d = arg;
    struct zip *zip = zip_new();
    size_t len, size = strlen(d->body);
    char *packed = zip_compress(zip, d->body, size, &len);
    bool known;
    int rc = store_delivery_put(db, &d->delivery, packed, len, size, &d->delivery.id, &known, err);

    free(packed);
    zip_free(zip);
    return rc;
}

int64_t record_room_put(struct record_room *room, const char *event, const char *body)
{
    struct delivering d = {.body = body};
    char mark[DIGEST_HEX_SIZE];

    snprintf(d.delivery.guid, sizeof(d.delivery.guid), "guid-%d", ++room->n);
    snprintf(d.delivery.event, sizeof(d.delivery.event), "%s", event);
    digest_sha256_hex(body, strlen(body), mark);
    snprintf(d.delivery.body_mark, sizeof(d.delivery.body_mark), "%.32s", mark);
    d.delivery.received_at = 1795500000000 + room->n;
    d.delivery.form = room->form;
    api_room_write(&room->stop.api, put, &d);
    return d.delivery.id;
}

struct delivery record_room_deliver(struct record_room *room, const char *event, const char *body)
{
    struct delivery d;
    struct err err = ERR_INIT;
    int64_t id = record_room_put(room, event, body);

    atomic_fetch_add(&room->stop.api.rung, 1);
    stop_room_look(&room->stop);
    assert_int_equal(store_delivery_by_id(room->stop.flow.db, &room->arena, id, &d, &err), 0);
    return d;
}

void record_room_reads(struct record_room *room, const char *event, const char *body)
{
    struct delivery d = record_room_deliver(room, event, body);

    if (d.state != DELIVERY_RECORDED)
        fail_msg("%s is %s: %s", event, delivery_states[d.state].text, d.note);
}

void record_room_ignores(struct record_room *room, const char *event, const char *body,
                         const char *because)
{
    struct delivery d = record_room_deliver(room, event, body);

    if (d.state != DELIVERY_IGNORED || d.note == NULL || strstr(d.note, because) == NULL)
        fail_msg("%s is %s: %s", event, delivery_states[d.state].text, d.note);
}

const char *record_room_pull(struct record_room *room, const char *action, int number,
                             const char *more, const char *updated_at)
{
    return arena_printf(
        &room->arena,
        "{\"action\":\"%s\",%s\"pull_request\":{\"id\":70,\"number\":%d,\"state\":\"open\","
        "\"title\":\"Sale\",\"merged\":false,\"created_at\":\"2026-11-24T01:00:00Z\","
        "\"updated_at\":\"%s\",\"user\":" ANA
        ",\"base\":{\"ref\":\"main\",\"repo\":{\"id\":" SHOP_ID
        "}},\"head\":{\"ref\":\"sale\",\"sha\":\"" SHA "\",\"repo\":{\"id\":" SHOP_ID "}}}," SHOP
        ",\"sender\":" ANA "}",
        action, more, number, updated_at);
}

size_t record_room_count(struct record_room *room, const char *table)
{
    static const struct statement counts[] = {
        {"timeline", "SELECT count(*) FROM pull_request_timeline"},
        {"comments", "SELECT count(*) FROM comments"},
        {"labels", "SELECT count(*) FROM pull_request_labels"},
        {"repositories", "SELECT count(*) FROM repositories"},
        {"pushes", "SELECT count(*) FROM pushes"},
    };
    struct db_rows *found;
    struct err err = ERR_INIT;
    size_t i = 0, n;

    while (strcmp(counts[i].name, table) != 0)
        assert_true(++i < sizeof(counts) / sizeof(*counts));
    assert_int_equal(db_query(room->stop.flow.db, &counts[i], &found, &err, ""), 0);
    assert_int_equal(db_next(found, &err), 1);
    n = (size_t)db_int(found, 0);
    db_end(found);
    return n;
}

const char *record_room_closed(struct record_room *room, const char *merged, const char *title,
                               const char *labels, const char *merged_at, const char *updated_at)
{
    return arena_printf(
        &room->arena,
        "{\"action\":\"closed\",\"review\":{\"id\":31,\"state\":\"approved\"},\"pull_request\":{\"id\":70,"
        "\"number\":7,\"state\":\"closed\",\"title\":\"%s\",%s%s%s\"merge_commit_sha\":\"" SHA
        "\",\"labels\":[%s],\"merged_at\":%s,\"created_at\":\"2026-11-24T01:00:00Z\",\"updated_at\":%s,"
        "\"base\":{\"ref\":\"main\"},\"head\":{\"ref\":\"sale\",\"sha\":\"" SHA "\"}}," SHOP "}",
        title, merged != NULL ? "\"merged\":" : "", merged != NULL ? merged : "",
        merged != NULL ? "," : "", labels, merged_at, updated_at);
}

struct pull_request record_room_pull_of(struct record_room *room, int64_t number)
{
    struct pull_request p = {0};
    struct err err = ERR_INIT;

    assert_int_equal(store_pull_request_by_number(room->stop.flow.db, &room->arena, 1, number, &p,
                                                  &err),
                     0);
    return p;
}

const char *record_room_pushed(struct record_room *room, const char *ref, const char *before,
                               const char *after, const char *sender)
{
    return arena_printf(&room->arena,
                        "{\"ref\":\"%s\",\"before\":\"%s\",\"after\":\"%s\",\"commits\":[]," SHOP
                        ",\"sender\":%s}",
                        ref, before, after, sender);
}

struct repository record_room_shop(struct record_room *room)
{
    struct repository r = {0};
    struct err err = ERR_INIT;

    assert_int_equal(store_repository_by_name(room->stop.flow.db, &room->arena, "acme/shop", &r,
                                              &err),
                     0);
    return r;
}
