/*
 * door: what a poll is handed, and when.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/ssm/envelope.h"
#include "lib/ssm/message.h"
#include "lib/ssm/message_form.h"
#include "lib/store/store_offer.h"
#include "server/api/door.h"
#include "server/api/door_form.h"
#include "tests/support/host_room.h"
#include "tests/support/raw_http.h"

static void released_command_is_handed_out_with_envelope_and_document(void **state)
{
    struct host_room_guest g = host_room_web_1();
    struct host_room_command sending = {.host_id = g.id, .release = true};
    struct message_command command;
    struct err err = ERR_INIT;
    struct message *messages;

    (void)state;
    api_room_write(&host_room.api, host_room_command, &sending);
    assert_int_equal(host_room_messages_in(host_room_poll(&g), &messages), 1);
    assert_string_equal(messages[0].topic, "aws.ssm.sendCommand");
    assert_string_equal(messages[0].id,
                        arena_printf(&host_room.arena, "aws.ssm." HOST_ROOM_COMMAND ".%s", g.id));
    assert_int_equal(message_command_parse(&host_room.arena, messages[0].payload,
                                           strlen(messages[0].payload), &command, &err),
                     0);
    assert_string_equal(command.envelope, "{\"signed\":\"bytes\"}");
    assert_string_equal(command.document, "{}");
    /* Stored before it left. */
    assert_true(host_room_invocation_of(g.id).offered_at != 0);
}

static void command_that_is_not_released_waits_and_the_poll_ends_empty(void **state)
{
    struct host_room_guest g = host_room_web_1();
    struct host_room_command sending = {.host_id = g.id, .release = false};
    mono_ms began = clock_mono(clock_system());
    struct message *messages;

    (void)state;
    api_room_write(&host_room.api, host_room_command, &sending);
    assert_int_equal(host_room_messages_in(host_room_poll(&g), &messages), 0);
    assert_true(clock_mono(clock_system()) - began >= HOST_ROOM_HOLD_MS);
    assert_int_equal(host_room_invocation_of(g.id).offered_at, 0);
}

static void bell_wakes_a_poll_at_once(void **state)
{
    struct host_room_guest g = host_room_web_1();
    struct host_room_command sending = {.host_id = g.id, .release = false};
    struct message *messages;
    char *bytes = host_room_poll_bytes(&g);
    int fd = raw_http_open(host_room_address());
    mono_ms began;

    (void)state;
    api_room_write(&host_room.api, host_room_command, &sending);
    raw_http_send(fd, bytes, strlen(bytes));
    usleep(300 * 1000);
    began = clock_mono(clock_system());
    door_ring(host_room.api.api.door, "mi-00000000000000000"); /* another host's */
    api_room_write(&host_room.api, host_room_release, (void *)(uintptr_t)g.id);
    door_ring(host_room.api.api.door, g.id);
    assert_int_equal(host_room_messages_in(host_room_read(raw_http_read(fd, 10)), &messages), 1);
    assert_true(clock_mono(clock_system()) - began < HOST_ROOM_HOLD_MS / 2);
    close(fd);
}

static int offer_command(struct db *db, void *arg, struct err *err)
{
    time_ms now = host_room_now(NULL);
    int rc = host_room_release(db, arg, err);

    return rc < 0 ? rc
                  : store_offer_made(db, HOST_ROOM_COMMAND, arg, now, now + COMMAND_VISIBILITY_MS,
                                     err);
}

static bool waits(const struct host_room_guest *g)
{
    for (int i = 0; i < 100 && !door_waits(host_room.api.api.door, g->id); i++)
        usleep(10 * 1000);
    return door_waits(host_room.api.api.door, g->id);
}

static bool hand_it_to(const struct host_room_guest *g)
{
    struct err err = ERR_INIT;
    struct offer offer;
    struct db *db;

    assert_int_equal(db_pool_take(host_room.api.readers, &db, &err), 0);
    assert_int_equal(store_offer_find(db, &host_room.arena, HOST_ROOM_COMMAND, g->id, &offer, &err),
                     0);
    db_pool_give(host_room.api.readers, db);
    return door_hand(host_room.api.api.door, &offer);
}

/* Its offer is committed before: the door has nothing to ask of the writer, nor of the store. */
static void S10_a_command_is_handed_to_the_poll_that_waits(void **state)
{
    struct host_room_guest g = host_room_web_1();
    struct host_room_command sending = {.host_id = g.id, .release = false};
    char *bytes = host_room_poll_bytes(&g);
    int fd = raw_http_open(host_room_address());
    struct message *messages;

    (void)state;
    api_room_write(&host_room.api, host_room_command, &sending);
    assert_false(door_waits(host_room.api.api.door, g.id));
    assert_false(hand_it_to(&g));
    raw_http_send(fd, bytes, strlen(bytes));
    assert_true(waits(&g));
    api_room_write(&host_room.api, offer_command, (void *)(uintptr_t)g.id);
    assert_true(hand_it_to(&g));
    assert_int_equal(host_room_messages_in(host_room_read(raw_http_read(fd, 5)), &messages), 1);
    assert_string_equal(messages[0].id,
                        arena_printf(&host_room.arena, "aws.ssm." HOST_ROOM_COMMAND ".%s", g.id));
    close(fd);
    assert_int_equal(host_room_messages_in(host_room_poll(&g), &messages),
                     0); /* not acknowledged yet, and not again */
}

static const char *told(struct door_form_keep *forms, const struct message_command *c)
{
    struct door_form *form = door_form_of(forms, c);
    struct message_form_filled filled;
    struct err err = ERR_INIT;

    assert_int_equal(message_form_fill(&host_room.arena, door_form_text(form), c, &filled, &err),
                     0);
    door_form_let_go(form);
    return filled.payload;
}

/* The last form is kept: whatever differs makes another one, and each command is told as it is. */
static void S12_a_kept_form_is_of_one_document_with_its_parameters_and_patterns(void **state)
{
    const struct message_command cases[] = {
        {.document_name = "a", .document = "{}"},
        {.document_name = "b", .document = "{}"},
        {.document_name = "b", .document = "{\"x\":1}"},
        {.document_name = "b", .document = "{\"x\":1}", .parameters = "{\"p\":\"q\"}"},
        {.document_name = "b", .document = "{\"x\":1}", .redact = "secret"},
        {.document_name = "b", .document = "{\"x\":1}", .redact = "other"},
        {.document_name = "b", .document = "{\"x\":1}"},
    };
    struct door_form_keep *forms = door_form_keep_new();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct message_command c = cases[i];
        struct err err = ERR_INIT;
        const char *alone;

        c.command_id = HOST_ROOM_COMMAND;
        c.envelope = "{}";
        c.signature = "s";
        assert_int_equal(message_command_make(&host_room.arena, &c, &alone, &err), 0);
        assert_string_equal(told(forms, &c), alone);
        assert_string_equal(told(forms, &c), alone); /* the one that is kept */
    }
    door_form_keep_free(forms);
}

/* It asks only whether one is to end. */
static void a_poll_without_room_is_handed_nothing(void **state)
{
    struct host_room_guest g = host_room_web_1();
    char *bytes = host_room_bytes(
        "EC2WindowsMessageDeliveryService.GetMessages",
        arena_printf(&host_room.arena,
                     "{\"Destination\":\"%s\",\"MessagesRequestId\":\"" HOST_ROOM_REPLY
                     "\",\"SlipwayRoom\":0}",
                     g.id),
        &g.session);
    int fd = raw_http_open(host_room_address());
    struct message *messages;

    (void)state;
    raw_http_send(fd, bytes, strlen(bytes));
    usleep(100 * 1000);
    assert_false(door_waits(host_room.api.api.door, g.id));
    assert_int_equal(host_room_messages_in(host_room_read(raw_http_read(fd, 5)), &messages), 0);
    close(fd);
}

/* Who polls cannot be verified while the store cannot be opened. An error would count with the agent. */
static void S10_a_poll_is_no_error_while_its_caller_cannot_be_known(void **state)
{
    struct host_room_guest g = host_room_web_1();
    struct host_room_command sending = {.host_id = g.id, .release = true};
    struct db *taken[32];
    const char *away = arena_printf(&host_room.arena, "%s.away", host_room.api.store.path);
    struct err err = ERR_INIT;
    struct message *messages;
    struct door_answer refused;
    char *bytes;
    int fd;

    (void)state;
    api_room_write(&host_room.api, host_room_command, &sending);
    bytes = host_room_poll_bytes(&g);
    for (int i = 0; i < 32; i++)
        assert_int_equal(db_pool_take(host_room.api.readers, &taken[i], &err), 0);
    assert_int_equal(rename(host_room.api.store.path, away), 0);
    fd = raw_http_open(host_room_address());
    raw_http_send(fd, bytes, strlen(bytes));
    refused = host_room_ask("AmazonSSM.UpdateInstanceInformation", "{}", &g.session);
    usleep(100 * 1000);
    assert_int_equal(rename(away, host_room.api.store.path), 0);
    for (int i = 0; i < 32; i++)
        db_pool_give(host_room.api.readers, taken[i]);
    door_asker_must_be(refused, "InternalServerError"); /* so it was for the poll, too */
    assert_int_equal(host_room_messages_in(host_room_read(raw_http_read(fd, 5)), &messages), 1);
    close(fd);
}

static void command_is_handed_out_again_until_it_is_acknowledged(void **state)
{
    struct host_room_guest g = host_room_web_1();
    struct host_room_command sending = {.host_id = g.id, .release = true};
    const char *acknowledge =
        arena_printf(&host_room.arena, "{\"MessageId\":\"aws.ssm." HOST_ROOM_COMMAND ".%s\"}",
                     g.id);
    struct message *messages;

    (void)state;
    api_room_write(&host_room.api, host_room_command, &sending);
    assert_int_equal(host_room_messages_in(host_room_poll(&g), &messages), 1);
    assert_int_equal(host_room_messages_in(host_room_poll(&g), &messages), 0);
    atomic_store(&host_room.now_off, 10001);
    assert_int_equal(host_room_messages_in(host_room_poll(&g), &messages), 1);
    door_asker_must_be(host_room_ask("EC2WindowsMessageDeliveryService.AcknowledgeMessage",
                                     acknowledge, &g.session),
                       "");
    door_asker_must_be(host_room_ask("EC2WindowsMessageDeliveryService.AcknowledgeMessage",
                                     acknowledge, &g.session),
                       "");
    atomic_store(&host_room.now_off, 60000);
    assert_int_equal(host_room_messages_in(host_room_poll(&g), &messages), 0);
    assert_true(host_room_invocation_of(g.id).acknowledged_at != 0);
    door_asker_must_be(host_room_ask("EC2WindowsMessageDeliveryService.DeleteMessage", acknowledge,
                                     &g.session),
                       "");
}

static void T32_a_command_after_its_start_by_is_not_handed_out(void **state)
{
    struct host_room_guest g = host_room_web_1();
    struct host_room_command sending = {.host_id = g.id, .release = true};
    struct message *messages;

    (void)state;
    api_room_write(&host_room.api, host_room_command, &sending);
    /* Its credentials live as long as the command: ask for new ones. */
    atomic_store(&host_room.now_off, 3600001);
    g.session.token = NULL;
    {
        struct door_answer asked = host_room_role_token(&g.by_key, HOST_ROOM_PRINT_1);

        door_asker_must_be(asked, "");
        g.session = (struct door_signer){.key_id = host_room_member(asked, "AccessKeyId"),
                                         .secret = host_room_member(asked, "SecretAccessKey"),
                                         .token = host_room_member(asked, "SessionToken")};
    }
    assert_int_equal(host_room_messages_in(host_room_poll(&g), &messages), 0);
    assert_int_equal(host_room_invocation_of(g.id).offered_at, 0);
}

static void newer_poll_sends_the_older_one_home(void **state)
{
    struct host_room_guest g = host_room_web_1();
    struct host_room_command sending = {.host_id = g.id, .release = false};
    char *bytes = host_room_poll_bytes(&g);
    int older = raw_http_open(host_room_address());
    int newer = raw_http_open(host_room_address());
    struct message *messages;
    mono_ms began;

    (void)state;
    api_room_write(&host_room.api, host_room_command, &sending);
    raw_http_send(older, bytes, strlen(bytes));
    usleep(300 * 1000);
    began = clock_mono(clock_system());
    raw_http_send(newer, bytes, strlen(bytes));
    assert_int_equal(host_room_messages_in(host_room_read(raw_http_read(older, 5)), &messages), 0);
    assert_true(clock_mono(clock_system()) - began <
                HOST_ROOM_HOLD_MS / 2); /* and not at its own end */
    api_room_write(&host_room.api, host_room_release, (void *)(uintptr_t)g.id);
    door_ring(host_room.api.api.door, g.id);
    assert_int_equal(host_room_messages_in(host_room_read(raw_http_read(newer, 5)), &messages), 1);
    close(older);
    close(newer);
}

static void poll_that_hangs_up_is_forgotten(void **state)
{
    struct host_room_guest g = host_room_web_1();
    struct host_room_command sending = {.host_id = g.id, .release = false};
    char *bytes = host_room_poll_bytes(&g);
    struct message *messages;
    int fd = raw_http_open(host_room_address());

    (void)state;
    api_room_write(&host_room.api, host_room_command, &sending);
    raw_http_send(fd, bytes, strlen(bytes));
    usleep(300 * 1000);
    close(fd);
    usleep(300 * 1000);
    door_ring(host_room.api.api.door, g.id); /* there is nothing yet */
    usleep(300 * 1000);
    api_room_write(&host_room.api, host_room_release, (void *)(uintptr_t)g.id);
    assert_int_equal(host_room_messages_in(host_room_poll(&g), &messages), 1);
}

static void polls_end_when_the_server_stops(void **state)
{
    struct host_room_guest g = host_room_web_1();
    char *bytes = host_room_poll_bytes(&g);
    int fd = raw_http_open(host_room_address());
    struct raw_answer *answer;

    (void)state;
    raw_http_send(fd, bytes, strlen(bytes));
    usleep(300 * 1000);
    api_room_stop_server(&host_room.api);
    answer = raw_http_read(fd, 5);
    assert_int_equal(answer->status, 200);
    free(answer);
    close(fd);
}

static void poll_for_another_host_is_refused(void **state)
{
    struct host_room_guest g = host_room_web_1();

    (void)state;
    door_asker_must_be(
        host_room_ask("EC2WindowsMessageDeliveryService.GetMessages",
                      "{\"Destination\":\"mi-00000000000000000\",\"MessagesRequestId\":\"x\"}",
                      &g.session),
        "InvalidDestinationException");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, host_room_set_up, host_room_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(released_command_is_handed_out_with_envelope_and_document),
        TEST(command_that_is_not_released_waits_and_the_poll_ends_empty),
        TEST(bell_wakes_a_poll_at_once),
        TEST(S10_a_command_is_handed_to_the_poll_that_waits),
        TEST(S12_a_kept_form_is_of_one_document_with_its_parameters_and_patterns),
        TEST(a_poll_without_room_is_handed_nothing),
        TEST(S10_a_poll_is_no_error_while_its_caller_cannot_be_known),
        TEST(command_is_handed_out_again_until_it_is_acknowledged),
        TEST(T32_a_command_after_its_start_by_is_not_handed_out),
        TEST(newer_poll_sends_the_older_one_home),
        TEST(poll_that_hangs_up_is_forgotten),
        TEST(polls_end_when_the_server_stops),
        TEST(poll_for_another_host_is_refused),
    };

    return host_room_tests(tests);
}
