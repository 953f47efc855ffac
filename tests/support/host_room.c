#include "tests/support/host_room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "lib/base/digest.h"
#include "lib/base/log.h"
#include "lib/base/sign.h"
#include "lib/store/store_activation.h"
#include "lib/store/store_command.h"
#include "lib/store/store_host.h"
#include "lib/store/store_offer.h"
#include "lib/store/writer.h"
#include "tests/support/raw_http.h"

struct host_room host_room;

time_ms host_room_now(struct clock *clock)
{
    (void)clock;
    return clock_now(clock_system()) + atomic_load(&host_room.now_off);
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
    struct activation a = {.id = HOST_ROOM_ONE,
                           .code_digest = digest,
                           .name = "web-1",
                           .limit = 1,
                           .created_at = now,
                           .created_by = "uid:0",
                           .expires_at = now + 86400000};
    int rc;

    (void)arg;
    digest_sha256_hex(HOST_ROOM_CODE, strlen(HOST_ROOM_CODE), digest);
    rc = store_activation_put(db, &a, &tags, err);
    a.id = HOST_ROOM_MANY;
    a.name = NULL;
    a.prefix = "batch";
    a.limit = 2;
    return rc < 0 ? rc : store_activation_put(db, &a, &tags, err);
}

int host_room_set_up(void **state)
{
    (void)state;
    arena_init(&host_room.arena);
    atomic_store(&host_room.now_off, 0);
    api_room_up_at(&host_room.api, &host_room.clock, HOST_ROOM_HOLD_MS);
    api_room_write(&host_room.api, put_activations, NULL);
    return 0;
}

int host_room_tear_down(void **state)
{
    (void)state;
    api_room_down(&host_room.api);
    arena_deinit(&host_room.arena);
    return 0;
}

/* Asking -------------------------------------------------------------------------------------- */

static struct door_asker asker(void)
{
    return (struct door_asker){.address =
                                   http_server_address(host_room.api.server, LISTENER_AGENTS),
                               .arena = &host_room.arena,
                               .now = host_room_now(NULL)};
}

const char *host_room_address(void)
{
    return asker().address;
}

char *host_room_bytes(const char *target, const char *body, const struct door_signer *signer)
{
    const struct door_asker a = asker();

    return door_asker_bytes(&a, target, body, signer);
}

struct door_answer host_room_ask(const char *target, const char *body,
                                 const struct door_signer *signer)
{
    const struct door_asker a = asker();

    return door_asker_ask(&a, target, body, signer);
}
struct door_answer host_room_read(struct raw_answer *answer)
{
    const struct door_asker a = asker();

    return door_asker_read(&a, answer);
}

/* A member of the answer. */
const char *host_room_member(struct door_answer answer, const char *key)
{
    const struct door_asker a = asker();

    return door_asker_member(&a, answer, key);
}

struct door_answer host_room_register_as(const char *activation, const char *code,
                                         const char *fingerprint, const char *spki)
{
    return host_room_ask(
        "AmazonSSM.RegisterManagedInstance",
        arena_printf(&host_room.arena,
                     "{\"ActivationCode\":\"%s\",\"ActivationId\":\"%s\",\"Fingerprint\":\"%s\","
                     "\"PublicKey\":\"%s\",\"PublicKeyType\":\"Rsa\"}",
                     code, activation, fingerprint, spki),
        NULL);
}

const char *host_room_registered(const char *activation, const char *fingerprint, const char *spki)
{
    struct door_answer asked = host_room_register_as(activation, HOST_ROOM_CODE, fingerprint, spki);

    door_asker_must_be(asked, "");
    return host_room_member(asked, "InstanceId");
}

struct door_answer host_room_role_token(const struct door_signer *by_key, const char *fingerprint)
{
    return host_room_ask("AmazonSSM.RequestManagedInstanceRoleToken",
                         arena_printf(&host_room.arena, "{\"Fingerprint\":\"%s\"}", fingerprint),
                         by_key);
}

struct host_room_guest host_room_guest(const char *activation, const char *fingerprint,
                                       const struct sign_rsa *rsa, const char *spki)
{
    struct host_room_guest g = {.id = host_room_registered(activation, fingerprint, spki)};
    struct door_answer asked;

    g.by_key = (struct door_signer){.key_id = g.id, .rsa = rsa, .chunked = true};
    asked = host_room_role_token(&g.by_key, fingerprint);
    door_asker_must_be(asked, "");
    g.session = (struct door_signer){.key_id = host_room_member(asked, "AccessKeyId"),
                                     .secret = host_room_member(asked, "SecretAccessKey"),
                                     .token = host_room_member(asked, "SessionToken")};
    return g;
}

struct host_room_guest host_room_web_1(void)
{
    return host_room_guest(HOST_ROOM_ONE, HOST_ROOM_PRINT_1, host_room.key_1, host_room.spki_1);
}

struct host host_room_host_of(const char *id)
{
    struct err err = ERR_INIT;
    struct host host;
    struct db *db;

    assert_int_equal(db_pool_take(host_room.api.readers, &db, &err), 0);
    assert_int_equal(store_host_by_id(db, &host_room.arena, id, &host, &err), 0);
    db_pool_give(host_room.api.readers, db);
    return host;
}

/* Signs of life are written behind the answer: one more write of our own comes after them. */
static int nothing(struct db *db, void *arg, struct err *err)
{
    (void)db, (void)arg, (void)err;
    return 0;
}

void host_room_settle(void)
{
    api_room_write(&host_room.api, nothing, NULL);
}

int host_room_command(struct db *db, void *arg, struct err *err)
{
    const struct host_room_command *s = arg;
    char digest[DIGEST_HEX_SIZE];
    struct command c = {.id = HOST_ROOM_COMMAND,
                        .document_digest = digest,
                        .parameters = "{}",
                        .requested_at = 1,
                        .requested_by = "deployment"};
    struct invocation i = {.command_id = HOST_ROOM_COMMAND,
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
        rc = store_offer_release(db, HOST_ROOM_COMMAND, s->host_id, 1, err);
    return rc;
}

int host_room_release(struct db *db, void *arg, struct err *err)
{
    return store_offer_release(db, HOST_ROOM_COMMAND, arg, 1, err);
}

struct invocation host_room_invocation_of(const char *host_id)
{
    struct err err = ERR_INIT;
    struct invocation i;
    struct db *db;

    assert_int_equal(db_pool_take(host_room.api.readers, &db, &err), 0);
    assert_int_equal(store_command_invocation(db, &host_room.arena, HOST_ROOM_COMMAND, host_id, &i,
                                              &err),
                     0);
    db_pool_give(host_room.api.readers, db);
    return i;
}

char *host_room_poll_bytes(const struct host_room_guest *g)
{
    return host_room_bytes(
        "EC2WindowsMessageDeliveryService.GetMessages",
        arena_printf(&host_room.arena,
                     "{\"Destination\":\"%s\",\"MessagesRequestId\":\"" HOST_ROOM_REPLY
                     "\",\"VisibilityTimeoutInSeconds\":10}",
                     g->id),
        &g->session);
}

size_t host_room_messages_in(struct door_answer asked, struct message **ret_messages)
{
    struct err err = ERR_INIT;
    size_t n;

    door_asker_must_be(asked, "");
    assert_int_equal(message_answer_parse(&host_room.arena, asked.body, strlen(asked.body),
                                          ret_messages, &n, &err),
                     0);
    return n;
}

struct door_answer host_room_poll(const struct host_room_guest *g)
{
    char *bytes = host_room_poll_bytes(g);

    return host_room_read(raw_http_ask(host_room_address(), bytes, strlen(bytes)));
}

void host_room_put(const struct host_room_guest *g, bool release)
{
    struct host_room_command sending = {.host_id = g->id, .release = release};

    api_room_write(&host_room.api, host_room_command, &sending);
}

int host_room_run(const struct CMUnitTest *tests, size_t n)
{
    int failed;

    host_room.clock = (struct clock){.now = host_room_now, .mono = moved_mono};
    log_init(LOG_LOGFMT, LOG_ERROR);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    host_room.key_1 = sign_rsa_new(2048);
    host_room.key_2 = sign_rsa_new(2048);
    host_room.spki_1 = sign_rsa_spki(host_room.key_1);
    host_room.spki_2 = sign_rsa_spki(host_room.key_2);
    failed = _cmocka_run_group_tests("host_room", tests, n, NULL, NULL);
    free(host_room.spki_1);
    free(host_room.spki_2);
    sign_rsa_free(host_room.key_1);
    sign_rsa_free(host_room.key_2);
    curl_global_cleanup();
    return failed;
}
