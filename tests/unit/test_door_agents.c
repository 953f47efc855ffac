/*
 * door: hosts that misbehave in each way of ssm-wire.md 16, and the ways in which real ones do (4.1, 9, 10, 12): one
 * final state, one stored result. The property behind it is test_door_words; which sentence is held by which test:
 * docs/door.md.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/ssm/envelope.h"
#include "lib/ssm/message_start.h"
#include "lib/store/store_reply.h"
#include "lib/store/writer.h"
#include "tests/support/door_room.h"

static struct door_signer caller;
static const struct door_guest *g;

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
#define STEP(status, code, out)                                                                    \
    "'aws:runShellScript':{'status':'" status "','code':" #code ",'standardOutput':'" out          \
    "','standardError':''}"
#define REPLY(status, steps) "{'documentStatus':'" status "','runtimeStatus':{" steps "}}"

static const char *command, *message;

/* A command that the host has been handed. */
static void handed(void)
{
    struct door_answer a = door_room_call(
        &caller, "SendCommand",
        "{'DocumentName':'AWS-RunShellScript','Parameters':{'commands':['x']},'InstanceIds':['%s']}",
        g->id);

    door_asker_must_be(a, "");
    command = text(a, "Command.CommandId");
    message = text(door_room_poll(g), "Messages.0.MessageId");
    assert_string_not_equal(message, "");
}

static struct door_answer get(void)
{
    door_room_look();
    return door_room_call(&caller, "GetCommandInvocation", "{'CommandId':'%s','InstanceId':'%s'}",
                          command, g->id);
}

static void ends(const char *status, const char *output)
{
    struct door_answer a = get();

    assert_string_equal(text(a, "Status"), status);
    assert_string_equal(text(a, "StandardOutputContent"), output);
}

static size_t messages_now(void)
{
    return (size_t)number(door_room_poll(g), "Messages");
}

/* Deliveries ------------------------------------------------------------------------------------- */

static void duplicate_delivery_is_one_result(void **state)
{
    (void)state;
    handed();
    door_room_pass(10000); /* not acknowledged in its visibility */
    assert_int_equal(messages_now(), 1);
    door_room_acknowledge(g, message);
    door_room_reply(g, message, REPLY("Success", STEP("Success", 0, "once")));
    /* What the real agent says to a second delivery of what it finished. */
    door_room_reply(g, message, REPLY("InProgress", ""));
    door_room_acknowledge(g, message);
    ends("Success", "once");
    assert_int_equal(messages_now(), 0);
}

static void nothing_is_handed_out_again_once_it_was_taken(void **state)
{
    (void)state;
    handed();
    door_room_acknowledge(g, message);
    door_room_acknowledge(g, message);
    door_room_pass(60000);
    assert_int_equal(messages_now(), 0);
}

static void reply_takes_a_message_as_an_acknowledgement_does(void **state)
{
    (void)state;
    handed();
    door_room_reply(g, message, REPLY("InProgress", ""));
    door_room_pass(20000);
    assert_int_equal(messages_now(), 0);
    ends("InProgress", "");
}

static void reply_before_the_acknowledgement_is_believed(void **state)
{
    (void)state;
    handed();
    door_room_reply(g, message, REPLY("Success", STEP("Success", 0, "fast")));
    door_room_look();
    door_room_acknowledge(g, message);
    ends("Success", "fast");
}

static void terminal_before_in_progress_stays_terminal(void **state)
{
    (void)state;
    handed();
    door_room_acknowledge(g, message);
    door_room_reply(g, message, REPLY("Failed", STEP("Failed", 2, "no")));
    door_room_look();
    door_room_reply(g, message, REPLY("InProgress", ""));
    door_room_reply(g, message, REPLY("InProgress", STEP("InProgress", 0, "")));
    door_room_reply(g, message, REPLY("Success", STEP("Success", 0, "yes, longer than before")));
    ends("Failed", "no");
}

static void repeated_reply_id_is_one_reply(void **state)
{
    char id[NAMES_UUID_SIZE];

    (void)state;
    names_uuid_new(id);
    handed();
    for (int i = 0; i < 3; i++)
        door_asker_must_be(door_room_reply_as(g, message, id,
                                              REPLY("Success", STEP("Success", 0, "one"))),
                           "");
    /* The same id with other words: the first ones were said. */
    door_asker_must_be(door_room_reply_as(g, message, id,
                                          REPLY("Failed", STEP("Failed", 1, "other"))),
                       "");
    ends("Success", "one");
}

static void reply_after_expiry_changes_nothing(void **state)
{
    struct reply_note *notes;
    struct err err = ERR_INIT;
    size_t n;

    (void)state;
    handed();
    door_room_pass(7200000);
    door_room_renew(&door_room.guests[0]);
    ends("TimedOut", "");
    door_room_reply(g, message, REPLY("Success", STEP("Success", 0, "late")));
    assert_string_equal(text(get(), "StatusDetails"), "DeliveryTimedOut");
    assert_int_equal(messages_now(), 0);
    /* But for a note, which our page of the command shows. */
    assert_int_equal(store_reply_notes(door_room.flow.db, &door_room.arena, command, &notes, &n,
                                       &err),
                     0);
    assert_int_equal(n, 1);
    assert_string_equal(notes[0].note, "Success came when it was TimedOut");
}

static void undelivered_message_comes_again_until_it_expires(void **state)
{
    (void)state;
    handed();
    assert_int_equal(messages_now(), 0);
    door_room_pass(9999);
    assert_int_equal(messages_now(), 0);
    door_room_pass(1);
    assert_string_equal(text(get(), "StatusDetails"), "Delayed");
    assert_int_equal(messages_now(), 1);
    door_room_pass(3600000); /* past TimeoutSeconds, which it met when it was handed out */
    door_room_renew(&door_room.guests[0]);
    assert_int_equal(messages_now(), 1);
    door_room_pass(7200000 - 3610000 - 1);
    door_room_renew(&door_room.guests[0]);
    assert_int_equal(messages_now(), 1);
    door_room_pass(1);
    assert_int_equal(messages_now(), 0);
    assert_string_equal(text(get(), "StatusDetails"), "DeliveryTimedOut");
}

static void is_permitted(void)
{
    struct message_start start = {.command_id = command,
                                  .nonce = "aaaaaaaa-0000-4000-8000-000000000001",
                                  .journal_id = "33333333-2222-4333-8444-555555555555",
                                  .boot_id = "33333333-2222-4333-8444-666666666666",
                                  .record_number = 7,
                                  .protocol = ENVELOPE_PROTOCOL};
    struct err err = ERR_INIT;
    const char *body;

    assert_int_equal(message_start_make(&door_room.arena, &start, &body, &err), 0);
    door_asker_must_be(door_room_ask("Slipway.RequestStart", body, &g->session), "");
}

/* The permit is given, and then nothing is heard of it again: nobody may say that it did not run, and the caller is
 * told at ExpiresAfter what it is told of all that is unknown; so is the caller of the hosts beside it. */
static void S5_a_command_with_a_permit_expires_as_others_do(void **state)
{
    (void)state;
    handed();
    is_permitted();
    ends("InProgress", "");
    door_room_pass(7200000 - 1);
    ends("InProgress", "");
    door_room_pass(1);
    assert_string_equal(text(get(), "StatusDetails"), "DeliveryTimedOut");
    assert_string_equal(text(door_room_call(&caller, "ListCommands", "{'CommandId':'%s'}", command),
                             "Commands.0.StatusDetails"),
                        "DeliveryTimedOut");
}

/* Its beginning was not heard, and its time was over: the host's own word is its end. */
static void S4_an_end_by_time_limit_is_believed_where_the_start_was_not_heard(void **state)
{
    static const char *const words[] = {"TimedOut", "Cancelled"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        handed();
        door_room_acknowledge(g, message);
        is_permitted();
        door_room_reply(
            g, message,
            arena_printf(&door_room.arena,
                         "{'documentStatus':'%s','runtimeStatus':{" STEP(
                             "%s", 137,
                             "") "},'Slipway':{'State':'finished','Reason':'','Results':[],"
                                 "'BootId':'33333333-2222-4333-8444-666666666666',"
                                 "'JournalId':'33333333-2222-4333-8444-555555555555',"
                                 "'RecordNumber':9}}",
                         words[i], words[i]));
        ends(words[i], "");
        assert_string_equal(text(get(), "StatusDetails"),
                            i == 0 ? "ExecutionTimedOut" : "Cancelled");
    }
}

static void several_messages_come_in_one_answer(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++)
        door_asker_must_be(
            door_room_call(&caller, "SendCommand",
                           "{'DocumentName':'AWS-RunShellScript','Parameters':{'commands':['x']},"
                           "'InstanceIds':['%s']}",
                           g->id),
            "");
    assert_int_equal(messages_now(), 4);
    assert_int_equal(messages_now(), 2);
    assert_int_equal(messages_now(), 0);
}

/* Words that are odd ------------------------------------------------------------------------------ */

static void steps_that_the_document_has_not_are_dropped(void **state)
{
    (void)state;
    handed();
    door_room_reply(g, message,
                    REPLY("Success",
                          "'stranger':{'status':'Success','code':0}," STEP("Success", 0, "mine")));
    ends("Success", "mine");
}

static void reply_that_cannot_be_read_is_kept_and_noted(void **state)
{
    (void)state;
    handed();
    door_room_acknowledge(g, message);
    door_room_reply(g, message, "no json");
    door_room_reply(g, message, REPLY("Dancing", ""));
    door_room_reply(g, message, "{}");
    ends("InProgress", "");
    door_room_reply(g, message, REPLY("Success", STEP("Success", 0, "well")));
    ends("Success", "well");
}

/* As Amazon's agent builds them: a step that it knows nothing of yet is null, and it has words that nobody wrote down.
 * The rest of the reply counts. */
static void S12_a_step_that_says_nothing_costs_nothing_of_the_reply(void **state)
{
    (void)state;
    handed();
    door_room_reply(g, message, REPLY("InProgress", "'aws:runShellScript':null"));
    ends("InProgress", "");
    door_room_reply(g, message,
                    REPLY("Success", "'other':{'status':''}," STEP("PassedAndReboot", 0, "well")));
    ends("Success", "well");
}

/* Its history was pruned, or it was sent by a store before this one. Refused, Amazon's agent would say it again every
 * five minutes for two hours, hold back whatever stands behind it, and count each refusal until it sleeps. */
static void S10_a_word_about_a_command_that_nobody_knows_is_taken_and_dropped(void **state)
{
    const char *unknown =
        arena_printf(&door_room.arena, "aws.ssm.01900000-0000-7000-8000-00000000dead.%s", g->id);

    (void)state;
    handed();
    door_asker_must_be(door_room_reply_as(g, unknown, "0b1c2d3e-0000-4000-8000-0000000000d4",
                                          REPLY("Success", STEP("Success", 0, "stray"))),
                       "");
    door_asker_must_be(door_room_say(g, "AcknowledgeMessage", "{'MessageId':'%s'}", unknown), "");
    door_asker_must_be(door_room_say(g, "FailMessage",
                                     "{'MessageId':'%s','FailureType':'NoHandlerExists'}", unknown),
                       "");
    ends("Pending", "");
}

static void reply_for_another_hosts_command_is_refused(void **state)
{
    const struct door_guest *other = door_room_guest("web-2", "Role=web");

    (void)state;
    handed();
    door_asker_must_be(door_room_reply_as(other, message, "0b1c2d3e-0000-4000-8000-0000000000d1",
                                          REPLY("Success", "")),
                       "InvalidMessageIdException");
    door_asker_must_be(door_room_say(other, "AcknowledgeMessage", "{'MessageId':'%s'}", message),
                       "InvalidMessageIdException");
    ends("Pending", "");
}

/* Both have the command: what one says under the other's id is not taken as its own either. */
static void T36_reply_under_the_id_of_another_host_of_the_command_is_refused(void **state)
{
    const struct door_guest *other = door_room_guest("web-2", "Role=web");
    struct door_answer a = door_room_call(
        &caller, "SendCommand",
        "{'DocumentName':'AWS-RunShellScript','Parameters':{'commands':['x']},'MaxConcurrency':"
        "'100%%','InstanceIds':['%s','%s']}",
        g->id, other->id);

    (void)state;
    door_asker_must_be(a, "");
    command = text(a, "Command.CommandId");
    message = arena_printf(&door_room.arena, "aws.ssm.%s.%s", command, g->id);
    door_asker_must_be(door_room_reply_as(other, message, "0b1c2d3e-0000-4000-8000-0000000000d1",
                                          REPLY("Success", "")),
                       "InvalidMessageIdException");
    door_asker_must_be(door_room_say(other, "AcknowledgeMessage", "{'MessageId':'%s'}", message),
                       "InvalidMessageIdException");
}

static void message_that_the_agent_could_not_take_has_failed(void **state)
{
    (void)state;
    handed();
    door_asker_must_be(door_room_say(g, "FailMessage",
                                     "{'MessageId':'%s','FailureType':'NoHandlerExists'}", message),
                       "");
    ends("Failed", "");
}

static void document_that_the_agent_could_not_parse_has_failed_with_its_reason(void **state)
{
    struct door_answer a;

    (void)state;
    handed();
    door_room_reply(g, message,
                    "{'documentStatus':'Failed','documentTraceOutput':'schema 9 is not known',"
                    "'runtimeStatus':{}}");
    door_room_look();
    a = door_room_call(&caller, "ListCommandInvocations", "{'CommandId':'%s'}", command);
    assert_string_equal(text(a, "CommandInvocations.0.TraceOutput"), "schema 9 is not known");
    assert_string_equal(text(a, "CommandInvocations.0.Status"), "Failed");
}

static void skipped_and_rebooting_steps_are_successes(void **state)
{
    (void)state;
    handed();
    door_room_reply(g, message, REPLY("SuccessAndReboot", STEP("SuccessAndReboot", 194, "again")));
    ends("Success", "again");
}

/* A step that never ran has no streams: why it did not stands in `output`. What has streams has there both again. */
static void S4_a_skipped_step_is_a_success_and_says_why(void **state)
{
    (void)state;
    handed();
    door_room_reply(g, message,
                    REPLY("Success", "'aws:runShellScript':{'status':'Skipped','code':0,'output':"
                                     "'not for Linux','standardOutput':'','standardError':''}"));
    ends("Success", "not for Linux");
    assert_string_equal(text(get(), "StatusDetails"), "Success");
    handed();
    door_room_reply(g, message,
                    REPLY("Success", "'aws:runShellScript':{'status':'Success','code':0,'output':"
                                     "'both','standardOutput':'','standardError':'err'}"));
    ends("Success", "");
}

/* Output (6) -------------------------------------------------------------------------------------- */

static char *filled(size_t n, const char *what)
{
    size_t len = strlen(what);
    char *s = arena_alloc(&door_room.arena, n * len + 1);

    for (size_t i = 0; i < n; i++)
        memcpy(s + i * len, what, len);
    return s;
}

static size_t characters(const char *s)
{
    size_t n = 0;

    for (; *s != '\0'; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

static void S6_both_streams_full_of_wide_characters_are_cut_between_characters(void **state)
{
    const char *wide =
        filled(24000, "\xe3\x81\x82"); /* 72,000 bytes, which no agent sends in one stream */
    struct door_answer a;

    (void)state;
    handed();
    door_room_reply(
        g, message,
        arena_printf(&door_room.arena,
                     "{'documentStatus':'Success','runtimeStatus':{'aws:runShellScript':"
                     "{'status':'Success','code':0,'standardOutput':'%s'}}}",
                     wide));
    a = get();
    assert_true(strstr(a.body, filled(20000, "\xe3\x81\x82")) != NULL);
    handed();
    door_room_reply(
        g, message,
        arena_printf(&door_room.arena,
                     "{'documentStatus':'Failed','runtimeStatus':{'aws:runShellScript':"
                     "{'status':'Failed','code':1,'standardOutput':'%s','standardError':"
                     "'%s'}}}",
                     filled(24000, "o"), filled(7999, "e")));
    a = get();
    assert_int_equal(characters(text(a, "StandardOutputContent")), 24000);
    assert_int_equal(characters(text(a, "StandardErrorContent")), 7999);
    a = door_room_call(&caller, "ListCommandInvocations", "{'CommandId':'%s','Details':true}",
                       command);
    assert_int_equal(characters(text(a, "CommandInvocations.0.CommandPlugins.0.Output")), 2500);
    assert_non_null(strstr(text(a, "CommandInvocations.0.CommandPlugins.0.Output"),
                           "\n---Output truncated---\n----------ERROR-------\n"));
    handed();
    door_room_reply(g, message,
                    arena_printf(&door_room.arena,
                                 "{'documentStatus':'Failed','runtimeStatus':{'aws:runShellScript':"
                                 "{'status':'Failed','code':1,'standardOutput':'','standardError':"
                                 "'%s'}}}",
                                 filled(9000, "\xc3\xa9")));
    a = get();
    assert_int_equal(characters(text(a, "StandardErrorContent")), 8000);
}

/* The bootstrap (9) ------------------------------------------------------------------------------- */

static void S9_the_two_forms_of_a_ping_come_at_the_same_instant(void **state)
{
    char *long_name = filled(200, "x");

    (void)state;
    door_asker_must_be(
        door_room_call(
            &g->session, "UpdateInstanceInformation",
            "{'AgentName':'amazon-ssm-agent','AgentVersion':'3.3.484.0','InstanceId':'%s',"
            "'PlatformType':'Linux'}",
            g->id),
        "");
    door_room_seen(g);
    /* Nothing of it is a reason to refuse: an agent whose first ping fails hibernates. */
    door_asker_must_be(
        door_room_call(
            &g->session, "UpdateInstanceInformation",
            "{'AgentName':'a','AgentVersion':'1','InstanceId':'%s','PlatformName':'%s',"
            "'ComputerName':'%s','IPAddress':null,'AvailabilityZone':'','New':{'x':[1]}}",
            g->id, long_name, long_name),
        "");
    door_asker_must_be(door_room_call(&g->session, "ListInstanceAssociations",
                                      "{'InstanceId':'%s','MaxResults':20}", g->id),
                       "");
}

static void S9_a_host_is_told_denied_only_when_it_is_gone(void **state)
{
    const struct door_signer by_key = {.key_id = g->id, .rsa = door_room.rsa, .chunked = true};
    struct door_signer late = by_key;

    (void)state;
    late.off = 3600000; /* its clock is wrong */
    door_asker_must_be(door_room_call(&late, "RequestManagedInstanceRoleToken",
                                      "{'Fingerprint':'%s'}", g->fingerprint),
                       "InternalServerError");
    door_asker_must_be(door_room_call(&caller, "DeregisterManagedInstance", "{'InstanceId':'%s'}",
                                      g->id),
                       "");
    door_asker_must_be(door_room_call(&by_key, "RequestManagedInstanceRoleToken",
                                      "{'Fingerprint':'%s'}", g->fingerprint),
                       "AccessDeniedException");
}

static void host_that_was_deregistered_gets_what_waits_undeliverable(void **state)
{
    const struct door_guest *h = door_room_guest("web-2", "Role=web");
    struct door_answer a = door_room_call(
        &caller, "SendCommand",
        "{'DocumentName':'AWS-RunShellScript','Parameters':{'commands':['x']},'InstanceIds':['%s']}",
        h->id);

    (void)state;
    door_asker_must_be(a, "");
    command = text(a, "Command.CommandId");
    door_asker_must_be(door_room_call(&caller, "DeregisterManagedInstance", "{'InstanceId':'%s'}",
                                      h->id),
                       "");
    door_room_look();
    a = door_room_call(&caller, "ListCommands", "{'CommandId':'%s'}", command);
    assert_string_equal(text(a, "Commands.0.StatusDetails"), "Failed");
    a = door_room_call(&caller, "ListCommandInvocations", "{'CommandId':'%s'}", command);
    assert_string_equal(text(a, "CommandInvocations.0.StatusDetails"), "Undeliverable");
}

/* What waits is written together: many hosts that answer at once do not make as many syncs. */
static void replies_that_wait_are_one_commit(void **state)
{
    struct door_guest *others[8];
    const char *messages[8];
    uint64_t before;

    (void)state;
    for (size_t i = 0; i < 8; i++)
        others[i] = door_room_guest(arena_printf(&door_room.arena, "many-%zu", i), "Role=many");
    command =
        text(door_room_call(&caller, "SendCommand",
                            "{'DocumentName':'AWS-RunShellScript','Targets':[{'Key':'tag:Role',"
                            "'Values':['many']}],'MaxConcurrency':'100%%','Parameters':"
                            "{'commands':['x']}}"),
             "Command.CommandId");
    for (size_t i = 0; i < 8; i++) { /* AWS' ramp: what was acknowledged lets others go */
        for (size_t k = 0; k < 8; k++) {
            struct door_answer a = door_room_poll(others[k]);

            if (number(a, "Messages") > 0) {
                messages[k] = text(a, "Messages.0.MessageId");
                door_room_acknowledge(others[k], messages[k]);
            }
        }
    }
    door_room_look();
    for (size_t i = 0; i < 8; i++)
        door_room_reply(others[i], messages[i], REPLY("Success", STEP("Success", 0, "it")));
    before = writer_counts(door_room.api.writer).commits;
    door_room_look();
    assert_in_range(writer_counts(door_room.api.writer).commits - before, 1, 4);
    for (size_t i = 0; i < 8; i++)
        assert_string_equal(text(door_room_call(&caller, "GetCommandInvocation",
                                                "{'CommandId':'%s','InstanceId':'%s'}", command,
                                                others[i]->id),
                                 "Status"),
                            "Success");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(duplicate_delivery_is_one_result),
        TEST(nothing_is_handed_out_again_once_it_was_taken),
        TEST(reply_takes_a_message_as_an_acknowledgement_does),
        TEST(reply_before_the_acknowledgement_is_believed),
        TEST(terminal_before_in_progress_stays_terminal),
        TEST(repeated_reply_id_is_one_reply),
        TEST(reply_after_expiry_changes_nothing),
        TEST(undelivered_message_comes_again_until_it_expires),
        TEST(S5_a_command_with_a_permit_expires_as_others_do),
        TEST(S4_an_end_by_time_limit_is_believed_where_the_start_was_not_heard),
        TEST(several_messages_come_in_one_answer),
        TEST(steps_that_the_document_has_not_are_dropped),
        TEST(reply_that_cannot_be_read_is_kept_and_noted),
        TEST(S12_a_step_that_says_nothing_costs_nothing_of_the_reply),
        TEST(S10_a_word_about_a_command_that_nobody_knows_is_taken_and_dropped),
        TEST(reply_for_another_hosts_command_is_refused),
        TEST(T36_reply_under_the_id_of_another_host_of_the_command_is_refused),
        TEST(message_that_the_agent_could_not_take_has_failed),
        TEST(document_that_the_agent_could_not_parse_has_failed_with_its_reason),
        TEST(skipped_and_rebooting_steps_are_successes),
        TEST(S4_a_skipped_step_is_a_success_and_says_why),
        TEST(S6_both_streams_full_of_wide_characters_are_cut_between_characters),
        TEST(S9_the_two_forms_of_a_ping_come_at_the_same_instant),
        TEST(S9_a_host_is_told_denied_only_when_it_is_gone),
        TEST(host_that_was_deregistered_gets_what_waits_undeliverable),
        TEST(replies_that_wait_are_one_commit),
    };

    log_init(LOG_LOGFMT, LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
