/* What is asked of AWS and how its answers are read: aws_call, aws_answer (ssm-wire.md 1, 3, 4.1, 15). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/ssm/aws_answer.h"
#include "lib/ssm/aws_call.h"

#define COMMAND "01a20df6-30a0-7744-84dc-3c09d1b548a0"
#define HOST "i-0123456789abcdef0"
#define OTHER "mi-0123456789abcdef0"

static struct arena arena;
static struct buf buf;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    buf_init(&buf, (size_t)1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_deinit(&arena);
    buf_deinit(&buf);
    return 0;
}

/* Asking --------------------------------------------------------------------------------------- */

static const char *const hosts[] = {HOST, OTHER};

static struct aws_send usual(void)
{
    return (struct aws_send){.instance_ids = hosts,
                             .n_instances = 2,
                             .script = "set -eu\necho \"a\"\n",
                             .comment = "slipway:" COMMAND,
                             .timeout_s = 120,
                             .execution_s = 3600};
}

static void a_send_carries_ids_both_time_limits_and_leaves_rate_control_to_us(void **state)
{
    const struct aws_send send = usual();
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(aws_call_write_send(&buf, &send, &err), 0);
    assert_string_equal(buf_str(&buf),
                        "{\"DocumentName\":\"AWS-RunShellScript\",\"InstanceIds\":[\"" HOST
                        "\",\"" OTHER "\"],\"Comment\":\"slipway:" COMMAND "\","
                        "\"TimeoutSeconds\":120,\"MaxConcurrency\":\"100%\",\"MaxErrors\":\"100%\","
                        "\"Parameters\":{\"commands\":[\"set -eu\\necho \\\"a\\\"\\n\"],"
                        "\"executionTimeout\":[\"3600\"]}}");
}

static void must_refuse(struct aws_send send, const char *why)
{
    struct err err = ERR_INIT;

    buf_reset(&buf);
    assert_int_equal(aws_call_write_send(&buf, &send, &err), ERR_INVALID);
    assert_int_equal(buf.len, 0);
    if (strstr(err.text, why) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, why);
}

static void what_aws_would_refuse_or_alter_is_not_written(void **state)
{
    static const char *const twice[] = {HOST, HOST}, *const odd[] = {"i-0123", HOST};
    static const char *const replaced[] = {"echo {{ssm:password}}\n", "x\n{{ \t ssm:a}}",
                                           "{{{ssm-secure:a}}}", "{{a}}{{ ssm:b }}"};
    const char *many[51];
    struct aws_send send;
    struct err err = ERR_INIT;
    char *large;

    (void)state;
    for (size_t i = 0; i < 51; i++)
        many[i] = arena_printf(&arena, "i-%017zx", i);
    send = usual(), send.instance_ids = many, send.n_instances = 51;
    must_refuse(send, "at most 50 hosts");
    send.n_instances = 50;
    assert_int_equal(aws_call_write_send(&buf, &send, &err), 0);
    send = usual(), send.n_instances = 0, must_refuse(send, "at least one host");
    send = usual(), send.instance_ids = twice, must_refuse(send, "twice");
    send = usual(), send.instance_ids = odd, must_refuse(send, "\"i-0123\" is no id");
    large = arena_alloc(&arena, AWS_CALL_SCRIPT_MAX + 2);
    memset(large, '#', AWS_CALL_SCRIPT_MAX + 1);
    send = usual(), send.script = large, must_refuse(send, "this one has 61441");
    send = usual(), send.script = "", must_refuse(send, "this one has 0");
    send = usual(), send.script = "echo \xff", must_refuse(send, "UTF-8");
    for (size_t i = 0; i < sizeof(replaced) / sizeof(replaced[0]); i++)
        send = usual(), send.script = replaced[i], must_refuse(send, "{{ssm:");
    send = usual(), send.comment = "a\nb", must_refuse(send, "comment");
    large[101] = '\0';
    send = usual(), send.comment = large, must_refuse(send, "comment");
    send = usual(), send.timeout_s = 29, must_refuse(send, "not 29 s");
    send = usual(), send.execution_s = 172801, must_refuse(send, "48 hours");
    send = usual(), send.execution_s = 4, must_refuse(send, "not 4 s");
    /* Braces of other tools are nobody's business. */
    buf_reset(&buf);
    send = usual(), send.script = "docker ps --format '{{.Names}}'\n";
    assert_int_equal(aws_call_write_send(&buf, &send, &err), 0);
}

static void lists_are_asked_fifty_at_a_time_and_from_where_the_page_before_ended(void **state)
{
    static const char *const values[] = {"web"};
    const struct aws_filter filter = {.key = "tag:Role", .values = values, .n_values = 1};
    struct err err = ERR_INIT;

    (void)state;
    aws_call_write_commands(&buf, INT64_C(1795586400999), NULL);
    assert_string_equal(buf_str(&buf),
                        "{\"MaxResults\":50,\"Filters\":[{\"key\":\"InvokedAfter\",\"value\":"
                        "\"2026-11-25T06:00:00Z\"},{\"key\":\"DocumentName\",\"value\":"
                        "\"AWS-RunShellScript\"}]}");
    buf_reset(&buf);
    aws_call_write_invocations(&buf, COMMAND, "next");
    assert_string_equal(buf_str(&buf),
                        "{\"MaxResults\":50,\"NextToken\":\"next\",\"CommandId\":\"" COMMAND
                        "\",\"Details\":true}");
    buf_reset(&buf);
    aws_call_write_hosts(&buf, &filter, NULL);
    assert_string_equal(
        buf_str(&buf),
        "{\"MaxResults\":50,\"Filters\":[{\"Key\":\"tag:Role\",\"Values\":[\"web\"]}]}");
    buf_reset(&buf);
    assert_int_equal(aws_call_write_cancel(&buf, COMMAND, hosts, 1, &err), 0);
    assert_string_equal(buf_str(&buf),
                        "{\"CommandId\":\"" COMMAND "\",\"InstanceIds\":[\"" HOST "\"]}");
    buf_reset(&buf);
    assert_int_equal(aws_call_write_cancel(&buf, COMMAND, NULL, 0, &err), 0);
    assert_string_equal(buf_str(&buf), "{\"CommandId\":\"" COMMAND "\"}");
}

static void a_region_is_a_part_of_an_address_and_nothing_else(void **state)
{
    static const char *const not [] = {"",
                                       "ab",
                                       "eu-west-1.evil.example",
                                       "eu/west",
                                       "-eu",
                                       "EU-WEST-1",
                                       "eu-west-1-which-is-much-longer-than-any"};

    (void)state;
    for (size_t i = 0; i < sizeof(not ) / sizeof(not [0]); i++)
        assert_false(aws_call_region_is(not [i]));
    assert_false(aws_call_region_is(NULL));
    assert_true(aws_call_region_is("ap-northeast-1"));
    assert_string_equal(aws_call_endpoint(&arena, "ap-northeast-1"),
                        "https://ssm.ap-northeast-1.amazonaws.com");
    assert_string_equal(aws_call_endpoint(&arena, "cn-north-1"),
                        "https://ssm.cn-north-1.amazonaws.com.cn");
}

/* Answers -------------------------------------------------------------------------------------- */

static void a_sent_command_is_one_only_with_its_id(void **state)
{
    static const char *const not [] = {"",
                                       "{}",
                                       "{\"Command\":{}}",
                                       "{\"Command\":{\"CommandId\":7}}",
                                       "{\"Command\":{\"CommandId\":\"x\"}}",
                                       "<html>"};
    static const char good[] = "{\"Command\":{\"CommandId\":\"" COMMAND "\",\"News\":[{}]}}";
    const char *id = NULL;
    struct err err = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(not ) / sizeof(not [0]); i++) {
        assert_int_equal(aws_answer_send(&arena, not [i], strlen(not [i]), &id, &err), ERR_INVALID);
        assert_non_null(strstr(err.text, "AWS' answer to SendCommand"));
        assert_null(id);
    }
    assert_int_equal(aws_answer_send(&arena, good, strlen(good), &id, &err), 0);
    assert_string_equal(id, COMMAND);
}

static void commands_come_with_their_comments_and_a_page_more(void **state)
{
    static const char page[] =
        "{\"Commands\":[{\"CommandId\":\"" COMMAND "\",\"Comment\":\"slipway:x\","
        "\"RequestedDateTime\":1795586400.25},{\"Comment\":\"no id\"}],\"NextToken\":\"t\"}";
    struct aws_command *commands = NULL;
    const char *token = NULL;
    struct err err = ERR_INIT;
    size_t n = 0;

    (void)state;
    assert_int_equal(aws_answer_commands(&arena, page, strlen(page), &commands, &n, &token, &err),
                     0);
    assert_int_equal(n, 1);
    assert_string_equal(commands[0].comment, "slipway:x");
    assert_int_equal(commands[0].requested_at, INT64_C(1795586400250));
    assert_string_equal(token, "t");
    assert_int_equal(aws_answer_commands(&arena, "{\"Commands\":[],\"NextToken\":\"\"}", 30,
                                         &commands, &n, &token, &err),
                     0);
    assert_int_equal(n, 0);
    assert_null(token);
    assert_int_equal(aws_answer_commands(&arena, "{}", 2, &commands, &n, &token, &err),
                     ERR_INVALID);
}

static struct aws_invocation invocation(const char *status, const char *details)
{
    const char *text =
        arena_printf(&arena,
                     "{\"CommandInvocations\":[{\"CommandId\":\"" COMMAND
                     "\",\"InstanceId\":\"" HOST "\",\"Status\":\"%s\",\"StatusDetails\":\"%s\"}]}",
                     status, details);
    struct aws_invocation *list = NULL;
    const char *token = NULL;
    struct err err = ERR_INIT;
    size_t n = 0;

    assert_int_equal(aws_answer_invocations(&arena, text, strlen(text), &list, &n, &token, &err),
                     0);
    assert_int_equal(n, 1);
    return list[0];
}

/* ssm-wire.md 4.1, all of it; 15: what is not known has not ended. */
static void each_word_of_aws_is_one_of_ours_and_an_unknown_one_never_an_end(void **state)
{
    static const struct {
        const char *status, *details;
        enum invocation_status is;
    } known[] = {
        {"Pending", "Pending", INVOCATION_PENDING},
        {"InProgress", "InProgress", INVOCATION_IN_PROGRESS},
        {"Delayed", "Delayed", INVOCATION_PENDING},
        {"Cancelling", "Cancelling", INVOCATION_CANCELLING},
        {"Success", "Success", INVOCATION_SUCCESS},
        {"Failed", "Failed", INVOCATION_FAILED},
        {"TimedOut", "ExecutionTimedOut", INVOCATION_TIMED_OUT},
        {"TimedOut", "Execution Timed Out", INVOCATION_TIMED_OUT},
        {"TimedOut", "DeliveryTimedOut", INVOCATION_TIMED_OUT},
        {"Cancelled", "Cancelled", INVOCATION_CANCELLED},
        {"Cancelled", "Canceled", INVOCATION_CANCELLED},
        {"Failed", "Undeliverable", INVOCATION_FAILED},
        {"Cancelled", "Terminated", INVOCATION_CANCELLED},
        {"Failed", "InvalidPlatform", INVOCATION_FAILED},
        {"Failed", "AccessDenied", INVOCATION_FAILED},
    };
    static const char *const unknown[][2] = {{"Success", "PartlySuccess"},
                                             {"Ascended", "Ascended"},
                                             {"Failed", ""},
                                             {"success", "success"}};

    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        struct aws_invocation got = invocation(known[i].status, known[i].details);
        if (!got.known || got.status != known[i].is || strchr(got.details, ' ') != NULL)
            fail_msg("%s/%s", known[i].status, known[i].details);
    }
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        struct aws_invocation got = invocation(unknown[i][0], unknown[i][1]);
        assert_false(got.known);
        assert_int_equal(got.status, INVOCATION_IN_PROGRESS);
        assert_string_equal(got.status_text, unknown[i][0]);
    }
}

static void an_invocation_has_its_code_its_output_and_its_times(void **state)
{
    static const char list[] =
        "{\"CommandInvocations\":[{\"CommandId\":\"" COMMAND "\",\"InstanceId\":\"" OTHER
        "\",\"Status\":\"Failed\",\"StatusDetails\":\"Failed\",\"RequestedDateTime\":1795586400,"
        "\"TraceOutput\":\"t\",\"CommandPlugins\":[{\"Name\":\"aws:runShellScript\",\"ResponseCode\":3,"
        "\"Output\":\"out\",\"ResponseStartDateTime\":1795586401.5,"
        "\"ResponseFinishDateTime\":1795586402}]},{\"InstanceId\":\"../x\"}]}";
    static const char one[] =
        "{\"CommandId\":\"" COMMAND "\",\"InstanceId\":\"" HOST "\",\"Status\":\"Success\","
        "\"StatusDetails\":\"Success\",\"ResponseCode\":0,\"StandardOutputContent\":\"o\","
        "\"StandardErrorContent\":\"e\",\"ExecutionStartDateTime\":\"2026-11-25T06:00:00.052Z\","
        "\"ExecutionEndDateTime\":\"\"}";
    struct aws_invocation *found = NULL, got;
    const char *token = NULL;
    struct err err = ERR_INIT;
    size_t n = 0;

    (void)state;
    assert_int_equal(aws_answer_invocations(&arena, list, strlen(list), &found, &n, &token, &err),
                     0);
    assert_int_equal(n, 1);
    assert_int_equal(found[0].response_code, 3);
    assert_string_equal(found[0].output, "out");
    assert_string_equal(found[0].trace, "t");
    assert_int_equal(found[0].requested_at, INT64_C(1795586400000));
    assert_int_equal(found[0].started_at, INT64_C(1795586401500));
    assert_int_equal(found[0].ended_at, INT64_C(1795586402000));
    assert_int_equal(aws_answer_invocation(&arena, one, strlen(one), &got, &err), 0);
    assert_int_equal(got.status, INVOCATION_SUCCESS);
    assert_int_equal(got.response_code, 0);
    assert_string_equal(got.output, "o");
    assert_string_equal(got.error_output, "e");
    assert_int_equal(got.started_at, INT64_C(1795586400052));
    assert_int_equal(got.ended_at, 0);
    assert_int_equal(aws_answer_invocation(&arena, "{}", 2, &got, &err), ERR_INVALID);
}

/* A script may print any byte, and AWS hands it on as an escape that no JSON of ours may hold. */
static void a_printed_NUL_costs_no_answer(void **state)
{
    static const char one[] = "{\"CommandId\":\"" COMMAND "\",\"InstanceId\":\"" HOST
                              "\",\"Status\":\"Success\",\"StatusDetails\":\"Success\","
                              "\"StandardOutputContent\":\"a\\u0000b\\\\u0000\"}";
    static const char list[] =
        "{\"CommandInvocations\":[{\"CommandId\":\"" COMMAND "\",\"InstanceId\":\"" OTHER
        "\",\"Status\":\"Failed\",\"StatusDetails\":\"Failed\","
        "\"CommandPlugins\":[{\"ResponseCode\":3,\"Output\":\"\\u0000\"}]}]}";
    struct aws_invocation *found = NULL, got;
    const char *token = NULL;
    struct err err = ERR_INIT;
    size_t n = 0;

    (void)state;
    assert_int_equal(aws_answer_invocation(&arena, one, strlen(one), &got, &err), 0);
    assert_string_equal(got.output, "a\xef\xbf\xbd"
                                    "b\\u0000");
    assert_int_equal(aws_answer_invocations(&arena, list, strlen(list), &found, &n, &token, &err),
                     0);
    assert_int_equal(n, 1);
    assert_string_equal(found[0].output, "\xef\xbf\xbd");
}

static void hosts_without_a_usable_id_are_left_out(void **state)
{
    static const char page[] =
        "{\"InstanceInformationList\":[{\"InstanceId\":\"" HOST "\",\"PingStatus\":\"Online\","
        "\"ComputerName\":\"web-1.example\",\"PlatformType\":\"Linux\",\"PlatformName\":\"Debian\","
        "\"PlatformVersion\":\"12\",\"AgentVersion\":\"3.3.1\",\"IPAddress\":\"10.0.0.1\","
        "\"LastPingDateTime\":1795586400},{\"InstanceId\":\"$(id)\",\"PingStatus\":\"Online\"},"
        "{\"InstanceId\":\"" OTHER "\",\"PingStatus\":\"ConnectionLost\",\"Name\":\"db\"}]}";
    struct aws_host *found = NULL;
    const char *token = NULL;
    struct err err = ERR_INIT;
    size_t n = 0;

    (void)state;
    assert_int_equal(aws_answer_hosts(&arena, page, strlen(page), &found, &n, &token, &err), 0);
    assert_int_equal(n, 2);
    assert_true(found[0].online);
    assert_string_equal(found[0].name, "web-1.example");
    assert_string_equal(found[0].platform_version, "12");
    assert_int_equal(found[0].pinged_at, INT64_C(1795586400000));
    assert_false(found[1].online);
    assert_string_equal(found[1].name, "db");
    assert_string_equal(found[1].ip, "");
}

/* What went wrong ------------------------------------------------------------------------------ */

/* Only AWS' own refusal proves that nothing began; a fault, or a page of something in between, does not. */
static void an_error_says_whether_a_send_may_have_been_taken(void **state)
{
    static const struct {
        int status;
        const char *type;
        enum aws_outcome send, list;
    } rows[] = {
        {400, "InvalidInstanceId", AWS_REFUSED, AWS_REFUSED},
        {400, "AccessDeniedException", AWS_REFUSED, AWS_REFUSED},
        {400, "ValidationException", AWS_REFUSED, AWS_REFUSED},
        {400, "MaxDocumentSizeExceeded", AWS_REFUSED, AWS_REFUSED},
        {400, "ThrottlingException", AWS_AGAIN, AWS_AGAIN},
        {400, "Throttling", AWS_AGAIN, AWS_AGAIN},
        {503, "ThrottlingException", AWS_UNCLEAR, AWS_AGAIN},
        {500, "RequestExpired", AWS_UNCLEAR, AWS_CREDENTIALS},
        {429, "", AWS_AGAIN, AWS_AGAIN},
        {400, "ExpiredTokenException", AWS_CREDENTIALS, AWS_CREDENTIALS},
        {403, "ExpiredToken", AWS_CREDENTIALS, AWS_CREDENTIALS},
        {400, "InvalidSignatureException", AWS_CREDENTIALS, AWS_CREDENTIALS},
        {400, "UnrecognizedClientException", AWS_CREDENTIALS, AWS_CREDENTIALS},
        {500, "InternalServerError", AWS_UNCLEAR, AWS_AGAIN},
        {503, "ServiceUnavailable", AWS_UNCLEAR, AWS_AGAIN},
        {502, "", AWS_UNCLEAR, AWS_AGAIN},
        {504, "", AWS_UNCLEAR, AWS_AGAIN},
        {408, "RequestTimeout", AWS_UNCLEAR, AWS_AGAIN},
        {400, "", AWS_UNCLEAR, AWS_AGAIN},
        {403, "", AWS_UNCLEAR, AWS_AGAIN},
        {302, "", AWS_UNCLEAR, AWS_AGAIN},
        {400, "ThrottlingExceptionally", AWS_REFUSED, AWS_REFUSED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum aws_outcome send = aws_call_judge(AWS_CALL_SEND, rows[i].status, rows[i].type);
        enum aws_outcome list = aws_call_judge(AWS_CALL_INVOCATIONS, rows[i].status, rows[i].type);
        if (send != rows[i].send || list != rows[i].list)
            fail_msg("%d %s: %s, %s", rows[i].status, rows[i].type, aws_call_outcome_name(send),
                     aws_call_outcome_name(list));
    }
    assert_int_equal(aws_call_judge(AWS_CALL_INVOCATION, 400, "InvocationDoesNotExist"),
                     AWS_ABSENT);
    assert_int_equal(aws_call_judge(AWS_CALL_SEND, 400, "InvocationDoesNotExist"), AWS_REFUSED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_send_carries_ids_both_time_limits_and_leaves_rate_control_to_us),
        TEST(what_aws_would_refuse_or_alter_is_not_written),
        TEST(lists_are_asked_fifty_at_a_time_and_from_where_the_page_before_ended),
        TEST(a_region_is_a_part_of_an_address_and_nothing_else),
        TEST(a_sent_command_is_one_only_with_its_id),
        TEST(commands_come_with_their_comments_and_a_page_more),
        TEST(each_word_of_aws_is_one_of_ours_and_an_unknown_one_never_an_end),
        TEST(an_invocation_has_its_code_its_output_and_its_times),
        TEST(a_printed_NUL_costs_no_answer),
        TEST(hosts_without_a_usable_id_are_left_out),
        TEST(an_error_says_whether_a_send_may_have_been_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
