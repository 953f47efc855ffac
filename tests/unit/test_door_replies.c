/*
 * door: replies and output of hosts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/ssm/message_output.h"
#include "lib/store/store_command.h"
#include "lib/store/store_reply.h"
#include "tests/support/host_room.h"
#include "tests/support/raw_http.h"

/* Replies ------------------------------------------------------------------------------------- */

static size_t replies(struct reply_row **ret_rows)
{
    struct err err = ERR_INIT;
    struct db *db;
    size_t n;

    assert_int_equal(db_pool_take(host_room.api.readers, &db, &err), 0);
    assert_int_equal(store_reply_open(db, &host_room.arena, 100, ret_rows, &n, &err), 0);
    db_pool_give(host_room.api.readers, db);
    return n;
}

static const char *reply_body(const char *host_id, const char *reply_id)
{
    return arena_printf(&host_room.arena,
                        "{\"MessageId\":\"aws.ssm." HOST_ROOM_COMMAND ".%s\",\"ReplyId\":\"%s\","
                        "\"Payload\":\"{\\\"documentStatus\\\":\\\"InProgress\\\"}\"}",
                        host_id, reply_id);
}

static void reply_is_stored_once_whatever_the_repeats(void **state)
{
    struct host_room_guest g = host_room_web_1();
    struct host_room_command sending = {.host_id = g.id, .release = true};
    const char *target = "EC2WindowsMessageDeliveryService.SendReply";
    struct reply_row *rows;
    unsigned rung;

    (void)state;
    api_room_write(&host_room.api, host_room_command, &sending);
    rung = atomic_load(&host_room.api.rung);
    door_asker_must_be(host_room_ask(target, reply_body(g.id, HOST_ROOM_REPLY), &g.session), "");
    door_asker_must_be(host_room_ask(target, reply_body(g.id, HOST_ROOM_REPLY), &g.session), "");
    assert_int_equal(replies(&rows), 1);
    assert_string_equal(rows[0].host_id, g.id);
    assert_string_equal(rows[0].payload, "{\"documentStatus\":\"InProgress\"}");
    assert_true(atomic_load(&host_room.api.rung) > rung);
    assert_true(host_room_invocation_of(g.id).heard_at != 0);
    door_asker_must_be(host_room_ask(target, reply_body(g.id, HOST_ROOM_PRINT_1), &g.session), "");
    assert_int_equal(replies(&rows), 2);
}

static void T36_nobody_speaks_for_another_host(void **state)
{
    struct host_room_guest g = host_room_web_1();
    struct host_room_guest other =
        host_room_guest(HOST_ROOM_MANY, HOST_ROOM_PRINT_2, host_room.key_2, host_room.spki_2);
    struct host_room_command sending = {.host_id = g.id, .release = true};
    struct output_chunk chunk = {.step = "web", .text = "x", .len = 1};
    struct err err = ERR_INIT;
    struct reply_row *rows;
    const char *body;

    (void)state;
    api_room_write(&host_room.api, host_room_command, &sending);
    door_asker_must_be(host_room_ask("EC2WindowsMessageDeliveryService.SendReply",
                                     reply_body(g.id, HOST_ROOM_REPLY), &other.session),
                       "InvalidMessageIdException");
    /* Its own name, but not its command. */
    door_asker_must_be(host_room_ask("EC2WindowsMessageDeliveryService.SendReply",
                                     reply_body(other.id, HOST_ROOM_REPLY), &other.session),
                       "InvalidMessageIdException");
    door_asker_must_be(
        host_room_ask("EC2WindowsMessageDeliveryService.AcknowledgeMessage",
                      arena_printf(&host_room.arena,
                                   "{\"MessageId\":\"aws.ssm." HOST_ROOM_COMMAND ".%s\"}", g.id),
                      &other.session),
        "InvalidMessageIdException");
    door_asker_must_be(host_room_ask("EC2WindowsMessageDeliveryService.FailMessage",
                                     arena_printf(&host_room.arena,
                                                  "{\"MessageId\":\"aws.ssm." HOST_ROOM_COMMAND
                                                  ".%s\",\"FailureType\":\"NoHandlerExists\"}",
                                                  g.id),
                                     &other.session),
                       "InvalidMessageIdException");
    assert_int_equal(message_output_make(&host_room.arena, HOST_ROOM_COMMAND, &chunk, 1, &body,
                                         &err),
                     0);
    door_asker_must_be(host_room_ask("Slipway.PutOutput", body, &other.session),
                       "InvalidCommandId");
    assert_int_equal(replies(&rows), 0);
    assert_int_equal(host_room_invocation_of(g.id).acknowledged_at, 0);
    /* An id that another host made hides nothing: ids are kept per host. */
    door_asker_must_be(host_room_ask("EC2WindowsMessageDeliveryService.SendReply",
                                     reply_body(g.id, HOST_ROOM_REPLY), &g.session),
                       "");
    assert_int_equal(replies(&rows), 1);
}

static void odd_replies_are_refused_at_the_door(void **state)
{
    struct host_room_guest g = host_room_web_1();
    struct host_room_command sending = {.host_id = g.id, .release = true};
    char *big = arena_alloc(&host_room.arena, 210 * 1024);

    (void)state;
    api_room_write(&host_room.api, host_room_command, &sending);
    door_asker_must_be(host_room_ask("EC2WindowsMessageDeliveryService.SendReply", "{}",
                                     &g.session),
                       "InvalidMessageIdException");
    door_asker_must_be(host_room_ask("EC2WindowsMessageDeliveryService.SendReply",
                                     reply_body(g.id, "a b"), &g.session),
                       "ValidationException");
    door_asker_must_be(host_room_ask("EC2WindowsMessageDeliveryService.SendReply",
                                     arena_printf(&host_room.arena,
                                                  "{\"MessageId\":\"aws.ssm." HOST_ROOM_COMMAND
                                                  ".%s\",\"ReplyId\":\"x\"}",
                                                  g.id),
                                     &g.session),
                       "ValidationException");
    memset(big, 'x', 205 * 1024);
    door_asker_must_be(host_room_ask("EC2WindowsMessageDeliveryService.SendReply",
                                     arena_printf(&host_room.arena,
                                                  "{\"MessageId\":\"aws.ssm." HOST_ROOM_COMMAND
                                                  ".%s\",\"ReplyId\":\"x\",\"Payload\":\"%s\"}",
                                                  g.id, big),
                                     &g.session),
                       "ValidationException");
    door_asker_must_be(host_room_ask("EC2WindowsMessageDeliveryService.SendReply",
                                     "{\"a\":1,\"a\":2}", &g.session),
                       "SerializationException");
}

static void agent_that_refuses_a_message_is_a_failed_reply(void **state)
{
    struct host_room_guest g = host_room_web_1();
    struct host_room_command sending = {.host_id = g.id, .release = true};
    const char *body = arena_printf(&host_room.arena,
                                    "{\"MessageId\":\"aws.ssm." HOST_ROOM_COMMAND
                                    ".%s\",\"FailureType\":\"NoHandlerExists\"}",
                                    g.id);
    struct reply_row *rows;

    (void)state;
    api_room_write(&host_room.api, host_room_command, &sending);
    door_asker_must_be(host_room_ask("EC2WindowsMessageDeliveryService.FailMessage", body,
                                     &g.session),
                       "");
    door_asker_must_be(host_room_ask("EC2WindowsMessageDeliveryService.FailMessage", body,
                                     &g.session),
                       "");
    assert_int_equal(replies(&rows), 1);
    assert_non_null(strstr(rows[0].payload, "NoHandlerExists"));
}

static void output_is_kept_once_and_a_heartbeat_is_heard(void **state)
{
    struct host_room_guest g = host_room_web_1();
    struct host_room_command sending = {.host_id = g.id, .release = true};
    const struct output_chunk chunks[] = {
        {.number = 0, .step = "web", .at = 5, .text = "one\n", .len = 4},
        {.number = 1, .step = "web", .error_stream = true, .at = 6, .text = "t\xff", .len = 2}};
    struct output_chunk *kept;
    struct err err = ERR_INIT;
    const char *body, *beat;
    struct db *db;
    size_t n;

    (void)state;
    api_room_write(&host_room.api, host_room_command, &sending);
    assert_int_equal(message_output_make(&host_room.arena, HOST_ROOM_COMMAND, chunks, 2, &body,
                                         &err),
                     0);
    assert_int_equal(message_output_make(&host_room.arena, HOST_ROOM_COMMAND, NULL, 0, &beat, &err),
                     0);
    door_asker_must_be(host_room_ask("Slipway.PutOutput", beat, &g.session), "");
    assert_true(host_room_invocation_of(g.id).heard_at != 0);
    door_asker_must_be(host_room_ask("Slipway.PutOutput", body, &g.session), "");
    door_asker_must_be(host_room_ask("Slipway.PutOutput", body, &g.session), "");
    door_asker_must_be(host_room_ask("Slipway.PutOutput", "{}", &g.session), "ValidationException");
    assert_int_equal(db_pool_take(host_room.api.readers, &db, &err), 0);
    assert_int_equal(store_command_chunks(db, &host_room.arena, HOST_ROOM_COMMAND, g.id, -1, 10,
                                          &kept, &n, &err),
                     0);
    db_pool_give(host_room.api.readers, db);
    assert_int_equal(n, 2);
    assert_memory_equal(kept[1].text, "t\xff", 2);
    assert_true(kept[1].error_stream);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, host_room_set_up, host_room_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reply_is_stored_once_whatever_the_repeats),
        TEST(T36_nobody_speaks_for_another_host),
        TEST(odd_replies_are_refused_at_the_door),
        TEST(agent_that_refuses_a_message_is_a_failed_reply),
        TEST(output_is_kept_once_and_a_heartbeat_is_heard),
    };

    return host_room_tests(tests);
}
