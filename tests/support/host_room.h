/*
 * host_room: the agents' listener over a real socket, store and writer, and hosts that sign as slipway-agent does. The
 * clock runs, and can be moved: minutes pass at once. Polls are held for HOST_ROOM_HOLD_MS.
 *
 * One room per program; host_room_tests() makes the keys, which cost more than the tests.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_HOST_ROOM_H
#define SLIPWAY_TESTS_SUPPORT_HOST_ROOM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/model/command.h"
#include "lib/model/host.h"
#include "lib/ssm/message.h"
#include "tests/support/api_room.h"
#include "tests/support/door_asker.h"

#define HOST_ROOM_CODE "act_abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstu"
#define HOST_ROOM_ONE "5b2f6d0e-0000-4000-8000-000000000001"  /* activation for web-1 */
#define HOST_ROOM_MANY "5b2f6d0e-0000-4000-8000-000000000002" /* for batch1, batch2 */
#define HOST_ROOM_PRINT_1 "0b1c2d3e-0000-4000-8000-000000000001"
#define HOST_ROOM_PRINT_2 "0b1c2d3e-0000-4000-8000-000000000002"
#define HOST_ROOM_JOURNAL "0b1c2d3e-0000-4000-8000-00000000000a"
#define HOST_ROOM_OTHER_JOURNAL "0b1c2d3e-0000-4000-8000-00000000000b"
#define HOST_ROOM_BOOT "0b1c2d3e-0000-4000-8000-00000000000c"
#define HOST_ROOM_COMMAND "01930000-0000-7000-8000-000000000001"
#define HOST_ROOM_REPLY "0b1c2d3e-0000-4000-8000-0000000000d1"
#define HOST_ROOM_HOLD_MS 800

struct host_room {
    struct api_room api;
    struct arena arena; /* texts of answers */
    struct sign_rsa *key_1, *key_2;
    char *spki_1, *spki_2;
    struct clock clock;
    atomic_llong now_off;
};
extern struct host_room host_room;

/* A host that has registered and holds credentials. */
struct host_room_guest {
    const char *id;
    struct door_signer by_key;
    struct door_signer session;
};

/* Runs the tests, each with a room of its own. */
#define host_room_tests(tests) host_room_run(tests, sizeof(tests) / sizeof((tests)[0]))
int host_room_run(const struct CMUnitTest *tests, size_t n);
int host_room_set_up(void **state);
int host_room_tear_down(void **state);

time_ms host_room_now(struct clock *clock);
const char *host_room_address(void);
char *host_room_bytes(const char *target, const char *body, const struct door_signer *signer);
struct door_answer host_room_ask(const char *target, const char *body,
                                 const struct door_signer *signer);
struct raw_answer;
struct door_answer host_room_read(struct raw_answer *answer);
/* A member of the answer. */
const char *host_room_member(struct door_answer answer, const char *key);

struct door_answer host_room_register_as(const char *activation, const char *code,
                                         const char *fingerprint, const char *spki);
const char *host_room_registered(const char *activation, const char *fingerprint, const char *spki);
struct door_answer host_room_role_token(const struct door_signer *by_key, const char *fingerprint);
struct host_room_guest host_room_guest(const char *activation, const char *fingerprint,
                                       const struct sign_rsa *rsa, const char *spki);
struct host_room_guest host_room_web_1(void);
struct host host_room_host_of(const char *id);
/* Signs of life are written behind the answer: one more write of our own comes after them. */
void host_room_settle(void);

#define HOST_ROOM_PING(id)                                                                         \
    arena_printf(                                                                                  \
        &host_room.arena,                                                                          \
        "{\"AgentName\":\"slipway-agent\",\"AgentVersion\":\"0.1.0\",\"InstanceId\":\"%s\","       \
        "\"PlatformType\":\"Linux\"}",                                                             \
        id)

/* A command for one host, as a deployment's. */
struct host_room_command {
    const char *host_id;
    bool release;
};
int host_room_command(struct db *db, void *arg, struct err *err);
/* `arg`: the host's id. */
int host_room_release(struct db *db, void *arg, struct err *err);
void host_room_put(const struct host_room_guest *g, bool release);
struct invocation host_room_invocation_of(const char *host_id);
char *host_room_poll_bytes(const struct host_room_guest *g);
struct door_answer host_room_poll(const struct host_room_guest *g);
size_t host_room_messages_in(struct door_answer asked, struct message **ret_messages);

#endif
