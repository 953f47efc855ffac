/*
 * door: callers and agents that do what nobody who wrote it thought of (ssm-wire.md 3 to 9, threats.md 4): members of their
 * own, thousands of them, answers that become long, steps that have not begun, keys and names that run out. The limits
 * themselves are test_door_limits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/log.h"
#include "lib/base/names.h"
#include "lib/ssm/envelope.h"
#include "lib/store/store_activation.h"
#include "lib/store/store_command.h"
#include "lib/store/store_door_document.h"
#include "lib/store/store_host.h"
#include "tests/support/door_room.h"

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
#define ask(...) door_room_call(&caller, __VA_ARGS__)
#define RUN "'DocumentName':'AWS-RunShellScript','Parameters':{'commands':['x']}"

static const char *times(size_t n, const char *what, const char *between)
{
    const char *done;
    struct buf buf;

    buf_init(&buf, (size_t)1 << 20);
    for (size_t i = 0; i < n; i++) {
        buf_adds(&buf, i > 0 ? between : "");
        buf_adds(&buf, what);
    }
    done = arena_strn(&door_room.arena, buf_str(&buf), buf.len);
    buf_deinit(&buf);
    return done;
}

/* What callers bring ------------------------------------------------------------------------------ */

/* A request may be as deep as an answer; what is given back stands deeper. */
static void T61_what_a_caller_nests_into_members_of_his_own_ends_at_the_door(void **state)
{
    const char *nested = arena_printf(&door_room.arena, "'NotificationType':'Command','x':%s1%s",
                                      times(29, "{'x':", ""), times(29, "}", ""));
    const char *target =
        arena_printf(&door_room.arena, "{'Key':'tag:Role','Values':['none'],'x':%s%s}",
                     times(28, "[", ""), times(28, "]", ""));
    struct door_answer a =
        ask("SendCommand", "{" RUN ",'NotificationConfig':{%s},'Targets':[%s]}", nested, target);

    (void)state;
    must_be(a, "");
    must_be(ask("ListCommands", "{}"), "");
    must_be(ask("ListCommandInvocations", "{'Details':true}"), "");
    assert_int_equal(number(a, "Command.NotificationConfig"), 3);
    assert_string_equal(text(a, "Command.NotificationConfig.NotificationType"), "Command");
    assert_int_equal(number(a, "Command.Targets.0"), 2);
    assert_string_equal(text(a, "Command.Targets.0.Values.0"), "none");
    a = ask("ListCommands", "{}");
    assert_int_equal(number(a, "Commands.0.NotificationConfig"), 3);
}

static void S3_1_what_has_no_effect_comes_back_and_is_empty_where_it_was_left_out(void **state)
{
    struct door_answer a = ask("SendCommand", "{" RUN ",'InstanceIds':['%s']}", g->id);
    const char *command;

    (void)state;
    assert_int_equal(number(a, "Command.NotificationConfig.NotificationEvents"), 0);
    assert_string_equal(text(a, "Command.NotificationConfig.NotificationArn"), "");
    assert_int_equal(number(a, "Command.CloudWatchOutputConfig"), 2);
    assert_int_equal(number(a, "Command.TriggeredAlarms"), 0);
    assert_int_equal(number(a, "Command.AlarmConfiguration"), -1);
    a = ask("SendCommand",
            "{" RUN ",'InstanceIds':['%s'],'ServiceRoleArn':'arn:aws:iam::1:role/r',"
            "'NotificationConfig':{'NotificationEvents':['All'],'NotificationType':'Invocation'},"
            "'CloudWatchOutputConfig':{'CloudWatchLogGroupName':'group'},"
            "'AlarmConfiguration':{'Alarms':[{'Name':'bell'}]}}",
            g->id);
    command = text(a, "Command.CommandId");
    assert_string_equal(text(a, "Command.AlarmConfiguration.Alarms.0.Name"), "bell");
    a = ask("ListCommandInvocations", "{'CommandId':'%s'}", command);
    assert_string_equal(text(a, "CommandInvocations.0.ServiceRole"), "arn:aws:iam::1:role/r");
    assert_string_equal(text(a, "CommandInvocations.0.NotificationConfig.NotificationEvents.0"),
                        "All");
    assert_string_equal(text(a,
                             "CommandInvocations.0.CloudWatchOutputConfig.CloudWatchLogGroupName"),
                        "group");
    a = ask("GetCommandInvocation", "{'CommandId':'%s','InstanceId':'%s'}", command, g->id);
    assert_string_equal(text(a, "CloudWatchOutputConfig.CloudWatchLogGroupName"), "group");
}

static long peak_kib(void)
{
    struct rusage usage;

    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

/* Each copy of all that came before it would be a gigabyte. */
static void T61_thousands_of_filters_cost_what_they_are_long(void **state)
{
    const char *values = times(18000, "'abcdefghi'", ",");
    const char *filters = times(3900, "{'key':'DocumentName','value':'x'}", ",");
    const char *fifty = times(50,
                              arena_printf(&door_room.arena, "{'Key':'InstanceIds','Values':[%s]}",
                                           times(100, "'mi-00000000000000000'", ",")),
                              ",");
    long before;

    (void)state;
    must_be(ask("ListCommands", "{}"), "");
    before = peak_kib();
    must_be(ask("DescribeActivations", "{'Filters':[{'FilterKey':'IamRole','FilterValues':[%s]}]}",
                values),
            "ValidationException");
    must_be(ask("ListDocuments", "{'Filters':[{'Key':'Name','Values':[%s]}]}", values),
            "ValidationException");
    must_be(ask("ListCommands", "{'Filters':[%s]}", filters), "ValidationException");
    must_be(ask("DescribeInstanceInformation", "{'Filters':[%s]}", fifty), "");
    assert_in_range(peak_kib() - before, 0, 100 * 1024);
}

/* Pages ------------------------------------------------------------------------------------------- */

static size_t walk(const char *operation, const char *list, size_t *ret_pages)
{
    const char *token = "";
    size_t n = 0;

    for (*ret_pages = 0; *ret_pages == 0 || *token != '\0'; ++*ret_pages) {
        struct door_answer a = ask(operation, "{'NextToken':'%s'}", token);

        must_be(a, "");
        n += (size_t)number(a, list);
        token = text(a, "NextToken");
        assert_true(*ret_pages < 50);
    }
    return n;
}

/* 192 KB each, and activations of 26 KB: no fifty of them fit into an answer. */
static void S8_a_page_that_became_long_is_over(void **state)
{
    const char *value = arena_printf(&door_room.arena, "'%s'", times(256, "\xe3\x81\x82", ""));
    const char *target =
        arena_printf(&door_room.arena, "{'Key':'tag:None','Values':[%s]}", times(50, value, ","));
    const char *targets = times(5, target, ",");
    const char *tag = times(85, "\xe3\x81\x82", "");
    size_t pages;

    (void)state;
    for (int i = 0; i < 8; i++)
        must_be(ask("SendCommand", "{" RUN ",'Targets':[%s]}", targets), "");
    assert_int_equal(walk("ListCommands", "Commands", &pages), 8);
    assert_int_equal(pages, 2);
    for (int i = 0; i < 25; i++) {
        struct buf tags;

        buf_init(&tags, (size_t)1 << 20);
        for (int k = 0; k < 50; k++)
            buf_addf(&tags, "%s{'Key':'%d%s','Value':'%s'}", k > 0 ? "," : "", k, tag, tag);
        must_be(ask("CreateActivation", "{'IamRole':'r','Tags':[%s]}", buf_str(&tags)), "");
        buf_deinit(&tags);
    }
    assert_int_equal(walk("DescribeActivations", "ActivationList", &pages), 25);
    assert_int_equal(pages, 2);
}

static void S3_6_documents_are_filtered_in_the_older_form_too(void **state)
{
    struct door_answer a =
        ask("ListDocuments", "{'DocumentFilterList':[{'key':'Owner','value':'Amazon'}]}");

    (void)state;
    assert_int_equal(number(a, "DocumentIdentifiers"), 1);
    assert_string_equal(text(a, "DocumentIdentifiers.0.Name"), "AWS-RunShellScript");
    must_be(ask("ListDocuments", "{'DocumentFilterList':[{'key':'Colour','value':'x'}]}"),
            "InvalidFilterKey");
    must_be(ask("ListDocuments", "{'DocumentFilterList':[{'key':'Owner'}]}"),
            "ValidationException");
    must_be(ask("ListDocuments", "{'Filters':[{'Key':'Owner','Values':['All']}],"
                                 "'DocumentFilterList':[{'key':'Owner','value':'All'}]}"),
            "InvalidFilterKey");
    a = ask("ListDocuments", "{'Filters':[{'Key':'PlatformTypes','Values':['Amiga']}]}");
    assert_int_equal(number(a, "DocumentIdentifiers"), 0);
}

static void S3_1_a_host_that_several_values_mean_is_one_target(void **state)
{
    struct door_answer a;

    (void)state;
    door_room_guest("web-2", "Role=web,Tier=1");
    door_room_guest("web-3", "Tier=1");
#define MEAN(n, targets)                                                                           \
    a = ask("SendCommand", "{" RUN ",'Targets':[" targets "]}");                                   \
    assert_int_equal(number(a, "Command.TargetCount"), n)
    MEAN(2, "{'Key':'tag:Role','Values':['web','web','web']}");
    MEAN(3, "{'Key':'tag-key','Values':['Tier','Role','Tier']}");
    MEAN(1, "{'Key':'tag-key','Values':['Tier','Role']},{'Key':'tag-key','Values':['Role']},"
            "{'Key':'tag:Tier','Values':['1']}");
    a = ask("SendCommand",
            "{" RUN ",'InstanceIds':['%s'],'Targets':[{'Key':'tag:Role',"
            "'Values':['web']}]}",
            g->id);
    assert_int_equal(number(a, "Command.TargetCount"), 2);
}

/* Steps ------------------------------------------------------------------------------------------- */

#define ACTION(name)                                                                               \
    "{\\'action\\':\\'aws:runShellScript\\',\\'name\\':\\'" name                                   \
    "\\',\\'inputs\\':{\\'runCommand\\':[\\'x\\']}}"
#define THREE                                                                                      \
    "{\\'schemaVersion\\':\\'2.2\\',\\'mainSteps\\':[" ACTION("first") "," ACTION(                 \
        "second") "," ACTION("third") "]}"
#define SAID(status, steps) "{'documentStatus':'" status "','runtimeStatus':{" steps "}}"
#define WORD(name, status) "'" name "':{'status':'" status "','code':0}"

static const char *command, *message;

/* As GetCommandInvocation tells each step, and as a plugin of the list. */
static void steps_are(const char *first, const char *second, const char *third,
                      const char *as_plugin)
{
    static const char *const names[] = {"first", "second", "third"};
    const char *const expected[] = {first, second, third};
    struct door_answer a;

    door_room_look();
    for (size_t i = 0; i < 3; i++) {
        a = ask("GetCommandInvocation", "{'CommandId':'%s','InstanceId':'%s','PluginName':'%s'}",
                command, g->id, names[i]);
        assert_string_equal(text(a, "Status"), expected[i]);
    }
    a = ask("ListCommandInvocations", "{'CommandId':'%s','Details':true}", command);
    assert_string_equal(text(a, "CommandInvocations.0.CommandPlugins.0.Status"), as_plugin);
    assert_string_equal(text(a, "CommandInvocations.0.CommandPlugins.2.Status"), third);
    assert_string_equal(text(a, "CommandInvocations.0.CommandPlugins.2.StatusDetails"), third);
}

static void send_three(void)
{
    struct door_answer a =
        ask("SendCommand", "{'DocumentName':'three','InstanceIds':['%s']}", g->id);

    must_be(a, "");
    command = text(a, "Command.CommandId");
    message = arena_printf(&door_room.arena, "aws.ssm.%s.%s", command, g->id);
}

static void S4_a_step_that_has_not_begun_is_pending(void **state)
{
    (void)state;
    must_be(ask("CreateDocument", "{'Name':'three','Content':'" THREE "'}"), "");
    send_three();
    steps_are("Pending", "Pending", "Pending", "Pending");
    (void)door_room_poll(g);
    door_room_pass(10000); /* not acknowledged */
    steps_are("Delayed", "Pending", "Pending", "Pending");
    door_room_reply(g, message, SAID("InProgress", ""));
    steps_are("InProgress", "Pending", "Pending", "InProgress");
    door_room_reply(g, message, SAID("InProgress", WORD("first", "Success")));
    steps_are("Success", "InProgress", "Pending", "Success");
    door_room_reply(g, message, SAID("InProgress", WORD("second", "NotStarted")));
    steps_are("Success", "Pending", "Pending", "Success"); /* its own word goes before */
    door_room_reply(g, message, SAID("InProgress", WORD("second", "InProgress")));
    must_be(ask("CancelCommand", "{'CommandId':'%s'}", command), "");
    steps_are("Success", "Cancelling", "Pending", "Success");
    /* Of what was never heard of, the end is the end of the whole: who waits for it must not wait for ever. */
    door_room_reply(g, message, SAID("Cancelled", WORD("second", "Cancelled")));
    steps_are("Success", "Cancelled", "Cancelled", "Success");
    send_three();
    (void)door_room_poll(g);
    door_room_acknowledge(g, message);
    must_be(ask("CancelCommand", "{'CommandId':'%s'}", command), "");
    steps_are("Cancelling", "Pending", "Pending", "InProgress");
}

/* Signs of life ----------------------------------------------------------------------------------- */

static int become_ours(struct db *db, void *arg, struct err *err)
{
    (void)arg;
    return store_host_observed(db, g->id, ENVELOPE_PROTOCOL, "33333333-2222-4333-8444-555555555555",
                               "33333333-2222-4333-8444-666666666666", 1, err);
}

static void ping_is(const char *status)
{
    struct door_answer a = ask("DescribeInstanceInformation", "{}");

    assert_string_equal(text(a, "InstanceInformationList.0.PingStatus"), status);
    must_be(ask("SendCommand", "{" RUN ",'InstanceIds':['%s']}", g->id),
            *status == 'O' ? "" : "InvalidInstanceId");
}

/* It pings each five minutes, and a full queue makes it poll no more; ours polls all the time. */
static void S9_another_agent_is_online_for_two_of_its_pings_and_ours_for_a_minute(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        door_room_pass(599999);
        ping_is("Online");
        door_room_seen(g);
        door_room_renew(g);
    }
    door_room_pass(600000);
    ping_is("ConnectionLost");
    door_room_renew(g);
    door_room_seen(g);
    api_room_write(&door_room.api, become_ours, NULL);
    door_room_pass(59999);
    ping_is("Online");
    door_room_pass(1);
    ping_is("ConnectionLost");
}

/* What runs out ----------------------------------------------------------------------------------- */

/* Another modulus: it reads as a key, and nobody has it. */
static const char *other_key(int number)
{
    char *spki = arena_str(&door_room.arena, door_room.spki);

    spki[100 + number] = spki[100 + number] == 'A' ? 'B' : 'A';
    return spki;
}

static struct door_answer new_key(const char *spki)
{
    const struct door_signer by_key = {.key_id = g->id, .rsa = door_room.rsa, .chunked = true};

    return door_room_call(&by_key, "UpdateManagedInstancePublicKey",
                          "{'NewPublicKey':'%s','NewPublicKeyType':'Rsa'}", spki);
}

static void S9_more_keys_than_are_ever_used_are_too_many(void **state)
{
    (void)state;
    for (int i = 0; i < 7; i++)
        must_be(new_key(other_key(i)), "");
    must_be(new_key(other_key(0)), ""); /* again: its answer was lost */
    must_be(new_key(other_key(7)), "TooManyUpdates");
    door_room_renew(g); /* it goes on with the one that it has */
}

#define ACTIVATION_ID "0b1c2d3e-0000-4000-8000-0000000000aa"

static int take_names(struct db *db, void *arg, struct err *err)
{
    const struct activation a = {.id = ACTIVATION_ID,
                                 .code_digest = arg,
                                 .prefix = "full-",
                                 .limit = 1,
                                 .created_at = 1,
                                 .created_by = "uid:0",
                                 .expires_at = door_room_now() + 86400000};
    const struct config_pairs none = {0};
    int rc = store_activation_put(db, &a, &none, err);

    for (int i = 1; i <= 10000 && rc == 0; i++) {
        char name[32];
        struct host h = {.name = name, .activation_id = a.id, .registered_at = 1};

        snprintf(name, sizeof(name), "full-%d", i);
        snprintf(h.id, sizeof(h.id), "mi-%017d", i);
        rc = store_host_register(db, &h, "f", "k", err);
    }
    return rc;
}

static void S9_a_machine_for_which_no_name_is_left_is_not_registered(void **state)
{
    char digest[DIGEST_HEX_SIZE];
    const char *code = "act_0123456789abcdefghij";

    (void)state;
    digest_sha256_hex(code, strlen(code), digest);
    api_room_write(&door_room.api, take_names, digest);
    for (int i = 0; i < 2; i++) /* nor is the activation used up by it */
        must_be(door_room_call(NULL, "RegisterManagedInstance",
                               "{'ActivationCode':'%s','ActivationId':'" ACTIVATION_ID "',"
                               "'Fingerprint':'0b1c2d3e-0000-4000-8000-0000000000ab',"
                               "'PublicKey':'%s','PublicKeyType':'Rsa'}",
                               code, door_room.spki),
                "InstanceAlreadyRegistered");
}

static int put_versions(struct db *db, void *arg, struct err *err)
{
    const struct door_document_version v = {.digest = arg, .created_at = 1};
    int rc = 0;

    for (int64_t n = 1; n < STORE_DOOR_DOCUMENT_VERSIONS_MAX && rc == 0; n++)
        rc = store_door_document_update(db, "three", n, &v, "key:any", err);
    return rc;
}

static void S3_6_a_document_has_a_thousand_versions(void **state)
{
    struct door_answer a = ask("CreateDocument", "{'Name':'three','Content':'" THREE "'}");

    (void)state;
    api_room_write(&door_room.api, put_versions,
                   (void *)(uintptr_t)text(a, "DocumentDescription.Hash"));
    must_be(ask("UpdateDocument", "{'Name':'three','Content':'" THREE " '}"),
            "DocumentVersionLimitExceeded");
}

/* Platforms and messages -------------------------------------------------------------------------- */

static void S3_1_a_host_of_another_platform_is_told_before_it_is_sent(void **state)
{
    struct door_answer a;

    (void)state;
    must_be(door_room_call(&g->session, "UpdateInstanceInformation",
                           "{'AgentName':'a','AgentVersion':'1','InstanceId':'%s','PlatformType':"
                           "'Windows'}",
                           g->id),
            "");
    api_room_write(&door_room.api, api_room_nothing, NULL);
    must_be(ask("SendCommand", "{" RUN ",'InstanceIds':['%s']}", g->id), "UnsupportedPlatformType");
    /* One of several, or found by its tags: told of the invocation. */
    a = ask("SendCommand", "{" RUN ",'Targets':[{'Key':'tag:Role','Values':['web']}]}");
    command = text(a, "Command.CommandId");
    door_room_look();
    a = ask("ListCommandInvocations", "{'CommandId':'%s'}", command);
    assert_string_equal(text(a, "CommandInvocations.0.StatusDetails"), "InvalidPlatform");
    a = ask("GetCommandInvocation", "{'CommandId':'%s','InstanceId':'%s'}", command, g->id);
    assert_string_equal(text(a, "StatusDetails"), "InvalidPlatform");
    assert_int_equal(number(a, "ResponseCode"), -1);
    a = ask("ListCommands", "{'CommandId':'%s'}", command);
    assert_string_equal(text(a, "Commands.0.Status"), "Failed");
    assert_int_equal(number(a, "Commands.0.ErrorCount"), 0);
}

static void S10_each_reason_of_a_message_that_failed(void **state)
{
    static const char *const reasons[] = {"InternalHandlerException", "NoHandlerExists"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct door_answer a = ask("SendCommand", "{" RUN ",'InstanceIds':['%s']}", g->id);

        command = text(a, "Command.CommandId");
        message = text(door_room_poll(g), "Messages.0.MessageId");
        must_be(door_room_say(g, "FailMessage", "{'MessageId':'%s','FailureType':'Tired'}",
                              message),
                "ValidationException");
        must_be(door_room_say(g, "FailMessage", "{'MessageId':'%s','FailureType':'%s'}", message,
                              reasons[i]),
                "");
        door_room_look();
        a = ask("ListCommandInvocations", "{'CommandId':'%s'}", command);
        assert_string_equal(text(a, "CommandInvocations.0.Status"), "Failed");
        assert_non_null(strstr(text(a, "CommandInvocations.0.TraceOutput"), reasons[i]));
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(T61_what_a_caller_nests_into_members_of_his_own_ends_at_the_door),
        TEST(S3_1_what_has_no_effect_comes_back_and_is_empty_where_it_was_left_out),
        TEST(T61_thousands_of_filters_cost_what_they_are_long),
        TEST(S8_a_page_that_became_long_is_over),
        TEST(S3_6_documents_are_filtered_in_the_older_form_too),
        TEST(S3_1_a_host_that_several_values_mean_is_one_target),
        TEST(S4_a_step_that_has_not_begun_is_pending),
        TEST(S9_another_agent_is_online_for_two_of_its_pings_and_ours_for_a_minute),
        TEST(S9_more_keys_than_are_ever_used_are_too_many),
        TEST(S9_a_machine_for_which_no_name_is_left_is_not_registered),
        TEST(S3_6_a_document_has_a_thousand_versions),
        TEST(S3_1_a_host_of_another_platform_is_told_before_it_is_sent),
        TEST(S10_each_reason_of_a_message_that_failed),
    };

    log_init(LOG_LOGFMT, LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
