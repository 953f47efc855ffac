/*
 * door: registration, proofs and health of hosts, over a real socket, store and writer. Hosts of this test sign as
 * slipway-agent does; libcurl's own signer is tried too.
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
#include <curl/curl.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/ssm/sigv4.h"
#include "lib/store/store_activation.h"
#include "lib/store/store_host.h"
#include "server/api/door.h"
#include "server/api/door_credentials.h"
#include "tests/support/host_room.h"
#include "tests/support/raw_http.h"

/* Registration -------------------------------------------------------------------------------- */

static void host_gets_name_and_tags_from_its_activation(void **state)
{
    struct err err = ERR_INIT;
    struct config_pairs tags;
    struct host host;
    struct db *db;
    struct door_answer asked =
        host_room_register_as(HOST_ROOM_ONE, HOST_ROOM_CODE, HOST_ROOM_PRINT_1, host_room.spki_1);

    (void)state;
    door_asker_must_be(asked, "");
    assert_non_null(strstr(asked.body, "\"HostName\":\"web-1\""));
    assert_non_null(strstr(asked.body, host_room.api.store.store_id));
    host = host_room_host_of(host_room_member(asked, "InstanceId"));
    assert_string_equal(host.name, "web-1");
    assert_int_equal(db_pool_take(host_room.api.readers, &db, &err), 0);
    assert_int_equal(store_host_tags(db, &host_room.arena, host.id, &tags, &err), 0);
    db_pool_give(host_room.api.readers, db);
    assert_int_equal(tags.n, 1);
    assert_true(atomic_load(&host_room.api.rung) > 0);
}

static void T33_activation_is_refused_by_its_reason(void **state)
{
    (void)state;
    door_asker_must_be(host_room_register_as(HOST_ROOM_ONE, HOST_ROOM_CODE "x", HOST_ROOM_PRINT_1,
                                             host_room.spki_1),
                       "InvalidActivation");
    door_asker_must_be(host_room_register_as(HOST_ROOM_PRINT_1, HOST_ROOM_CODE, HOST_ROOM_PRINT_1,
                                             host_room.spki_1),
                       "InvalidActivation");
    door_asker_must_be(host_room_register_as("x", HOST_ROOM_CODE, HOST_ROOM_PRINT_1,
                                             host_room.spki_1),
                       "InvalidActivation");
    door_asker_must_be(host_room_register_as(HOST_ROOM_ONE, HOST_ROOM_CODE, HOST_ROOM_PRINT_1,
                                             "AAAA"),
                       "InvalidPublicKey");
    door_asker_must_be(host_room_register_as(HOST_ROOM_ONE, HOST_ROOM_CODE, "x", host_room.spki_1),
                       "ValidationException");
    door_asker_must_be(host_room_ask("AmazonSSM.RegisterManagedInstance", "{}", NULL),
                       "InvalidActivation");
    door_asker_must_be(host_room_ask("AmazonSSM.RegisterManagedInstance", "[", NULL),
                       "SerializationException");
    door_asker_must_be(host_room_register_as(HOST_ROOM_ONE, HOST_ROOM_CODE, HOST_ROOM_PRINT_1,
                                             host_room.spki_1),
                       "");
    door_asker_must_be(host_room_register_as(HOST_ROOM_ONE, HOST_ROOM_CODE, HOST_ROOM_PRINT_2,
                                             host_room.spki_2),
                       "RegistrationLimitExceeded");
    atomic_store(&host_room.now_off, 86400001);
    door_asker_must_be(host_room_register_as(HOST_ROOM_ONE, HOST_ROOM_CODE, HOST_ROOM_PRINT_2,
                                             host_room.spki_2),
                       "ActivationExpired");
}

static void lost_answer_to_a_registration_gives_the_same_host(void **state)
{
    (void)state;
    assert_string_equal(host_room_registered(HOST_ROOM_ONE, HOST_ROOM_PRINT_1, host_room.spki_1),
                        host_room_registered(HOST_ROOM_ONE, HOST_ROOM_PRINT_1, host_room.spki_1));
    assert_string_not_equal(host_room_registered(HOST_ROOM_MANY, HOST_ROOM_PRINT_1,
                                                 host_room.spki_1),
                            host_room_registered(HOST_ROOM_MANY, HOST_ROOM_PRINT_2,
                                                 host_room.spki_2));
}

static void prefix_names_one_host_after_the_other(void **state)
{
    const char *first = host_room_registered(HOST_ROOM_MANY, HOST_ROOM_PRINT_1, host_room.spki_1);
    const char *second = host_room_registered(HOST_ROOM_MANY, HOST_ROOM_PRINT_2, host_room.spki_2);

    (void)state;
    assert_string_equal(host_room_host_of(first).name, "batch1");
    assert_string_equal(host_room_host_of(second).name, "batch2");
}

static int put_second_activation(struct db *db, void *arg, struct err *err)
{
    const time_ms now = clock_now(clock_system());
    const struct config_pairs none = {0};
    char digest[DIGEST_HEX_SIZE];
    const struct activation a = {.id = HOST_ROOM_PRINT_2,
                                 .code_digest = digest,
                                 .name = "web-1",
                                 .limit = 1,
                                 .created_at = now,
                                 .created_by = "uid:0",
                                 .expires_at = now + 86400000};

    (void)arg;
    digest_sha256_hex(HOST_ROOM_CODE, strlen(HOST_ROOM_CODE), digest);
    return store_activation_put(db, &a, &none, err);
}

static void machine_made_anew_replaces_the_host_of_its_name(void **state)
{
    struct host_room_guest old = host_room_web_1();
    const char *id;

    (void)state;
    api_room_write(&host_room.api, put_second_activation, NULL);
    id = host_room_registered(HOST_ROOM_PRINT_2, HOST_ROOM_PRINT_2, host_room.spki_2);
    assert_string_equal(host_room_host_of(id).name, "web-1");
    assert_int_equal(host_room_host_of(old.id).state, HOST_DEREGISTERED);
    door_asker_must_be(host_room_ask("AmazonSSM.UpdateInstanceInformation", HOST_ROOM_PING(old.id),
                                     &old.session),
                       "UnrecognizedClientException");
    door_asker_must_be(host_room_role_token(&old.by_key, HOST_ROOM_PRINT_1),
                       "AccessDeniedException");
}

/* Proofs -------------------------------------------------------------------------------------- */

static void T34_nothing_but_registration_opens_unsigned(void **state)
{
    static const char *const targets[] = {
        "AmazonSSM.RequestManagedInstanceRoleToken",
        "AmazonSSM.UpdateManagedInstancePublicKey",
        "AmazonSSM.UpdateInstanceInformation",
        "AmazonSSM.ListInstanceAssociations",
        "AmazonSSM.ListAssociations",
        "AmazonSSM.UpdateInstanceAssociationStatus",
        "AmazonSSM.PutComplianceItems",
        "AmazonSSM.PutInventory",
        "AmazonSSM.GetParameters",
        "EC2WindowsMessageDeliveryService.GetMessages",
        "EC2WindowsMessageDeliveryService.AcknowledgeMessage",
        "EC2WindowsMessageDeliveryService.SendReply",
        "EC2WindowsMessageDeliveryService.FailMessage",
        "EC2WindowsMessageDeliveryService.DeleteMessage",
        "Slipway.PutOutput",
        "Slipway.Observe",
    };
    struct host_room_guest g = host_room_web_1();

    (void)state;
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        door_asker_must_be(host_room_ask(targets[i], "{}", NULL),
                           "MissingAuthenticationTokenException");
        /* A key opens what asks for a key, a session the rest; none opens the other. */
        door_asker_must_be(host_room_ask(targets[i], "{}", i < 2 ? &g.session : &g.by_key),
                           "UnrecognizedClientException");
    }
}

static void unknown_operations_are_said_to_be_unknown(void **state)
{
    static const char *const targets[] = {"AmazonSSM.StartSession", "AmazonSSM.getparameters",
                                          "Slipway.RequestStop", "Nothing",
                                          "AmazonSSM.GetParametersX"};
    struct host_room_guest g = host_room_web_1();

    (void)state;
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
        door_asker_must_be(host_room_ask(targets[i], "{}", &g.session),
                           "UnknownOperationException");
}

/* An agent that gets anything but 201 polls, and asks again later (ssm-wire.md 11): so it is told, also where it comes
 * without a body, or asks to go over to the frames. */
static void websocket_channel_is_not_there(void **state)
{
    static const char *const asks[] = {
        "POST /v1/control-channel/mi-0123456789abcdef0 HTTP/1.1\r\nHost: h\r\n"
        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
        "POST /v1/control-channel/mi-0123456789abcdef0 HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /v1/control-channel/mi-0123456789abcdef0?role=subscribe&stream=input HTTP/1.1\r\n"
        "Host: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
        struct raw_answer *answer = raw_http_ask(host_room_address(), asks[i], strlen(asks[i]));

        assert_int_equal(answer->status, 404);
        /* The word at which one that had left the poll is sent back, or that lets others sleep for a day. */
        assert_null(strstr(answer->body, "AccessDenied"));
        free(answer);
    }
}

static void changed(const struct host_room_guest *g, struct door_signer signer, const char *type)
{
    door_asker_must_be(host_room_ask("AmazonSSM.UpdateInstanceInformation", HOST_ROOM_PING(g->id),
                                     &signer),
                       type);
}

static void T33_each_flaw_of_a_session_signature_has_its_code(void **state)
{
    struct host_room_guest g = host_room_web_1();
    struct door_signer s = g.session;

    (void)state;
    changed(&g, s, "");
    s.secret = "wrong";
    changed(&g, s, "InvalidSignatureException");
    s = g.session;
    s.off = 6 * 60 * 1000;
    changed(&g, s, "InvalidSignatureException");
    s.off = -6 * 60 * 1000;
    changed(&g, s, "InvalidSignatureException");
    s.off = -4 * 60 * 1000;
    changed(&g, s, "");
    s = g.session;
    s.service = "ec2messages";
    changed(&g, s, "InvalidSignatureException");
    s = g.session;
    s.body_as_sent = "{}";
    changed(&g, s, "InvalidSignatureException");
    s = g.session;
    s.host_as_sent = "other";
    changed(&g, s, "InvalidSignatureException");
    s = g.session;
    s.token = NULL;
    changed(&g, s, "UnrecognizedClientException");
    s.token = "SLIPWAY1.mi-0123456789abcdef0.99999999999999.0000000000000000."
              "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    changed(&g, s, "UnrecognizedClientException");
    s = g.session;
    s.key_id = "ASIAAAAAAAAAAAAAAAAA";
    changed(&g, s, "UnrecognizedClientException");
    s = g.session;
    s.key_id = "a b";
    changed(&g, s, "IncompleteSignatureException");
    atomic_store(&host_room.now_off, DOOR_CREDENTIALS_LIFE_MS + 1000);
    changed(&g, g.session, "ExpiredTokenException");
}

static void T33_each_changed_letter_of_a_session_token_is_refused(void **state)
{
    struct host_room_guest g = host_room_web_1();
    struct door_credentials c;
    char *token = arena_str(&host_room.arena, g.session.token);

    (void)state;
    assert_int_equal(door_credentials_open(host_room.api.credential_key, token, &c), 0);
    assert_string_equal(c.host_id, g.id);
    assert_string_equal(c.secret, g.session.secret);
    for (size_t i = 0; token[i] != '\0'; i++) {
        char had = token[i];

        token[i] = had == 'a' ? 'b' : 'a';
        /* The last letter of base64 without padding has two bits that say nothing. */
        if (token[i + 1] != '\0')
            assert_int_equal(door_credentials_open(host_room.api.credential_key, token, &c),
                             ERR_DENIED);
        token[i] = had;
    }
    assert_int_equal(door_credentials_open(host_room.api.secret, token, &c), ERR_DENIED);
    token[strlen(token) - 10] = '\0';
    assert_int_equal(door_credentials_open(host_room.api.credential_key, token, &c), ERR_DENIED);
}

static void T33_each_flaw_of_a_hosts_own_signature_has_its_code(void **state)
{
    struct host_room_guest g = host_room_web_1();
    struct door_signer s = g.by_key;

    (void)state;
    door_asker_must_be(host_room_role_token(&s, HOST_ROOM_PRINT_1), "");
    door_asker_must_be(host_room_role_token(&s, HOST_ROOM_PRINT_2),
                       "MachineFingerprintDoesNotMatch");
    s.rsa = host_room.key_2;
    door_asker_must_be(host_room_role_token(&s, HOST_ROOM_PRINT_1), "InvalidSignatureException");
    s = g.by_key;
    s.key_id = "mi-00000000000000000";
    door_asker_must_be(host_room_role_token(&s, HOST_ROOM_PRINT_1), "UnrecognizedClientException");
    s.key_id = "mi-x";
    door_asker_must_be(host_room_role_token(&s, HOST_ROOM_PRINT_1), "UnrecognizedClientException");
    s = g.by_key;
    s.chunked = false;
    s.body_as_sent = "{\"Fingerprint\":\"" HOST_ROOM_PRINT_1 "\" }";
    door_asker_must_be(host_room_role_token(&s, HOST_ROOM_PRINT_1), "InvalidSignatureException");
    /* A wrong clock is none: on an error of ours agents try again after a while (ssm-wire.md 9.2). */
    s = g.by_key;
    s.off = -6 * 60 * 1000;
    door_asker_must_be(host_room_role_token(&s, HOST_ROOM_PRINT_1), "InternalServerError");
    assert_int_equal(host_room_role_token(&s, HOST_ROOM_PRINT_1).status, 500);
}

/* One letter of an RSA signature on its way (ssm-wire.md 16, 2). */
static void T33_changed_byte_of_an_rsa_signature_is_refused(void **state)
{
    struct host_room_guest g = host_room_web_1();
    char *bytes;
    char *at;

    (void)state;
    bytes = host_room_bytes("AmazonSSM.RequestManagedInstanceRoleToken",
                            "{\"Fingerprint\":\"" HOST_ROOM_PRINT_1 "\"}", &g.by_key);
    at = strstr(bytes, "Signature=") + strlen("Signature=") + 40;
    *at = *at == 'A' ? 'B' : 'A';
    door_asker_must_be(host_room_read(raw_http_ask(host_room_address(), bytes, strlen(bytes))),
                       "InvalidSignatureException");
    at = strstr(bytes, "Authorization: ") + strlen("Authorization: ");
    *at = 'B';
    door_asker_must_be(host_room_read(raw_http_ask(host_room_address(), bytes, strlen(bytes))),
                       "IncompleteSignatureException");
}

static void both_keys_hold_until_the_new_one_is_seen(void **state)
{
    struct host_room_guest g = host_room_web_1();
    struct door_signer by_new = g.by_key;

    (void)state;
    by_new.rsa = host_room.key_2;
    atomic_store(&host_room.now_off, 1000);
    door_asker_must_be(
        host_room_ask("AmazonSSM.UpdateManagedInstancePublicKey",
                      arena_printf(&host_room.arena,
                                   "{\"NewPublicKey\":\"%s\",\"NewPublicKeyType\":\"Rsa\"}",
                                   host_room.spki_2),
                      &g.by_key),
        "");
    door_asker_must_be(host_room_role_token(&g.by_key, HOST_ROOM_PRINT_1), "");
    door_asker_must_be(host_room_role_token(&by_new, HOST_ROOM_PRINT_1), "");
    door_asker_must_be(host_room_role_token(&g.by_key, HOST_ROOM_PRINT_1),
                       "InvalidSignatureException");
    door_asker_must_be(host_room_role_token(&by_new, HOST_ROOM_PRINT_1), "");
    door_asker_must_be(host_room_ask("AmazonSSM.UpdateManagedInstancePublicKey",
                                     "{\"NewPublicKey\":\"AAAA\",\"NewPublicKeyType\":\"Rsa\"}",
                                     &by_new),
                       "InvalidPublicKey");
}

/* Amazon's agent, when it cannot save its new key: it goes back to the old one, signing with the new. */
static void S9_a_key_that_a_host_goes_back_to_opens_again(void **state)
{
    struct host_room_guest g = host_room_web_1();
    struct door_signer by_new = g.by_key;

    (void)state;
    by_new.rsa = host_room.key_2;
    atomic_store(&host_room.now_off, 1000);
    door_asker_must_be(
        host_room_ask("AmazonSSM.UpdateManagedInstancePublicKey",
                      arena_printf(&host_room.arena,
                                   "{\"NewPublicKey\":\"%s\",\"NewPublicKeyType\":\"Rsa\"}",
                                   host_room.spki_2),
                      &g.by_key),
        "");
    door_asker_must_be(host_room_role_token(&by_new, HOST_ROOM_PRINT_1),
                       ""); /* it tries whether the new one is known */
    door_asker_must_be(host_room_role_token(&g.by_key, HOST_ROOM_PRINT_1),
                       "InvalidSignatureException");
    atomic_store(&host_room.now_off, 2000);
    door_asker_must_be(
        host_room_ask("AmazonSSM.UpdateManagedInstancePublicKey",
                      arena_printf(&host_room.arena,
                                   "{\"NewPublicKey\":\"%s\",\"NewPublicKeyType\":\"Rsa\"}",
                                   host_room.spki_1),
                      &by_new),
        "");
    door_asker_must_be(host_room_role_token(&g.by_key, HOST_ROOM_PRINT_1), "");
    door_asker_must_be(host_room_role_token(&by_new, HOST_ROOM_PRINT_1),
                       "InvalidSignatureException"); /* the old one was seen */
}

static bool is_asked_for_a_key(const struct door_signer *by_key)
{
    const struct door_answer answer = host_room_role_token(by_key, HOST_ROOM_PRINT_1);

    door_asker_must_be(answer, "");
    return strstr(answer.body, "\"UpdateKeyPair\":true") != NULL;
}

/* The server asks; whoever is asked goes on with the old key until the new one is proven (ssm-wire.md 9.2). */
static void S9_a_key_of_ninety_days_is_asked_to_be_replaced(void **state)
{
    const int64_t day = (int64_t)24 * 3600 * 1000;
    struct host_room_guest g = host_room_web_1();
    struct door_signer by_new = g.by_key;

    (void)state;
    by_new.rsa = host_room.key_2;
    atomic_store(&host_room.now_off, 90 * day - 60000);
    assert_false(is_asked_for_a_key(&g.by_key));
    atomic_store(&host_room.now_off, 90 * day);
    assert_true(is_asked_for_a_key(&g.by_key));
    for (int i = 0; i < 2; i++) /* the answer was lost: the same key once more */
        door_asker_must_be(
            host_room_ask("AmazonSSM.UpdateManagedInstancePublicKey",
                          arena_printf(&host_room.arena,
                                       "{\"NewPublicKey\":\"%s\",\"NewPublicKeyType\":\"Rsa\"}",
                                       host_room.spki_2),
                          &g.by_key),
            "");
    door_asker_must_be(host_room_role_token(&g.by_key, HOST_ROOM_PRINT_1), "");
    assert_false(is_asked_for_a_key(&by_new));
    door_asker_must_be(host_room_role_token(&g.by_key, HOST_ROOM_PRINT_1),
                       "InvalidSignatureException");
}

/* Another implementation of the signature: libcurl's. */
static size_t drop(char *bytes, size_t size, size_t n, void *arg)
{
    (void)bytes, (void)arg;
    return size * n;
}

static long ask_by_libcurl(const struct door_signer *s, const char *secret, const char *body)
{
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = NULL;
    long status = 0;

    headers = curl_slist_append(headers, "Content-Type: application/x-amz-json-1.1");
    headers = curl_slist_append(headers, "X-Amz-Target: AmazonSSM.UpdateInstanceInformation");
    headers = curl_slist_append(headers, arena_printf(&host_room.arena, "X-Amz-Security-Token: %s",
                                                      s->token));
    curl_easy_setopt(curl, CURLOPT_URL,
                     arena_printf(&host_room.arena, "http://%s/", host_room_address()));
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, "aws:amz:us-east-1:ssm");
    curl_easy_setopt(curl, CURLOPT_USERPWD,
                     arena_printf(&host_room.arena, "%s:%s", s->key_id, secret));
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
    assert_int_equal(curl_easy_perform(curl), CURLE_OK);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return status;
}

static void libcurls_signature_is_verified(void **state)
{
    struct host_room_guest g = host_room_web_1();

    (void)state;
    assert_int_equal(ask_by_libcurl(&g.session, g.session.secret, HOST_ROOM_PING(g.id)), 200);
    assert_int_equal(ask_by_libcurl(&g.session, "wrong", HOST_ROOM_PING(g.id)), 400);
}

/* Health -------------------------------------------------------------------------------------- */

static void ping_makes_a_host_online_and_says_its_agent(void **state)
{
    struct host_room_guest g = host_room_web_1();
    struct host host;

    (void)state;
    door_asker_must_be(host_room_ask("AmazonSSM.UpdateInstanceInformation", HOST_ROOM_PING(g.id),
                                     &g.session),
                       "");
    host_room_settle();
    host = host_room_host_of(g.id);
    assert_true(host_is_online(&host, clock_now(clock_system())));
    assert_string_equal(host.agent, "slipway-agent 0.1.0");
    assert_string_equal(host.platform, "Linux");
    door_asker_must_be(host_room_ask("AmazonSSM.UpdateInstanceInformation",
                                     HOST_ROOM_PING("mi-00000000000000000"), &g.session),
                       "InvalidInstanceId");
    door_asker_must_be(host_room_ask("AmazonSSM.UpdateInstanceInformation", "{\"InstanceId\":5}",
                                     &g.session),
                       "InvalidInstanceInformationValue");
}

static void associations_and_parameters_are_answered_without_doing_anything(void **state)
{
    struct host_room_guest g = host_room_web_1();

    (void)state;
    assert_string_equal(host_room_ask("AmazonSSM.ListInstanceAssociations", "{}", &g.session).body,
                        "{\"Associations\":[]}");
    assert_string_equal(host_room_ask("AmazonSSM.PutInventory", "{}", &g.session).body, "{}");
    assert_string_equal(
        host_room_ask("AmazonSSM.GetParameters", "{\"Names\":[\"a\",\"b\\\"\"]}", &g.session).body,
        "{\"Parameters\":[],\"InvalidParameters\":[\"a\",\"b\\\"\"]}");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, host_room_set_up, host_room_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(host_gets_name_and_tags_from_its_activation),
        TEST(T33_activation_is_refused_by_its_reason),
        TEST(lost_answer_to_a_registration_gives_the_same_host),
        TEST(prefix_names_one_host_after_the_other),
        TEST(machine_made_anew_replaces_the_host_of_its_name),
        TEST(T34_nothing_but_registration_opens_unsigned),
        TEST(unknown_operations_are_said_to_be_unknown),
        TEST(websocket_channel_is_not_there),
        TEST(T33_each_flaw_of_a_session_signature_has_its_code),
        TEST(T33_each_changed_letter_of_a_session_token_is_refused),
        TEST(T33_each_flaw_of_a_hosts_own_signature_has_its_code),
        TEST(T33_changed_byte_of_an_rsa_signature_is_refused),
        TEST(both_keys_hold_until_the_new_one_is_seen),
        TEST(S9_a_key_that_a_host_goes_back_to_opens_again),
        TEST(S9_a_key_of_ninety_days_is_asked_to_be_replaced),
        TEST(libcurls_signature_is_verified),
        TEST(ping_makes_a_host_online_and_says_its_agent),
        TEST(associations_and_parameters_are_answered_without_doing_anything),
    };

    return host_room_tests(tests);
}
