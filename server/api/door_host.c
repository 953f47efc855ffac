/* door_host: see door_host.h. */
#include "server/api/door_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/secret.h"
#include "lib/base/sign.h"
#include "lib/base/str.h"
#include "lib/store/store_journal.h"
#include "lib/store/writer.h"
#include "server/api/api.h"
#include "server/api/api_events.h"
#include "server/api/door.h"
#include "server/api/door_credentials.h"

#define SEEN_EVERY_MS 10000
#define KEYS_MAX 8
#define KEY_LIFE_MS ((int64_t)90 * 24 * 3600 * 1000) /* then its host is asked for another */
#define SPKI_MAX 1024
#define WORD_MAX 255
#define AGENT_SIZE 160

/* Signs of life ------------------------------------------------------------------------------- */

struct sign_of_life {
    struct api *api;
    char host_id[21];
    char agent[AGENT_SIZE];    /* "" = as before */
    char platform[AGENT_SIZE]; /* "" = as before */
    char type[16], computer[256], address[48];
    time_ms at;
    bool was_silent;
};

static int write_seen(struct db *db, void *arg, struct err *err)
{
    const struct sign_of_life *s = arg;
    struct host host = {.platform_type = s->type,
                        .computer_name = s->computer,
                        .ip_address = s->address};
    int rc = store_host_seen(db, s->host_id, s->agent, s->platform, s->at, err);

    memcpy(host.id, s->host_id, sizeof(host.id));
    if (rc == 0 && s->was_silent)
        rc = store_host_came(db, s->host_id, s->at, err);
    if (rc == 0 && (s->type[0] != '\0' || s->computer[0] != '\0' || s->address[0] != '\0'))
        rc = store_host_described(db, &host, err);
    return rc == ERR_CONFLICT ? 0 : rc; /* deregistered in between */
}

static void seen_done(void *arg, int rc, const struct err *err)
{
    struct sign_of_life *s = arg;

    if (rc < 0)
        log_warning("host.not-seen", "id=%s err=%s", s->host_id, LOG(err->text));
    if (rc == 0 && s->was_silent) {
        api_events_publish(s->api->events, API_EVENTS_HOSTS);
        s->api->ring_flow(s->api->flow);
    }
    free(s);
}

/* `news` has what it says of itself; "" = as before. */
static void post_seen(struct door_call *call, const struct sign_of_life *news)
{
    struct sign_of_life *s = malloc(sizeof(*s));
    struct err err = ERR_INIT;

    if (s == NULL)
        abort();
    *s = *news;
    s->api = call->request->api;
    memcpy(s->host_id, call->host.id, sizeof(s->host_id));
    s->at = call->now;
    s->was_silent = !host_is_online(&call->host, call->now);
    if (writer_post(s->api->writer, write_seen, s, seen_done, &err) < 0) {
        log_warning("host.not-seen", "id=%s err=%s", s->host_id, LOG(err.text));
        free(s);
    }
}

void door_host_seen(struct door_call *call)
{
    static const struct sign_of_life no_news;

    if (call->now - call->host.seen_at >= SEEN_EVERY_MS)
        post_seen(call, &no_news);
}

/* A foreign word into its place, unless it says what is known. True: it is news. */
static bool take_word(struct door_call *call, const char *word, const char *known, char *out,
                      size_t size)
{
    const char *clean = str_clean(call->request->arena, word, strlen(word), size - 1);

    if (*clean == '\0' || str_eq(clean, known))
        return false;
    snprintf(out, size, "%s", clean);
    return true;
}

/* "NAME VERSION" */
static const char *with_version(struct arena *arena, const char *name, const char *version)
{
    return arena_printf(arena, "%s%s%s", name, *version != '\0' ? " " : "", version);
}

/*
 * The short form is a ping and says nothing about the system. Nothing of it is a reason to refuse:
 * while the first ping fails, the agent hibernates (ssm-wire.md 9.3).
 */
enum request_next door_host_information(struct door_call *call, struct reply *reply)
{
    struct arena *arena = call->request->arena;
    const struct host *host = &call->host;
    struct sign_of_life news = {.at = 0};
    const char *id, *agent, *version, *type, *platform, *platform_version, *computer, *address;
    bool any;

    if (!door_call_text(call, "InstanceId", WORD_MAX, &id) ||
        !door_call_text(call, "AgentName", WORD_MAX, &agent) ||
        !door_call_text(call, "AgentVersion", WORD_MAX, &version) ||
        !door_call_text(call, "PlatformType", WORD_MAX, &type) ||
        !door_call_text(call, "PlatformName", WORD_MAX, &platform) ||
        !door_call_text(call, "PlatformVersion", WORD_MAX, &platform_version) ||
        !door_call_text(call, "ComputerName", WORD_MAX, &computer) ||
        !door_call_text(call, "IPAddress", WORD_MAX, &address))
        return door_call_refuse(call, reply, "InvalidInstanceInformationValue",
                                "a text of at most 255 bytes is expected");
    if (strcmp(id, host->id) != 0)
        return door_call_refuse(call, reply, "InvalidInstanceId",
                                "InstanceId must be the caller's own");
    any = take_word(call, with_version(arena, agent, version), host->agent, news.agent,
                    sizeof(news.agent));
    any |= take_word(call,
                     *platform != '\0'        ? with_version(arena, platform, platform_version)
                     : host->platform == NULL ? type
                                              : "",
                     host->platform, news.platform, sizeof(news.platform));
    any |= take_word(call, type, host->platform_type, news.type, sizeof(news.type));
    any |= take_word(call, computer, host->computer_name, news.computer, sizeof(news.computer));
    any |= take_word(call, address, host->ip_address, news.address, sizeof(news.address));
    if (any)
        post_seen(call, &news);
    return door_call_answer(call, reply, "{}");
}

/* Credentials --------------------------------------------------------------------------------- */

static int write_retired(struct db *db, struct door_call *call, struct err *err)
{
    return store_host_retire_keys(db, call->host.id, call->spki, call->now, err);
}

static enum request_next answer_token(struct door_call *call, struct reply *reply)
{
    struct arena *arena = call->request->arena;
    const bool *wants_key = call->own;
    struct door_credentials c;
    const char *body;

    door_credentials_make(door_credential_key(call->door), call->host.id,
                          call->now + DOOR_CREDENTIALS_LIFE_MS, &c);
    body =
        arena_printf(arena,
                     "{\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\"%s\",\"SessionToken\":\"%s\","
                     "\"TokenExpirationDate\":%lld,\"UpdateKeyPair\":%s}",
                     c.key_id, c.secret, c.token, (long long)(c.expires_at / 1000),
                     *wants_key ? "true" : "false");
    secret_wipe(&c, sizeof(c));
    return door_call_answer(call, reply, body);
}

/* The fingerprint is the machine's: a key that came with another machine is a copy. */
enum request_next door_host_role_token(struct door_call *call, struct reply *reply)
{
    struct db_pool *readers = call->request->api->readers;
    struct arena *arena = call->request->arena;
    const char *sent = json_str(call->json, "Fingerprint");
    const char *known = NULL;
    const char **keys;
    bool *wants_key = arena_alloc(arena, sizeof(*wants_key));
    time_ms added_at = 0;
    struct err err = ERR_INIT;
    struct db *db;
    size_t n = 0;
    int rc = db_pool_take(readers, &db, &err);

    if (rc < 0)
        return door_call_fault(call, reply, err.text);
    rc = store_host_fingerprint(db, arena, call->host.id, &known, &err);
    if (rc == 0)
        rc = store_host_keys(db, arena, call->host.id, &keys, &n, &err);
    if (rc == 0)
        rc = store_host_key_added(db, call->host.id, call->spki, &added_at, &err);
    db_pool_give(readers, db);
    if (rc < 0)
        return door_call_fault(call, reply, err.text);
    /* Rotation (ssm-wire.md 9.2). One that lost the answer to its new key asks with the old one, and is asked again. */
    *wants_key = call->now - added_at >= KEY_LIFE_MS && n < KEYS_MAX;
    call->own = wants_key;
    if (sent == NULL || strlen(sent) != strlen(known) || !digest_equal(sent, known, strlen(known)))
        return door_call_refuse(call, reply, "MachineFingerprintDoesNotMatch",
                                "this key was registered by another machine");
    /* The newest key was seen: older ones are not needed any more (ssm-wire.md 9.2). */
    if (n > 1 && strcmp(keys[0], call->spki) == 0)
        return door_call_write(call, reply, write_retired, answer_token);
    return answer_token(call, reply);
}

static int write_key(struct db *db, struct door_call *call, struct err *err)
{
    const char *spki = json_str(call->json, "NewPublicKey");
    const struct journal_entry entry = {
        .at = call->now,
        .actor = arena_printf(call->request->arena, "host:%s", call->host.id),
        .way = "door",
        .act = "host.key",
        .subject = call->host.id,
    };
    const char **keys;
    size_t n;
    int rc = store_host_keys(db, call->request->arena, call->host.id, &keys, &n, err);

    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (strcmp(keys[i], spki) == 0)
            return 0; /* again: the answer was lost */
    }
    if (rc == 0 && n >= KEYS_MAX)
        return door_call_refusal(call, err, ERR_BUSY, "TooManyUpdates",
                                 "too many new keys, none of them used");
    if (rc == 0)
        rc = store_host_add_key(db, call->host.id, spki, call->now, err);
    return rc < 0 ? rc : store_journal_add(db, &entry, err);
}

/* Signed with the old key; both hold until the new one was seen. */
enum request_next door_host_update_key(struct door_call *call, struct reply *reply)
{
    const char *spki = json_str(call->json, "NewPublicKey");
    struct err err = ERR_INIT;

    if (spki == NULL || strlen(spki) > SPKI_MAX ||
        !str_eq(json_str(call->json, "NewPublicKeyType"), "Rsa") ||
        sign_rsa_check_spki(spki, &err) < 0)
        return door_call_refuse(call, reply, "InvalidPublicKey",
                                err.text[0] != '\0' ? err.text : "an RSA key is expected");
    return door_call_write(call, reply, write_key, door_call_done);
}

/* Answered without doing anything ------------------------------------------------------------- */

enum request_next door_host_no_associations(struct door_call *call, struct reply *reply)
{
    return door_call_answer(call, reply, "{\"Associations\":[]}");
}

enum request_next door_host_nothing(struct door_call *call, struct reply *reply)
{
    return door_call_answer(call, reply, "{}");
}

/* Slipway has no parameters to give: every name that was asked for is invalid. */
enum request_next door_host_no_parameters(struct door_call *call, struct reply *reply)
{
    const struct cJSON *names = json_array(call->json, "Names");
    struct json_out out;
    struct buf buf;
    const char *body;

    buf_init(&buf, call->request->body_len + 4096);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_begin_array(&out, "Parameters");
    json_end_array(&out);
    json_begin_array(&out, "InvalidParameters");
    for (const struct cJSON *i = json_first(names); i != NULL; i = json_next(i)) {
        if (json_string_value(i) != NULL)
            json_add_str(&out, NULL, json_string_value(i));
    }
    json_end_array(&out);
    json_end_object(&out);
    body = buf.overflow ? "{\"Parameters\":[],\"InvalidParameters\":[]}"
                        : arena_strn(call->request->arena, buf_str(&buf), buf.len);
    buf_deinit(&buf);
    return door_call_answer(call, reply, body);
}
