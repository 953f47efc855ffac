/*
 * door: every limit of the wire at its edge (ssm-wire.md 1 to 8): what is taken at it, what is refused one beyond it, and
 * by which typed error. The rows are the list; a limit that has none is not held.
 *
 * In a row ' stands for ", <5*x> for xxxxx (with commas in between if it begins with ' or {), <I> for a host that is
 * online, <C> for a command that was sent to it, and %s for the value that is tried.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/ssm/content.h"
#include "lib/ssm/content_shipped.h"
#include "lib/store/store_command.h"
#include "lib/store/store_door_document.h"
#include "tests/support/door_room.h"
#include "tests/support/raw_http.h"

static struct door_signer caller;
static const struct door_guest *host;
static const char *command;

#define text(...) door_room_text(__VA_ARGS__)
#define number(...) door_asker_number(__VA_ARGS__)
#define RUN "'DocumentName':'AWS-RunShellScript','Parameters':{'commands':['x']}"
#define SEND RUN ",'InstanceIds':['<I>']"

#define VALIDATION "ValidationException"
#define SERIALIZATION "SerializationException"

/* Templates -------------------------------------------------------------------------------------- */

static void add_times(struct buf *out, size_t n, const char *what, size_t len)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && (*what == '\'' || *what == '{'))
            buf_adds(out, ",");
        buf_add(out, what, len);
    }
}

/* What stands between < and its >, which may hold others of them. */
static const char *end_of(const char *from)
{
    int depth = 0;

    for (; *from != '\0'; from++) {
        depth += *from == '<' ? 1 : *from == '>' ? -1 : 0;
        if (depth == 0)
            return from;
    }
    fail_msg("a < without its >");
    return from;
}

static const char *filled(const char *template, const char *value)
{
    struct buf out;
    const char *done;

    buf_init(&out, (size_t)1 << 20);
    for (const char *p = template; *p != '\0'; p++) {
        char *rest;
        size_t n;

        if (str_starts(p, "%s") && value != NULL) {
            buf_adds(&out, filled(value, NULL));
            p++;
        } else if (str_starts(p, "<I>")) {
            buf_adds(&out, host->id);
            p += 2;
        } else if (str_starts(p, "<C>")) {
            buf_adds(&out, command);
            p += 2;
        } else if (*p == '<' && (n = strtoul(p + 1, &rest, 10)) > 0 && *rest == '*') {
            const char *end = end_of(p);
            const char *what =
                filled(arena_strn(&door_room.arena, rest + 1, (size_t)(end - rest - 1)), NULL);

            add_times(&out, n, what, strlen(what));
            p = end;
        } else {
            buf_add(&out, p, 1);
        }
    }
    done = arena_strn(&door_room.arena, buf_str(&out), out.len);
    buf_deinit(&out);
    return done;
}

static struct door_answer try_it(const char *operation, const char *template, const char *value)
{
    return door_room_call(&caller, operation, "%s", filled(template, value));
}

/* One limit: `taken` at its edge, `refused` one beyond it with `code`. Either may be NULL. What is taken may then lack
 * something else: `then` is what follows, "" = it is done. */
struct limit {
    const char *operation;
    const char *body;
    const char *taken, *refused;
    const char *code;
    const char *then;
};

static unsigned broken;

static void expect(const struct limit *l, const char *value, const char *code)
{
    struct door_answer a = try_it(l->operation, l->body, value);

    if (strcmp(a.type, code) == 0)
        return;
    broken++;
    print_error("%s %s with %.60s: %s (%.200s), and not %s\n", l->operation, l->body, value,
                *a.type != '\0' ? a.type : "taken", a.message, *code != '\0' ? code : "taken");
}

static void hold(const struct limit *limits, size_t n)
{
    broken = 0;
    for (size_t i = 0; i < n; i++) {
        const struct limit *l = &limits[i];

        if (l->taken != NULL)
            expect(l, l->taken, l->then != NULL ? l->then : "");
        if (l->refused != NULL)
            expect(l, l->refused, l->code);
    }
    if (broken > 0)
        fail_msg("%u limits are not as the wire has them", broken);
}

#define HOLD(limits) hold(limits, sizeof(limits) / sizeof((limits)[0]))

/* One room for all of them: no row changes what another one is about. */
static int set_up(void **state)
{
    struct door_answer a;

    (void)state;
    door_room_up(NULL);
    caller = door_room_any_key();
    host = door_room_guest("web-1", "Role=web");
    a = try_it("SendCommand", "{" SEND "}", NULL);
    door_asker_must_be(a, "");
    command = text(a, "Command.CommandId");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    door_room_down();
    return 0;
}

/* 1 and 2: transport ----------------------------------------------------------------------------- */

static void S1_bodies_and_members_have_their_json_types(void **state)
{
    static const struct limit limits[] = {
        {"ListCommands", "%s", "{}", "[]", SERIALIZATION, NULL},
        {"ListCommands", "%s", NULL, "", SERIALIZATION, NULL},
        {"ListCommands", "%s", NULL, "{} {}", SERIALIZATION, NULL},
        {"ListCommands", "%s", NULL, "{'MaxResults':1,'MaxResults':1}", SERIALIZATION, NULL},
        {"ListCommands", "{%s}", "'Unknown':{'x':[1]}", "'MaxResults':'1'", SERIALIZATION, NULL},
        {"ListCommands", "{'MaxResults':%s}", "null", "1.5", SERIALIZATION, NULL},
        {"ListCommands", "{'CommandId':%s}", "null", "5", SERIALIZATION, NULL},
        {"ListCommands", "{'Filters':%s}", "null", "{}", SERIALIZATION, NULL},
        {"ListCommandInvocations", "{'Details':%s}", "true", "'true'", SERIALIZATION, NULL},
        {"SendCommand", "{" SEND ",'Comment':%s}", "null", "5", SERIALIZATION, NULL},
        {"SendCommand", "{" SEND ",'Targets':%s}", "[]", "'x'", SERIALIZATION, NULL},
        {"SendCommand", "{" SEND ",'NotificationConfig':%s}", "{}", "[]", SERIALIZATION, NULL},
        {"SendCommand",
         "{'DocumentName':'AWS-RunShellScript','InstanceIds':['<I>'],'Parameters':%s}",
         "{'commands':['x']}", "{'commands':'x'}", SERIALIZATION, NULL},
        {"SendCommand",
         "{'DocumentName':'AWS-RunShellScript','InstanceIds':['<I>'],'Parameters':%s}", NULL,
         "{'commands':[1]}", SERIALIZATION, NULL},
        {"SendCommand",
         "{'DocumentName':'AWS-RunShellScript','InstanceIds':['<I>'],'Parameters':%s}", NULL,
         "['x']", SERIALIZATION, NULL},
        {"CreateActivation", "{'IamRole':'r','ExpirationDate':%s}", NULL, "'2027-01-01'",
         SERIALIZATION, NULL},
    };

    (void)state;
    HOLD(limits);
    door_asker_must_be(door_room_call(&caller, "listCommands", "{}"), "UnknownOperationException");
    door_asker_must_be(door_room_call(&caller, "ListCommand", "{}"), "UnknownOperationException");
    door_asker_must_be(door_room_ask("ListCommands", "{}", &caller), "UnknownOperationException");
}

static void S1_an_answer_has_its_type_an_id_and_the_right_date(void **state)
{
    static const char *const bodies[] = {"{}", "{\"MaxResults\":0}"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct door_asker asker = {.address = http_server_address(door_room.api.server,
                                                                        LISTENER_AGENTS),
                                         .arena = &door_room.arena,
                                         .now = door_room_now()};
        const char *bytes = door_asker_bytes(&asker, "AmazonSSM.ListCommands", bodies[i], &caller);
        struct raw_answer *answer = raw_http_ask(asker.address, bytes, strlen(bytes));

        assert_int_equal(answer->status, i == 0 ? 200 : 400);
        assert_string_equal(raw_http_header(answer, "Content-Type"), "application/x-amz-json-1.1");
        assert_int_equal(strlen(raw_http_header(answer, "x-amzn-RequestId")), 36);
        assert_non_null(strstr(raw_http_header(answer, "Date"), " GMT"));
        assert_null(raw_http_header(answer, "Content-Encoding")); /* it did not ask */
        free(answer);
    }
}

static void S1_broken_limits_are_told_in_words_that_clients_know(void **state)
{
    static const struct {
        const char *body, *words;
    } cases[] = {
        {"'MaxResults':51",
         "1 validation error detected: Value '51' at 'maxResults' failed to satisfy "
         "constraint: Member must have value less than or equal to 50"},
        {"'MaxResults':0", "Member must have value greater than or equal to 1"},
        {"'CommandId':'x'", "Value 'x' at 'commandId' failed to satisfy constraint: Member must "
                            "have length greater than or equal to 36"},
        {"'CommandId':'<37*0>'", "Member must have length less than or equal to 36"},
        {"'InstanceId':'web'", "Member must satisfy regular expression pattern: "},
        {"'MaxResults':51,'CommandId':'x'", "2 validation errors detected: "},
        {"'Filters':[{'value':'x'}]", "Value null at 'filters.member.key' failed to satisfy "
                                      "constraint: Member must not be null"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct door_answer a =
            try_it("ListCommands", arena_printf(&door_room.arena, "{%s}", cases[i].body), NULL);

        door_asker_must_be(a, VALIDATION);
        if (strstr(a.message, cases[i].words) == NULL)
            fail_msg("%s: %s", a.message, cases[i].words);
    }
    {
        struct door_answer a = try_it("SendCommand", "{" SEND ",'DocumentHashType':'Md5'}", NULL);

        assert_non_null(strstr(a.message, "Member must satisfy enum value set: [Sha256, Sha1]"));
    }
}

/* 3.1: SendCommand ------------------------------------------------------------------------------- */

#define SENDS(members) "SendCommand", "{" SEND "," members "}"
#define SENDS_TO(members) "SendCommand", "{" RUN "," members "}"
#define ID "'mi-<17*0>'"
#define NOBODY "{'Key':'tag:Role','Values':['none']}"

static void S3_1_each_limit_of_a_send_at_its_edge(void **state)
{
    static const struct limit limits[] = {
        {"SendCommand", "{'DocumentName':'%s','InstanceIds':['<I>']}", "<3*a>", "<2*a>", VALIDATION,
         "InvalidDocument"},
        {"SendCommand", "{'DocumentName':'%s','InstanceIds':['<I>']}", "<128*a>", "<129*a>",
         VALIDATION, "InvalidDocument"},
        {"SendCommand", "{'DocumentName':'%s','InstanceIds':['<I>']}", "a:b/c-d_e.f", "a b",
         VALIDATION, "InvalidDocument"},
        {"SendCommand", "{'InstanceIds':['<I>']%s}", NULL, "", VALIDATION, NULL},
        {"SendCommand",
         "{'DocumentName':'arn:aws:ssm:x:1:document/%s','InstanceIds':['<I>'],'Parameters':{'commands':['x']}}",
         "AWS-RunShellScript", "Nothing", "InvalidDocument", NULL},
        {SENDS_TO("'InstanceIds':[%s]"), "<50*" ID ">", "<51*" ID ">", VALIDATION,
         "DuplicateInstanceId"},
        {SENDS_TO("'InstanceIds':['%s']"), "i-00000000", "i-000000000", VALIDATION,
         "InvalidInstanceId"},
        {SENDS_TO("'InstanceIds':['%s']"), "i-<17*a>", "i-<16*a>", VALIDATION, "InvalidInstanceId"},
        {SENDS_TO("'InstanceIds':['%s']"), "mi-<17*0>", "mi-<16*0>", VALIDATION,
         "InvalidInstanceId"},
        {SENDS_TO("'InstanceIds':['%s']"), NULL, "mi-<18*0>", VALIDATION, NULL},
        {SENDS_TO("'InstanceIds':['%s']"), NULL, "mi-0123456789abcdef.", VALIDATION, NULL},
        {SENDS_TO("'InstanceIds':[%s]"), "'<I>'", "'<I>','<I>'", "DuplicateInstanceId", NULL},
        {SENDS_TO("'InstanceIds':[%s]"), NULL, "'<I>','mi-<17*0>'", "InvalidInstanceId", NULL},
        {SENDS_TO("'InstanceIds':[%s]"), NULL, "", "InvalidInstanceId", NULL},
        {SENDS_TO("'Targets':[%s]"), "<5*" NOBODY ">", "<6*" NOBODY ">", VALIDATION, NULL},
        {SENDS_TO("'Targets':[%s]"), NULL, "", "InvalidInstanceId", NULL},
        {SENDS_TO("'Targets':[{'Key':'%s','Values':['x']}]"), "tag:<159*k>", "tag:<160*k>",
         VALIDATION, NULL},
        {SENDS_TO("'Targets':[{'Key':'%s','Values':['x']}]"), "tag-key", "tag:", VALIDATION, NULL},
        {SENDS_TO("'Targets':[{'Key':'%s','Values':['x']}]"), "instanceids", "Name", VALIDATION,
         NULL},
        {SENDS_TO("'Targets':[{'Key':'%s','Values':['x']}]"), "resource-groups:Name", "",
         VALIDATION, NULL},
        {SENDS_TO("'Targets':[{'Key':'tag:Role','Values':[%s]}]"), "<50*'x'>", "<51*'x'>",
         VALIDATION, NULL},
        {SENDS_TO("'Targets':[{'Key':'tag:Role','Values':[%s]}]"), "", "5", SERIALIZATION, NULL},
        {SENDS("'DocumentVersion':'%s'"), "$LATEST", "$NEWEST", VALIDATION, NULL},
        {SENDS("'DocumentVersion':'%s'"), "$DEFAULT", "0", VALIDATION, NULL},
        {SENDS("'DocumentVersion':'%s'"), "1", "01", VALIDATION, NULL},
        {SENDS("'DocumentVersion':'%s'"), NULL, "-1", VALIDATION, NULL},
        {SENDS("'DocumentVersion':'%s'"), NULL, "", VALIDATION, NULL},
        {SENDS("'DocumentVersion':'%s'"), NULL, "2", "InvalidDocumentVersion", NULL},
        {SENDS("'DocumentHash':'%s'"), "<256*0>", "<257*0>", VALIDATION, "InvalidDocument"},
        {SENDS("'DocumentHashType':'%s'"), "Sha256", "Md5", VALIDATION, NULL},
        {SENDS("'DocumentHashType':'%s'"), "Sha1", "sha1", VALIDATION, NULL},
        {SENDS("'TimeoutSeconds':%s"), "30", "29", VALIDATION, NULL},
        {SENDS("'TimeoutSeconds':%s"), "2592000", "2592001", VALIDATION, NULL},
        {SENDS("'Comment':'%s'"), "<100*c>", "<101*c>", VALIDATION, NULL},
        {SENDS("'Comment':'%s'"), "<100*\xe3\x81\x82>", "<101*\xe3\x81\x82>", VALIDATION, NULL},
        {SENDS("'OutputS3Region':'%s'"), "<3*r>", "<2*r>", VALIDATION, NULL},
        {SENDS("'OutputS3Region':'%s'"), "<20*r>", "<21*r>", VALIDATION, NULL},
        {SENDS("'OutputS3BucketName':'%s'"), "<3*b>", "<2*b>", VALIDATION, NULL},
        {SENDS("'OutputS3BucketName':'%s'"), "<63*b>", "<64*b>", VALIDATION, NULL},
        {SENDS("'OutputS3BucketName':'%s'"), "a.b-9", "Not_one", "InvalidOutputFolder", NULL},
        {SENDS("'OutputS3BucketName':'%s'"), NULL, "-abc", "InvalidOutputFolder", NULL},
        {SENDS("'OutputS3KeyPrefix':'%s'"), "<500*p>", "<501*p>", VALIDATION, NULL},
        {SENDS("'ServiceRoleArn':'%s'"), "arn:aws:iam::111122223333:role/ssm", "ssm", "InvalidRole",
         NULL},
        {SENDS("'NotificationConfig':{'NotificationArn':'%s'}"),
         "arn:aws:sns:us-east-1:111122223333:t", "t", "InvalidNotificationConfig", NULL},
        {SENDS("'NotificationConfig':{'NotificationEvents':['%s']}"), NULL, "Done", VALIDATION,
         NULL},
        {SENDS("'NotificationConfig':{'NotificationType':'%s'}"), "Command", "Both", VALIDATION,
         NULL},
        {SENDS("'NotificationConfig':{'NotificationType':'%s'}"), "Invocation", "", VALIDATION,
         NULL},
        {SENDS("'CloudWatchOutputConfig':{'CloudWatchLogGroupName':'%s'}"), "g", "", VALIDATION,
         NULL},
        {SENDS("'CloudWatchOutputConfig':{'CloudWatchLogGroupName':'%s'}"), "<512*g>", "<513*g>",
         VALIDATION, NULL},
        {SENDS("'CloudWatchOutputConfig':{'CloudWatchOutputEnabled':%s}"), "true", "'true'",
         SERIALIZATION, NULL},
        {SENDS("'AlarmConfiguration':{'Alarms':[%s]}"), "{'Name':'a'}", "", VALIDATION, NULL},
        {SENDS("'AlarmConfiguration':{'Alarms':[%s]}"), NULL, "<2*{'Name':'a'}>", VALIDATION, NULL},
        {SENDS("'AlarmConfiguration':{%s}"), NULL, "'IgnorePollAlarmFailure':true", VALIDATION,
         NULL},
        {SENDS("'AlarmConfiguration':{'Alarms':[{'Name':'%s'}]}"), "<255*a>", "<256*a>", VALIDATION,
         NULL},
        {SENDS("'AlarmConfiguration':{'Alarms':[{'Name':'%s'}]}"), NULL, "", VALIDATION, NULL},
    };
    static const char *const events[] = {"All",      "InProgress", "Success",
                                         "TimedOut", "Cancelled",  "Failed"};

    (void)state;
    HOLD(limits);
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        door_asker_must_be(try_it(SENDS("'NotificationConfig':{'NotificationEvents':['%s']}"),
                                  events[i]),
                           "");
}

static void S3_1_rate_controls_are_numbers_or_percentages(void **state)
{
    static const char *const concurrency[] = {"1", "50", "9999999", "1%", "99%", "100%"},
                             *const errors[] = {"0", "1", "9999999", "0%", "10%", "100%"},
                             *const neither[] = {"",  "-1",  "01", "+1",   " 1",       "1 ",
                                                 "%", "1.5", "00", "101%", "12345678", "ten"};
    static const char *const members[] = {"MaxConcurrency", "MaxErrors"};

    (void)state;
    for (size_t m = 0; m < 2; m++) {
        const char *body = arena_printf(&door_room.arena, "{" SEND ",'%s':'%%s'}", members[m]);

        for (size_t i = 0; i < 6; i++)
            door_asker_must_be(try_it("SendCommand", body, m == 0 ? concurrency[i] : errors[i]),
                               "");
        for (size_t i = 0; i < sizeof(neither) / sizeof(neither[0]); i++)
            door_asker_must_be(try_it("SendCommand", body, neither[i]), VALIDATION);
    }
    door_asker_must_be(try_it(SENDS("'MaxConcurrency':'0'"), NULL), VALIDATION);
    door_asker_must_be(try_it(SENDS("'MaxConcurrency':'0%%'"), NULL), VALIDATION);
}

static void S3_1_what_is_left_out_has_its_default(void **state)
{
    struct door_answer a = try_it("SendCommand", "{" SEND "}", NULL);

    (void)state;
#define IS(path, value) assert_string_equal(text(a, "Command." path), value)
    IS("MaxConcurrency", "50");
    IS("MaxErrors", "0");
    IS("DocumentVersion", "$DEFAULT");
    IS("Comment", "");
    IS("OutputS3Region", "");
    IS("OutputS3BucketName", "");
    IS("OutputS3KeyPrefix", "");
    IS("ServiceRole", "");
    IS("Status", "Pending");
    IS("StatusDetails", "Pending");
    assert_int_equal(number(a, "Command.TimeoutSeconds"), 3600);
    assert_int_equal(number(a, "Command.Targets"), 0);
    assert_int_equal(number(a, "Command.InstanceIds"), 1);
    assert_int_equal(number(a, "Command.TargetCount"), 1);
    assert_int_equal(number(a, "Command.CompletedCount"), 0);
    assert_int_equal(number(a, "Command.ErrorCount"), 0);
    assert_int_equal(number(a, "Command.DeliveryTimedOutCount"), 0);
    /* Both clocks of 3,600 s: two hours. */
    assert_non_null(strstr(a.body, arena_printf(&door_room.arena, "\"ExpiresAfter\":%lld",
                                                (long long)(door_room_now() / 1000 + 7200))));
    /* As it was asked for, wherever it is told; a number stays one. */
    a = try_it("ListCommands", "{'CommandId':'%s'}", text(a, "Command.CommandId"));
    assert_string_equal(text(a, "Commands.0.DocumentVersion"), "$DEFAULT");
    a = try_it("ListCommandInvocations", "{'CommandId':'%s'}", text(a, "Commands.0.CommandId"));
    assert_string_equal(text(a, "CommandInvocations.0.DocumentVersion"), "$DEFAULT");
    a = try_it("GetCommandInvocation", "{'CommandId':'%s','InstanceId':'<I>'}",
               text(a, "CommandInvocations.0.CommandId"));
    assert_string_equal(text(a, "DocumentVersion"), "$DEFAULT");
    a = try_it("SendCommand", "{" SEND ",'DocumentVersion':'1'}", NULL);
    IS("DocumentVersion", "1");
}

/* The text of the document, and the parameters as JSON, have 64 KB together. */
static void S8_document_and_parameters_have_64_kb_together(void **state)
{
    const size_t room = CONTENT_MAX - content_shipped_find("AWS-RunShellScript")->len -
                        strlen("{\"commands\":[\"\"]}");

    (void)state;
    for (size_t more = 0; more < 2; more++)
        door_asker_must_be(
            try_it("SendCommand",
                   "{'DocumentName':'AWS-RunShellScript','InstanceIds':['<I>'],'Parameters':"
                   "{'commands':['%s']}}",
                   arena_printf(&door_room.arena, "<%zu*x>", room + more)),
            more == 0 ? "" : "MaxDocumentSizeExceeded");
}

/* 3.2 to 3.4: what became of it ------------------------------------------------------------------ */

#define NO_COMMAND "00000000-0000-0000-0000-000000000000"

static void S3_2_each_limit_of_a_look_at_its_edge(void **state)
{
    static const struct limit limits[] = {
        {"GetCommandInvocation", "{'CommandId':'%s','InstanceId':'<I>'}", "<C>", NO_COMMAND,
         "InvocationDoesNotExist", NULL},
        {"GetCommandInvocation", "{'CommandId':'<C>','InstanceId':'%s'}", "<I>", "mi-<17*0>",
         "InvocationDoesNotExist", NULL},
        {"GetCommandInvocation", "{'CommandId':'%s','InstanceId':'<I>'}", NULL, "<36*x>",
         "InvalidCommandId", NULL},
        {"GetCommandInvocation", "{'CommandId':'%s','InstanceId':'<I>'}", NULL, "<35*0>",
         VALIDATION, NULL},
        {"GetCommandInvocation", "{'CommandId':'%s','InstanceId':'<I>'}", NULL, "<37*0>",
         VALIDATION, NULL},
        {"GetCommandInvocation", "{'InstanceId':'%s'}", NULL, "<I>", VALIDATION, NULL},
        {"GetCommandInvocation", "{'CommandId':'%s'}", NULL, "<C>", VALIDATION, NULL},
        {"GetCommandInvocation", "{'CommandId':'<C>','InstanceId':'%s'}", NULL, "web-1", VALIDATION,
         NULL},
        {"GetCommandInvocation", "{'CommandId':'<C>','InstanceId':'<I>','PluginName':'%s'}",
         "aws:runShellScript", "four", "InvalidPluginName", NULL},
        {"GetCommandInvocation", "{'CommandId':'<C>','InstanceId':'<I>','PluginName':'%s'}", NULL,
         "abc", VALIDATION, NULL},
    };

    (void)state;
    HOLD(limits);
}

#define FILTER "{'key':'DocumentName','value':'x'}"

static void S3_3_each_limit_of_the_lists_at_its_edge(void **state)
{
    static const struct limit limits[] = {
        {NULL, "{'MaxResults':%s}", "1", "0", VALIDATION, NULL},
        {NULL, "{'MaxResults':%s}", "50", "51", VALIDATION, NULL},
        {NULL, "{'CommandId':'%s'}", NO_COMMAND, "<35*0>", VALIDATION, NULL},
        {NULL, "{'CommandId':'%s'}", "<C>", "<36*x>", "InvalidCommandId", NULL},
        {NULL, "{'InstanceId':'%s'}", "mi-<17*0>", "mi-<16*0>", VALIDATION, NULL},
        {NULL, "{'Filters':[%s]}", FILTER, "", VALIDATION, NULL},
        {NULL, "{'Filters':[%s]}", "<5*" FILTER ">", "<6*" FILTER ">", VALIDATION, NULL},
        {NULL, "{'Filters':[{'key':'DocumentName','value':'%s'}]}", "<128*x>", "<129*x>",
         VALIDATION, NULL},
        {NULL, "{'Filters':[{'key':'DocumentName','value':'%s'}]}", "x", "", VALIDATION, NULL},
        {NULL, "{'Filters':[{'key':'DocumentName'%s}]}", NULL, "", VALIDATION, NULL},
        {NULL, "{'Filters':[{'key':'%s','value':'x'}]}", NULL, "documentName", "InvalidFilterKey",
         NULL},
        {NULL, "{'Filters':[{'key':'InvokedAfter','value':'%s'}]}", "2026-11-22T07:00:00Z",
         "yesterday", "InvalidFilterKey", NULL},
        {NULL, "{'Filters':[{'key':'InvokedBefore','value':'%s'}]}", "2026-11-22T07:00:00.000Z",
         "2026-13-01T00:00:00Z", "InvalidFilterKey", NULL},
        {NULL, "{'NextToken':'%s'}", "", "AAAA", "InvalidNextToken", NULL},
        {NULL, "{'NextToken':%s}", NULL, "5", "InvalidNextToken", NULL},
    };
    static const char *const both[] = {"Pending",      "InProgress",       "Success",
                                       "Cancelled",    "Failed",           "TimedOut",
                                       "AccessDenied", "DeliveryTimedOut", "ExecutionTimedOut"},
                             *const commands[] = {"Incomplete", "NoInstancesInTag",
                                                  "LimitExceeded"},
                             *const invocations[] = {"Delayed", "Undeliverable", "InvalidPlatform",
                                                     "Terminated"};
    static const char *const operations[] = {"ListCommands", "ListCommandInvocations"};

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        static const char by_status[] = "{'Filters':[{'key':'Status','value':'%s'}]}";
        static const char by_stage[] = "{'Filters':[{'key':'ExecutionStage','value':'%s'}]}";

        for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
            struct limit l = limits[i];

            l.operation = operations[k];
            hold(&l, 1);
        }
        for (size_t i = 0; i < 9; i++)
            door_asker_must_be(try_it(operations[k], by_status, both[i]), "");
        for (size_t i = 0; i < 3; i++)
            door_asker_must_be(try_it(operations[k], by_status, commands[i]),
                               k == 0 ? "" : "InvalidFilterKey");
        for (size_t i = 0; i < 4; i++)
            door_asker_must_be(try_it(operations[k], by_status, invocations[i]),
                               k == 1 ? "" : "InvalidFilterKey");
        door_asker_must_be(try_it(operations[k], by_status, "Cancelling"), "InvalidFilterKey");
        door_asker_must_be(try_it(operations[k], by_stage, "Executing"),
                           k == 0 ? "" : "InvalidFilterKey");
        door_asker_must_be(try_it(operations[k], by_stage, "Complete"),
                           k == 0 ? "" : "InvalidFilterKey");
        door_asker_must_be(try_it(operations[k], by_stage, "Done"), "InvalidFilterKey");
    }
}

static void S3_4_each_limit_of_a_cancel_at_its_edge(void **state)
{
    static const struct limit limits[] = {
        {"CancelCommand", "{'CommandId':'%s'}", NULL, NO_COMMAND, "InvalidCommandId", NULL},
        {"CancelCommand", "{'CommandId':'%s'}", NULL, "<35*0>", VALIDATION, NULL},
        {"CancelCommand", "{%s}", NULL, "", VALIDATION, NULL},
        {"CancelCommand", "{'CommandId':'<C>','InstanceIds':[%s]}", "<50*" ID ">", "<51*" ID ">",
         VALIDATION, "DuplicateInstanceId"},
        {"CancelCommand", "{'CommandId':'<C>','InstanceIds':[%s]}", NULL, ID, "InvalidInstanceId",
         NULL},
        {"CancelCommand", "{'CommandId':'<C>','InstanceIds':[%s]}", NULL, "'web-1'", VALIDATION,
         NULL},
        {"CancelCommand", "{'CommandId':'<C>','InstanceIds':[%s]}", "", NULL, NULL, NULL}, /* all */
        {"CancelCommand", "{'CommandId':'<C>','InstanceIds':['%s']}", "<I>", NULL, NULL, NULL},
    };

    (void)state;
    HOLD(limits);
}

/* 3.5 to 3.7: hosts, documents, activations ------------------------------------------------------- */

static void S3_5_each_limit_of_the_inventory_at_its_edge(void **state)
{
#define DESCRIBE "DescribeInstanceInformation"
    static const struct limit limits[] = {
        {DESCRIBE, "{'MaxResults':%s}", "5", "4", VALIDATION, NULL},
        {DESCRIBE, "{'MaxResults':%s}", "50", "51", VALIDATION, NULL},
        {DESCRIBE, "{'Filters':[{'Key':'InstanceIds','Values':[%s]}]}", "<100*'x'>", "<101*'x'>",
         VALIDATION, NULL},
        {DESCRIBE, "{'Filters':[{'Key':'InstanceIds','Values':[%s]}]}", "'x'", "", VALIDATION,
         NULL},
        {DESCRIBE, "{'Filters':[{'Key':'InstanceIds','Values':[%s]}]}", NULL, "5", SERIALIZATION,
         NULL},
        {DESCRIBE, "{'Filters':[{'Values':[%s]}]}", NULL, "'x'", VALIDATION, NULL},
        {DESCRIBE, "{'Filters':[{'Key':'%s','Values':['x']}]}", "tag:Role", "Colour",
         "InvalidFilterKey", NULL},
        {DESCRIBE, "{'InstanceInformationFilterList':[{'key':'%s','valueSet':['x']}]}",
         "PlatformTypes", "tag:Role", "InvalidFilterKey", NULL},
        {DESCRIBE, "{'InstanceInformationFilterList':[{'key':'InstanceIds','valueSet':[%s]}]}",
         "<100*'x'>", "<101*'x'>", VALIDATION, NULL},
        {DESCRIBE, "{'Filters':[{'Key':'tag:Role','Values':['x']}%s]}", "",
         ",{'Key':'InstanceIds','Values':['x']}", "InvalidInstanceInformationFilterValue", NULL},
        {DESCRIBE,
         "{'Filters':[{'Key':'InstanceIds','Values':['x']}],'InstanceInformationFilterList':[%s]}",
         "", "{'key':'InstanceIds','valueSet':['x']}", "InvalidInstanceInformationFilterValue",
         NULL},
        {DESCRIBE, "{'NextToken':'%s'}", "", "x", "InvalidNextToken", NULL},
        {"DeregisterManagedInstance", "{'InstanceId':'%s'}", NULL, "mi-<17*0>", "InvalidInstanceId",
         NULL},
        {"DeregisterManagedInstance", "{'InstanceId':'%s'}", NULL, "mi-<16*0>", VALIDATION, NULL},
        {"DeregisterManagedInstance", "{%s}", NULL, "", VALIDATION, NULL},
    };
    static const char *const keys[] = {"InstanceIds",  "AgentVersion",      "PingStatus",
                                       "PlatformType", "ActivationIds",     "IamRole",
                                       "ResourceType", "AssociationStatus", "SourceIds",
                                       "SourceTypes",  "tag-key",           "tag:Role"};

    (void)state;
    HOLD(limits);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        door_asker_must_be(try_it(DESCRIBE, "{'Filters':[{'Key':'%s','Values':['x']}]}", keys[i]),
                           "");
    for (int i = 0; i < 11; i++)
        door_room_guest(arena_printf(&door_room.arena, "node-%d", i), "Role=web");
    assert_int_equal(number(try_it(DESCRIBE, "{}", NULL), "InstanceInformationList"), 10);
}

#define STEPS                                                                                      \
    "\\'mainSteps\\':[{\\'action\\':\\'aws:runShellScript\\',\\'name\\':\\'one\\',\\'inputs\\':{"  \
    "\\'runCommand\\':[\\'id\\']}}]"
#define DOCUMENT(description)                                                                      \
    "{\\'schemaVersion\\':\\'2.2\\',\\'description\\':\\'" description "\\'," STEPS "}"

/* With what 1.2 and 2.2 each want. */
#define OF_SCHEMA(version)                                                                           \
    "{\\'schemaVersion\\':\\'" version "\\'," STEPS                                                  \
    ",\\'runtimeConfig\\':{\\'aws:runShellScript\\':{\\'properties\\':[{\\'runCommand\\':[\\'id\\']" \
    "}]}}}"

static void S3_6_each_limit_of_documents_at_its_edge(void **state)
{
#define CREATE(members) "CreateDocument", "{'Content':'{}'," members "}"
    /* A content of {} is one of no schema: its name and its other members were taken before. */
    static const struct limit limits[] = {
        {CREATE("'Name':'%s'"), "<3*d>", "<2*d>", VALIDATION, "InvalidDocumentSchemaVersion"},
        {CREATE("'Name':'%s'"), "<128*d>", "<129*d>", VALIDATION, "InvalidDocumentSchemaVersion"},
        {CREATE("'Name':'%s'"), "a_b-c.d", "a:b", VALIDATION, "InvalidDocumentSchemaVersion"},
        {CREATE("'Name':'%s'"), NULL, "a/b", VALIDATION, NULL},
        {CREATE("'Name':'%s'"), "my-aws", "aws-mine", "DocumentAlreadyExists",
         "InvalidDocumentSchemaVersion"},
        {CREATE("'Name':'%s'"), NULL, "AWSEC2-mine", "DocumentAlreadyExists", NULL},
        {CREATE("'Name':'%s'"), NULL, "AWSConfigRemediation-x", "DocumentAlreadyExists", NULL},
        {CREATE("'Name':'%s'"), NULL, "AWSSupport-x", "DocumentAlreadyExists", NULL},
        {CREATE("'Name':'%s'"), NULL, "Amazon-x", "DocumentAlreadyExists", NULL},
        {CREATE("'Name':'%s'"), NULL, "amzn-x", "DocumentAlreadyExists", NULL},
        {CREATE("'Name':'doc','DocumentFormat':'%s'"), "JSON", "TEXT", VALIDATION,
         "InvalidDocumentSchemaVersion"},
        {CREATE("'Name':'doc','DocumentFormat':'%s'"), "YAML", "json", VALIDATION,
         "InvalidDocumentSchemaVersion"},
        {CREATE("'Name':'doc','DocumentType':'%s'"), "Command", "Automation", VALIDATION,
         "InvalidDocumentSchemaVersion"},
        {CREATE("'Name':'doc','VersionName':'%s'"), "<128*v>", "<129*v>", VALIDATION,
         "InvalidDocumentSchemaVersion"},
        {CREATE("'Name':'doc','VersionName':'%s'"), "<3*v>", "<2*v>", VALIDATION,
         "InvalidDocumentSchemaVersion"},
        {CREATE("'Name':'doc','TargetType':'%s'"), "/<199*t>", "/<200*t>", VALIDATION,
         "InvalidDocumentSchemaVersion"},
        {"CreateDocument", "{'Name':'needs','Content':'" DOCUMENT("n") "','Attachments':[%s]}",
         NULL, "{'Key':'SourceUrl'}", "InvalidDocumentContent", NULL},
        {"CreateDocument", "{'Name':'needs','Content':'" DOCUMENT("n") "','Requires':[%s]}", "",
         "{'Name':'other'}", "InvalidDocumentContent", NULL},
        {"CreateDocument", "{'Name':'doc','Content':'%s'}", NULL, "", VALIDATION, NULL},
        {"CreateDocument", "{'Name':'doc'%s}", NULL, "", VALIDATION, NULL},
        {"CreateDocument", "{'Name':'doc','Content':'%s'}", NULL, "[", "InvalidDocumentContent",
         NULL},
        {"CreateDocument", "{'Name':'doc','Content':'%s'}", NULL, OF_SCHEMA("1.0"),
         "InvalidDocumentSchemaVersion", NULL},
        {"CreateDocument", "{'Name':'doc','Content':'%s'}", NULL, OF_SCHEMA("2.0"),
         "InvalidDocumentSchemaVersion", NULL},
        {"CreateDocument", "{'Name':'doc','Content':'%s'}", NULL, OF_SCHEMA("2.0.3"),
         "InvalidDocumentSchemaVersion", NULL},
        {"CreateDocument", "{'Name':'old','Content':'%s'}", OF_SCHEMA("1.2"), OF_SCHEMA("0.3"),
         "InvalidDocumentSchemaVersion", NULL},
        {"CreateDocument", "{'Name':'doc','Content':'%s'}", DOCUMENT("d"), DOCUMENT("d"),
         "DocumentAlreadyExists", NULL},
        {"UpdateDocument", "{'Name':'doc','Content':'%s'}", DOCUMENT("e"), DOCUMENT("d"),
         "DuplicateDocumentContent", NULL},
        {"UpdateDocument", "{'Name':'%s','Content':'{}'}", NULL, "none", "InvalidDocument", NULL},
        {"UpdateDocument", "{'Name':'doc','Content':'" DOCUMENT("f") "','DocumentVersion':'%s'}",
         "2", "1", "InvalidDocumentVersion", NULL},
        {"UpdateDocument", "{'Name':'AWS-RunShellScript','Content':'%s'}", NULL, DOCUMENT("f"),
         "InvalidDocumentOperation", NULL},
        {"UpdateDocumentDefaultVersion", "{'Name':'doc','DocumentVersion':'%s'}", "3", "4",
         "InvalidDocumentVersion", NULL},
        {"UpdateDocumentDefaultVersion", "{'Name':'doc','DocumentVersion':'%s'}", NULL, "$LATEST",
         VALIDATION, NULL},
        {"UpdateDocumentDefaultVersion", "{'Name':'doc'%s}", NULL, "", VALIDATION, NULL},
        {"GetDocument", "{'Name':'doc','DocumentVersion':'%s'}", "$LATEST", "9",
         "InvalidDocumentVersion", NULL},
        {"GetDocument", "{'Name':'doc','VersionName':'%s'}", NULL, "none", "InvalidDocumentVersion",
         NULL},
        {"GetDocument", "{'Name':'%s'}", "doc", "none", "InvalidDocument", NULL},
        {"GetDocument", "{'Name':'doc','DocumentFormat':'%s'}", "YAML", "TEXT", VALIDATION, NULL},
        {"DescribeDocument", "{'Name':'%s'}", "doc", "<129*d>", VALIDATION, NULL},
        {"ListDocuments", "{'MaxResults':%s}", "1", "0", VALIDATION, NULL},
        {"ListDocuments", "{'MaxResults':%s}", "50", "51", VALIDATION, NULL},
        {"ListDocuments", "{'Filters':[{'Key':'%s','Values':['x']}]}", "Name", "Colour",
         "InvalidFilterKey", NULL},
        {"ListDocuments", "{'NextToken':'%s'}", "", "x", "InvalidNextToken", NULL},
        {"DeleteDocument", "{'Name':'doc','DocumentVersion':'%s'}", NULL, "1",
         "InvalidDocumentOperation", NULL},
        {"DeleteDocument", "{'Name':'doc','DocumentVersion':'%s'}", NULL, "9",
         "InvalidDocumentVersion", NULL},
        {"DeleteDocument", "{'Name':'doc','DocumentVersion':'%s'}", NULL, "x", VALIDATION, NULL},
        {"DeleteDocument", "{'Name':'doc','VersionName':'%s'}", NULL, "none",
         "InvalidDocumentVersion", NULL},
        {"GetDocument", "{'Name':'%s'}", "doc", NULL, NULL, NULL}, /* it is still there */
        {"DeleteDocument", "{'Name':'%s'}", "doc", "doc", "InvalidDocument", NULL},
        {"DeleteDocument", "{'Name':'%s'}", NULL, "AWS-RunShellScript", "InvalidDocumentOperation",
         NULL},
    };

    (void)state;
    HOLD(limits);
}

/* Its bytes as they are stored, without the escapes of the request. */
static size_t bytes_of_document(void)
{
    const char *document = DOCUMENT("");
    size_t n = 0;

    for (; *document != '\0'; document++)
        n += *document != '\\';
    return n;
}

static void S8_a_document_has_64_kb(void **state)
{
    const size_t room = CONTENT_MAX - bytes_of_document();

    (void)state;
    for (size_t more = 0; more < 2; more++)
        door_asker_must_be(try_it("CreateDocument",
                                  "{'Name':'large','Content':'" DOCUMENT("%s") "'}",
                                  arena_printf(&door_room.arena, "<%zu*x>", room + more)),
                           more == 0 ? "" : "MaxDocumentSizeExceeded");
}

static int put_documents(struct db *db, void *arg, struct err *err)
{
    const struct content_shipped *shipped = content_shipped_find("AWS-RunShellScript");
    int64_t n = 0;
    int rc = store_command_document(db, "d", shipped->name, "1", shipped->text, err);

    (void)arg;
    if (rc == 0)
        rc = store_door_document_count(db, &n, err);
    for (int64_t i = n; i < STORE_DOOR_DOCUMENT_MAX - 1 && rc == 0; i++) {
        const struct door_document d = {.name = arena_printf(&door_room.arena, "many-%lld",
                                                             (long long)i),
                                        .created_at = 1,
                                        .created_by = "key:any"};
        const struct door_document_version v = {.digest = "d", .created_at = 1};

        rc = store_door_document_create(db, &d, &v, err);
    }
    return rc;
}

static void S8_there_are_five_hundred_documents(void **state)
{
    (void)state;
    api_room_write(&door_room.api, put_documents, NULL);
    door_asker_must_be(try_it("CreateDocument", "{'Name':'last','Content':'" DOCUMENT("d") "'}",
                              NULL),
                       "");
    door_asker_must_be(try_it("CreateDocument", "{'Name':'more','Content':'" DOCUMENT("d") "'}",
                              NULL),
                       "DocumentLimitExceeded");
}

static void S3_7_each_limit_of_activations_at_its_edge(void **state)
{
#define ACTIVATE(members) "CreateActivation", "{'IamRole':'r'," members "}"
    const time_ms day = 86400, now = door_room_now() / 1000;
    const time_ms in_30_days = now + 30 * day, later = in_30_days + 2, before = now - 1;
    const char *last = arena_printf(&door_room.arena, "%lld", (long long)in_30_days);
    const char *beyond = arena_printf(&door_room.arena, "%lld", (long long)later);
    const char *past = arena_printf(&door_room.arena, "%lld", (long long)before);
    const struct limit limits[] = {
        {"CreateActivation", "{'IamRole':'%s'}", "<64*r>", "<65*r>", VALIDATION, NULL},
        {"CreateActivation", "{%s}", NULL, "", VALIDATION, NULL},
        {ACTIVATE("'Description':'%s'"), "<256*d>", "<257*d>", VALIDATION, NULL},
        {ACTIVATE("'DefaultInstanceName':'%s'"), "<64*n>", "<257*n>", VALIDATION, NULL},
        {ACTIVATE("'DefaultInstanceName':'%s'"), NULL, "<65*n>", "InvalidParameters", NULL},
        {ACTIVATE("'DefaultInstanceName':'%s'"), NULL, "a b", "InvalidParameters", NULL},
        {ACTIVATE("'RegistrationLimit':%s"), "1", "0", VALIDATION, NULL},
        {ACTIVATE("'RegistrationLimit':%s"), "1000", "1001", VALIDATION, NULL},
        {ACTIVATE("'ExpirationDate':%s"), last, beyond, "InvalidParameters", NULL},
        {ACTIVATE("'ExpirationDate':%s"), NULL, past, "InvalidParameters", NULL},
        {ACTIVATE("'Tags':[{'Key':'%s','Value':'v'}]"), "<128*k>", "<129*k>", VALIDATION, NULL},
        {ACTIVATE("'Tags':[{'Key':'k','Value':'%s'}]"), "<256*v>", "<257*v>", VALIDATION, NULL},
        {"DescribeActivations", "{'MaxResults':%s}", "1", "0", VALIDATION, NULL},
        {"DescribeActivations", "{'MaxResults':%s}", "50", "51", VALIDATION, NULL},
        {"DescribeActivations", "{'Filters':[{'FilterKey':'%s','FilterValues':['x']}]}",
         "ActivationIds", "Colour", "InvalidFilter", NULL},
        {"DescribeActivations", "{'Filters':[{'FilterKey':'%s','FilterValues':['x']}]}",
         "DefaultInstanceName", "iamRole", "InvalidFilter", NULL},
        {"DescribeActivations", "{'Filters':[{'FilterKey':'%s','FilterValues':['x']}]}", "IamRole",
         NULL, NULL, NULL},
        {"DescribeActivations", "{'NextToken':'%s'}", "", "x", "InvalidNextToken", NULL},
        {"DeleteActivation", "{'ActivationId':'%s'}", NULL, NO_COMMAND, "InvalidActivation", NULL},
        {"DeleteActivation", "{'ActivationId':'%s'}", NULL, "x", "InvalidActivationId", NULL},
        {"DeleteActivation", "{%s}", NULL, "", VALIDATION, NULL},
    };
    struct door_answer a;

    (void)state;
    HOLD(limits);
    a = try_it("CreateActivation", "{'IamRole':'r','Description':'usual'}", NULL);
    assert_in_range(strlen(text(a, "ActivationCode")), 20, 250);
    a = try_it("DescribeActivations",
               "{'Filters':[{'FilterKey':'ActivationIds','FilterValues':['%s']}]}",
               text(a, "ActivationId"));
    assert_int_equal(number(a, "ActivationList.0.RegistrationLimit"), 1);
    assert_non_null(strstr(a.body, arena_printf(&door_room.arena, "\"ExpirationDate\":%lld",
                                                (long long)(door_room_now() / 1000 + 86400))));
}

/* 6: output -------------------------------------------------------------------------------------- */

struct printed {
    const char *text; /* each chunk */
    size_t n;         /* chunks to the standard output, and behind them one to the other */
};

static int print(struct db *db, void *arg, struct err *err)
{
    const struct printed *p = arg;
    struct output_chunk chunk = {.step = "aws:runShellScript", .at = 1};
    int rc = 0;

    memcpy(chunk.command_id, command, sizeof(chunk.command_id));
    memcpy(chunk.host_id, host->id, sizeof(chunk.host_id));
    for (size_t i = 0; i <= p->n && rc == 0; i++) {
        chunk.number = (int64_t)i;
        chunk.error_stream = i == p->n;
        chunk.text = chunk.error_stream ? "the last word" : p->text;
        chunk.len = strlen(chunk.text);
        rc = store_command_chunk(db, &chunk, err);
    }
    return rc;
}

static size_t characters(const char *s)
{
    size_t n = 0;

    for (; *s != '\0'; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

/* However many chunks it came in, and however wide its characters are: 24,000 from the start of one stream, and the
 * other stream is not lost behind it. */
static void S6_output_of_our_agent_is_told_from_its_start_however_it_came(void **state)
{
    const struct printed cases[] = {
        {"o", 3000},                                  /* more chunks than anything reads at once */
        {filled("<16384*o>", NULL), 40},              /* the largest ones */
        {filled("<4096*\xf0\x9f\x9a\x80>", NULL), 8}, /* 16 KB each, of characters of four bytes */
        {"", 5},
    };
    static const size_t expected[] = {3000, 24000, 24000, 0};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct door_answer a = try_it("SendCommand", "{" SEND "}", NULL);

        command = text(a, "Command.CommandId");
        api_room_write(&door_room.api, print, (void *)(uintptr_t)&cases[i]);
        a = try_it("GetCommandInvocation", "{'CommandId':'<C>','InstanceId':'<I>'}", NULL);
        assert_int_equal(characters(text(a, "StandardOutputContent")), expected[i]);
        assert_string_equal(text(a, "StandardErrorContent"), "the last word");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(S1_bodies_and_members_have_their_json_types),
        cmocka_unit_test(S1_an_answer_has_its_type_an_id_and_the_right_date),
        cmocka_unit_test(S1_broken_limits_are_told_in_words_that_clients_know),
        cmocka_unit_test(S3_1_each_limit_of_a_send_at_its_edge),
        cmocka_unit_test(S3_1_rate_controls_are_numbers_or_percentages),
        cmocka_unit_test(S3_1_what_is_left_out_has_its_default),
        cmocka_unit_test(S8_document_and_parameters_have_64_kb_together),
        cmocka_unit_test(S3_2_each_limit_of_a_look_at_its_edge),
        cmocka_unit_test(S3_3_each_limit_of_the_lists_at_its_edge),
        cmocka_unit_test(S3_4_each_limit_of_a_cancel_at_its_edge),
        cmocka_unit_test(S3_5_each_limit_of_the_inventory_at_its_edge),
        cmocka_unit_test(S3_6_each_limit_of_documents_at_its_edge),
        cmocka_unit_test(S8_a_document_has_64_kb),
        cmocka_unit_test(S8_there_are_five_hundred_documents),
        cmocka_unit_test(S3_7_each_limit_of_activations_at_its_edge),
        cmocka_unit_test(S6_output_of_our_agent_is_told_from_its_start_however_it_came),
    };

    log_init(LOG_LOGFMT, LOG_ERROR);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
