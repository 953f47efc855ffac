/*
 * door for AWS callers: access keys, signatures, limits, paging; hosts and activations (ssm-wire.md 1, 2, 3.5, 3.7).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/log.h"
#include "lib/store/store_access_key.h"
#include "lib/store/store_host.h"
#include "lib/store/store_journal.h"
#include "tests/support/door_room.h"
#include "tests/support/raw_http.h"

static int set_up(void **state)
{
    (void)state;
    door_room_up(NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    door_room_down();
    return 0;
}

#define INVENTORY "DescribeInstanceInformation"

static void must_be(struct door_answer answer, const char *type)
{
    door_asker_must_be(answer, type);
}

/* Proofs ------------------------------------------------------------------------------------------ */

static void T34_each_flaw_of_a_callers_signature_has_its_code(void **state)
{
    const struct door_signer good = door_room_any_key();
    struct door_signer s;

    (void)state;
    must_be(door_room_call(&good, INVENTORY, "{}"), "");
    must_be(door_room_call(NULL, INVENTORY, "{}"), "MissingAuthenticationTokenException");
    s = good, s.secret = "0000000000000000000000000000000000000000";
    must_be(door_room_call(&s, INVENTORY, "{}"), "InvalidSignatureException");
    s = good, s.key_id = "AKIAAAAAAAAAAAAAAAAA";
    must_be(door_room_call(&s, INVENTORY, "{}"), "UnrecognizedClientException");
    s = good, s.key_id = "nobody";
    must_be(door_room_call(&s, INVENTORY, "{}"), "UnrecognizedClientException");
    s = good, s.body_as_sent = "{ }";
    must_be(door_room_call(&s, INVENTORY, "{}"), "InvalidSignatureException");
    s = good, s.service = "ec2";
    must_be(door_room_call(&s, INVENTORY, "{}"), "InvalidSignatureException");
    s = good, s.off = 5 * 60 * 1000 + 2000;
    must_be(door_room_call(&s, INVENTORY, "{}"), "InvalidSignatureException");
    s = good, s.off = -(5 * 60 * 1000) - 2000;
    must_be(door_room_call(&s, INVENTORY, "{}"), "InvalidSignatureException");
    s = good, s.host_as_sent = "elsewhere:1";
    must_be(door_room_call(&s, INVENTORY, "{}"), "InvalidSignatureException");
    s = good, s.chunked = true;
    must_be(door_room_call(&s, INVENTORY, "{}"), "");
}

static void T34_a_caller_opens_no_operation_of_hosts_and_a_host_none_of_callers(void **state)
{
    const struct door_signer caller = door_room_any_key();
    const struct door_guest *host = door_room_guest("web-1", "Role=web");

    (void)state;
    must_be(door_room_call(&caller, "UpdateInstanceInformation", "{}"),
            "UnrecognizedClientException");
    must_be(door_room_ask("EC2WindowsMessageDeliveryService.GetMessages", "{}", &caller),
            "UnrecognizedClientException");
    must_be(door_room_call(&host->session, INVENTORY, "{}"), "UnrecognizedClientException");
}

static int end_key(struct db *db, void *arg, struct err *err)
{
    return store_access_key_end(db, arg, door_room_now(), err);
}

static void T61_a_key_that_ended_or_expired_opens_nothing(void **state)
{
    static const char *any[] = {"*"};
    const struct door_signer good = door_room_any_key();
    const struct door_signer brief =
        door_room_key((struct access_key){.name = "brief",
                                          .documents = {.items = any, .n = 1},
                                          .any_host = true,
                                          .expires_at = door_room_now() + 1000});

    (void)state;
    must_be(door_room_call(&brief, INVENTORY, "{}"), "");
    door_room_pass(1000);
    must_be(door_room_call(&brief, INVENTORY, "{}"), "ExpiredTokenException");
    must_be(door_room_call(&good, INVENTORY, "{}"), "");
    api_room_write(&door_room.api, end_key, (char[]){"any"});
    must_be(door_room_call(&good, INVENTORY, "{}"), "UnrecognizedClientException");
}

/* A request of a person with all rights: over the cli socket. */
static struct door_answer by_person(const char *method, const char *path, const char *body)
{
    const struct door_asker asker = {.arena = &door_room.arena};
    const char *bytes =
        arena_printf(&door_room.arena,
                     "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     method, path, strlen(body), body);

    return door_asker_read(&asker, raw_http_ask(door_room.api.cli, bytes, strlen(bytes)));
}

static void key_that_a_person_made_signs_until_it_is_ended(void **state)
{
    struct door_answer made = by_person(
        "POST", "/api/v1/keys",
        "{\"name\":\"ci\",\"documents\":[\"clear-cache\"],\"tags\":[\"Role=web\",\"Role=db\"],"
        "\"environments\":[\"stage\"],\"manages\":[\"hosts\"],\"for\":\"90d\"}");
    const struct door_signer caller = {.key_id = door_room_text(made, "id"),
                                       .secret = door_room_text(made, "secret")};
    struct door_answer listed = by_person("GET", "/api/v1/keys", "");

    (void)state;
    assert_int_equal(made.status, 201);
    must_be(door_room_call(&caller, INVENTORY, "{}"), "");
    assert_null(strstr(listed.body, caller.secret));
    assert_int_equal(door_asker_number(listed, "keys.0.tags"), 2);
    assert_int_equal(by_person("POST", "/api/v1/keys",
                               "{\"name\":\"ci\",\"documents\":[\"x\"],\"any_host\":true}")
                         .status,
                     409);
    assert_int_equal(
        by_person("POST", "/api/v1/keys", "{\"name\":\"c2\",\"documents\":[\"x\"]}").status, 422);
    assert_int_equal(by_person("DELETE", "/api/v1/keys/ci", "").status, 200);
    assert_int_equal(by_person("DELETE", "/api/v1/keys/ci", "").status, 404);
    must_be(door_room_call(&caller, INVENTORY, "{}"), "UnrecognizedClientException");
}

/* Hosts ------------------------------------------------------------------------------------------- */

static void hosts_are_described_as_their_agents_said(void **state)
{
    const struct door_signer caller = door_room_any_key();
    const struct door_guest *web = door_room_guest("web-1", "Role=web");
    struct door_answer a = door_room_call(&caller, INVENTORY, "{}");

    (void)state;
    must_be(a, "");
    assert_int_equal(door_asker_number(a, "InstanceInformationList"), 1);
#define IS(key, value)                                                                             \
    assert_string_equal(door_room_text(a, "InstanceInformationList.0." key), value)
    IS("InstanceId", web->id);
    IS("PingStatus", "Online");
    IS("AgentVersion", "3.3.484.0");
    IS("PlatformType", "Linux");
    IS("PlatformName", "Debian GNU/Linux");
    IS("PlatformVersion", "12");
    IS("ResourceType", "ManagedInstance");
    IS("Name", "web-1");
    IS("ComputerName", "web-1.example");
    IS("IPAddress", "10.0.0.7");
    door_room_pass(600000);
    a = door_room_call(&caller, INVENTORY, "{}");
    IS("PingStatus", "ConnectionLost");
}

static void filters_of_hosts_are_anded_and_unknown_ones_told(void **state)
{
    const struct door_signer caller = door_room_any_key();

    (void)state;
    door_room_guest("web-1", "Role=web,Tier=1");
    door_room_guest("web-2", "Role=web,Tier=2");
    door_room_guest("db-1", "Role=db");
#define COUNT(n, filters)                                                                          \
    assert_int_equal(door_asker_number(door_room_call(&caller, INVENTORY, "{" filters "}"),        \
                                       "InstanceInformationList"),                                 \
                     n)
    COUNT(2, "'Filters':[{'Key':'tag:Role','Values':['web']}]");
    COUNT(3, "'Filters':[{'Key':'tag:Role','Values':['web','db']}]");
    COUNT(1, "'Filters':[{'Key':'tag:Role','Values':['web']},{'Key':'tag:Tier','Values':['2']}]");
    COUNT(2, "'Filters':[{'Key':'tag-key','Values':['Tier']}]");
    COUNT(3, "'Filters':[{'Key':'PingStatus','Values':['Online']}]");
    COUNT(0, "'Filters':[{'Key':'PingStatus','Values':['ConnectionLost']}]");
    COUNT(3, "'InstanceInformationFilterList':[{'key':'PlatformTypes','valueSet':['Linux']}]");
    COUNT(0, "'Filters':[{'Key':'IamRole','Values':['x']}]");
    must_be(door_room_call(&caller, INVENTORY, "{'Filters':[{'Key':'Colour','Values':['x']}]}"),
            "InvalidFilterKey");
    must_be(door_room_call(&caller, INVENTORY,
                           "{'Filters':[{'Key':'tag:Role','Values':['x']},"
                           "{'Key':'PingStatus','Values':['Online']}]}"),
            "InvalidInstanceInformationFilterValue");
    must_be(
        door_room_call(&caller, INVENTORY,
                       "{'Filters':[{'Key':'PingStatus','Values':['Online']}],"
                       "'InstanceInformationFilterList':[{'key':'PingStatus','valueSet':['x']}]}"),
        "InvalidInstanceInformationFilterValue");
    must_be(door_room_call(&caller, INVENTORY, "{'MaxResults':4}"), "ValidationException");
    must_be(door_room_call(&caller, INVENTORY, "{'MaxResults':'x'}"), "SerializationException");
    must_be(door_room_call(&caller, INVENTORY, "{'Filters':{}}"), "SerializationException");
}

static void pages_follow_each_other_and_a_token_belongs_to_its_list(void **state)
{
    const struct door_signer caller = door_room_any_key();
    const char *token;
    struct door_answer a;

    (void)state;
    for (int i = 0; i < 7; i++)
        door_room_guest(arena_printf(&door_room.arena, "node-%d", i), "Role=web");
    a = door_room_call(&caller, INVENTORY, "{'MaxResults':5}");
    assert_int_equal(door_asker_number(a, "InstanceInformationList"), 5);
    token = door_room_text(a, "NextToken");
    assert_string_not_equal(token, "");
    a = door_room_call(&caller, INVENTORY, "{'MaxResults':5,'NextToken':'%s'}", token);
    assert_int_equal(door_asker_number(a, "InstanceInformationList"), 2);
    assert_string_equal(door_room_text(a, "NextToken"), "");
    must_be(door_room_call(&caller, INVENTORY, "{'NextToken':'x'}"), "InvalidNextToken");
    must_be(door_room_call(&caller, INVENTORY,
                           "{'NextToken':'%s','Filters':[{'Key':'tag:Role','Values':['web']}]}",
                           token),
            "InvalidNextToken");
    must_be(door_room_call(&caller, "DescribeActivations", "{'NextToken':'%s'}", token),
            "InvalidNextToken");
}

static void T61_a_key_sees_only_hosts_that_it_reaches(void **state)
{
    static const char *any[] = {"*"}, *stage[] = {"acme/shop/stage"};
    static struct config_pair web[] = {{"Role", "web"}};
    const struct door_signer caller =
        door_room_key((struct access_key){.name = "ci",
                                          .documents = {.items = any, .n = 1},
                                          .tags = {.items = web, .n = 1},
                                          .environments = {.items = stage, .n = 1}});
    struct door_answer a;

    (void)state;
    door_room_guest("web-1", "Role=web");   /* production */
    door_room_guest("stage-1", "Role=web"); /* stage */
    door_room_guest("stage-2", "Role=db");
    door_room_guest("spare", "Role=web"); /* of no environment */
    a = door_room_call(&caller, INVENTORY, "{}");
    assert_int_equal(door_asker_number(a, "InstanceInformationList"), 2);
    must_be(door_room_call(&caller, "DeregisterManagedInstance", "{'InstanceId':'%s'}",
                           door_room.guests[0].id),
            "AccessDeniedException");
}

static void deregistered_host_is_gone_at_once(void **state)
{
    const struct door_signer caller = door_room_any_key();
    const struct door_guest *web = door_room_guest("web-1", "Role=web");

    (void)state;
    must_be(door_room_call(&caller, "DeregisterManagedInstance", "{'InstanceId':'i-0000000'}"),
            "ValidationException");
    must_be(door_room_call(&caller, "DeregisterManagedInstance",
                           "{'InstanceId':'mi-00000000000000000'}"),
            "InvalidInstanceId");
    must_be(door_room_call(&caller, "DeregisterManagedInstance", "{'InstanceId':'%s'}", web->id),
            "");
    must_be(door_room_call(&caller, "DeregisterManagedInstance", "{'InstanceId':'%s'}", web->id),
            "InvalidInstanceId");
    must_be(door_room_say(web, "GetMessages", "{'Destination':'%s'}", web->id),
            "UnrecognizedClientException");
}

/* Activations ------------------------------------------------------------------------------------- */

static void activation_of_a_caller_lets_a_host_in(void **state)
{
    const struct door_signer caller = door_room_any_key();
    struct door_answer a, listed;

    (void)state;
    must_be(door_room_call(&caller, "CreateActivation", "{}"), "ValidationException");
    must_be(door_room_call(&caller, "CreateActivation", "{'IamRole':'r','RegistrationLimit':1001}"),
            "ValidationException");
    must_be(door_room_call(&caller, "CreateActivation", "{'IamRole':'r','ExpirationDate':%lld}",
                           (long long)(door_room_now() / 1000 + 31 * 86400)),
            "InvalidParameters");
    a = door_room_call(&caller, "CreateActivation",
                       "{'IamRole':'r','DefaultInstanceName':'web-9','Description':'a machine',"
                       "'Tags':[{'Key':'Role','Value':'web'}]}");
    must_be(a, "");
    listed = door_room_call(&caller, "DescribeActivations", "{}");
    assert_int_equal(door_asker_number(listed, "ActivationList"), 1);
    assert_int_equal(door_asker_number(listed, "ActivationList.0.RegistrationLimit"), 1);
    assert_string_equal(door_room_text(listed, "ActivationList.0.Tags.0.Value"), "web");
    must_be(door_room_call(NULL, "RegisterManagedInstance",
                           "{'ActivationCode':'%s','ActivationId':'%s','Fingerprint':"
                           "'0b1c2d3e-0000-4000-8000-000000000001','PublicKey':'%s',"
                           "'PublicKeyType':'Rsa'}",
                           door_room_text(a, "ActivationCode"), door_room_text(a, "ActivationId"),
                           door_room.spki),
            "");
    listed = door_room_call(
        &caller, "DescribeActivations",
        "{'Filters':[{'FilterKey':'DefaultInstanceName','FilterValues':['web-9']}]}");
    assert_int_equal(door_asker_number(listed, "ActivationList.0.RegistrationsCount"), 1);
    must_be(door_room_call(&caller, "DescribeActivations",
                           "{'Filters':[{'FilterKey':'x','FilterValues':['y']}]}"),
            "InvalidFilter");
    must_be(door_room_call(&caller, "DeleteActivation", "{'ActivationId':'x'}"),
            "InvalidActivationId");
    must_be(door_room_call(&caller, "DeleteActivation", "{'ActivationId':'%s'}",
                           door_room_text(a, "ActivationId")),
            "");
    must_be(door_room_call(&caller, "DeleteActivation", "{'ActivationId':'%s'}",
                           door_room_text(a, "ActivationId")),
            "InvalidActivation");
}

static void T61_a_key_activates_only_what_it_reaches(void **state)
{
    static const char *stage[] = {"stage"};
    static struct config_pair web[] = {{"Role", "web"}};
    const struct door_signer caller =
        door_room_key((struct access_key){.name = "ci",
                                          .tags = {.items = web, .n = 1},
                                          .environments = {.items = stage, .n = 1},
                                          .manages_hosts = true});
#define ACTIVATE(name, role, limit)                                                                \
    door_room_call(&caller, "CreateActivation",                                                    \
                   "{'IamRole':'r','DefaultInstanceName':'" name "','RegistrationLimit':" limit    \
                   ",'Tags':[{'Key':'Role','Value':'" role "'}]}")

    (void)state;
    must_be(ACTIVATE("spare", "web", "1"), "");
    must_be(ACTIVATE("stage-1", "web", "1"), "");
    must_be(ACTIVATE("spare", "db", "1"), "AccessDeniedException");
    must_be(ACTIVATE("web-1", "web", "1"), "AccessDeniedException"); /* of production */
    must_be(ACTIVATE("web-", "web", "5"), "AccessDeniedException");  /* could become web-1 */
    must_be(ACTIVATE("node-", "web", "5"), "");
    door_room_guest("taken", "Role=web");
    must_be(ACTIVATE("taken", "web", "1"), "AccessDeniedException");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(T34_each_flaw_of_a_callers_signature_has_its_code),
        TEST(T34_a_caller_opens_no_operation_of_hosts_and_a_host_none_of_callers),
        TEST(T61_a_key_that_ended_or_expired_opens_nothing),
        TEST(key_that_a_person_made_signs_until_it_is_ended),
        TEST(hosts_are_described_as_their_agents_said),
        TEST(filters_of_hosts_are_anded_and_unknown_ones_told),
        TEST(pages_follow_each_other_and_a_token_belongs_to_its_list),
        TEST(T61_a_key_sees_only_hosts_that_it_reaches),
        TEST(deregistered_host_is_gone_at_once),
        TEST(activation_of_a_caller_lets_a_host_in),
        TEST(T61_a_key_activates_only_what_it_reaches),
    };

    log_init(LOG_LOGFMT, LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
