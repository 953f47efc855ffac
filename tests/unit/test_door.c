/*
 * door: the agents' listener over a real socket, store and writer. Hosts of this test sign as
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
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/sign.h"
#include "lib/base/str.h"
#include "lib/ssm/envelope.h"
#include "lib/ssm/message.h"
#include "lib/ssm/message_form.h"
#include "lib/ssm/message_observe.h"
#include "lib/ssm/message_output.h"
#include "lib/ssm/message_start.h"
#include "lib/ssm/sigv4.h"
#include "lib/store/store_activation.h"
#include "lib/store/store_command.h"
#include "lib/store/store_offer.h"
#include "lib/store/store_host.h"
#include "lib/store/store_host_document.h"
#include "lib/store/store_journal.h"
#include "lib/store/store_reply.h"
#include "lib/store/writer.h"
#include "server/api/door.h"
#include "server/api/door_form.h"
#include "server/api/door_credentials.h"
#include "tests/support/api_room.h"
#include "tests/support/door_asker.h"
#include "tests/support/raw_http.h"

#define CODE "act_abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstu"
#define ONE "5b2f6d0e-0000-4000-8000-000000000001"  /* activation for web-1 */
#define MANY "5b2f6d0e-0000-4000-8000-000000000002" /* for batch1, batch2 */
#define PRINT_1 "0b1c2d3e-0000-4000-8000-000000000001"
#define PRINT_2 "0b1c2d3e-0000-4000-8000-000000000002"
#define JOURNAL "0b1c2d3e-0000-4000-8000-00000000000a"
#define OTHER_JOURNAL "0b1c2d3e-0000-4000-8000-00000000000b"
#define BOOT "0b1c2d3e-0000-4000-8000-00000000000c"
#define COMMAND "01930000-0000-7000-8000-000000000001"
#define REPLY "0b1c2d3e-0000-4000-8000-0000000000d1"

#define HOLD_MS 800

static struct api_room room;
static struct arena arena;
static struct sign_rsa *key_1, *key_2;
static char *spki_1, *spki_2;

/* A clock that can be moved: minutes pass at once. */
static struct {
    struct clock clock;
    atomic_llong now_off;
} moved;

static time_ms moved_now(struct clock *clock)
{
    (void)clock;
    return clock_now(clock_system()) + atomic_load(&moved.now_off);
}

static mono_ms moved_mono(struct clock *clock)
{
    (void)clock;
    return clock_mono(clock_system());
}

static int put_activations(struct db *db, void *arg, struct err *err)
{
    const time_ms now = clock_now(clock_system());
    struct config_pair tag = {"Role", "web"};
    const struct config_pairs tags = {.items = &tag, .n = 1};
    char digest[DIGEST_HEX_SIZE];
    struct activation a = {.id = ONE,
                           .code_digest = digest,
                           .name = "web-1",
                           .limit = 1,
                           .created_at = now,
                           .created_by = "uid:0",
                           .expires_at = now + 86400000};
    int rc;

    (void)arg;
    digest_sha256_hex(CODE, strlen(CODE), digest);
    rc = store_activation_put(db, &a, &tags, err);
    a.id = MANY;
    a.name = NULL;
    a.prefix = "batch";
    a.limit = 2;
    return rc < 0 ? rc : store_activation_put(db, &a, &tags, err);
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    atomic_store(&moved.now_off, 0);
    api_room_up_at(&room, &moved.clock, HOLD_MS);
    api_room_write(&room, put_activations, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    api_room_down(&room);
    arena_deinit(&arena);
    return 0;
}

/* Asking -------------------------------------------------------------------------------------- */

static struct door_asker asker(void)
{
    return (struct door_asker){.address = http_server_address(room.server, LISTENER_AGENTS),
                               .arena = &arena,
                               .now = moved_now(NULL)};
}

static const char *address(void)
{
    return asker().address;
}

static char *request_bytes(const char *target, const char *body, const struct door_signer *signer)
{
    const struct door_asker a = asker();

    return door_asker_bytes(&a, target, body, signer);
}

static struct door_answer ask(const char *target, const char *body,
                              const struct door_signer *signer)
{
    const struct door_asker a = asker();

    return door_asker_ask(&a, target, body, signer);
}

static void must_be(struct door_answer answer, const char *type)
{
    door_asker_must_be(answer, type);
}

static struct door_answer read_raw(struct raw_answer *answer)
{
    const struct door_asker a = asker();

    return door_asker_read(&a, answer);
}

/* A member of the answer. */
static const char *member(struct door_answer answer, const char *key)
{
    const struct door_asker a = asker();

    return door_asker_member(&a, answer, key);
}

/* Hosts --------------------------------------------------------------------------------------- */

static struct door_answer register_as(const char *activation, const char *code,
                                      const char *fingerprint, const char *spki)
{
    return ask(
        "AmazonSSM.RegisterManagedInstance",
        arena_printf(&arena,
                     "{\"ActivationCode\":\"%s\",\"ActivationId\":\"%s\",\"Fingerprint\":\"%s\","
                     "\"PublicKey\":\"%s\",\"PublicKeyType\":\"Rsa\"}",
                     code, activation, fingerprint, spki),
        NULL);
}

static const char *registered(const char *activation, const char *fingerprint, const char *spki)
{
    struct door_answer asked = register_as(activation, CODE, fingerprint, spki);

    must_be(asked, "");
    return member(asked, "InstanceId");
}

static struct door_answer role_token(const struct door_signer *by_key, const char *fingerprint)
{
    return ask("AmazonSSM.RequestManagedInstanceRoleToken",
               arena_printf(&arena, "{\"Fingerprint\":\"%s\"}", fingerprint), by_key);
}

/* A host that has registered and holds credentials. */
struct guest {
    const char *id;
    struct door_signer by_key;
    struct door_signer session;
};

static struct guest come_in(const char *activation, const char *fingerprint,
                            const struct sign_rsa *rsa, const char *spki)
{
    struct guest g = {.id = registered(activation, fingerprint, spki)};
    struct door_answer asked;

    g.by_key = (struct door_signer){.key_id = g.id, .rsa = rsa, .chunked = true};
    asked = role_token(&g.by_key, fingerprint);
    must_be(asked, "");
    g.session = (struct door_signer){.key_id = member(asked, "AccessKeyId"),
                                     .secret = member(asked, "SecretAccessKey"),
                                     .token = member(asked, "SessionToken")};
    return g;
}

static struct guest web_1(void)
{
    return come_in(ONE, PRINT_1, key_1, spki_1);
}

static struct host host_of(const char *id)
{
    struct err err = ERR_INIT;
    struct host host;
    struct db *db;

    assert_int_equal(db_pool_take(room.readers, &db, &err), 0);
    assert_int_equal(store_host_by_id(db, &arena, id, &host, &err), 0);
    db_pool_give(room.readers, db);
    return host;
}

/* Signs of life are written behind the answer: one more write of our own comes after them. */
static int nothing(struct db *db, void *arg, struct err *err)
{
    (void)db, (void)arg, (void)err;
    return 0;
}

static void settle(void)
{
    api_room_write(&room, nothing, NULL);
}

#define PING(id)                                                                                   \
    arena_printf(                                                                                  \
        &arena,                                                                                    \
        "{\"AgentName\":\"slipway-agent\",\"AgentVersion\":\"0.1.0\",\"InstanceId\":\"%s\","       \
        "\"PlatformType\":\"Linux\"}",                                                             \
        id)

/* Registration -------------------------------------------------------------------------------- */

static void host_gets_name_and_tags_from_its_activation(void **state)
{
    struct err err = ERR_INIT;
    struct config_pairs tags;
    struct host host;
    struct db *db;
    struct door_answer asked = register_as(ONE, CODE, PRINT_1, spki_1);

    (void)state;
    must_be(asked, "");
    assert_non_null(strstr(asked.body, "\"HostName\":\"web-1\""));
    assert_non_null(strstr(asked.body, room.store.store_id));
    host = host_of(member(asked, "InstanceId"));
    assert_string_equal(host.name, "web-1");
    assert_int_equal(db_pool_take(room.readers, &db, &err), 0);
    assert_int_equal(store_host_tags(db, &arena, host.id, &tags, &err), 0);
    db_pool_give(room.readers, db);
    assert_int_equal(tags.n, 1);
    assert_true(atomic_load(&room.rung) > 0);
}

static void T33_activation_is_refused_by_its_reason(void **state)
{
    (void)state;
    must_be(register_as(ONE, CODE "x", PRINT_1, spki_1), "InvalidActivation");
    must_be(register_as(PRINT_1, CODE, PRINT_1, spki_1), "InvalidActivation");
    must_be(register_as("x", CODE, PRINT_1, spki_1), "InvalidActivation");
    must_be(register_as(ONE, CODE, PRINT_1, "AAAA"), "InvalidPublicKey");
    must_be(register_as(ONE, CODE, "x", spki_1), "ValidationException");
    must_be(ask("AmazonSSM.RegisterManagedInstance", "{}", NULL), "InvalidActivation");
    must_be(ask("AmazonSSM.RegisterManagedInstance", "[", NULL), "SerializationException");
    must_be(register_as(ONE, CODE, PRINT_1, spki_1), "");
    must_be(register_as(ONE, CODE, PRINT_2, spki_2), "RegistrationLimitExceeded");
    atomic_store(&moved.now_off, 86400001);
    must_be(register_as(ONE, CODE, PRINT_2, spki_2), "ActivationExpired");
}

static void lost_answer_to_a_registration_gives_the_same_host(void **state)
{
    (void)state;
    assert_string_equal(registered(ONE, PRINT_1, spki_1), registered(ONE, PRINT_1, spki_1));
    assert_string_not_equal(registered(MANY, PRINT_1, spki_1), registered(MANY, PRINT_2, spki_2));
}

static void prefix_names_one_host_after_the_other(void **state)
{
    const char *first = registered(MANY, PRINT_1, spki_1);
    const char *second = registered(MANY, PRINT_2, spki_2);

    (void)state;
    assert_string_equal(host_of(first).name, "batch1");
    assert_string_equal(host_of(second).name, "batch2");
}

static int put_second_activation(struct db *db, void *arg, struct err *err)
{
    const time_ms now = clock_now(clock_system());
    const struct config_pairs none = {0};
    char digest[DIGEST_HEX_SIZE];
    const struct activation a = {.id = PRINT_2,
                                 .code_digest = digest,
                                 .name = "web-1",
                                 .limit = 1,
                                 .created_at = now,
                                 .created_by = "uid:0",
                                 .expires_at = now + 86400000};

    (void)arg;
    digest_sha256_hex(CODE, strlen(CODE), digest);
    return store_activation_put(db, &a, &none, err);
}

static void machine_made_anew_replaces_the_host_of_its_name(void **state)
{
    struct guest old = web_1();
    const char *id;

    (void)state;
    api_room_write(&room, put_second_activation, NULL);
    id = registered(PRINT_2, PRINT_2, spki_2);
    assert_string_equal(host_of(id).name, "web-1");
    assert_int_equal(host_of(old.id).state, HOST_DEREGISTERED);
    must_be(ask("AmazonSSM.UpdateInstanceInformation", PING(old.id), &old.session),
            "UnrecognizedClientException");
    must_be(role_token(&old.by_key, PRINT_1), "AccessDeniedException");
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
    struct guest g = web_1();

    (void)state;
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        must_be(ask(targets[i], "{}", NULL), "MissingAuthenticationTokenException");
        /* A key opens what asks for a key, a session the rest; none opens the other. */
        must_be(ask(targets[i], "{}", i < 2 ? &g.session : &g.by_key),
                "UnrecognizedClientException");
    }
}

static void unknown_operations_are_said_to_be_unknown(void **state)
{
    static const char *const targets[] = {"AmazonSSM.StartSession", "AmazonSSM.getparameters",
                                          "Slipway.RequestStop", "Nothing",
                                          "AmazonSSM.GetParametersX"};
    struct guest g = web_1();

    (void)state;
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
        must_be(ask(targets[i], "{}", &g.session), "UnknownOperationException");
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
        struct raw_answer *answer = raw_http_ask(address(), asks[i], strlen(asks[i]));

        assert_int_equal(answer->status, 404);
        /* The word at which one that had left the poll is sent back, or that lets others sleep for a day. */
        assert_null(strstr(answer->body, "AccessDenied"));
        free(answer);
    }
}

static void changed(const struct guest *g, struct door_signer signer, const char *type)
{
    must_be(ask("AmazonSSM.UpdateInstanceInformation", PING(g->id), &signer), type);
}

static void T33_each_flaw_of_a_session_signature_has_its_code(void **state)
{
    struct guest g = web_1();
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
    atomic_store(&moved.now_off, DOOR_CREDENTIALS_LIFE_MS + 1000);
    changed(&g, g.session, "ExpiredTokenException");
}

static void T33_each_changed_letter_of_a_session_token_is_refused(void **state)
{
    struct guest g = web_1();
    struct door_credentials c;
    char *token = arena_str(&arena, g.session.token);

    (void)state;
    assert_int_equal(door_credentials_open(room.credential_key, token, &c), 0);
    assert_string_equal(c.host_id, g.id);
    assert_string_equal(c.secret, g.session.secret);
    for (size_t i = 0; token[i] != '\0'; i++) {
        char had = token[i];

        token[i] = had == 'a' ? 'b' : 'a';
        /* The last letter of base64 without padding has two bits that say nothing. */
        if (token[i + 1] != '\0')
            assert_int_equal(door_credentials_open(room.credential_key, token, &c), ERR_DENIED);
        token[i] = had;
    }
    assert_int_equal(door_credentials_open(room.secret, token, &c), ERR_DENIED);
    token[strlen(token) - 10] = '\0';
    assert_int_equal(door_credentials_open(room.credential_key, token, &c), ERR_DENIED);
}

static void T33_each_flaw_of_a_hosts_own_signature_has_its_code(void **state)
{
    struct guest g = web_1();
    struct door_signer s = g.by_key;

    (void)state;
    must_be(role_token(&s, PRINT_1), "");
    must_be(role_token(&s, PRINT_2), "MachineFingerprintDoesNotMatch");
    s.rsa = key_2;
    must_be(role_token(&s, PRINT_1), "InvalidSignatureException");
    s = g.by_key;
    s.key_id = "mi-00000000000000000";
    must_be(role_token(&s, PRINT_1), "UnrecognizedClientException");
    s.key_id = "mi-x";
    must_be(role_token(&s, PRINT_1), "UnrecognizedClientException");
    s = g.by_key;
    s.chunked = false;
    s.body_as_sent = "{\"Fingerprint\":\"" PRINT_1 "\" }";
    must_be(role_token(&s, PRINT_1), "InvalidSignatureException");
    /* A wrong clock is none: on an error of ours agents try again after a while (ssm-wire.md 9.2). */
    s = g.by_key;
    s.off = -6 * 60 * 1000;
    must_be(role_token(&s, PRINT_1), "InternalServerError");
    assert_int_equal(role_token(&s, PRINT_1).status, 500);
}

/* One letter of an RSA signature on its way (ssm-wire.md 16, 2). */
static void T33_changed_byte_of_an_rsa_signature_is_refused(void **state)
{
    struct guest g = web_1();
    char *bytes;
    char *at;

    (void)state;
    bytes = request_bytes("AmazonSSM.RequestManagedInstanceRoleToken",
                          "{\"Fingerprint\":\"" PRINT_1 "\"}", &g.by_key);
    at = strstr(bytes, "Signature=") + strlen("Signature=") + 40;
    *at = *at == 'A' ? 'B' : 'A';
    must_be(read_raw(raw_http_ask(address(), bytes, strlen(bytes))), "InvalidSignatureException");
    at = strstr(bytes, "Authorization: ") + strlen("Authorization: ");
    *at = 'B';
    must_be(read_raw(raw_http_ask(address(), bytes, strlen(bytes))),
            "IncompleteSignatureException");
}

static void both_keys_hold_until_the_new_one_is_seen(void **state)
{
    struct guest g = web_1();
    struct door_signer by_new = g.by_key;

    (void)state;
    by_new.rsa = key_2;
    atomic_store(&moved.now_off, 1000);
    must_be(ask("AmazonSSM.UpdateManagedInstancePublicKey",
                arena_printf(&arena, "{\"NewPublicKey\":\"%s\",\"NewPublicKeyType\":\"Rsa\"}",
                             spki_2),
                &g.by_key),
            "");
    must_be(role_token(&g.by_key, PRINT_1), "");
    must_be(role_token(&by_new, PRINT_1), "");
    must_be(role_token(&g.by_key, PRINT_1), "InvalidSignatureException");
    must_be(role_token(&by_new, PRINT_1), "");
    must_be(ask("AmazonSSM.UpdateManagedInstancePublicKey",
                "{\"NewPublicKey\":\"AAAA\",\"NewPublicKeyType\":\"Rsa\"}", &by_new),
            "InvalidPublicKey");
}

/* Amazon's agent, when it cannot save its new key: it goes back to the old one, signing with the new. */
static void S9_a_key_that_a_host_goes_back_to_opens_again(void **state)
{
    struct guest g = web_1();
    struct door_signer by_new = g.by_key;

    (void)state;
    by_new.rsa = key_2;
    atomic_store(&moved.now_off, 1000);
    must_be(ask("AmazonSSM.UpdateManagedInstancePublicKey",
                arena_printf(&arena, "{\"NewPublicKey\":\"%s\",\"NewPublicKeyType\":\"Rsa\"}",
                             spki_2),
                &g.by_key),
            "");
    must_be(role_token(&by_new, PRINT_1), ""); /* it tries whether the new one is known */
    must_be(role_token(&g.by_key, PRINT_1), "InvalidSignatureException");
    atomic_store(&moved.now_off, 2000);
    must_be(ask("AmazonSSM.UpdateManagedInstancePublicKey",
                arena_printf(&arena, "{\"NewPublicKey\":\"%s\",\"NewPublicKeyType\":\"Rsa\"}",
                             spki_1),
                &by_new),
            "");
    must_be(role_token(&g.by_key, PRINT_1), "");
    must_be(role_token(&by_new, PRINT_1), "InvalidSignatureException"); /* the old one was seen */
}

static bool is_asked_for_a_key(const struct door_signer *by_key)
{
    const struct door_answer answer = role_token(by_key, PRINT_1);

    must_be(answer, "");
    return strstr(answer.body, "\"UpdateKeyPair\":true") != NULL;
}

/* The server asks; whoever is asked goes on with the old key until the new one is proven (ssm-wire.md 9.2). */
static void S9_a_key_of_ninety_days_is_asked_to_be_replaced(void **state)
{
    const int64_t day = (int64_t)24 * 3600 * 1000;
    struct guest g = web_1();
    struct door_signer by_new = g.by_key;

    (void)state;
    by_new.rsa = key_2;
    atomic_store(&moved.now_off, 90 * day - 60000);
    assert_false(is_asked_for_a_key(&g.by_key));
    atomic_store(&moved.now_off, 90 * day);
    assert_true(is_asked_for_a_key(&g.by_key));
    for (int i = 0; i < 2; i++) /* the answer was lost: the same key once more */
        must_be(ask("AmazonSSM.UpdateManagedInstancePublicKey",
                    arena_printf(&arena, "{\"NewPublicKey\":\"%s\",\"NewPublicKeyType\":\"Rsa\"}",
                                 spki_2),
                    &g.by_key),
                "");
    must_be(role_token(&g.by_key, PRINT_1), "");
    assert_false(is_asked_for_a_key(&by_new));
    must_be(role_token(&g.by_key, PRINT_1), "InvalidSignatureException");
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
    headers =
        curl_slist_append(headers, arena_printf(&arena, "X-Amz-Security-Token: %s", s->token));
    curl_easy_setopt(curl, CURLOPT_URL, arena_printf(&arena, "http://%s/", address()));
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, "aws:amz:us-east-1:ssm");
    curl_easy_setopt(curl, CURLOPT_USERPWD, arena_printf(&arena, "%s:%s", s->key_id, secret));
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
    struct guest g = web_1();

    (void)state;
    assert_int_equal(ask_by_libcurl(&g.session, g.session.secret, PING(g.id)), 200);
    assert_int_equal(ask_by_libcurl(&g.session, "wrong", PING(g.id)), 400);
}

/* Health -------------------------------------------------------------------------------------- */

static void ping_makes_a_host_online_and_says_its_agent(void **state)
{
    struct guest g = web_1();
    struct host host;

    (void)state;
    must_be(ask("AmazonSSM.UpdateInstanceInformation", PING(g.id), &g.session), "");
    settle();
    host = host_of(g.id);
    assert_true(host_is_online(&host, clock_now(clock_system())));
    assert_string_equal(host.agent, "slipway-agent 0.1.0");
    assert_string_equal(host.platform, "Linux");
    must_be(ask("AmazonSSM.UpdateInstanceInformation", PING("mi-00000000000000000"), &g.session),
            "InvalidInstanceId");
    must_be(ask("AmazonSSM.UpdateInstanceInformation", "{\"InstanceId\":5}", &g.session),
            "InvalidInstanceInformationValue");
}

static void associations_and_parameters_are_answered_without_doing_anything(void **state)
{
    struct guest g = web_1();

    (void)state;
    assert_string_equal(ask("AmazonSSM.ListInstanceAssociations", "{}", &g.session).body,
                        "{\"Associations\":[]}");
    assert_string_equal(ask("AmazonSSM.PutInventory", "{}", &g.session).body, "{}");
    assert_string_equal(
        ask("AmazonSSM.GetParameters", "{\"Names\":[\"a\",\"b\\\"\"]}", &g.session).body,
        "{\"Parameters\":[],\"InvalidParameters\":[\"a\",\"b\\\"\"]}");
}

/* Commands ------------------------------------------------------------------------------------ */

struct sending {
    const char *host_id;
    bool release;
};

static int put_command(struct db *db, void *arg, struct err *err)
{
    const struct sending *s = arg;
    char digest[DIGEST_HEX_SIZE];
    struct command c = {.id = COMMAND,
                        .document_digest = digest,
                        .parameters = "{}",
                        .requested_at = 1,
                        .requested_by = "deployment"};
    struct invocation i = {.command_id = COMMAND,
                           .roles = "web",
                           .envelope = "{\"signed\":\"bytes\"}",
                           .signature = "c2ln",
                           .start_by = clock_now(clock_system()) + 3600000};
    int rc;

    memcpy(i.host_id, s->host_id, sizeof(i.host_id));
    digest_sha256_hex("{}", 2, digest);
    rc = store_command_document(db, digest, "web", "1", "{}", err);
    if (rc == 0)
        rc = store_command_insert(db, &c, err);
    if (rc == 0)
        rc = store_command_invoke(db, &i, err);
    if (rc == 0 && s->release)
        rc = store_offer_release(db, COMMAND, s->host_id, 1, err);
    return rc;
}

static int release_command(struct db *db, void *arg, struct err *err)
{
    return store_offer_release(db, COMMAND, arg, 1, err);
}

static struct invocation invocation_of(const char *host_id)
{
    struct err err = ERR_INIT;
    struct invocation i;
    struct db *db;

    assert_int_equal(db_pool_take(room.readers, &db, &err), 0);
    assert_int_equal(store_command_invocation(db, &arena, COMMAND, host_id, &i, &err), 0);
    db_pool_give(room.readers, db);
    return i;
}

static char *poll_bytes(const struct guest *g)
{
    return request_bytes("EC2WindowsMessageDeliveryService.GetMessages",
                         arena_printf(&arena,
                                      "{\"Destination\":\"%s\",\"MessagesRequestId\":\"" REPLY
                                      "\",\"VisibilityTimeoutInSeconds\":10}",
                                      g->id),
                         &g->session);
}

static size_t messages_in(struct door_answer asked, struct message **ret_messages)
{
    struct err err = ERR_INIT;
    size_t n;

    must_be(asked, "");
    assert_int_equal(message_answer_parse(&arena, asked.body, strlen(asked.body), ret_messages, &n,
                                          &err),
                     0);
    return n;
}

static struct door_answer poll(const struct guest *g)
{
    char *bytes = poll_bytes(g);

    return read_raw(raw_http_ask(address(), bytes, strlen(bytes)));
}

static void released_command_is_handed_out_with_envelope_and_document(void **state)
{
    struct guest g = web_1();
    struct sending sending = {.host_id = g.id, .release = true};
    struct message_command command;
    struct err err = ERR_INIT;
    struct message *messages;

    (void)state;
    api_room_write(&room, put_command, &sending);
    assert_int_equal(messages_in(poll(&g), &messages), 1);
    assert_string_equal(messages[0].topic, "aws.ssm.sendCommand");
    assert_string_equal(messages[0].id, arena_printf(&arena, "aws.ssm." COMMAND ".%s", g.id));
    assert_int_equal(message_command_parse(&arena, messages[0].payload, strlen(messages[0].payload),
                                           &command, &err),
                     0);
    assert_string_equal(command.envelope, "{\"signed\":\"bytes\"}");
    assert_string_equal(command.document, "{}");
    /* Stored before it left. */
    assert_true(invocation_of(g.id).offered_at != 0);
}

static void command_that_is_not_released_waits_and_the_poll_ends_empty(void **state)
{
    struct guest g = web_1();
    struct sending sending = {.host_id = g.id, .release = false};
    mono_ms began = clock_mono(clock_system());
    struct message *messages;

    (void)state;
    api_room_write(&room, put_command, &sending);
    assert_int_equal(messages_in(poll(&g), &messages), 0);
    assert_true(clock_mono(clock_system()) - began >= HOLD_MS);
    assert_int_equal(invocation_of(g.id).offered_at, 0);
}

static void bell_wakes_a_poll_at_once(void **state)
{
    struct guest g = web_1();
    struct sending sending = {.host_id = g.id, .release = false};
    struct message *messages;
    char *bytes = poll_bytes(&g);
    int fd = raw_http_open(address());
    mono_ms began;

    (void)state;
    api_room_write(&room, put_command, &sending);
    raw_http_send(fd, bytes, strlen(bytes));
    usleep(300 * 1000);
    began = clock_mono(clock_system());
    door_ring(room.api.door, "mi-00000000000000000"); /* another host's */
    api_room_write(&room, release_command, (void *)(uintptr_t)g.id);
    door_ring(room.api.door, g.id);
    assert_int_equal(messages_in(read_raw(raw_http_read(fd, 10)), &messages), 1);
    assert_true(clock_mono(clock_system()) - began < HOLD_MS / 2);
    close(fd);
}

static int offer_command(struct db *db, void *arg, struct err *err)
{
    time_ms now = moved_now(NULL);
    int rc = release_command(db, arg, err);

    return rc < 0 ? rc : store_offer_made(db, COMMAND, arg, now, now + COMMAND_VISIBILITY_MS, err);
}

static bool waits(const struct guest *g)
{
    for (int i = 0; i < 100 && !door_waits(room.api.door, g->id); i++)
        usleep(10 * 1000);
    return door_waits(room.api.door, g->id);
}

static bool hand_it_to(const struct guest *g)
{
    struct err err = ERR_INIT;
    struct offer offer;
    struct db *db;

    assert_int_equal(db_pool_take(room.readers, &db, &err), 0);
    assert_int_equal(store_offer_find(db, &arena, COMMAND, g->id, &offer, &err), 0);
    db_pool_give(room.readers, db);
    return door_hand(room.api.door, &offer);
}

/* Its offer is committed before: the door has nothing to ask of the writer, nor of the store. */
static void S10_a_command_is_handed_to_the_poll_that_waits(void **state)
{
    struct guest g = web_1();
    struct sending sending = {.host_id = g.id, .release = false};
    char *bytes = poll_bytes(&g);
    int fd = raw_http_open(address());
    struct message *messages;

    (void)state;
    api_room_write(&room, put_command, &sending);
    assert_false(door_waits(room.api.door, g.id));
    assert_false(hand_it_to(&g));
    raw_http_send(fd, bytes, strlen(bytes));
    assert_true(waits(&g));
    api_room_write(&room, offer_command, (void *)(uintptr_t)g.id);
    assert_true(hand_it_to(&g));
    assert_int_equal(messages_in(read_raw(raw_http_read(fd, 5)), &messages), 1);
    assert_string_equal(messages[0].id, arena_printf(&arena, "aws.ssm." COMMAND ".%s", g.id));
    close(fd);
    assert_int_equal(messages_in(poll(&g), &messages), 0); /* not acknowledged yet, and not again */
}

static const char *told(struct door_form_keep *forms, const struct message_command *c)
{
    struct door_form *form = door_form_of(forms, c);
    struct message_form_filled filled;
    struct err err = ERR_INIT;

    assert_int_equal(message_form_fill(&arena, door_form_text(form), c, &filled, &err), 0);
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

        c.command_id = COMMAND;
        c.envelope = "{}";
        c.signature = "s";
        assert_int_equal(message_command_make(&arena, &c, &alone, &err), 0);
        assert_string_equal(told(forms, &c), alone);
        assert_string_equal(told(forms, &c), alone); /* the one that is kept */
    }
    door_form_keep_free(forms);
}

/* It asks only whether one is to end. */
static void a_poll_without_room_is_handed_nothing(void **state)
{
    struct guest g = web_1();
    char *bytes =
        request_bytes("EC2WindowsMessageDeliveryService.GetMessages",
                      arena_printf(&arena,
                                   "{\"Destination\":\"%s\",\"MessagesRequestId\":\"" REPLY
                                   "\",\"SlipwayRoom\":0}",
                                   g.id),
                      &g.session);
    int fd = raw_http_open(address());
    struct message *messages;

    (void)state;
    raw_http_send(fd, bytes, strlen(bytes));
    usleep(100 * 1000);
    assert_false(door_waits(room.api.door, g.id));
    assert_int_equal(messages_in(read_raw(raw_http_read(fd, 5)), &messages), 0);
    close(fd);
}

/* Who polls cannot be verified while the store cannot be opened. An error would count with the agent. */
static void S10_a_poll_is_no_error_while_its_caller_cannot_be_known(void **state)
{
    struct guest g = web_1();
    struct sending sending = {.host_id = g.id, .release = true};
    struct db *taken[32];
    const char *away = arena_printf(&arena, "%s.away", room.store.path);
    struct err err = ERR_INIT;
    struct message *messages;
    struct door_answer refused;
    char *bytes;
    int fd;

    (void)state;
    api_room_write(&room, put_command, &sending);
    bytes = poll_bytes(&g);
    for (int i = 0; i < 32; i++)
        assert_int_equal(db_pool_take(room.readers, &taken[i], &err), 0);
    assert_int_equal(rename(room.store.path, away), 0);
    fd = raw_http_open(address());
    raw_http_send(fd, bytes, strlen(bytes));
    refused = ask("AmazonSSM.UpdateInstanceInformation", "{}", &g.session);
    usleep(100 * 1000);
    assert_int_equal(rename(away, room.store.path), 0);
    for (int i = 0; i < 32; i++)
        db_pool_give(room.readers, taken[i]);
    must_be(refused, "InternalServerError"); /* so it was for the poll, too */
    assert_int_equal(messages_in(read_raw(raw_http_read(fd, 5)), &messages), 1);
    close(fd);
}

static void command_is_handed_out_again_until_it_is_acknowledged(void **state)
{
    struct guest g = web_1();
    struct sending sending = {.host_id = g.id, .release = true};
    const char *acknowledge =
        arena_printf(&arena, "{\"MessageId\":\"aws.ssm." COMMAND ".%s\"}", g.id);
    struct message *messages;

    (void)state;
    api_room_write(&room, put_command, &sending);
    assert_int_equal(messages_in(poll(&g), &messages), 1);
    assert_int_equal(messages_in(poll(&g), &messages), 0);
    atomic_store(&moved.now_off, 10001);
    assert_int_equal(messages_in(poll(&g), &messages), 1);
    must_be(ask("EC2WindowsMessageDeliveryService.AcknowledgeMessage", acknowledge, &g.session),
            "");
    must_be(ask("EC2WindowsMessageDeliveryService.AcknowledgeMessage", acknowledge, &g.session),
            "");
    atomic_store(&moved.now_off, 60000);
    assert_int_equal(messages_in(poll(&g), &messages), 0);
    assert_true(invocation_of(g.id).acknowledged_at != 0);
    must_be(ask("EC2WindowsMessageDeliveryService.DeleteMessage", acknowledge, &g.session), "");
}

static void T32_a_command_after_its_start_by_is_not_handed_out(void **state)
{
    struct guest g = web_1();
    struct sending sending = {.host_id = g.id, .release = true};
    struct message *messages;

    (void)state;
    api_room_write(&room, put_command, &sending);
    /* Its credentials live as long as the command: ask for new ones. */
    atomic_store(&moved.now_off, 3600001);
    g.session.token = NULL;
    {
        struct door_answer asked = role_token(&g.by_key, PRINT_1);

        must_be(asked, "");
        g.session = (struct door_signer){.key_id = member(asked, "AccessKeyId"),
                                         .secret = member(asked, "SecretAccessKey"),
                                         .token = member(asked, "SessionToken")};
    }
    assert_int_equal(messages_in(poll(&g), &messages), 0);
    assert_int_equal(invocation_of(g.id).offered_at, 0);
}

static void newer_poll_sends_the_older_one_home(void **state)
{
    struct guest g = web_1();
    struct sending sending = {.host_id = g.id, .release = false};
    char *bytes = poll_bytes(&g);
    int older = raw_http_open(address());
    int newer = raw_http_open(address());
    struct message *messages;
    mono_ms began;

    (void)state;
    api_room_write(&room, put_command, &sending);
    raw_http_send(older, bytes, strlen(bytes));
    usleep(300 * 1000);
    began = clock_mono(clock_system());
    raw_http_send(newer, bytes, strlen(bytes));
    assert_int_equal(messages_in(read_raw(raw_http_read(older, 5)), &messages), 0);
    assert_true(clock_mono(clock_system()) - began < HOLD_MS / 2); /* and not at its own end */
    api_room_write(&room, release_command, (void *)(uintptr_t)g.id);
    door_ring(room.api.door, g.id);
    assert_int_equal(messages_in(read_raw(raw_http_read(newer, 5)), &messages), 1);
    close(older);
    close(newer);
}

static void poll_that_hangs_up_is_forgotten(void **state)
{
    struct guest g = web_1();
    struct sending sending = {.host_id = g.id, .release = false};
    char *bytes = poll_bytes(&g);
    struct message *messages;
    int fd = raw_http_open(address());

    (void)state;
    api_room_write(&room, put_command, &sending);
    raw_http_send(fd, bytes, strlen(bytes));
    usleep(300 * 1000);
    close(fd);
    usleep(300 * 1000);
    door_ring(room.api.door, g.id); /* there is nothing yet */
    usleep(300 * 1000);
    api_room_write(&room, release_command, (void *)(uintptr_t)g.id);
    assert_int_equal(messages_in(poll(&g), &messages), 1);
}

static void polls_end_when_the_server_stops(void **state)
{
    struct guest g = web_1();
    char *bytes = poll_bytes(&g);
    int fd = raw_http_open(address());
    struct raw_answer *answer;

    (void)state;
    raw_http_send(fd, bytes, strlen(bytes));
    usleep(300 * 1000);
    api_room_stop_server(&room);
    answer = raw_http_read(fd, 5);
    assert_int_equal(answer->status, 200);
    free(answer);
    close(fd);
}

static void poll_for_another_host_is_refused(void **state)
{
    struct guest g = web_1();

    (void)state;
    must_be(ask("EC2WindowsMessageDeliveryService.GetMessages",
                "{\"Destination\":\"mi-00000000000000000\",\"MessagesRequestId\":\"x\"}",
                &g.session),
            "InvalidDestinationException");
}

/* Replies ------------------------------------------------------------------------------------- */

static size_t replies(struct reply_row **ret_rows)
{
    struct err err = ERR_INIT;
    struct db *db;
    size_t n;

    assert_int_equal(db_pool_take(room.readers, &db, &err), 0);
    assert_int_equal(store_reply_open(db, &arena, 100, ret_rows, &n, &err), 0);
    db_pool_give(room.readers, db);
    return n;
}

static const char *reply_body(const char *host_id, const char *reply_id)
{
    return arena_printf(&arena,
                        "{\"MessageId\":\"aws.ssm." COMMAND ".%s\",\"ReplyId\":\"%s\","
                        "\"Payload\":\"{\\\"documentStatus\\\":\\\"InProgress\\\"}\"}",
                        host_id, reply_id);
}

static void reply_is_stored_once_whatever_the_repeats(void **state)
{
    struct guest g = web_1();
    struct sending sending = {.host_id = g.id, .release = true};
    const char *target = "EC2WindowsMessageDeliveryService.SendReply";
    struct reply_row *rows;
    unsigned rung;

    (void)state;
    api_room_write(&room, put_command, &sending);
    rung = atomic_load(&room.rung);
    must_be(ask(target, reply_body(g.id, REPLY), &g.session), "");
    must_be(ask(target, reply_body(g.id, REPLY), &g.session), "");
    assert_int_equal(replies(&rows), 1);
    assert_string_equal(rows[0].host_id, g.id);
    assert_string_equal(rows[0].payload, "{\"documentStatus\":\"InProgress\"}");
    assert_true(atomic_load(&room.rung) > rung);
    assert_true(invocation_of(g.id).heard_at != 0);
    must_be(ask(target, reply_body(g.id, PRINT_1), &g.session), "");
    assert_int_equal(replies(&rows), 2);
}

static void T36_nobody_speaks_for_another_host(void **state)
{
    struct guest g = web_1();
    struct guest other = come_in(MANY, PRINT_2, key_2, spki_2);
    struct sending sending = {.host_id = g.id, .release = true};
    struct output_chunk chunk = {.step = "web", .text = "x", .len = 1};
    struct err err = ERR_INIT;
    struct reply_row *rows;
    const char *body;

    (void)state;
    api_room_write(&room, put_command, &sending);
    must_be(ask("EC2WindowsMessageDeliveryService.SendReply", reply_body(g.id, REPLY),
                &other.session),
            "InvalidMessageIdException");
    /* Its own name, but not its command. */
    must_be(ask("EC2WindowsMessageDeliveryService.SendReply", reply_body(other.id, REPLY),
                &other.session),
            "InvalidMessageIdException");
    must_be(ask("EC2WindowsMessageDeliveryService.AcknowledgeMessage",
                arena_printf(&arena, "{\"MessageId\":\"aws.ssm." COMMAND ".%s\"}", g.id),
                &other.session),
            "InvalidMessageIdException");
    must_be(ask("EC2WindowsMessageDeliveryService.FailMessage",
                arena_printf(&arena,
                             "{\"MessageId\":\"aws.ssm." COMMAND
                             ".%s\",\"FailureType\":\"NoHandlerExists\"}",
                             g.id),
                &other.session),
            "InvalidMessageIdException");
    assert_int_equal(message_output_make(&arena, COMMAND, &chunk, 1, &body, &err), 0);
    must_be(ask("Slipway.PutOutput", body, &other.session), "InvalidCommandId");
    assert_int_equal(replies(&rows), 0);
    assert_int_equal(invocation_of(g.id).acknowledged_at, 0);
    /* An id that another host made hides nothing: ids are kept per host. */
    must_be(ask("EC2WindowsMessageDeliveryService.SendReply", reply_body(g.id, REPLY), &g.session),
            "");
    assert_int_equal(replies(&rows), 1);
}

static void odd_replies_are_refused_at_the_door(void **state)
{
    struct guest g = web_1();
    struct sending sending = {.host_id = g.id, .release = true};
    char *big = arena_alloc(&arena, 210 * 1024);

    (void)state;
    api_room_write(&room, put_command, &sending);
    must_be(ask("EC2WindowsMessageDeliveryService.SendReply", "{}", &g.session),
            "InvalidMessageIdException");
    must_be(ask("EC2WindowsMessageDeliveryService.SendReply", reply_body(g.id, "a b"), &g.session),
            "ValidationException");
    must_be(ask("EC2WindowsMessageDeliveryService.SendReply",
                arena_printf(&arena, "{\"MessageId\":\"aws.ssm." COMMAND ".%s\",\"ReplyId\":\"x\"}",
                             g.id),
                &g.session),
            "ValidationException");
    memset(big, 'x', 205 * 1024);
    must_be(ask("EC2WindowsMessageDeliveryService.SendReply",
                arena_printf(&arena,
                             "{\"MessageId\":\"aws.ssm." COMMAND
                             ".%s\",\"ReplyId\":\"x\",\"Payload\":\"%s\"}",
                             g.id, big),
                &g.session),
            "ValidationException");
    must_be(ask("EC2WindowsMessageDeliveryService.SendReply", "{\"a\":1,\"a\":2}", &g.session),
            "SerializationException");
}

static void agent_that_refuses_a_message_is_a_failed_reply(void **state)
{
    struct guest g = web_1();
    struct sending sending = {.host_id = g.id, .release = true};
    const char *body = arena_printf(&arena,
                                    "{\"MessageId\":\"aws.ssm." COMMAND
                                    ".%s\",\"FailureType\":\"NoHandlerExists\"}",
                                    g.id);
    struct reply_row *rows;

    (void)state;
    api_room_write(&room, put_command, &sending);
    must_be(ask("EC2WindowsMessageDeliveryService.FailMessage", body, &g.session), "");
    must_be(ask("EC2WindowsMessageDeliveryService.FailMessage", body, &g.session), "");
    assert_int_equal(replies(&rows), 1);
    assert_non_null(strstr(rows[0].payload, "NoHandlerExists"));
}

static void output_is_kept_once_and_a_heartbeat_is_heard(void **state)
{
    struct guest g = web_1();
    struct sending sending = {.host_id = g.id, .release = true};
    const struct output_chunk chunks[] = {
        {.number = 0, .step = "web", .at = 5, .text = "one\n", .len = 4},
        {.number = 1, .step = "web", .error_stream = true, .at = 6, .text = "t\xff", .len = 2}};
    struct output_chunk *kept;
    struct err err = ERR_INIT;
    const char *body, *beat;
    struct db *db;
    size_t n;

    (void)state;
    api_room_write(&room, put_command, &sending);
    assert_int_equal(message_output_make(&arena, COMMAND, chunks, 2, &body, &err), 0);
    assert_int_equal(message_output_make(&arena, COMMAND, NULL, 0, &beat, &err), 0);
    must_be(ask("Slipway.PutOutput", beat, &g.session), "");
    assert_true(invocation_of(g.id).heard_at != 0);
    must_be(ask("Slipway.PutOutput", body, &g.session), "");
    must_be(ask("Slipway.PutOutput", body, &g.session), "");
    must_be(ask("Slipway.PutOutput", "{}", &g.session), "ValidationException");
    assert_int_equal(db_pool_take(room.readers, &db, &err), 0);
    assert_int_equal(store_command_chunks(db, &arena, COMMAND, g.id, -1, 10, &kept, &n, &err), 0);
    db_pool_give(room.readers, db);
    assert_int_equal(n, 2);
    assert_memory_equal(kept[1].text, "t\xff", 2);
    assert_true(kept[1].error_stream);
}

/* What a host says of itself ------------------------------------------------------------------- */

static struct door_answer observe(const struct guest *g, const char *journal, int64_t record,
                                  int64_t protocol)
{
    const struct message_observe o = {.journal_id = journal,
                                      .boot_id = BOOT,
                                      .record_number = record,
                                      .protocol = protocol,
                                      .agent_version = "0.1.0"};
    struct err err = ERR_INIT;
    const char *body;

    assert_int_equal(message_observe_make(&arena, &o, &body, &err), 0);
    return ask("Slipway.Observe", body, &g->session);
}

static void observation_is_kept_and_tells_the_store(void **state)
{
    struct guest g = web_1();
    struct door_answer asked = observe(&g, JOURNAL, 5, 1);
    struct host host;

    (void)state;
    must_be(asked, "");
    assert_string_equal(member(asked, "StoreId"), room.store.store_id);
    host = host_of(g.id);
    assert_string_equal(host.journal_id, JOURNAL);
    assert_string_equal(host.boot_id, BOOT);
    assert_int_equal(host.record_number, 5);
    assert_int_equal(host.protocol, 1);
    must_be(observe(&g, JOURNAL, 5, 1), "");
    must_be(observe(&g, JOURNAL, 9, 1), "");
    assert_int_equal(host_of(g.id).state, HOST_REGISTERED);
    must_be(observe(&g, JOURNAL, 9, ENVELOPE_PROTOCOL + 1), "ValidationException");
    must_be(observe(&g, JOURNAL, 9, 0), "ValidationException");
}

static int old_word(struct db *db, void *arg, struct err *err)
{
    const struct guest *g = arg;

    return store_host_recorded(db, g->id, JOURNAL, 7, err);
}

/* A reply that was stored before the machine booted again is read after it observed: no second machine has its key. */
static void T35_a_word_of_the_boot_before_makes_no_second_machine(void **state)
{
    struct guest g = web_1();
    struct err err = ERR_INIT;

    (void)state;
    must_be(observe(&g, JOURNAL, 5, 2), "");
    assert_int_equal(writer_do(room.api.writer, old_word, &g, &err), 0);
    assert_int_equal(host_of(g.id).record_number, 7);
    assert_string_equal(host_of(g.id).boot_id, BOOT);
    must_be(observe(&g, JOURNAL, 8, 2), "");
    assert_int_equal(host_of(g.id).state, HOST_REGISTERED);
}

static int64_t lines_of(const char *act)
{
    struct journal_entry *lines = NULL;
    struct err err = ERR_INIT;
    int64_t end = 0, n = 0;
    struct db *db;
    size_t all = 0;

    assert_int_equal(db_pool_take(room.readers, &db, &err), 0);
    assert_int_equal(store_journal_end(db, &end, &err), 0);
    assert_int_equal(store_journal_news(db, &arena, 0, end, 1000, &lines, &all, &err), 0);
    db_pool_give(room.readers, db);
    for (size_t i = 0; i < all; i++)
        n += strcmp(lines[i].act, act) == 0;
    return n;
}

static bool has_document(const char *id, const char *digest)
{
    struct err err = ERR_INIT;
    struct db *db;
    bool has = false;

    assert_int_equal(db_pool_take(room.readers, &db, &err), 0);
    assert_int_equal(store_host_document_has(db, id, digest, &has, &err), 0);
    db_pool_give(room.readers, db);
    return has;
}

static void T37_what_a_strict_host_would_run_is_kept_and_only_news_is_written(void **state)
{
    static const char one[] = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    static const char two[] = "55136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    struct message_observe o = {.journal_id = JOURNAL,
                                .boot_id = BOOT,
                                .protocol = 1,
                                .agent_version = "0.1.0"};
    const char *lists[][2] = {{one, two}, {two, one}, {two}};
    static const size_t lengths[] = {2, 2, 1};
    struct guest g = web_1();
    struct err err = ERR_INIT;
    const char *body;

    (void)state;
    must_be(observe(&g, JOURNAL, 1, 1), "");
    assert_null(host_of(g.id).strict);
    assert_int_equal(lines_of("host.documents"), 0);
    o.strict = true;
    for (size_t i = 0; i < 3; i++) {
        o.record_number = (int64_t)i + 1;
        o.documents = lists[i];
        o.n_documents = lengths[i];
        assert_int_equal(message_observe_make(&arena, &o, &body, &err), 0);
        must_be(ask("Slipway.Observe", body, &g.session), "");
        assert_non_null(host_of(g.id).strict);
        assert_int_equal(has_document(g.id, one), i < 2);
        assert_true(has_document(g.id, two));
        assert_int_equal(lines_of("host.documents"), i < 2 ? 1 : 2);
    }
    must_be(observe(&g, JOURNAL, 9, 1), ""); /* it is strict no more */
    assert_null(host_of(g.id).strict);
    assert_false(has_document(g.id, two));
}

static void T34_a_protocol_that_went_back_bars_the_host(void **state)
{
    struct guest g = web_1();

    (void)state;
    must_be(observe(&g, JOURNAL, 9, 1), "");
    must_be(observe(&g, JOURNAL, 10, 2), "");
    assert_int_equal(host_of(g.id).state, HOST_REGISTERED);
    must_be(observe(&g, JOURNAL, 11, 1), "");
    assert_int_equal(host_of(g.id).state, HOST_BARRED);
    assert_int_equal(host_of(g.id).protocol, 2);
    assert_non_null(strstr(host_of(g.id).doubt, "protocol went back"));
}

static void journal_that_went_back_bars_the_host(void **state)
{
    struct guest g = web_1();

    (void)state;
    must_be(observe(&g, JOURNAL, 9, 1), "");
    must_be(observe(&g, JOURNAL, 8, 1), "");
    assert_int_equal(host_of(g.id).state, HOST_BARRED);
    assert_int_equal(host_of(g.id).record_number, 9);
    /* Restored or copied: its key opens nothing, by whichever way it comes (T35). */
    must_be(observe(&g, JOURNAL, 10, 1), "UnrecognizedClientException");
    must_be(role_token(&g.by_key, PRINT_1), "UnrecognizedClientException");
}

static const char *heard_in(const struct door_answer *answer)
{
    struct err err = ERR_INIT;
    struct cJSON *json = NULL;
    const char *heard;

    assert_int_equal(json_parse(answer->body, strlen(answer->body), NULL, &json, &err), 0);
    heard = arena_str(&arena, json_str(json, "Heard"));
    json_free(json);
    assert_non_null(heard);
    return heard;
}

static struct door_answer observe_heard(const struct guest *g, int64_t record, const char *heard)
{
    const struct message_observe o = {.journal_id = JOURNAL,
                                      .boot_id = BOOT,
                                      .record_number = record,
                                      .protocol = ENVELOPE_PROTOCOL,
                                      .heard = heard,
                                      .agent_version = "0.1.0"};
    struct err err = ERR_INIT;
    const char *body;

    assert_int_equal(message_observe_make(&arena, &o, &body, &err), 0);
    return ask("Slipway.Observe", body, &g->session);
}

/* The server stood still: its host gave up waiting for the answer, went on, and observed again. Read in another order the first
 * is no journal that went back. A host that is asked again and says the same is one. */
static void T35_an_observation_that_comes_late_suspends_nobody(void **state)
{
    struct guest g = web_1();
    struct door_answer said = observe_heard(&g, 9, "");
    const char *heard = heard_in(&said);

    (void)state;
    assert_null(strstr(said.body, "Again"));
    must_be(observe_heard(&g, 12, heard), "");
    said = observe_heard(&g, 10, heard); /* said before it, and read behind it */
    assert_int_equal(said.status, 200);
    assert_non_null(strstr(said.body, "\"Again\":true"));
    assert_int_equal(host_of(g.id).state, HOST_REGISTERED);
    assert_int_equal(host_of(g.id).suspended_at, 0);
    assert_int_equal(host_of(g.id).record_number, 12);
    must_be(observe_heard(&g, 13, heard), ""); /* it goes on as if nothing had been */
    said = observe_heard(&g, 10, heard);
    heard = heard_in(&said);
    must_be(observe_heard(&g, 10, heard), ""); /* asked again it says so again */
    assert_int_equal(host_of(g.id).state, HOST_BARRED);
    assert_true(host_of(g.id).suspended_at > 0);
}

/* Lost on its way, or on its way still: it is told again. Only what its host says of it ends it. */
static void what_an_observation_does_not_name_comes_again_and_ends_nothing(void **state)
{
    struct guest g = web_1();
    struct sending sending = {.host_id = g.id, .release = true};
    struct message_observe_command open = {.command_id = COMMAND, .state = MESSAGE_REPLY_ACCEPTED};
    const struct message_observe names_it = {.journal_id = JOURNAL,
                                             .boot_id = BOOT,
                                             .record_number = 6,
                                             .protocol = ENVELOPE_PROTOCOL,
                                             .agent_version = "0.1.0",
                                             .open = &open,
                                             .n_open = 1};
    struct message *messages;
    struct err err = ERR_INIT;
    const char *body;

    (void)state;
    api_room_write(&room, put_command, &sending);
    assert_int_equal(messages_in(poll(&g), &messages), 1);
    assert_int_equal(messages_in(poll(&g), &messages), 0);
    must_be(observe(&g, JOURNAL, 5, ENVELOPE_PROTOCOL), "");
    assert_int_equal(messages_in(poll(&g), &messages), 1); /* and not in ten seconds */
    assert_int_equal(message_observe_make(&arena, &names_it, &body, &err), 0);
    must_be(ask("Slipway.Observe", body, &g.session), "");
    assert_true(invocation_of(g.id).acknowledged_at != 0);
    must_be(observe(&g, JOURNAL, 6, ENVELOPE_PROTOCOL), ""); /* an older one, read behind it */
    atomic_store(&moved.now_off, 60000);
    assert_int_equal(messages_in(poll(&g), &messages), 0);
    assert_int_equal(invocation_of(g.id).status, INVOCATION_PENDING);
}

static void T35_two_journals_under_one_key_suspend_it(void **state)
{
    struct guest g = web_1();

    (void)state;
    must_be(observe(&g, JOURNAL, 9, 1), "");
    must_be(observe(&g, OTHER_JOURNAL, 3, 1), "");
    assert_int_equal(host_of(g.id).suspended_at, 0); /* it may have been made anew */
    must_be(observe(&g, JOURNAL, 10, 1), "");
    assert_true(host_of(g.id).suspended_at > 0); /* no: both are there */
    must_be(observe(&g, OTHER_JOURNAL, 4, 1), "UnrecognizedClientException");
}

/* The permit ----------------------------------------------------------------------------------- */

#define OTHER_BOOT "33333333-2222-4333-8444-777777777777"
#define NONCE_1 "aaaaaaaa-0000-4000-8000-000000000001"
#define NONCE_2 "aaaaaaaa-0000-4000-8000-000000000002"

static void put(const struct guest *g, bool release)
{
    struct sending sending = {.host_id = g->id, .release = release};

    api_room_write(&room, put_command, &sending);
}

static int cancel_it(struct db *db, void *arg, struct err *err)
{
    const struct invocation_change change = {.status = INVOCATION_CANCELLED,
                                             .details = "Cancelled",
                                             .exit_code = -1,
                                             .commit_sha = ""};

    return store_command_move(db, COMMAND, arg, INVOCATION_PENDING, &change, 2, err);
}

static const char *permit(const struct guest *g, const char *nonce, const char *boot)
{
    const struct message_start start = {.command_id = COMMAND,
                                        .nonce = nonce,
                                        .journal_id = JOURNAL,
                                        .boot_id = boot,
                                        .record_number = 7,
                                        .protocol = ENVELOPE_PROTOCOL};
    struct err err = ERR_INIT;
    struct door_answer asked;
    const char *body, *why;

    assert_int_equal(message_start_make(&arena, &start, &body, &err), 0);
    asked = ask("Slipway.RequestStart", body, &g->session);
    must_be(asked, "");
    assert_int_equal(message_start_answer_parse(&arena, asked.body, strlen(asked.body), nonce, &why,
                                                &err),
                     0);
    return why != NULL ? why : "yes";
}

static void permit_answer_lost(void **state)
{
    struct guest g = web_1();

    (void)state;
    put(&g, true);
    must_be(observe(&g, JOURNAL, 5, ENVELOPE_PROTOCOL), "");
    assert_string_equal(permit(&g, NONCE_1, BOOT), "yes");
    /* The answer was lost: the same question gets the same answer, however often. */
    assert_string_equal(permit(&g, NONCE_1, BOOT), "yes");
    assert_string_equal(permit(&g, NONCE_1, BOOT), "yes");
    assert_non_null(strstr(permit(&g, NONCE_2, BOOT), "given to another question"));
    assert_non_null(strstr(permit(&g, NONCE_1, OTHER_BOOT), "before this host was booted"));
    assert_int_equal(host_of(g.id).record_number, 7);
    must_be(ask("Slipway.RequestStart", "{}", &g.session), "ValidationException");
}

static void no_permit_for_what_is_not_released_or_was_cancelled(void **state)
{
    struct guest g = web_1();

    (void)state;
    put(&g, false);
    must_be(observe(&g, JOURNAL, 5, ENVELOPE_PROTOCOL), "");
    assert_non_null(strstr(permit(&g, NONCE_1, BOOT), "not released"));
    api_room_write(&room, cancel_it, (void *)(uintptr_t)g.id);
    assert_string_not_equal(permit(&g, NONCE_1, BOOT), "yes");
}

static void after_a_permit_nothing_is_simply_cancelled(void **state)
{
    struct guest g = web_1();
    struct err err = ERR_INIT;

    (void)state;
    put(&g, true);
    must_be(observe(&g, JOURNAL, 5, ENVELOPE_PROTOCOL), "");
    assert_string_equal(permit(&g, NONCE_1, BOOT), "yes");
    assert_int_equal(writer_do(room.writer, cancel_it, (void *)(uintptr_t)g.id, &err),
                     ERR_CONFLICT);
}

static void another_journal_bars_the_host_and_does_not_become_the_known_one(void **state)
{
    struct guest g = web_1();

    (void)state;
    must_be(observe(&g, JOURNAL, 9, 1), "");
    must_be(observe(&g, OTHER_JOURNAL, 100, 1), "");
    must_be(observe(&g, OTHER_JOURNAL, 101, 1), "");
    assert_int_equal(host_of(g.id).state, HOST_BARRED);
    assert_string_equal(host_of(g.id).journal_id, JOURNAL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

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
        TEST(reply_is_stored_once_whatever_the_repeats),
        TEST(T36_nobody_speaks_for_another_host),
        TEST(odd_replies_are_refused_at_the_door),
        TEST(agent_that_refuses_a_message_is_a_failed_reply),
        TEST(output_is_kept_once_and_a_heartbeat_is_heard),
        TEST(observation_is_kept_and_tells_the_store),
        TEST(T35_a_word_of_the_boot_before_makes_no_second_machine),
        TEST(T37_what_a_strict_host_would_run_is_kept_and_only_news_is_written),
        TEST(T34_a_protocol_that_went_back_bars_the_host),
        TEST(what_an_observation_does_not_name_comes_again_and_ends_nothing),
        TEST(T35_an_observation_that_comes_late_suspends_nobody),
        TEST(T35_two_journals_under_one_key_suspend_it),
        TEST(permit_answer_lost),
        TEST(no_permit_for_what_is_not_released_or_was_cancelled),
        TEST(after_a_permit_nothing_is_simply_cancelled),
        TEST(journal_that_went_back_bars_the_host),
        TEST(another_journal_bars_the_host_and_does_not_become_the_known_one),
    };
    int failed;

    moved.clock = (struct clock){.now = moved_now, .mono = moved_mono};
    log_init(LOG_LOGFMT, LOG_ERROR);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    key_1 = sign_rsa_new(2048);
    key_2 = sign_rsa_new(2048);
    spki_1 = sign_rsa_spki(key_1);
    spki_2 = sign_rsa_spki(key_2);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(spki_1);
    free(spki_2);
    sign_rsa_free(key_1);
    sign_rsa_free(key_2);
    curl_global_cleanup();
    return failed;
}
