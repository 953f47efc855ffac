/*
 * door: documents and commands of AWS callers, end to end but for the host, which says what the test tells it
 * (ssm-wire.md 3 to 8). What hosts do wrong is test_door_agents.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/rules/rules_command.h"
#include "lib/store/db.h"
#include "lib/store/store_access_key.h"
#include "lib/store/store_hold.h"
#include "tests/support/door_room.h"

static struct door_signer caller;

static int set_up(void **state)
{
    (void)state;
    door_room_up(NULL);
    caller = door_room_any_key();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    door_room_down();
    return 0;
}

#define ask(...) door_room_call(&caller, __VA_ARGS__)
#define text(...) door_room_text(__VA_ARGS__)
#define number(...) door_asker_number(__VA_ARGS__)

static void must_be(struct door_answer answer, const char *type)
{
    door_asker_must_be(answer, type);
}

#define RUN "'DocumentName':'AWS-RunShellScript','Parameters':{'commands':['echo hi']}"

/* The id of a command that was sent with these members. */
static const char *sent(const char *members)
{
    struct door_answer a = ask("SendCommand", "{%s}", members);

    must_be(a, "");
    door_room_look();
    return text(a, "Command.CommandId");
}

static const char *to(const struct door_guest *g, const char *more)
{
    return arena_printf(&door_room.arena, RUN ",'InstanceIds':['%s']%s", g->id, more);
}

static const char *message_id(const char *command, const struct door_guest *g)
{
    return arena_printf(&door_room.arena, "aws.ssm.%s.%s", command, g->id);
}

#define STEP(status, code, out, err)                                                               \
    "'aws:runShellScript':{'status':'" status "','code':" #code                                    \
    ",'name':'aws:runShellScript','startDateTime':'2026-11-22T06:53:06.000Z','endDateTime':"       \
    "'2026-11-22T06:53:06.052Z','standardOutput':'" out "','standardError':'" err "'}"
#define REPLY(status, steps) "{'documentStatus':'" status "','runtimeStatus':{" steps "}}"

/* The whole course on a host, as Amazon's agent does it. */
static void runs(const struct door_guest *g, const char *command, const char *last)
{
    assert_string_equal(text(door_room_poll(g), "Messages.0.MessageId"), message_id(command, g));
    door_room_reply(g, message_id(command, g), REPLY("InProgress", ""));
    door_room_acknowledge(g, message_id(command, g));
    door_room_reply(g, message_id(command, g), last);
    door_room_look();
}

static struct door_answer get(const char *command, const struct door_guest *g)
{
    return ask("GetCommandInvocation", "{'CommandId':'%s','InstanceId':'%s'}", command, g->id);
}

static void status_is(const char *command, const struct door_guest *g, const char *details)
{
    struct door_answer a = get(command, g);

    must_be(a, "");
    assert_string_equal(text(a, "StatusDetails"), details);
}

static struct door_answer whole(const char *command)
{
    door_room_look();
    return ask("ListCommands", "{'CommandId':'%s'}", command);
}

static void whole_is(const char *command, const char *status, const char *details)
{
    struct door_answer a = whole(command);

    assert_string_equal(text(a, "Commands.0.Status"), status);
    assert_string_equal(text(a, "Commands.0.StatusDetails"), details);
}

/* One command ---------------------------------------------------------------------------------- */

static void command_goes_to_its_host_and_comes_back(void **state)
{
    const struct door_guest *g = door_room_guest("web-1", "Role=web");
    const char *command = sent(to(g, ",'Comment':'hello'"));
    struct door_answer a = get(command, g);
    struct cJSON *payload;
    struct err err = ERR_INIT;
    const char *message;

    (void)state;
    assert_string_equal(text(a, "Status"), "Pending");
    assert_int_equal(number(a, "ResponseCode"), -1);
    assert_string_equal(text(a, "ExecutionStartDateTime"), "");
    a = door_room_poll(g);
    assert_int_equal(number(a, "Messages"), 1);
    message = text(a, "Messages.0.Payload");
    assert_int_equal(json_parse(message, strlen(message), NULL, &payload, &err), 0);
    assert_string_equal(json_str(payload, "DocumentName"), "AWS-RunShellScript");
    assert_int_equal(json_count(json_array(json_object(payload, "Parameters"), "commands")), 1);
    assert_null(json_get(json_object(payload, "Parameters"), "executionTimeout"));
    assert_string_equal(json_str(json_object(payload, "DocumentContent"), "schemaVersion"), "1.2");
    assert_null(json_get(payload, "Slipway"));
    json_free(payload);
    door_room_acknowledge(g, message_id(command, g));
    status_is(command, g, "InProgress");
    whole_is(command, "InProgress", "InProgress");
    door_room_reply(g, message_id(command, g), REPLY("Success", STEP("Success", 0, "hi\\n", "")));
    door_room_look();
    a = get(command, g);
    assert_string_equal(text(a, "Status"), "Success");
    assert_string_equal(text(a, "PluginName"), "aws:runShellScript");
    assert_int_equal(number(a, "ResponseCode"), 0);
    assert_string_equal(text(a, "StandardOutputContent"), "hi\n");
    assert_string_equal(text(a, "ExecutionStartDateTime"), "2026-11-22T06:53:06.000Z");
    assert_string_equal(text(a, "ExecutionElapsedTime"), "PT0.052S");
    assert_string_equal(text(a, "Comment"), "hello");
    whole_is(command, "Success", "Success");
    assert_int_equal(number(whole(command), "Commands.0.CompletedCount"), 1);
}

static void failure_carries_its_code_and_both_streams(void **state)
{
    const struct door_guest *g = door_room_guest("web-1", "Role=web");
    const char *command = sent(to(g, ""));
    struct door_answer a;

    (void)state;
    runs(g, command,
         REPLY("Failed", STEP("Failed", 3, "out", "failed to run commands: exit status 3")));
    a = get(command, g);
    assert_string_equal(text(a, "Status"), "Failed");
    assert_int_equal(number(a, "ResponseCode"), 3);
    assert_string_equal(text(a, "StandardErrorContent"), "failed to run commands: exit status 3");
    whole_is(command, "Failed", "Failed");
    assert_int_equal(number(whole(command), "Commands.0.ErrorCount"), 1);
    a = ask("ListCommandInvocations", "{'CommandId':'%s','Details':true}", command);
    assert_string_equal(text(a, "CommandInvocations.0.CommandPlugins.0.Output"),
                        "out\n----------ERROR-------\nfailed to run commands: exit status 3");
    assert_string_equal(text(a, "CommandInvocations.0.InstanceName"), "web-1");
    a = ask("ListCommandInvocations", "{'CommandId':'%s'}", command);
    assert_int_equal(number(a, "CommandInvocations.0.CommandPlugins"), 0);
}

static void time_out_of_the_agent_is_execution_and_ours_is_delivery(void **state)
{
    const struct door_guest *g = door_room_guest("web-1", "Role=web");
    const char *first = sent(to(g, ",'TimeoutSeconds':30")), *second, *third;

    (void)state;
    runs(g, first, REPLY("TimedOut", STEP("TimedOut", 137, "", "")));
    status_is(first, g, "ExecutionTimedOut");
    whole_is(first, "TimedOut", "ExecutionTimedOut");
    second = sent(to(g, ",'TimeoutSeconds':30"));
    door_room_pass(29000);
    status_is(second, g, "Pending");
    door_room_pass(1000);
    status_is(second, g, "DeliveryTimedOut");
    whole_is(second, "TimedOut", "DeliveryTimedOut");
    assert_int_equal(number(whole(second), "Commands.0.DeliveryTimedOutCount"), 1);
    assert_int_equal(number(whole(second), "Commands.0.ErrorCount"), 0);
    door_room_seen(g);
    third = sent(to(g, ",'TimeoutSeconds':30"));
    assert_int_equal(number(door_room_poll(g), "Messages"), 1);
    door_room_acknowledge(g, message_id(third, g));
    door_room_pass(30000 + 3600000 - 1000);
    status_is(third, g, "InProgress"); /* it began: only the sum of both clocks ends it */
    door_room_pass(1000);
    door_room_renew(&door_room.guests[0]);
    status_is(third, g, "DeliveryTimedOut");
    door_room_reply(g, message_id(third, g), REPLY("Success", STEP("Success", 0, "late", "")));
    door_room_look();
    status_is(third, g, "DeliveryTimedOut");
}

/* Checks ----------------------------------------------------------------------------------------- */

static void each_limit_of_a_send_has_its_error(void **state)
{
    const struct door_guest *g = door_room_guest("web-1", "Role=web");
    static const struct {
        const char *type, *members;
    } cases[] = {
        {"ValidationException", "'InstanceIds':[]"},
        {"ValidationException", "'DocumentName':'x','InstanceIds':['I']"},
        {"ValidationException", RUN ",'InstanceIds':['web-1']"},
        {"ValidationException", RUN ",'InstanceIds':['I'],'TimeoutSeconds':29"},
        {"ValidationException", RUN ",'InstanceIds':['I'],'TimeoutSeconds':2592001"},
        {"SerializationException", RUN ",'InstanceIds':['I'],'TimeoutSeconds':'60'"},
        {"SerializationException", RUN ",'InstanceIds':'I'"},
        {"ValidationException", RUN ",'InstanceIds':['I'],'MaxConcurrency':'0'"},
        {"ValidationException", RUN ",'InstanceIds':['I'],'MaxConcurrency':'101%'"},
        {"ValidationException", RUN ",'InstanceIds':['I'],'MaxErrors':'-1'"},
        {"ValidationException", RUN ",'InstanceIds':['I'],'DocumentHashType':'Md5'"},
        {"ValidationException", RUN ",'InstanceIds':['I'],'DocumentVersion':'0'"},
        {"ValidationException", RUN ",'InstanceIds':['I'],'OutputS3BucketName':'x'"},
        {"ValidationException", RUN ",'Targets':[{'Key':'Name','Values':['x']}]"},
        {"ValidationException", RUN ",'Targets':[{'Values':['x']}]"},
        {"InvalidInstanceId", RUN},
        {"InvalidInstanceId", RUN ",'InstanceIds':[],'Targets':[]"},
        {"DuplicateInstanceId", RUN ",'InstanceIds':['I','I']"},
        {"InvalidDocument", "'DocumentName':'nothing','InstanceIds':['I']"},
        {"InvalidDocumentVersion", RUN ",'InstanceIds':['I'],'DocumentVersion':'2'"},
        {"InvalidDocument", RUN ",'InstanceIds':['I'],'DocumentHash':'00'"},
        {"InvalidParameters", "'DocumentName':'AWS-RunShellScript','InstanceIds':['I']"},
        {"InvalidParameters", "'DocumentName':'AWS-RunShellScript','InstanceIds':['I'],"
                              "'Parameters':{'commands':[]}"},
        {"InvalidParameters", "'DocumentName':'AWS-RunShellScript','InstanceIds':['I'],"
                              "'Parameters':{'commands':['x'],'colour':['red']}"},
        {"InvalidParameters", "'DocumentName':'AWS-RunShellScript','InstanceIds':['I'],"
                              "'Parameters':{'commands':['x'],'executionTimeout':['0']}"},
        {"InvalidParameters", "'DocumentName':'AWS-RunShellScript','InstanceIds':['I'],"
                              "'Parameters':{'commands':['x'],'executionTimeout':['1','2']}"},
        {"InvalidInstanceId", RUN ",'InstanceIds':['I','mi-00000000000000000']"},
        {"InvalidInstanceId", RUN ",'InstanceIds':['i-00000000']"},
        {"AccessDeniedException", "'DocumentName':'migrate-run','InstanceIds':['I']"},
        {"", RUN ",'InstanceIds':['I'],'DocumentVersion':'1','MaxErrors':'100%'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *members = arena_str(&door_room.arena, "");
        for (const char *p = cases[i].members; *p != '\0'; p++)
            members = strncmp(p, "'I'", 3) == 0
                          ? (p += 2, arena_printf(&door_room.arena, "%s'%s'", members, g->id))
                          : arena_printf(&door_room.arena, "%s%c", members, *p);
        must_be(ask("SendCommand", "{%s}", members), cases[i].type);
    }
    assert_non_null(strstr(ask("SendCommand",
                               "{" RUN ",'InstanceIds':['%s'],'Comment':'%0101d',"
                               "'TimeoutSeconds':1}",
                               g->id, 7)
                               .message,
                           "2 validation errors detected: Value '"));
}

static void host_that_is_silent_or_gone_fails_the_whole_call(void **state)
{
    const struct door_guest *a = door_room_guest("web-1", "Role=web");
    const struct door_guest *b;
    struct door_answer answer;

    (void)state;
    door_room_pass(600000);
    b = door_room_guest("web-2", "Role=web");
    answer = ask("SendCommand", "{" RUN ",'InstanceIds':['%s','%s']}", a->id, b->id);
    must_be(answer, "InvalidInstanceId");
    assert_non_null(strstr(answer.message, arena_printf(&door_room.arena,
                                                        "Instances [[%s]] not in a valid state for "
                                                        "account ",
                                                        a->id)));
    assert_int_equal(number(ask("ListCommands", "{}"), "Commands"), 0);
}

static void targets_are_anded_and_values_ored(void **state)
{
    (void)state;
    door_room_guest("web-1", "Role=web,Tier=1");
    door_room_guest("web-2", "Role=web,Tier=2");
    door_room_guest("db-1", "Role=db,Tier=1");
#define TARGETS(n, targets)                                                                        \
    assert_int_equal(number(ask("SendCommand", "{" RUN ",'Targets':[" targets "]}"),               \
                            "Command.TargetCount"),                                                \
                     n)
    TARGETS(2, "{'Key':'tag:Role','Values':['web']}");
    TARGETS(3, "{'Key':'tag:Role','Values':['web','db']}");
    TARGETS(1, "{'Key':'tag:Role','Values':['web']},{'Key':'tag:Tier','Values':['2']}");
    TARGETS(3, "{'Key':'tag-key','Values':['Tier','Role']}");
    TARGETS(0, "{'Key':'resource-groups:Name','Values':['x']}");
    TARGETS(0, "{'Key':'tag:Role','Values':['none']}");
    assert_int_equal(number(ask("SendCommand",
                                "{" RUN ",'Targets':[{'Key':'instanceids',"
                                "'Values':['%s']}]}",
                                door_room.guests[0].id),
                            "Command.TargetCount"),
                     1);
}

static void targets_that_match_nothing_are_a_success(void **state)
{
    (void)state;
    whole_is(sent(RUN ",'Targets':[{'Key':'tag:Role','Values':['none']}]"), "Success",
             "NoInstancesInTag");
}

/* What a key may (T61) --------------------------------------------------------------------------- */

static int put_hold(struct db *db, void *arg, struct err *err)
{
    int64_t id;

    return store_hold_put(db, arg, &id, err);
}

static void hold_production(void)
{
    struct hold hold = {.repository_id = 1,
                        .environment = "production",
                        .actor = "uid:0",
                        .way = "cli",
                        .reason = "the shop is slow",
                        .held_at = door_room_now()};

    api_room_write(&door_room.api, put_hold, &hold);
}

static void refused_with(const struct door_signer *signer, const char *members, const char *why)
{
    struct door_answer a = door_room_call(signer, "SendCommand", "{%s}", members);

    must_be(a, "AccessDeniedException");
    if (strstr(a.message, why) == NULL)
        fail_msg("%s: %s is expected", a.message, why);
}

static void T61_a_key_without_shell_runs_only_guarded_documents(void **state)
{
    static const char *documents[] = {"AWS-RunShellScript", "Slipway-RestartUnit", "made-here"};
    static const char *environments[] = {"production"};
    const struct door_guest *g = door_room_guest("web-1", "Role=web");
    const struct door_signer ci =
        door_room_key((struct access_key){.name = "ci-bot",
                                          .documents = {.items = documents, .n = 3},
                                          .environments = {.items = environments, .n = 1},
                                          .any_host = true});
#define AT(document, parameters)                                                                   \
    arena_printf(&door_room.arena,                                                                 \
                 "'DocumentName':'" document "','InstanceIds':['%s'],'Parameters':{" parameters    \
                 "}",                                                                              \
                 g->id)

    (void)state;
    refused_with(
        &ci, AT("AWS-RunShellScript", "'commands':['id']"),
        "key ci-bot may not run AWS-RunShellScript (shell: false); documents it may run: ");
    refused_with(&ci, AT("clear-cache", ""), "key ci-bot may not run clear-cache");
    must_be(ask("CreateDocument", "{'Name':'made-here','Content':'%s'}",
                "{\\\"schemaVersion\\\":\\\"2.2\\\",\\\"mainSteps\\\":[{\\\"action\\\":"
                "\\\"aws:runShellScript\\\",\\\"name\\\":\\\"one\\\",\\\"inputs\\\":{\\\"runCommand"
                "\\\":[\\\"id\\\"]}}]}"),
            "");
    refused_with(&ci, AT("made-here", ""), "it was made at the door");
    must_be(door_room_call(&ci, "CreateDocument", "{'Name':'mine','Content':'{}'}"),
            "AccessDeniedException");
    must_be(door_room_call(&ci, "SendCommand", "{%s}",
                           AT("Slipway-RestartUnit", "'unit':['puma; rm -rf /']")),
            "InvalidParameters");
    must_be(door_room_call(&ci, "SendCommand", "{%s}",
                           AT("Slipway-RestartUnit", "'unit':['puma']")),
            "");
}

static void T61_a_key_reaches_no_host_outside_its_tags_and_environments(void **state)
{
    static const char *any[] = {"*"}, *stage[] = {"stage"};
    static struct config_pair web[] = {{"Role", "web"}};
    const struct door_guest *production = door_room_guest("web-1", "Role=web");
    const struct door_guest *good = door_room_guest("stage-1", "Role=web");
    const struct door_guest *db = door_room_guest("spare", "Role=db");
    const struct door_signer ci =
        door_room_key((struct access_key){.name = "ci",
                                          .documents = {.items = any, .n = 1},
                                          .tags = {.items = web, .n = 1},
                                          .environments = {.items = stage, .n = 1},
                                          .shell = true});

    (void)state;
    must_be(door_room_call(&ci, "SendCommand", "{%s}", to(good, "")), "");
    refused_with(&ci, to(production, ""), "it belongs to acme/shop/production");
    refused_with(&ci, to(db, ""), "its tag Role is another");
    refused_with(&ci, RUN ",'Targets':[{'Key':'tag-key','Values':['Role']}]", "may not reach host");
}

static void T61_nothing_is_sent_under_a_hold_and_what_waits_waits(void **state)
{
    const struct door_guest *g = door_room_guest("web-1", "Role=web");
    const struct door_guest *busy = door_room_guest("web-2", "Role=web");
    const char *command;

    (void)state;
    /* Two hosts, one at a time: the second waits for the first when the hold comes. */
    command =
        sent(arena_printf(&door_room.arena, RUN ",'InstanceIds':['%s','%s'],'MaxConcurrency':'1'",
                          g->id, busy->id));
    hold_production();
    refused_with(&caller, to(g, ""), "acme/shop/production is held: the shop is slow");
    for (size_t i = 0; i < 2; i++) {
        struct door_answer a = door_room_poll(&door_room.guests[i]);
        if (number(a, "Messages") == 0)
            continue;
        door_room_acknowledge(&door_room.guests[i], text(a, "Messages.0.MessageId"));
        door_room_reply(&door_room.guests[i], text(a, "Messages.0.MessageId"),
                        REPLY("Success", STEP("Success", 0, "", "")));
    }
    door_room_look();
    assert_int_equal(number(door_room_poll(g), "Messages") +
                         number(door_room_poll(busy), "Messages"),
                     0);
    whole_is(command, "InProgress", "InProgress");
    door_room_pass(3600000);
    whole_is(command, "TimedOut", "DeliveryTimedOut");
}

static int end_key(struct db *db, void *arg, struct err *err)
{
    return store_access_key_end(db, arg, door_room_now(), err);
}

static void T61_what_an_ended_key_sent_is_not_handed_out_any_more(void **state)
{
    const struct door_guest *g = door_room_guest("web-1", "Role=web");
    const struct door_guest *h = door_room_guest("web-2", "Role=web");

    (void)state;
    (void)sent(arena_printf(&door_room.arena, RUN ",'InstanceIds':['%s','%s'],'MaxConcurrency':'1'",
                            g->id, h->id));
    api_room_write(&door_room.api, end_key, (char[]){"any"});
    door_room_look();
    assert_int_equal(number(door_room_poll(g), "Messages") + number(door_room_poll(h), "Messages"),
                     0);
}

/* Rate (5) --------------------------------------------------------------------------------------- */

static void many(size_t n)
{
    for (size_t i = 0; i < n; i++)
        door_room_guest(arena_printf(&door_room.arena, "node-%zu", i), "Role=node");
}

/* Those that have a message, until nobody has; each takes it. */
static size_t take_all(const char *command)
{
    size_t n = 0, before;

    do {
        before = n;
        for (size_t i = 0; i < door_room.n_guests; i++) {
            const struct door_guest *g = &door_room.guests[i];

            if (number(door_room_poll(g), "Messages") == 0)
                continue;
            door_room_acknowledge(g, message_id(command, g));
            n++;
        }
    } while (n > before);
    door_room_look();
    return n;
}

static size_t end_all(const char *command, const char *reply)
{
    size_t n = 0;

    for (size_t i = 0; i < door_room.n_guests; i++)
        if (strcmp(text(get(command, &door_room.guests[i]), "Status"), "InProgress") == 0) {
            door_room_reply(&door_room.guests[i], message_id(command, &door_room.guests[i]), reply);
            n++;
        }
    door_room_look();
    return n;
}

#define NODES ",'Targets':[{'Key':'tag:Role','Values':['node']}]"

static void S5_one_first_then_two_more_then_up_to_the_limit(void **state)
{
    const char *command;
    size_t seen = 0;

    (void)state;
    many(9);
    command = sent(RUN NODES ",'MaxConcurrency':'4'");
    for (size_t i = 0; i < door_room.n_guests; i++)
        if (number(door_room_poll(&door_room.guests[i]), "Messages") == 1) {
            seen++;
            door_room_acknowledge(&door_room.guests[i], message_id(command, &door_room.guests[i]));
            break;
        }
    assert_int_equal(seen, 1);
    door_room_look();
    assert_int_equal(take_all(command),
                     3); /* two more, and one once the first of those took its own */
    assert_int_equal(end_all(command, REPLY("Success", "")), 4);
    assert_int_equal(take_all(command), 4);
    assert_int_equal(end_all(command, REPLY("Success", "")), 4);
    assert_int_equal(take_all(command), 1);
    end_all(command, REPLY("Success", ""));
    whole_is(command, "Success", "Success");
}

static void S5_errors_beyond_the_budget_stop_the_rest(void **state)
{
    const char *command;
    struct door_answer a;

    (void)state;
    many(5);
    command = sent(RUN NODES ",'MaxConcurrency':'1','MaxErrors':'1'");
    take_all(command);
    end_all(command, REPLY("Failed", STEP("Failed", 1, "", "")));
    take_all(command);
    end_all(command, REPLY("Failed", STEP("Failed", 1, "", "")));
    assert_int_equal(take_all(command), 0);
    whole_is(command, "Failed", "Failed");
    a = ask("ListCommandInvocations",
            "{'CommandId':'%s','Filters':[{'key':'Status','value':'Terminated'}]}", command);
    assert_int_equal(number(a, "CommandInvocations"), 3);
    assert_string_equal(text(a, "CommandInvocations.0.Status"), "Cancelled");
}

static void S5_an_error_within_the_budget_is_incomplete(void **state)
{
    const char *command;

    (void)state;
    many(2);
    command = sent(RUN NODES ",'MaxConcurrency':'1','MaxErrors':'50%'");
    take_all(command);
    end_all(command, REPLY("Failed", STEP("Failed", 1, "", "")));
    take_all(command);
    end_all(command, REPLY("Success", STEP("Success", 0, "", "")));
    whole_is(command, "Failed", "Incomplete");
}

/* Cancelling (3.4) ------------------------------------------------------------------------------- */

static void cancel_before_delivery_is_cancelled_at_once(void **state)
{
    const struct door_guest *g = door_room_guest("web-1", "Role=web");
    const char *command = sent(to(g, ""));

    (void)state;
    must_be(ask("CancelCommand", "{'CommandId':'%s'}", command), "");
    whole_is(command, "Cancelled", "Cancelled");
    status_is(command, g, "Cancelled");
    assert_int_equal(number(door_room_poll(g), "Messages"), 0);
    must_be(ask("CancelCommand", "{'CommandId':'%s'}", command), ""); /* no effect, still 200 */
    must_be(ask("CancelCommand", "{'CommandId':'00000000-0000-0000-0000-000000000000'}"),
            "InvalidCommandId");
    must_be(ask("CancelCommand", "{'CommandId':'%s','InstanceIds':['mi-00000000000000000']}",
                command),
            "InvalidInstanceId");
}

static void cancel_of_what_runs_waits_for_the_agents_word(void **state)
{
    const struct door_guest *g = door_room_guest("web-1", "Role=web");
    const char *command = sent(to(g, ""));
    struct door_answer a;

    (void)state;
    (void)door_room_poll(g);
    door_room_acknowledge(g, message_id(command, g));
    door_room_reply(g, message_id(command, g), REPLY("InProgress", ""));
    must_be(ask("CancelCommand", "{'CommandId':'%s','InstanceIds':['%s']}", command, g->id), "");
    status_is(command, g, "Cancelling");
    a = door_room_poll(g);
    assert_string_equal(text(a, "Messages.0.Topic"), "aws.ssm.cancelCommand");
    assert_string_equal(text(a, "Messages.0.Payload"),
                        arena_printf(&door_room.arena, "{\"CancelMessageId\":\"%s\"}",
                                     message_id(command, g)));
    /* It comes again until it is taken, under the same id. */
    door_room_pass(9999);
    assert_int_equal(number(door_room_poll(g), "Messages"), 0);
    door_room_pass(1);
    assert_string_equal(text(door_room_poll(g), "Messages.0.MessageId"),
                        text(a, "Messages.0.MessageId"));
    /* The cancel message has an InProgress reply and an acknowledgement of its own, never an end. */
    door_room_reply(g, text(a, "Messages.0.MessageId"), REPLY("InProgress", ""));
    door_room_acknowledge(g, text(a, "Messages.0.MessageId"));
    door_room_pass(10000);
    assert_int_equal(number(door_room_poll(g), "Messages"), 0);
    door_room_reply(g, message_id(command, g),
                    REPLY("Cancelled", STEP("Cancelled", 137, "half", "")));
    door_room_look();
    a = get(command, g);
    assert_string_equal(text(a, "Status"), "Cancelled");
    assert_int_equal(number(a, "ResponseCode"), 137);
    assert_string_equal(text(a, "StandardOutputContent"), "half");
    whole_is(command, "Cancelled", "Cancelled");
}

static void cancel_that_came_too_late_is_a_success(void **state)
{
    const struct door_guest *g = door_room_guest("web-1", "Role=web");
    const char *command = sent(to(g, ""));

    (void)state;
    (void)door_room_poll(g);
    door_room_acknowledge(g, message_id(command, g));
    must_be(ask("CancelCommand", "{'CommandId':'%s'}", command), "");
    whole_is(command, "Cancelling", "Cancelling");
    status_is(command, g, "Cancelling");
    door_room_reply(g, message_id(command, g), REPLY("Success", STEP("Success", 0, "", "")));
    door_room_look();
    status_is(command, g, "Success");
    whole_is(command, "Success", "Success");
}

/* Lists (3.3, 8) --------------------------------------------------------------------------------- */

static void history_is_paged_newest_first_and_filtered(void **state)
{
    const struct door_guest *g = door_room_guest("web-1", "Role=web");
    const char *ids[7];
    const char *token = "";
    struct door_answer a;
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < 7; i++) {
        ids[i] = sent(to(g, ""));
        door_room_pass(1000);
        door_room_seen(g);
    }
    do {
        a = ask("ListCommands", "{'MaxResults':3,'NextToken':'%s'}", token);
        must_be(a, "");
        for (long long i = 0; i < number(a, "Commands"); i++)
            assert_string_equal(text(a,
                                     arena_printf(&door_room.arena, "Commands.%lld.CommandId", i)),
                                ids[6 - n++]);
        token = text(a, "NextToken");
    } while (*token != '\0');
    assert_int_equal(n, 7);
    token = "", n = 0;
    do {
        a = ask("ListCommandInvocations", "{'MaxResults':2,'NextToken':'%s','InstanceId':'%s'}",
                token, g->id);
        must_be(a, "");
        n += (size_t)number(a, "CommandInvocations");
        token = text(a, "NextToken");
    } while (*token != '\0');
    assert_int_equal(n, 7);
    must_be(ask("CancelCommand", "{'CommandId':'%s'}", ids[2]), "");
    door_room_look();
#define LISTED(n, filters)                                                                         \
    assert_int_equal(number(ask("ListCommands", "{'Filters':[" filters "]}"), "Commands"), n)
    LISTED(1, "{'key':'Status','value':'Cancelled'}");
    LISTED(1, "{'key':'ExecutionStage','value':'Complete'}");
    LISTED(6, "{'key':'ExecutionStage','value':'Executing'}");
    LISTED(0, "{'key':'DocumentName','value':'AWS-Other'}");
    LISTED(0, "{'key':'InvokedAfter','value':'2030-01-01T00:00:00Z'}");
    LISTED(7, "{'key':'InvokedBefore','value':'2030-01-01T00:00:00Z'}");
    must_be(ask("ListCommands", "{'Filters':[{'key':'Colour','value':'x'}]}"), "InvalidFilterKey");
    must_be(ask("ListCommandInvocations",
                "{'Filters':[{'key':'ExecutionStage','value':'Complete'}]}"),
            "InvalidFilterKey");
    must_be(ask("ListCommands", "{'MaxResults':51}"), "ValidationException");
    must_be(ask("ListCommands", "{'NextToken':'AAAA'}"), "InvalidNextToken");
    assert_int_equal(number(ask("ListCommands",
                                "{'CommandId':'00000000-0000-0000-0000-000000000000'}"),
                            "Commands"),
                     0);
    must_be(ask("ListCommands", "{'CommandId':'0000000000000000000000000000000000xx'}"),
            "InvalidCommandId");
    must_be(ask("GetCommandInvocation",
                "{'CommandId':'00000000-0000-0000-0000-000000000000','InstanceId':'%s'}", g->id),
            "InvocationDoesNotExist");
}

static void a_key_sees_what_keys_of_its_name_sent(void **state)
{
    static const char *any[] = {"*"};
    const struct door_guest *g = door_room_guest("spare", "Role=web");
    const char *command = sent(to(g, ""));
    const struct door_signer other = door_room_key((struct access_key){
        .name = "other", .documents = {.items = any, .n = 1}, .any_host = true, .shell = true});

    (void)state;
    assert_int_equal(number(door_room_call(&other, "ListCommands", "{}"), "Commands"), 0);
    must_be(door_room_call(&other, "GetCommandInvocation", "{'CommandId':'%s','InstanceId':'%s'}",
                           command, g->id),
            "InvocationDoesNotExist");
    must_be(door_room_call(&other, "CancelCommand", "{'CommandId':'%s'}", command),
            "InvalidCommandId");
}

/* Documents (3.6, 7) ----------------------------------------------------------------------------- */

#define CONTENT(script)                                                                            \
    "{\\\"schemaVersion\\\":\\\"2.2\\\",\\\"description\\\":\\\"d\\\",\\\"parameters\\\":{"        \
    "\\\"ref\\\":{\\\"type\\\":\\\"String\\\",\\\"allowedPattern\\\":\\\"^[0-9a-f]{4}$\\\"},"      \
    "\\\"units\\\":{\\\"type\\\":\\\"StringList\\\",\\\"default\\\":[\\\"web\\\"]}},"              \
    "\\\"mainSteps\\\":[{\\\"action\\\":\\\"aws:runShellScript\\\",\\\"name\\\":\\\"first\\\","    \
    "\\\"inputs\\\":{\\\"runCommand\\\":[\\\"" script "\\\"],\\\"timeoutSeconds\\\":\\\"60\\\"}}," \
    "{\\\"action\\\":\\\"aws:runShellScript\\\",\\\"name\\\":\\\"second\\\",\\\"inputs\\\":{"      \
    "\\\"runCommand\\\":[\\\"true\\\"]}}]}"

static void document_has_versions_and_a_default(void **state)
{
    struct door_answer a = ask("CreateDocument", "{'Name':'deploy','Content':'%s'}", CONTENT("a"));

    (void)state;
    must_be(a, "");
    assert_string_equal(text(a, "DocumentDescription.DocumentVersion"), "1");
    assert_int_equal(number(a, "DocumentDescription.Parameters"), 2);
    assert_string_equal(text(a, "DocumentDescription.Parameters.1.DefaultValue"), "[\"web\"]");
    assert_int_equal(number(a, "DocumentDescription.PlatformTypes"), 2);
    must_be(ask("CreateDocument", "{'Name':'deploy','Content':'%s'}", CONTENT("a")),
            "DocumentAlreadyExists");
    must_be(ask("UpdateDocument", "{'Name':'deploy','Content':'%s'}", CONTENT("a")),
            "DuplicateDocumentContent");
    a = ask("UpdateDocument", "{'Name':'deploy','Content':'%s','VersionName':'two'}", CONTENT("b"));
    must_be(a, "");
    assert_string_equal(text(a, "DocumentDescription.DocumentVersion"), "2");
    assert_string_equal(text(a, "DocumentDescription.DefaultVersion"), "1");
    must_be(ask("UpdateDocument", "{'Name':'deploy','Content':'%s','VersionName':'two'}",
                CONTENT("c")),
            "DuplicateDocumentVersionName");
    a = ask("GetDocument", "{'Name':'deploy'}");
    assert_string_equal(text(a, "DocumentVersion"), "1");
    a = ask("GetDocument", "{'Name':'deploy','DocumentVersion':'$LATEST'}");
    assert_string_equal(text(a, "DocumentVersion"), "2");
    assert_non_null(strstr(text(a, "Content"), "[\"b\"]"));
    a = ask("UpdateDocumentDefaultVersion", "{'Name':'deploy','DocumentVersion':'2'}");
    must_be(a, "");
    assert_string_equal(text(a, "Description.DefaultVersionName"), "two");
    a = ask("DescribeDocument", "{'Name':'arn:aws:ssm:x:1:document/deploy'}");
    assert_string_equal(text(a, "Document.DefaultVersion"), "2");
    must_be(ask("UpdateDocumentDefaultVersion", "{'Name':'deploy','DocumentVersion':'3'}"),
            "InvalidDocumentVersion");
    must_be(ask("GetDocument", "{'Name':'deploy','VersionName':'three'}"),
            "InvalidDocumentVersion");
    a = ask("ListDocuments", "{}");
    assert_int_equal(number(a, "DocumentIdentifiers"), 3);
    a = ask("ListDocuments", "{'Filters':[{'Key':'Owner','Values':['Amazon']}]}");
    assert_string_equal(text(a, "DocumentIdentifiers.0.Name"), "AWS-RunShellScript");
    a = ask("ListDocuments", "{'MaxResults':2}");
    assert_int_equal(number(ask("ListDocuments", "{'MaxResults':2,'NextToken':'%s'}",
                                text(a, "NextToken")),
                            "DocumentIdentifiers"),
                     1);
    must_be(ask("DeleteDocument", "{'Name':'deploy'}"), "");
    must_be(ask("DeleteDocument", "{'Name':'deploy'}"), "InvalidDocument");
    must_be(ask("DeleteDocument", "{'Name':'AWS-RunShellScript'}"), "InvalidDocumentOperation");
}

static void each_flaw_of_a_document_has_its_error(void **state)
{
    (void)state;
    must_be(ask("CreateDocument", "{'Name':'AWS-Mine','Content':'%s'}", CONTENT("a")),
            "DocumentAlreadyExists");
    must_be(ask("CreateDocument", "{'Name':'migrate','Content':'%s'}", CONTENT("a")),
            "DocumentAlreadyExists");
    must_be(ask("CreateDocument", "{'Name':'d/e','Content':'{}'}"), "ValidationException");
    must_be(ask("CreateDocument", "{'Name':'deploy','Content':'['}"), "InvalidDocumentContent");
    must_be(ask("CreateDocument", "{'Name':'deploy','Content':'{}'}"),
            "InvalidDocumentSchemaVersion");
    must_be(ask("CreateDocument", "{'Name':'deploy','Content':'{}','DocumentFormat':'YAML'}"),
            "InvalidDocumentSchemaVersion");
    must_be(ask("CreateDocument", "{'Name':'deploy','Content':'{}','DocumentFormat':'TEXT'}"),
            "ValidationException");
    must_be(ask("CreateDocument", "{'Name':'deploy','Content':'{}','DocumentType':'Automation'}"),
            "ValidationException");
    must_be(ask("CreateDocument", "{'Name':'deploy','Content':'%065537d'}", 1),
            "MaxDocumentSizeExceeded");
}

/* A time of the answer, which is a number of seconds; the first of that name. */
static long long milliseconds(struct door_answer a, const char *member)
{
    const char *at = strstr(a.body, arena_printf(&door_room.arena, "\"%s\":", member));

    assert_non_null(at);
    return (long long)(strtod(strchr(at, ':') + 1, NULL) * 1000 + 0.5);
}

static void steps_of_several_are_asked_by_name(void **state)
{
    const struct door_guest *g = door_room_guest("web-1", "Role=web");
    struct door_answer a;
    const char *command;

    (void)state;
    must_be(ask("CreateDocument", "{'Name':'deploy','Content':'%s'}", CONTENT("a")), "");
    must_be(ask("SendCommand",
                "{'DocumentName':'deploy','InstanceIds':['%s'],'Parameters':"
                "{'ref':['xyz']}}",
                g->id),
            "InvalidParameters");
    command = sent(arena_printf(&door_room.arena,
                                "'DocumentName':'deploy','InstanceIds':['%s'],'Parameters':"
                                "{'ref':['00ff']}",
                                g->id));
    must_be(get(command, g), "InvalidPluginName");
    must_be(ask("GetCommandInvocation", "{'CommandId':'%s','InstanceId':'%s','PluginName':'third'}",
                command, g->id),
            "InvalidPluginName");
    (void)door_room_poll(g);
#define ONE(name, out) "'" name "':{'status':'Success','code':0,'standardOutput':'" out "'}"
    door_room_reply(g, message_id(command, g), REPLY("InProgress", ONE("first", "1")));
    door_room_reply(g, message_id(command, g), REPLY("InProgress", ONE("second", "2")));
    door_room_reply(g, message_id(command, g),
                    REPLY("Success", "")); /* empty: merged from before */
    door_room_look();
    a = ask("GetCommandInvocation", "{'CommandId':'%s','InstanceId':'%s','PluginName':'second'}",
            command, g->id);
    assert_string_equal(text(a, "StandardOutputContent"), "2");
    a = ask("ListCommandInvocations", "{'CommandId':'%s','Details':true}", command);
    assert_int_equal(number(a, "CommandInvocations.0.CommandPlugins"), 2);
    assert_string_equal(text(a, "CommandInvocations.0.CommandPlugins.0.Output"), "1");
    a = whole(command);
    /* 3,600 s to start; one step says 60 s, the other nothing. */
    assert_int_equal(milliseconds(a, "ExpiresAfter") - milliseconds(a, "RequestedDateTime"),
                     (3600 + 60 + 3600) * 1000);
    whole_is(command, "Success", "Success");
}

/* Restarts --------------------------------------------------------------------------------------- */

static void restart_between_all_steps_loses_and_repeats_nothing(void **state)
{
    const struct door_guest *g = door_room_guest("web-1", "Role=web");
    const char *command = sent(to(g, ""));

    (void)state;
    door_room_restart();
    assert_string_equal(text(door_room_poll(g), "Messages.0.MessageId"), message_id(command, g));
    door_room_restart();
    assert_int_equal(number(door_room_poll(g), "Messages"), 0); /* still invisible */
    door_room_pass(10000);
    assert_int_equal(number(door_room_poll(g), "Messages"), 1); /* it may not have arrived */
    door_room_acknowledge(g, message_id(command, g));
    door_room_restart();
    assert_int_equal(number(door_room_poll(g), "Messages"), 0);
    door_room_reply(g, message_id(command, g), REPLY("Success", STEP("Success", 0, "x", "")));
    door_room_restart(); /* before it was collected */
    door_room_look();
    status_is(command, g, "Success");
    whole_is(command, "Success", "Success");
}

/* Rows of a command are written in slices of 200 -------------------------------------------------- */

static void in_store(const char *sql)
{
    sqlite3 *sqlite;
    char *error = NULL;

    assert_int_equal(sqlite3_open(door_room.api.store.path, &sqlite), SQLITE_OK);
    sqlite3_busy_timeout(sqlite, 5000);
    if (sqlite3_exec(sqlite, sql, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s: %s", sql, error);
    sqlite3_close(sqlite);
}

/* Of these the first is the guest's; the second slice has the last one alone. */
#define LAY_201_HOSTS                                                                                      \
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 199)"                        \
    " INSERT INTO hosts (id, name, state, activation_id, fingerprint, registered_at, seen_at,"             \
    " platform_type) SELECT printf('mi-ffffffff%%09x', i), 'x-' || i, 'registered', h.activation_id, 'f'," \
    " h.registered_at, h.registered_at, 'Linux' FROM n, hosts h WHERE h.id = '%s';"                        \
    "INSERT INTO host_tags SELECT id, 'Crowd', 'many' FROM hosts"

static const char *torn_send(void)
{
    struct door_answer a =
        ask("SendCommand", "{" RUN ",'Targets':[{'Key':'tag:Crowd','Values':['many']}]}");

    must_be(a, "InternalServerError");
    door_room_look();
    return text(ask("ListCommands", "{}"), "Commands.0.CommandId");
}

/* The caller was told that it failed: so it never runs anywhere, and comes to an end. */
static void a_slice_that_cannot_be_written_ends_its_command(void **state)
{
    const struct door_guest *g = door_room_guest("web-1", "Role=web");
    const char *command;

    (void)state;
    in_store(arena_printf(&door_room.arena, LAY_201_HOSTS, g->id));
    in_store("CREATE TRIGGER full BEFORE INSERT ON invocations WHEN 200 <= (SELECT count(*) FROM"
             " invocations) BEGIN SELECT RAISE(ABORT, 'the disk is full'); END");
    command = torn_send();
    in_store("DROP TRIGGER full");
    whole_is(command, "Pending", "Pending");
    assert_int_equal(number(door_room_poll(g), "Messages"), 0);
    door_room_pass(RULES_COMMAND_WRITING_MS);
    whole_is(command, "Cancelled", "Cancelled");
    status_is(command, g, "Cancelled");
    assert_int_equal(number(door_room_poll(g), "Messages"), 0);
}

/* As it was written it is described and given back; hosts get JSON. */
static void S3_a_document_may_be_yaml(void **state)
{
    static const char yaml[] =
        "---\\nschemaVersion: \\u00272.2\\u0027\\ndescription: say it\\nparameters:\\n  what:\\n"
        "    type: String\\n    minChars: 1\\nmainSteps:\\n- action: aws:runShellScript\\n"
        "  name: say\\n  inputs:\\n    timeoutSeconds: 60\\n    runCommand:\\n"
        "    - |\\n      echo {{ what }}\\n      echo on\\n";
    struct door_guest *g;
    struct door_answer a;
    struct cJSON *json = NULL;
    struct err err = ERR_INIT;
    const char *payload, *steps;

    (void)state;
    g = door_room_guest("yaml-1", "Role=yaml");
    a = door_room_call(&caller, "CreateDocument",
                       "{'Name':'say-it','DocumentFormat':'YAML','Content':'%s'}", yaml);
    assert_string_equal(a.type, "");
    assert_string_equal(door_room_text(a, "DocumentDescription.DocumentFormat"), "YAML");
    assert_string_equal(door_room_text(a, "DocumentDescription.Description"), "say it");
    a = door_room_call(&caller, "GetDocument", "{'Name':'say-it','DocumentFormat':'YAML'}");
    assert_true(strncmp(door_room_text(a, "Content"), "---\nschemaVersion", 17) == 0);
    a = door_room_call(&caller, "GetDocument", "{'Name':'say-it'}");
    assert_string_equal(door_room_text(a, "DocumentFormat"), "JSON");
    assert_int_equal(json_parse(door_room_text(a, "Content"), strlen(door_room_text(a, "Content")),
                                NULL, &json, &err),
                     0);
    json_free(json);
    a = door_room_call(
        &caller, "SendCommand",
        "{'DocumentName':'say-it','InstanceIds':['%s'],'Parameters':{'what':['it']}}", g->id);
    assert_string_equal(a.type, "");
    payload = door_room_text(door_room_poll(g), "Messages.0.Payload");
    steps = strstr(payload, "\"timeoutSeconds\":60");
    assert_non_null(steps);
    assert_non_null(strstr(payload, "echo {{ what }}\\necho on\\n"));
    /* What readers of YAML do not agree on is no document. */
    for (size_t i = 0; i < 5; i++) {
        static const char *const bad[] = {"a: &x 1", "a: *x", "a: !!str 1", "a: 1\\na: 2", "a: [1"};

        a = door_room_call(&caller, "CreateDocument",
                           "{'Name':'bad-%zu','DocumentFormat':'YAML','Content':'%s'}", i, bad[i]);
        assert_string_equal(a.type, "InvalidDocumentContent");
    }
}

/* Statements of the flow for one more command, while so many are open. */
static uint64_t statements_for_one_more(const struct door_guest *g, int open)
{
    uint64_t before;

    for (int i = 0; i < open; i++)
        (void)sent(to(g, ""));
    before = db_count(door_room.flow.db);
    (void)sent(to(g, ""));
    return db_count(door_room.flow.db) - before;
}

/* S5: a bell for one command is no look at the others; that nothing is missed is seen after every act and story. */
static void a_command_costs_the_same_however_many_are_open(void **state)
{
    const struct door_guest *g = door_room_guest("web-1", "Role=web");
    uint64_t among_few, among_many;

    (void)state;
    among_few = statements_for_one_more(g, 2);
    among_many = statements_for_one_more(g, 20);
    assert_true(among_many <= among_few + 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(command_goes_to_its_host_and_comes_back),
        TEST(failure_carries_its_code_and_both_streams),
        TEST(time_out_of_the_agent_is_execution_and_ours_is_delivery),
        TEST(each_limit_of_a_send_has_its_error),
        TEST(host_that_is_silent_or_gone_fails_the_whole_call),
        TEST(targets_are_anded_and_values_ored),
        TEST(targets_that_match_nothing_are_a_success),
        TEST(T61_a_key_without_shell_runs_only_guarded_documents),
        TEST(T61_a_key_reaches_no_host_outside_its_tags_and_environments),
        TEST(T61_nothing_is_sent_under_a_hold_and_what_waits_waits),
        TEST(T61_what_an_ended_key_sent_is_not_handed_out_any_more),
        TEST(S5_one_first_then_two_more_then_up_to_the_limit),
        TEST(S5_errors_beyond_the_budget_stop_the_rest),
        TEST(S5_an_error_within_the_budget_is_incomplete),
        TEST(cancel_before_delivery_is_cancelled_at_once),
        TEST(cancel_of_what_runs_waits_for_the_agents_word),
        TEST(cancel_that_came_too_late_is_a_success),
        TEST(history_is_paged_newest_first_and_filtered),
        TEST(a_key_sees_what_keys_of_its_name_sent),
        TEST(document_has_versions_and_a_default),
        TEST(S3_a_document_may_be_yaml),
        TEST(each_flaw_of_a_document_has_its_error),
        TEST(steps_of_several_are_asked_by_name),
        TEST(restart_between_all_steps_loses_and_repeats_nothing),
        TEST(a_slice_that_cannot_be_written_ends_its_command),
        TEST(a_command_costs_the_same_however_many_are_open),
    };

    log_init(LOG_LOGFMT, LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
