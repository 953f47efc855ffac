/*
 * record_room: a stop_room whose deliveries are put into the store as they come, and read by the flow. The bodies are of
 * GitHub's form, with what the rules need and no more; acme/shop has the id 9.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_RECORD_ROOM_H
#define SLIPWAY_TESTS_SUPPORT_RECORD_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/model/delivery.h"
#include "lib/model/pull_request.h"
#include "lib/model/repository.h"
#include "tests/support/stop_room.h"

#define SHA "4f2c9e1bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define NEXT "9b07d22aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define NONE "0000000000000000000000000000000000000000"
#define SHOP_ID "9"
#define SHOP "\"repository\":{\"id\":" SHOP_ID ",\"full_name\":\"acme/shop\"}"
#define ANA "{\"id\":5,\"login\":\"ana\",\"type\":\"User\"}"
#define LI "{\"id\":6,\"login\":\"li\",\"type\":\"User\"}"
#define AT(time) "\"2026-11-24T0" time "Z\""

struct record_room {
    struct stop_room stop;
    struct arena arena;
    int n;
    bool form; /* the next delivery is one */
};

/* For cmocka: `*state` is the room. */
int record_room_up(void **state);
int record_room_down(void **state);

/* One more delivery, of which nobody rings; its id. */
int64_t record_room_put(struct record_room *room, const char *event, const char *body);
/* One more, read; the state and note that it ended with. */
struct delivery record_room_deliver(struct record_room *room, const char *event, const char *body);
/* The same, and it must end so. */
void record_room_reads(struct record_room *room, const char *event, const char *body);
void record_room_ignores(struct record_room *room, const char *event, const char *body,
                         const char *because);

/* The body of an open pull request's event; `more` are further members, each with a comma. */
const char *record_room_pull(struct record_room *room, const char *action, int number,
                             const char *more, const char *updated_at);
/* A closed one, #7, as an event tells it; `merged` NULL: as a review does, whose payload has none. */
const char *record_room_closed(struct record_room *room, const char *merged, const char *title,
                               const char *labels, const char *merged_at, const char *updated_at);
const char *record_room_pushed(struct record_room *room, const char *ref, const char *before,
                               const char *after, const char *sender);

struct pull_request record_room_pull_of(struct record_room *room, int64_t number);
struct repository record_room_shop(struct record_room *room);
/* How many rows of timeline, comments, labels, repositories or pushes there are. */
size_t record_room_count(struct record_room *room, const char *table);

#endif
