/* message: what goes to hosts and what comes from them, built and read back; foreign replies as
 * Amazon's agent sends them; what is too much or odd is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/str.h"
#include "lib/ssm/message.h"
#include "lib/ssm/message_form.h"
#include "lib/ssm/message_observe.h"
#include "lib/ssm/message_output.h"
#include "lib/ssm/message_reply.h"

#define COMMAND "01930000-0000-7000-8000-000000000001"
#define HOST "mi-0123456789abcdef0"
#define JOURNAL "0b1c2d3e-0000-4000-8000-000000000001"
#define BOOT "0b1c2d3e-0000-4000-8000-000000000002"
#define SHA "4f2c9e1a4f2c9e1a4f2c9e1a4f2c9e1a4f2c9e1a"
#define NOW ((time_ms)1795497000000)

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}

/* To a host ----------------------------------------------------------------------------------- */

static const struct message_command usual_command = {
    .command_id = COMMAND,
    .document_name = "web",
    .document = "{\"schemaVersion\":\"2.2\", \"x\":\"\\u00e9\\n\"}",
    .envelope = "{\"Protocol\":1}",
    .signature = "c2ln",
};

static void document_and_envelope_travel_as_exact_bytes(void **state)
{
    struct err err = ERR_INIT;
    struct message_command back;
    const char *payload;

    (void)state;
    assert_int_equal(message_command_make(&arena, &usual_command, &payload, &err), 0);
    assert_non_null(strstr(payload, "\"DocumentContent\":{\"schemaVersion\":\"2.2\", "));
    assert_non_null(strstr(payload, "\"CloudWatchOutputEnabled\":\"false\""));
    assert_int_equal(message_command_parse(&arena, payload, strlen(payload), &back, &err), 0);
    assert_string_equal(back.document, usual_command.document);
    assert_string_equal(back.envelope, usual_command.envelope);
    assert_string_equal(back.signature, usual_command.signature);
    assert_string_equal(back.document_name, "web");
}

/* Of many hosts: what is theirs is put into what all have, and each reads what it would have read. */
static void a_form_that_is_filled_is_the_same_payload(void **state)
{
    const char *const odd[] = {NULL, "", "{\"a\":[\"q\\\"\\n\"]}",
                               "{\"\u00fc\":\"\x7f \xc3\xa9\"}"};
    struct err err = ERR_INIT;
    struct message_form form;

    (void)state;
    for (size_t i = 0; i < 4; i++)
        for (int agent = 0; agent < 2; agent++) {
            struct message_command c = usual_command, back;
            struct message_form_filled filled;
            struct message sent = {.id = "aws.ssm." COMMAND "." HOST,
                                   .destination = HOST,
                                   .topic = MESSAGE_TOPIC_SEND,
                                   .created_at = NOW};
            const char *plain, *formed;

            if (i == 2)
                c.parameters = odd[i];
            c.redact = odd[i];
            c.protocol = agent == 0 ? 2 : 0;
            message_form_make(&arena, &c, &form); /* of another host: these are not looked at */
            c.envelope = agent == 0 ? "{\"Protocol\":2,\"HostName\":\"a\\\"\\\\b\"}" : NULL;
            c.signature = "c2lnbmVk";
            c.command_id = "01930000-0000-7000-8000-0000000000ff";
            assert_int_equal(message_form_fill(&arena, &form, &c, &filled, &err), 0);
            assert_int_equal(message_command_make(&arena, &c, &sent.payload, &err), 0);
            assert_string_equal(filled.payload, sent.payload);
            assert_int_equal(message_answer_make(&arena, HOST, "r", &sent, 1, &plain, &err), 0);
            sent.payload = NULL;
            sent.filled = &filled;
            assert_int_equal(message_answer_make(&arena, HOST, "r", &sent, 1, &formed, &err), 0);
            assert_string_equal(formed, plain);
            if (agent == 0) {
                assert_int_equal(message_command_parse(&arena, filled.payload, filled.len, &back,
                                                       &err),
                                 0);
                assert_string_equal(back.envelope, c.envelope);
                assert_string_equal(back.document, c.document);
            }
        }
}

static void command_without_envelope_is_not_for_our_agent(void **state)
{
    struct message_command command = usual_command;
    struct err err = ERR_INIT;
    struct message_command back;
    const char *payload;

    (void)state;
    command.envelope = NULL;
    assert_int_equal(message_command_make(&arena, &command, &payload, &err), 0);
    assert_null(strstr(payload, "Slipway"));
    assert_int_equal(message_command_parse(&arena, payload, strlen(payload), &back, &err),
                     ERR_INVALID);
}

static void message_ids_name_command_and_host(void **state)
{
    static const char *const odd[] = {
        "",
        "aws.ssm." COMMAND,
        "aws.ssm." COMMAND "." HOST "0",
        "aws.ssm." COMMAND "_" HOST,
        "aws.ssm.01930000-0000-7000-8000-00000000000X." HOST,
        "aws.ssm." COMMAND ".i-0123456789abcdef000",
        "AWS.ssm." COMMAND "." HOST,
    };
    char id[MESSAGE_ID_SIZE], command[37], host[21];

    (void)state;
    message_id_make(COMMAND, HOST, id);
    assert_string_equal(id, "aws.ssm." COMMAND "." HOST);
    assert_true(message_id_parse(id, command, host));
    assert_string_equal(command, COMMAND);
    assert_string_equal(host, HOST);
    assert_false(message_id_parse(NULL, command, host));
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
        assert_false(message_id_parse(odd[i], command, host));
}

static void answer_to_a_poll_comes_out_as_it_went_in(void **state)
{
    const struct message messages[2] = {
        {.id = "a",
         .destination = HOST,
         .topic = MESSAGE_TOPIC_SEND,
         .payload = "{}",
         .created_at = NOW},
        {.id = "b",
         .destination = HOST,
         .topic = MESSAGE_TOPIC_SEND,
         .payload = "{\"x\":1}",
         .created_at = NOW + 1},
    };
    struct err err = ERR_INIT;
    struct message *back;
    const char *body;
    size_t n;

    (void)state;
    assert_int_equal(message_answer_make(&arena, HOST, "r", messages, 2, &body, &err), 0);
    assert_int_equal(message_answer_parse(&arena, body, strlen(body), &back, &n, &err), 0);
    assert_int_equal(n, 2);
    assert_string_equal(back[1].payload, "{\"x\":1}");
    assert_int_equal(back[1].created_at, NOW + 1);
    assert_int_equal(message_answer_make(&arena, HOST, "r", NULL, 0, &body, &err), 0);
    assert_string_equal(body, "{\"Destination\":\"" HOST
                              "\",\"MessagesRequestId\":\"r\",\"Messages\":[]}");
}

static void messages_that_lack_a_member_or_were_changed_are_left_out(void **state)
{
    static const char body[] =
        "{\"Messages\":[{\"CreatedDate\":\"2026-11-22T07:00:00.000Z\",\"Destination\":\"d\","
        "\"MessageId\":\"1\",\"Payload\":\"{}\",\"PayloadDigest\":\"44136fa355b3678a1146ad16f7e8649e"
        "94fb4fc21fe77e8310c060f61caaff8a\",\"Topic\":\"t\"},"
        "{\"CreatedDate\":\"2026-11-22T07:00:00.000Z\",\"Destination\":\"d\","
        "\"MessageId\":\"2\",\"Payload\":\"{ }\",\"PayloadDigest\":\"44136fa355b3678a1146ad16f7e8649e"
        "94fb4fc21fe77e8310c060f61caaff8a\",\"Topic\":\"t\"},"
        "{\"Destination\":\"d\",\"MessageId\":\"3\",\"Payload\":\"{}\",\"Topic\":\"t\"},5]}";
    struct err err = ERR_INIT;
    struct message *back;
    size_t n;

    (void)state;
    assert_int_equal(message_answer_parse(&arena, body, strlen(body), &back, &n, &err), 0);
    assert_int_equal(n, 1);
    assert_string_equal(back[0].id, "1");
}

/* From a host --------------------------------------------------------------------------------- */

static struct message_reply parse(const char *payload)
{
    struct err err = ERR_INIT;
    struct message_reply reply = {.n_steps = 0};

    if (message_reply_parse(&arena, payload, strlen(payload), &reply, &err) < 0)
        fail_msg("%s", err.text);
    return reply;
}

static void reply_comes_out_as_it_went_in(void **state)
{
    struct message_reply_step steps[] = {
        {.name = "check",
         .status = STEP_SUCCESS,
         .exit_code = 0,
         .started_at = NOW,
         .ended_at = NOW + 52},
        {.name = "migrate", .status = STEP_SUCCESS, .exit_code = -1},
    };
    struct result_line results[] = {{"migrate", "none"}, {"commit", SHA}};
    const struct message_reply reply = {
        .status = INVOCATION_SUCCESS,
        .steps = steps,
        .n_steps = 2,
        .state = MESSAGE_REPLY_FINISHED,
        .reason = "",
        .record_number = 17,
        .journal_id = JOURNAL,
        .boot_id = BOOT,
        .results = results,
        .n_results = 2,
    };
    struct message_reply back;
    struct err err = ERR_INIT;
    const char *payload;

    (void)state;
    assert_int_equal(message_reply_make(&arena, &reply, "slipway-agent", "0.1.0", NOW, &payload,
                                        &err),
                     0);
    assert_non_null(strstr(payload, "\"runtimeStatusCounts\":{\"Success\":1,\"Skipped\":1}"));
    back = parse(payload);
    assert_int_equal(back.status, INVOCATION_SUCCESS);
    assert_int_equal(back.state, MESSAGE_REPLY_FINISHED);
    assert_int_equal(back.record_number, 17);
    assert_string_equal(back.journal_id, JOURNAL);
    assert_int_equal(back.n_steps, 2);
    assert_string_equal(back.steps[0].name, "check");
    assert_int_equal(back.steps[0].ended_at, NOW + 52);
    assert_int_equal(back.steps[1].status, STEP_SUCCESS);
    assert_int_equal(back.steps[1].exit_code, -1);
    assert_int_equal(back.n_results, 2);
    assert_string_equal(back.results[1].value, SHA);
}

/* ssm-wire.md 12.2, as Amazon's agent sent it. */
static void reply_of_amazons_agent_is_read(void **state)
{
    const struct message_reply reply = parse(
        "{\"additionalInfo\":{\"agent\":{\"lang\":\"en-US\",\"name\":\"amazon-ssm-agent\"},"
        "\"runtimeStatusCounts\":{\"Failed\":1}},\"documentStatus\":\"Failed\","
        "\"documentTraceOutput\":\"\",\"runtimeStatus\":{\"activate\":{\"status\":\"Failed\","
        "\"code\":3,\"name\":\"aws:runShellScript\",\"output\":\"x\","
        "\"startDateTime\":\"2026-11-22T06:53:06.038Z\",\"endDateTime\":\"0001-01-01T00:00:00.000Z\","
        "\"standardOutput\":\"out\\u0000\\n\",\"standardError\":\"err\\\\u0000\"}}}");

    (void)state;
    assert_int_equal(reply.state, MESSAGE_REPLY_OTHER);
    assert_int_equal(reply.status, INVOCATION_FAILED);
    assert_int_equal(reply.steps[0].status, STEP_FAILED);
    assert_int_equal(reply.steps[0].exit_code, 3);
    assert_int_equal(reply.steps[0].ended_at, 0);
    assert_string_equal(reply.steps[0].output, "out\xef\xbf\xbd\n");
    assert_string_equal(reply.steps[0].error_output, "err\\u0000");
}

static void first_reply_has_no_steps(void **state)
{
    const struct message_reply reply =
        parse("{\"documentStatus\":\"InProgress\",\"runtimeStatus\":null}");

    (void)state;
    assert_int_equal(reply.status, INVOCATION_IN_PROGRESS);
    assert_int_equal(reply.n_steps, 0);
}

static void result_lines_beyond_the_limits_are_left_out_not_the_reply(void **state)
{
    char *payload = arena_alloc(&arena, 65536);
    struct message_reply reply;

    (void)state;
    strcpy(payload, "{\"documentStatus\":\"Success\",\"Slipway\":{\"State\":\"finished\","
                    "\"RecordNumber\":1,\"JournalId\":\"" JOURNAL "\",\"BootId\":\"" BOOT
                    "\",\"Results\":[[\"bad key\",\"x\"]");
    for (int i = 0; i < 300; i++)
        sprintf(payload + strlen(payload), ",[\"k\",\"%d\"]", i);
    strcat(payload, "]}}");
    reply = parse(payload);
    assert_int_equal(reply.n_results, MESSAGE_REPLY_RESULTS_MAX);
    assert_string_equal(reply.results[0].value, "0");
}

#define OURS                                                                                       \
    "\"RecordNumber\":1,\"JournalId\":\"" JOURNAL "\",\"BootId\":\"" BOOT "\",\"Results\":[]}}"

static void odd_replies_are_refused(void **state)
{
    static const char *const odd[] = {
        "",
        "5",
        "{}",
        "{\"documentStatus\":\"Perhaps\"}",
        "{\"documentStatus\":5}",
        "{\"documentStatus\":\"Success\",\"runtimeStatus\":{\"\":{\"status\":\"Success\"}}}",
        "{\"documentStatus\":\"Success\",\"Slipway\":{\"State\":\"odd\"," OURS,
        "{\"documentStatus\":\"Success\",\"Slipway\":{\"State\":\"\"," OURS,
        "{\"documentStatus\":\"InProgress\",\"Slipway\":{\"State\":\"finished\"," OURS,
        "{\"documentStatus\":\"Success\",\"Slipway\":{\"State\":\"finished\"}}",
        "{\"documentStatus\":\"Success\",\"Slipway\":{\"State\":\"finished\",\"RecordNumber\":-1,"
        "\"JournalId\":\"" JOURNAL "\",\"BootId\":\"" BOOT "\"}}",
        "{\"documentStatus\":\"Success\",\"Slipway\":{\"State\":\"finished\",\"RecordNumber\":1,"
        "\"JournalId\":\"x\",\"BootId\":\"" BOOT "\"}}",
        "{\"documentStatus\":\"Success\",\"Slipway\":{\"State\":\"finished\",\"RecordNumber\":1,"
        "\"JournalId\":\"" JOURNAL "\",\"BootId\":\"" BOOT "\",\"Results\":[[\"a\"]]}}",
    };
    struct message_reply reply;

    (void)state;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        struct err err = ERR_INIT;

        if (message_reply_parse(&arena, odd[i], strlen(odd[i]), &reply, &err) != ERR_INVALID)
            fail_msg("taken: %s", odd[i]);
    }
}

static void reply_with_too_many_steps_is_refused(void **state)
{
    char *payload = arena_alloc(&arena, 65536);
    struct message_reply reply;
    struct err err = ERR_INIT;

    (void)state;
    strcpy(payload, "{\"documentStatus\":\"Success\",\"runtimeStatus\":{");
    for (int i = 0; i <= MESSAGE_REPLY_STEPS_MAX; i++)
        sprintf(payload + strlen(payload), "%s\"s%d\":{\"status\":\"Success\"}", i > 0 ? "," : "",
                i);
    strcat(payload, "}}");
    assert_int_equal(message_reply_parse(&arena, payload, strlen(payload), &reply, &err),
                     ERR_INVALID);
}

/* Output and observation ---------------------------------------------------------------------- */

static void output_comes_out_as_it_went_in(void **state)
{
    const struct output_chunk chunks[] = {
        {.number = 0, .step = "fetch", .at = NOW, .text = "a\0b\xff", .len = 4},
        {.number = 1, .step = "fetch", .error_stream = true, .at = NOW, .text = "", .len = 0},
    };
    struct err err = ERR_INIT;
    struct output_chunk *back;
    const char *body;
    char command[37];
    size_t n;

    (void)state;
    assert_int_equal(message_output_make(&arena, COMMAND, chunks, 2, &body, &err), 0);
    assert_int_equal(message_output_parse(&arena, body, strlen(body), command, &back, &n, &err), 0);
    assert_int_equal(n, 2);
    assert_string_equal(command, COMMAND);
    assert_int_equal(back[0].len, 4);
    assert_memory_equal(back[0].text, "a\0b\xff", 4);
    assert_true(back[1].error_stream);
    /* A heartbeat. */
    assert_int_equal(message_output_make(&arena, COMMAND, NULL, 0, &body, &err), 0);
    assert_int_equal(message_output_parse(&arena, body, strlen(body), command, &back, &n, &err), 0);
    assert_int_equal(n, 0);
}

static void the_largest_output_fits_through_the_door(void **state)
{
    struct output_chunk *chunks = arena_array(&arena, 8, sizeof(*chunks));
    char *text = arena_alloc(&arena, MESSAGE_OUTPUT_CHUNK_MAX);
    struct err err = ERR_INIT;
    const char *body;

    (void)state;
    memset(text, 'x', MESSAGE_OUTPUT_CHUNK_MAX);
    for (size_t i = 0; i < 8; i++)
        chunks[i] = (struct output_chunk){.number = (int64_t)i,
                                          .step = "s",
                                          .text = text,
                                          .len = MESSAGE_OUTPUT_CHUNK_MAX};
    assert_int_equal(message_output_make(&arena, COMMAND, chunks, 8, &body, &err), 0);
    assert_true(strlen(body) < 256 * 1024);
    chunks[7].len++;
    assert_int_equal(message_output_make(&arena, COMMAND, chunks, 8, &body, &err), ERR_INVALID);
}

static void odd_output_is_refused(void **state)
{
    static const char *const odd[] = {
        "{}",
        "{\"CommandId\":\"" COMMAND "\"}",
        "{\"CommandId\":\"x\",\"Chunks\":[]}",
        "{\"CommandId\":\"" COMMAND "\",\"Chunks\":[{}]}",
        "{\"CommandId\":\"" COMMAND
        "\",\"Chunks\":[{\"Number\":-1,\"Step\":\"s\",\"Stream\":\"out\","
        "\"At\":1,\"Bytes\":\"\"}]}",
        "{\"CommandId\":\"" COMMAND "\",\"Chunks\":[{\"Number\":1,\"Step\":\"s\\u0007\","
        "\"Stream\":\"out\",\"At\":1,\"Bytes\":\"\"}]}",
        "{\"CommandId\":\"" COMMAND "\",\"Chunks\":[{\"Number\":1,\"Step\":\"s\",\"Stream\":\"in\","
        "\"At\":1,\"Bytes\":\"\"}]}",
        "{\"CommandId\":\"" COMMAND
        "\",\"Chunks\":[{\"Number\":1,\"Step\":\"s\",\"Stream\":\"out\","
        "\"At\":1,\"Bytes\":\"a b\"}]}",
    };
    struct output_chunk *chunks;
    char command[37];
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        struct err err = ERR_INIT;

        if (message_output_parse(&arena, odd[i], strlen(odd[i]), command, &chunks, &n, &err) !=
            ERR_INVALID)
            fail_msg("taken: %s", odd[i]);
    }
}

static void observation_comes_out_as_it_went_in(void **state)
{
    struct message_observe_command open[] = {{COMMAND, MESSAGE_REPLY_STARTED}};
    const char *documents[] = {"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"};
    struct message_floor floors[] = {{"acme/shop/production/primary-db", 57, COMMAND}};
    struct message_observe observe = {
        .journal_id = JOURNAL,
        .boot_id = BOOT,
        .record_number = 9,
        .protocol = 1,
        .agent_version = "0.1.0",
        .open = open,
        .n_open = 1,
        .floors = floors,
        .n_floors = 1,
        .strict = true,
        .documents = documents,
        .n_documents = 1,
    };
    struct err err = ERR_INIT;
    struct message_observe back;
    const char *body;

    (void)state;
    assert_int_equal(message_observe_make(&arena, &observe, &body, &err), 0);
    assert_int_equal(message_observe_parse(&arena, body, strlen(body), &back, &err), 0);
    assert_string_equal(back.journal_id, JOURNAL);
    assert_int_equal(back.record_number, 9);
    assert_int_equal(back.open[0].state, MESSAGE_REPLY_STARTED);
    assert_true(back.strict);
    assert_string_equal(back.documents[0], documents[0]);
    assert_int_equal(back.n_floors, 1);
    assert_string_equal(back.floors[0].database, floors[0].database);
    assert_int_equal(back.floors[0].epoch, 57);
    assert_string_equal(back.floors[0].command_id, COMMAND);
    floors[0].epoch = 0;
    assert_int_equal(message_observe_make(&arena, &observe, &body, &err), 0);
    assert_int_equal(message_observe_parse(&arena, body, strlen(body), &back, &err), ERR_INVALID);
    observe.n_floors = 0;
    documents[0] = "no digest";
    assert_int_equal(message_observe_make(&arena, &observe, &body, &err), 0);
    assert_int_equal(message_observe_parse(&arena, body, strlen(body), &back, &err), ERR_INVALID);
    observe.strict = false;
    assert_int_equal(message_observe_make(&arena, &observe, &body, &err), 0);
    assert_int_equal(message_observe_parse(&arena, body, strlen(body), &back, &err), 0);
    assert_false(back.strict);
    assert_int_equal(message_observe_parse(&arena, "{}", 2, &back, &err), ERR_INVALID);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(document_and_envelope_travel_as_exact_bytes),
        TEST(a_form_that_is_filled_is_the_same_payload),
        TEST(command_without_envelope_is_not_for_our_agent),
        TEST(message_ids_name_command_and_host),
        TEST(answer_to_a_poll_comes_out_as_it_went_in),
        TEST(messages_that_lack_a_member_or_were_changed_are_left_out),
        TEST(reply_comes_out_as_it_went_in),
        TEST(reply_of_amazons_agent_is_read),
        TEST(first_reply_has_no_steps),
        TEST(result_lines_beyond_the_limits_are_left_out_not_the_reply),
        TEST(odd_replies_are_refused),
        TEST(reply_with_too_many_steps_is_refused),
        TEST(output_comes_out_as_it_went_in),
        TEST(the_largest_output_fits_through_the_door),
        TEST(odd_output_is_refused),
        TEST(observation_comes_out_as_it_went_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
