/*
 * door: what goes over the wire with agents that nobody here wrote, sentence by sentence (ssm-wire.md 9, 10, 12, 16).
 * docs/door.md says which sentence is held by which test; hosts that do wrong are test_door_agents.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/names.h"
#include "lib/store/writer.h"
#include "server/api/door.h"
#include "server/api/door_credentials.h"
#include "tests/support/door_room.h"
#include "tests/support/raw_http.h"

static struct door_signer caller;
static struct door_guest *g;

static int set_up(void **state)
{
    (void)state;
    door_room_up(NULL);
    caller = door_room_any_key();
    g = door_room_guest("web-1", "Role=web");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    door_room_down();
    return 0;
}

#define text(...) door_room_text(__VA_ARGS__)
#define number(...) door_asker_number(__VA_ARGS__)
#define must_be(...) door_asker_must_be(__VA_ARGS__)
#define STEP(status, code, out, err)                                                               \
    "'aws:runShellScript':{'status':'" status "','code':" #code ",'standardOutput':'" out          \
    "','standardError':'" err "'}"
#define REPLY(status, steps) "{'documentStatus':'" status "','runtimeStatus':{" steps "}}"

static const char *command, *message;

static void sent(const char *more)
{
    struct door_answer a = door_room_call(
        &caller, "SendCommand",
        "{'DocumentName':'AWS-RunShellScript','Parameters':{'commands':['x']},'InstanceIds':['%s']%s}",
        g->id, more);

    must_be(a, "");
    command = text(a, "Command.CommandId");
    message = arena_printf(&door_room.arena, "aws.ssm.%s.%s", command, g->id);
}

static void status_is(const char *details)
{
    struct door_answer a;

    door_room_look();
    a = door_room_call(&caller, "GetCommandInvocation", "{'CommandId':'%s','InstanceId':'%s'}",
                       command, g->id);
    assert_string_equal(text(a, "StatusDetails"), details);
}

/* 9: the bootstrap -------------------------------------------------------------------------------- */

/* In the order that was seen from an unmodified agent: both pings at the same instant, then the poll, the websocket,
 * associations later. Nothing of it may fail, or it hibernates. */
static void S9_the_first_minute_of_a_real_agent(void **state)
{
    static const char channel[] = "POST /v1/control-channel/mi-0123456789abcdef0 HTTP/1.1\r\n"
                                  "Host: h\r\nContent-Length: 2\r\n\r\n{}";
    struct raw_answer *answer;

    (void)state;
    door_room_renew(g);
    for (int i = 0; i < 2; i++)
        must_be(door_room_call(&g->session, "UpdateInstanceInformation",
                               "{'AgentName':'amazon-ssm-agent','AgentVersion':'3.3.484.0',"
                               "'InstanceId':'%s','PlatformType':'Linux'}",
                               g->id),
                "");
    door_room_seen(g);
    assert_int_equal(number(door_room_poll(g), "Messages"), 0);
    answer = raw_http_ask(http_server_address(door_room.api.server, LISTENER_AGENTS), channel,
                          strlen(channel));
    assert_int_equal(answer->status, 404);
    free(answer);
    for (int i = 0; i < 2; i++) {
        struct door_answer a = door_room_call(&g->session, "ListInstanceAssociations",
                                              "{'InstanceId':'%s','MaxResults':20}", g->id);
        assert_string_equal(a.body, "{\"Associations\":[]}");
    }
    must_be(door_room_call(&g->session, "ListAssociations", "{}"), "");
    must_be(door_room_call(&g->session, "UpdateInstanceAssociationStatus", "{}"), "");
    must_be(door_room_call(&g->session, "PutComplianceItems", "{}"), "");
    must_be(door_room_call(&g->session, "PutInventory", "{}"), "");
}

/* All five members: the agent reads the last without asking whether it is there. */
static void S9_a_role_token_has_all_five_members(void **state)
{
    const struct door_signer by_key = {.key_id = g->id, .rsa = door_room.rsa, .chunked = true};
    struct door_answer a = door_room_call(&by_key, "RequestManagedInstanceRoleToken",
                                          "{'Fingerprint':'%s'}", g->fingerprint);

    (void)state;
    must_be(a, "");
    assert_memory_equal(text(a, "AccessKeyId"), "ASIA", 4);
    assert_true(strlen(text(a, "SecretAccessKey")) > 20);
    assert_true(strlen(text(a, "SessionToken")) > 20);
    assert_int_equal(number(a, "TokenExpirationDate"),
                     (door_room_now() + DOOR_CREDENTIALS_LIFE_MS) / 1000);
    assert_non_null(strstr(a.body, "\"UpdateKeyPair\":false"));
}

/* It renews at half of the life; what was signed with the old ones is still on its way. */
static void S9_credentials_are_good_until_their_end_though_they_were_renewed(void **state)
{
    const struct door_signer old = g->session;

    (void)state;
    door_room_pass(DOOR_CREDENTIALS_LIFE_MS / 2);
    door_room_renew(g);
    must_be(door_room_call(&old, "ListAssociations", "{}"), "");
    must_be(door_room_call(&g->session, "ListAssociations", "{}"), "");
    door_room_pass(DOOR_CREDENTIALS_LIFE_MS / 2);
    must_be(door_room_call(&old, "ListAssociations", "{}"), "ExpiredTokenException");
    must_be(door_room_call(&g->session, "ListAssociations", "{}"), "");
}

/* Each sign of life counts: a host without an address sends only the short ping, and a busy one only replies. */
static void S9_ping_poll_and_reply_keep_a_host_online(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct door_answer a;

        door_room_pass(600000);
        a = door_room_call(&caller, "DescribeInstanceInformation", "{}");
        assert_string_equal(text(a, "InstanceInformationList.0.PingStatus"), "ConnectionLost");
        if (i == 0)
            must_be(door_room_call(&g->session, "UpdateInstanceInformation",
                                   "{'AgentName':'a','AgentVersion':'1','InstanceId':'%s',"
                                   "'PlatformType':'Linux'}",
                                   g->id),
                    "");
        else if (i == 1)
            (void)door_room_poll(g);
        else
            must_be(door_room_reply_as(g, message, "0b1c2d3e-0000-4000-8000-0000000000d1",
                                       REPLY("InProgress", "")),
                    "");
        api_room_write(&door_room.api, api_room_nothing, NULL); /* seen: behind the answer */
        a = door_room_call(&caller, "DescribeInstanceInformation", "{}");
        assert_string_equal(text(a, "InstanceInformationList.0.PingStatus"), "Online");
        if (i == 1) {
            sent("");
            (void)door_room_poll(g);
        }
    }
}

/* 10 and 12: messages ----------------------------------------------------------------------------- */

static void S10_a_message_has_every_member_as_a_text(void **state)
{
    static const char *const members[] = {"CreatedDate", "Destination",   "MessageId",
                                          "Payload",     "PayloadDigest", "Topic"};
    char digest[DIGEST_HEX_SIZE];
    struct door_answer a;
    const char *payload;

    (void)state;
    sent("");
    a = door_room_poll(g);
    assert_string_equal(text(a, "Destination"), g->id);
    assert_int_equal(strlen(text(a, "MessagesRequestId")), 36);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        assert_string_not_equal(text(a,
                                     arena_printf(&door_room.arena, "Messages.0.%s", members[i])),
                                "");
    payload = text(a, "Messages.0.Payload");
    digest_sha256_hex(payload, strlen(payload), digest);
    assert_string_equal(text(a, "Messages.0.PayloadDigest"), digest);
    assert_string_equal(text(a, "Messages.0.MessageId"), message);
    assert_string_equal(text(a, "Messages.0.Topic"), "aws.ssm.sendCommand");
    assert_string_equal(text(a, "Messages.0.Destination"), g->id);
    assert_int_equal(strlen(text(a, "Messages.0.CreatedDate")), strlen("2026-11-22T07:00:00.000Z"));
}

static void S12_a_payload_has_every_member_in_its_type(void **state)
{
    struct err err = ERR_INIT;
    struct cJSON *payload;
    struct door_answer a;
    const char *message_text;

    (void)state;
    must_be(door_room_call(&caller, "SendCommand",
                           "{'DocumentName':'AWS-RunShellScript','InstanceIds':['%s'],'Parameters':"
                           "{'commands':['a','b'],'workingDirectory':['/tmp']}}",
                           g->id),
            "");
    a = door_room_poll(g);
    message_text = text(a, "Messages.0.Payload");
    assert_int_equal(json_parse(message_text, strlen(message_text), NULL, &payload, &err), 0);
    assert_int_equal(json_count(json_array(json_object(payload, "Parameters"), "commands")), 2);
    assert_string_equal(json_str(json_object(payload, "Parameters"), "workingDirectory"), "/tmp");
    /* What the caller left out is the document's, and the agent's to put in. */
    assert_null(json_get(json_object(payload, "Parameters"), "executionTimeout"));
    assert_non_null(json_object(json_object(payload, "DocumentContent"), "runtimeConfig"));
    assert_int_equal(strlen(json_str(payload, "CommandId")), 36);
    assert_string_equal(json_str(payload, "DocumentName"), "AWS-RunShellScript");
    assert_string_equal(json_str(payload, "OutputS3KeyPrefix"), "");
    assert_string_equal(json_str(payload, "OutputS3BucketName"), "");
    assert_string_equal(json_str(payload, "CloudWatchLogGroupName"), "");
    assert_string_equal(json_str(payload, "CloudWatchOutputEnabled"), "false");
    json_free(payload);
}

static void S12_the_first_reply_has_null_for_its_steps(void **state)
{
    (void)state;
    sent("");
    (void)door_room_poll(g);
    door_room_reply(
        g, message,
        "{'additionalInfo':{'agent':{'lang':'en-US','name':'amazon-ssm-agent','os':'linux',"
        "'osver':'1','ver':'3.3.0.0'},'dateTime':'2026-11-22T06:53:06.038Z','runId':'',"
        "'runtimeStatusCounts':{},'ableToOpenMGSConnection':false},'documentStatus':"
        "'InProgress','documentTraceOutput':'','runtimeStatus':null}");
    status_is("InProgress");
}

/* Kept on the agent's disk, sent again every five minutes under the same id, dropped after two hours. */
static void S10_a_reply_that_was_kept_for_two_hours_is_still_the_same_reply(void **state)
{
    static const char id[] = "0b1c2d3e-0000-4000-8000-0000000000d2";

    (void)state;
    sent(",'TimeoutSeconds':10000");
    (void)door_room_poll(g);
    must_be(door_room_reply_as(g, message, id, REPLY("Success", STEP("Success", 0, "one", ""))),
            "");
    for (int i = 0; i < 4; i++) {
        door_room_pass(1800000);
        door_room_renew(g);
        must_be(door_room_reply_as(g, message, id, REPLY("Failed", STEP("Failed", 1, "two", ""))),
                "");
    }
    status_is("Success");
}

/* 15 s: the agent's own limit is 20 s, and an empty answer in under one second lets it sleep. */
static void S10_a_poll_is_held_fifteen_seconds(void **state)
{
    const struct door_options usual = {.credential_key = door_room.api.credential_key};
    struct door *door = door_new(&usual);

    (void)state;
    assert_int_equal(door_hold_ms(door), 15000);
    door_free(door);
}

static int stand_still(struct db *db, void *arg, struct err *err)
{
    (void)db, (void)err;
    pthread_mutex_lock(arg);
    pthread_mutex_unlock(arg);
    return 0;
}

static void forget(void *arg, int rc, const struct err *err)
{
    (void)arg, (void)rc, (void)err;
}

/* The queue of the writer is full: what waits cannot be marked as offered. An error would count with the agent, and ten
 * of them send it to sleep for a quarter of an hour. */
static void S10_load_is_shed_with_empty_answers_and_not_with_errors(void **state)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct err err = ERR_INIT;
    struct door_answer answers[3], replied, asked;

    (void)state;
    sent("");
    door_room_look();
    pthread_mutex_lock(&gate);
    while (writer_post(door_room.api.writer, stand_still, &gate, forget, &err) == 0) {
    }
    assert_int_equal(err.code, ERR_BUSY);
    for (int i = 0; i < 3; i++)
        answers[i] =
            door_room_say(g, "GetMessages", "{'Destination':'%s','MessagesRequestId':'%s'}", g->id,
                          "0b1c2d3e-0000-4000-8000-0000000000d3");
    replied = door_room_reply_as(g, message, "0b1c2d3e-0000-4000-8000-0000000000d4",
                                 REPLY("InProgress", ""));
    asked = door_room_call(&caller, "CancelCommand", "{'CommandId':'%s'}", command);
    pthread_mutex_unlock(&gate);
    while (writer_do(door_room.api.writer, api_room_nothing, NULL, &err) == ERR_BUSY)
        usleep(1000); /* until there is room again */
    /* Not before: a test that fails takes the room down, and that waits for the gate. */
    for (int i = 0; i < 3; i++) {
        must_be(answers[i], "");
        assert_int_equal(number(answers[i], "Messages"), 0);
    }
    /* What cannot be kept is said to be: it comes again, by SDKs and agents alike. */
    must_be(replied, "InternalServerException");
    must_be(asked, "InternalServerError");
    assert_int_equal(replied.status + asked.status, 1000);
    assert_int_equal(number(door_room_poll(g), "Messages"), 1); /* nothing was lost */
}

/* 16 ---------------------------------------------------------------------------------------------- */

static void cancelled(void)
{
    must_be(door_room_call(&caller, "CancelCommand", "{'CommandId':'%s'}", command), "");
    door_room_look();
}

/* Nobody was handed it: at once. */
static void cancel_what_waits(void)
{
    sent("");
    cancelled();
    status_is("Cancelled");
    sent("");
    door_room_look(); /* released, and not handed out */
    cancelled();
    status_is("Cancelled");
    assert_int_equal(number(door_room_poll(g), "Messages"), 0);
}

/* It may have arrived: what the agent says then counts, whatever it is. */
static void cancel_what_was_handed_out(bool in_time, const char *word, const char *details)
{
    sent("");
    (void)door_room_poll(g);
    if (!in_time) {
        door_room_pass(10000);
        status_is("Delayed");
    }
    cancelled();
    status_is("Cancelling");
    cancelled(); /* twice is once */
    door_room_reply(g, message, word);
    status_is(details);
    cancelled(); /* it has ended: no effect, and still 200 */
    status_is(details);
    (void)door_room_poll(g); /* the word to end it */
    door_room_pass(10000);
}

static void S16_cancel_in_every_state(void **state)
{
    (void)state;
    cancel_what_waits();
    cancel_what_was_handed_out(true, REPLY("Cancelled", STEP("Cancelled", 137, "", "")),
                               "Cancelled");
    cancel_what_was_handed_out(false, REPLY("Success", STEP("Success", 0, "", "")), "Success");
    cancel_what_was_handed_out(true, REPLY("Failed", STEP("Failed", 1, "", "")), "Failed");
    cancel_what_was_handed_out(true, REPLY("TimedOut", STEP("TimedOut", 137, "", "")),
                               "ExecutionTimedOut");
}

static const char *full_stream(char letter)
{
    static const char ending[] = "--output truncated--";
    char *stream = arena_alloc(&door_room.arena, 24001);

    memset(stream, letter, 24000);
    memcpy(stream + 24000 - strlen(ending), ending, strlen(ending));
    return stream;
}

/* Both streams as full as an agent fills them: 48,000 bytes of output, the largest reply of the poll channel. */
static void S16_a_reply_of_51_kb_is_taken_and_cut(void **state)
{
    struct door_answer a;

    (void)state;
    sent("");
    (void)door_room_poll(g);
    door_room_reply(
        g, message,
        arena_printf(&door_room.arena,
                     "{'documentStatus':'Failed','runtimeStatus':{'aws:runShellScript':"
                     "{'status':'Failed','code':1,'standardOutput':'%s','standardError':"
                     "'%s'}},'documentTraceOutput':'%03000d'}",
                     full_stream('o'), full_stream('e'), 0));
    door_room_look();
    a = door_room_call(&caller, "GetCommandInvocation", "{'CommandId':'%s','InstanceId':'%s'}",
                       command, g->id);
    assert_int_equal(strlen(text(a, "StandardOutputContent")), 24000);
    assert_non_null(strstr(text(a, "StandardOutputContent"), "--output truncated--"));
    assert_int_equal(strlen(text(a, "StandardErrorContent")), 8000);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(S9_the_first_minute_of_a_real_agent),
        TEST(S9_a_role_token_has_all_five_members),
        TEST(S9_credentials_are_good_until_their_end_though_they_were_renewed),
        TEST(S9_ping_poll_and_reply_keep_a_host_online),
        TEST(S10_a_message_has_every_member_as_a_text),
        TEST(S12_a_payload_has_every_member_in_its_type),
        TEST(S12_the_first_reply_has_null_for_its_steps),
        TEST(S10_a_reply_that_was_kept_for_two_hours_is_still_the_same_reply),
        TEST(S10_a_poll_is_held_fifteen_seconds),
        TEST(S10_load_is_shed_with_empty_answers_and_not_with_errors),
        TEST(S16_cancel_in_every_state),
        TEST(S16_a_reply_of_51_kb_is_taken_and_cut),
    };

    log_init(LOG_LOGFMT, LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
