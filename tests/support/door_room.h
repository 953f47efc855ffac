/*
 * door_room: the door with everything behind it but hosts: HTTP, store, writer and a flow that looks when the
 * test says so, under a clock that stands still until it is moved. With it a caller (an access key) and guests
 * (hosts that speak as Amazon's agent does on its poll channel, and say what the test tells them to).
 *
 * One room per program.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_DOOR_ROOM_H
#define SLIPWAY_TESTS_SUPPORT_DOOR_ROOM_H

#include <stdatomic.h>

#include "lib/base/clock.h"
#include "lib/model/access_key.h"
#include "server/flow/flow.h"
#include "tests/support/api_room.h"
#include "tests/support/door_asker.h"

#define DOOR_ROOM_GUESTS 16

/* A host that has registered and holds credentials. */
struct door_guest {
    const char *id;
    const char *name;
    const char *fingerprint;
    struct door_signer session;
};

struct door_room {
    struct api_room api;
    struct arena arena; /* texts of answers */
    struct flow flow;
    struct sign_rsa *rsa;
    char *spki;
    struct {
        struct clock clock;
        atomic_llong now;
    } moved;
    time_ms next; /* when the flow wants to look again */
    struct door_guest guests[DOOR_ROOM_GUESTS];
    size_t n_guests;
};
extern struct door_room door_room;

/* Polls are not held. `config` NULL = two environments, stage (stage-1) and production (web-1, web-2). */
void door_room_up(const char *config);
void door_room_down(void);
/* The flow looks until nothing moves. */
void door_room_look(void);
/* Time passes, and the flow looks whenever it wanted to. */
void door_room_pass(int64_t ms);
time_ms door_room_now(void);

/* Close the door and the store, open both again: what was not stored is forgotten. */
void door_room_restart(void);

/* A key with these rights; id and times are filled in. */
struct door_signer door_room_key(struct access_key key);
/* A key that may do everything. */
struct door_signer door_room_any_key(void);

struct door_answer door_room_ask(const char *target, const char *body,
                                 const struct door_signer *signer);
/* "AmazonSSM." in front; printf for the body, in which ' stands for ". */
struct door_answer door_room_call(const struct door_signer *signer, const char *operation,
                                  const char *body, ...) __attribute__((format(printf, 3, 4)));
const char *door_room_text(struct door_answer answer, const char *path);

/* Guests ------------------------------------------------------------------------------------------ */

/* Registers under that name with these tags ("Role=web,Tier=1"), pings, and is online. */
struct door_guest *door_room_guest(const char *name, const char *tags);
/* "EC2WindowsMessageDeliveryService." in front. */
struct door_answer door_room_say(const struct door_guest *guest, const char *operation,
                                 const char *body, ...) __attribute__((format(printf, 3, 4)));
/* New credentials: those of an hour ago have expired. */
void door_room_renew(struct door_guest *guest);
/* It pings: it is online again. */
void door_room_seen(const struct door_guest *guest);
/* Poll once, after a look. */
struct door_answer door_room_poll(const struct door_guest *guest);
void door_room_acknowledge(const struct door_guest *guest, const char *message_id);
/* A reply whose payload has ' for ", under a new id. */
void door_room_reply(const struct door_guest *guest, const char *message_id, const char *payload);
/* The same under this id; the answer is the door's. */
struct door_answer door_room_reply_as(const struct door_guest *guest, const char *message_id,
                                      const char *reply_id, const char *payload);

#endif
