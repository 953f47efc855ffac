#include "tests/support/door_room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/secret.h"
#include "lib/base/sign.h"
#include "lib/base/str.h"
#include "lib/store/store_access_key.h"
#include "lib/store/store_activation.h"
#include "lib/store/writer.h"
#include "server/api/door.h"
#include "server/api/door_access.h"
#include "server/flow/agenda.h"

#define CODE "act_abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstu"

struct door_room door_room;

/* Made once for all rooms of a program: that takes as long as a room's whole life. */
static struct sign_rsa *rsa;
static char *spki;

static const char usual_config[] = "version: 1\n"
                                   "url: https://slipway.example\n"
                                   "timezone: Asia/Tokyo\n"
                                   "github: { webhook-secret-files: [webhook-secret] }\n"
                                   "rights: { view: [anyone] }\n"
                                   "repos:\n"
                                   "  acme/shop:\n"
                                   "    mirror: https://github.com/acme/shop.git\n"
                                   "    root: /srv/shop\n"
                                   "    environments:\n"
                                   "      stage:\n"
                                   "        on: merge\n"
                                   "        roles: { web: { agent: { hosts: [stage-1] } } }\n"
                                   "      production:\n"
                                   "        on: release\n"
                                   "        needs: [stage]\n"
                                   "        roles: { web: { agent: { hosts: [web-1, web-2] } } }\n"
                                   "    jobs:\n"
                                   "      publish: { runs-on: [web], steps: [{ uses: fetch }] }\n";

static void must(int rc, const struct err *err)
{
    if (rc < 0)
        fail_msg("%s", err->text);
}

static time_ms moved_now(struct clock *clock)
{
    (void)clock;
    return atomic_load(&door_room.moved.now);
}

static mono_ms moved_mono(struct clock *clock)
{
    (void)clock;
    return clock_mono(clock_system());
}

time_ms door_room_now(void)
{
    return moved_now(NULL);
}

static void flow_up(void)
{
    struct err err = ERR_INIT;

    door_room.flow = (struct flow){.clock = &door_room.moved.clock,
                                   .writer = door_room.api.writer,
                                   .snapshots = &door_room.api.snapshots,
                                   .signer = door_room.api.signer,
                                   .store_id = door_room.api.store.store_id,
                                   .heard_since = door_room_now()};
    must(db_open_read(door_room.api.store.path, &door_room.flow.db, &err), &err);
}

static int accept_config(struct db *db, void *arg, struct err *err)
{
    const struct snapshot *snapshot = arg;

    return snapshot_accept(db, snapshot->config, "start", door_room_now(), err);
}

void door_room_up(const char *config)
{
    memset(&door_room, 0, sizeof(door_room));
    arena_init(&door_room.arena);
    door_room.moved.clock = (struct clock){.now = moved_now, .mono = moved_mono};
    /* Long past every date of the store itself, which is made under the real clock. */
    atomic_store(&door_room.moved.now, clock_now(clock_system()) + 60000);
    if (rsa == NULL) {
        rsa = sign_rsa_new(2048);
        spki = sign_rsa_spki(rsa);
    }
    door_room.rsa = rsa;
    door_room.spki = spki;
    api_room_up_as_held(&door_room.api, config != NULL ? config : usual_config,
                        &door_room.moved.clock, -1);
    api_room_write(&door_room.api, accept_config, door_room.api.snapshots.current);
    flow_up();
}

void door_room_down(void)
{
    db_close(door_room.flow.db);
    reconcile_free(door_room.flow.reconcile);
    agenda_free(door_room.flow.agenda);
    api_room_down(&door_room.api);
    arena_deinit(&door_room.arena);
}

void door_room_look(void)
{
    struct err err = ERR_INIT;

    must(flow_look(&door_room.flow, &door_room.next, &err), &err);
}

void door_room_pass(int64_t ms)
{
    time_ms end = door_room_now() + ms;

    door_room_look();
    while (door_room.next < end) {
        atomic_store(&door_room.moved.now,
                     door_room.next > door_room_now() ? door_room.next : door_room_now() + 1);
        door_room_look();
    }
    atomic_store(&door_room.moved.now, end);
    door_room_look();
}

void door_room_restart(void)
{
    db_close(door_room.flow.db);
    reconcile_free(door_room.flow.reconcile);
    agenda_free(door_room.flow.agenda);
    api_room_reopen(&door_room.api);
    flow_up();
}

/* Asking ------------------------------------------------------------------------------------------ */

static struct door_asker asker(void)
{
    return (struct door_asker){.address =
                                   http_server_address(door_room.api.server, LISTENER_AGENTS),
                               .arena = &door_room.arena,
                               .now = door_room_now()};
}

struct door_answer door_room_ask(const char *target, const char *body,
                                 const struct door_signer *signer)
{
    const struct door_asker a = asker();

    return door_asker_ask(&a, target, body, signer);
}

__attribute__((format(printf, 1, 0))) static char *quoted(const char *format, va_list args)
{
    va_list again;
    char *text;
    int len;

    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    text = arena_alloc(&door_room.arena, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, format, args);
    for (char *p = text; *p != '\0'; p++)
        if (*p == '\'')
            *p = '"';
    return text;
}

struct door_answer door_room_call(const struct door_signer *signer, const char *operation,
                                  const char *body, ...)
{
    char *text;
    va_list args;

    va_start(args, body);
    text = quoted(body, args);
    va_end(args);
    return door_room_ask(arena_printf(&door_room.arena, "AmazonSSM.%s", operation), text, signer);
}

const char *door_room_text(struct door_answer answer, const char *path)
{
    const struct door_asker a = asker();

    return door_asker_member(&a, answer, path);
}

/* Callers ----------------------------------------------------------------------------------------- */

static int put_key(struct db *db, void *arg, struct err *err)
{
    return store_access_key_put(db, arg, err);
}

struct door_signer door_room_key(struct access_key key)
{
    char *id = arena_alloc(&door_room.arena, ACCESS_KEY_ID_SIZE);
    char *secret = arena_alloc(&door_room.arena, DOOR_ACCESS_SECRET_SIZE);

    door_access_id_new(id);
    door_access_secret(door_room.api.credential_key, id, secret);
    key.id = id;
    key.created_at = door_room_now();
    key.created_by = "uid:0";
    api_room_write(&door_room.api, put_key, &key);
    return (struct door_signer){.key_id = id, .secret = secret};
}

struct door_signer door_room_any_key(void)
{
    static const char *any[] = {"*"};
    static const char *environments[] = {"stage", "production"};

    return door_room_key((struct access_key){.name = "any",
                                             .documents = {.items = any, .n = 1},
                                             .environments = {.items = environments, .n = 2},
                                             .any_host = true,
                                             .shell = true,
                                             .manages_documents = true,
                                             .manages_hosts = true});
}

/* Guests ------------------------------------------------------------------------------------------ */

struct activating {
    struct activation activation;
    struct config_pairs tags;
};

static int put_activation(struct db *db, void *arg, struct err *err)
{
    const struct activating *a = arg;

    return store_activation_put(db, &a->activation, &a->tags, err);
}

static struct config_pairs tags_of(const char *text)
{
    struct config_pairs tags = {.items = arena_array(&door_room.arena, 8, sizeof(*tags.items))};
    char *words = arena_str(&door_room.arena, text), *save = NULL;

    for (char *word = strtok_r(words, ",", &save); word != NULL;
         word = strtok_r(NULL, ",", &save)) {
        char *equals = strchr(word, '=');

        *equals = '\0';
        tags.items[tags.n++] = (struct config_pair){.key = word, .value = equals + 1};
    }
    return tags;
}

void door_room_renew(struct door_guest *guest)
{
    const struct door_signer by_key = {.key_id = guest->id, .rsa = door_room.rsa, .chunked = true};
    struct door_answer answer = door_room_call(&by_key, "RequestManagedInstanceRoleToken",
                                               "{'Fingerprint':'%s'}", guest->fingerprint);

    door_asker_must_be(answer, "");
    guest->session = (struct door_signer){.key_id = door_room_text(answer, "AccessKeyId"),
                                          .secret = door_room_text(answer, "SecretAccessKey"),
                                          .token = door_room_text(answer, "SessionToken")};
}

void door_room_seen(const struct door_guest *guest)
{
    door_asker_must_be(
        door_room_call(&guest->session, "UpdateInstanceInformation",
                       "{'AgentName':'amazon-ssm-agent','AgentStatus':'Active',"
                       "'AgentVersion':'3.3.484.0','AvailabilityZone':'','AvailabilityZoneId':'',"
                       "'ComputerName':'%s.example','IPAddress':'10.0.0.7','InstanceId':'%s',"
                       "'PlatformName':'Debian GNU/Linux','PlatformType':'Linux',"
                       "'PlatformVersion':'12','SSMConnectionChannel':'ec2messages'}",
                       guest->name, guest->id),
        "");
    api_room_write(&door_room.api, api_room_nothing, NULL); /* it was seen: behind the answer */
}

/* An RSA key for all of them: making one takes long, and who a host is stands in its id. */
struct door_guest *door_room_guest(const char *name, const char *tags)
{
    struct door_guest *g = &door_room.guests[door_room.n_guests++];
    struct activating a = {.tags = tags_of(tags)};
    char digest[DIGEST_HEX_SIZE], id[NAMES_UUID_SIZE], print[NAMES_UUID_SIZE];
    struct door_answer answer;

    names_uuid_new(id);
    names_uuid_new(print);
    digest_sha256_hex(CODE, strlen(CODE), digest);
    a.activation = (struct activation){.id = id,
                                       .code_digest = digest,
                                       .name = name,
                                       .limit = 1,
                                       .created_at = door_room_now(),
                                       .created_by = "uid:0",
                                       .expires_at = door_room_now() + 86400000};
    api_room_write(&door_room.api, put_activation, &a);
    answer = door_room_call(NULL, "RegisterManagedInstance",
                            "{'ActivationCode':'%s','ActivationId':'%s','Fingerprint':'%s',"
                            "'PublicKey':'%s','PublicKeyType':'Rsa'}",
                            CODE, id, print, door_room.spki);
    door_asker_must_be(answer, "");
    g->name = name;
    g->id = door_room_text(answer, "InstanceId");
    g->fingerprint = arena_str(&door_room.arena, print);
    door_room_renew(g);
    door_room_seen(g);
    return g;
}

struct door_answer door_room_say(const struct door_guest *guest, const char *operation,
                                 const char *body, ...)
{
    char *text;
    va_list args;

    va_start(args, body);
    text = quoted(body, args);
    va_end(args);
    return door_room_ask(arena_printf(&door_room.arena, "EC2WindowsMessageDeliveryService.%s",
                                      operation),
                         text, &guest->session);
}

struct door_answer door_room_poll(const struct door_guest *guest)
{
    struct door_answer answer;
    char id[NAMES_UUID_SIZE];

    door_room_look();
    names_uuid_new(id);
    answer = door_room_say(guest, "GetMessages",
                           "{'Destination':'%s','MessagesRequestId':'%s',"
                           "'VisibilityTimeoutInSeconds':10}",
                           guest->id, id);
    door_asker_must_be(answer, "");
    return answer;
}

void door_room_acknowledge(const struct door_guest *guest, const char *message_id)
{
    door_asker_must_be(door_room_say(guest, "AcknowledgeMessage", "{'MessageId':'%s'}", message_id),
                       "");
}

struct door_answer door_room_reply_as(const struct door_guest *guest, const char *message_id,
                                      const char *reply_id, const char *payload)
{
    char *text = arena_str(&door_room.arena, payload);
    struct door_answer answer;
    struct json_out out;
    struct buf buf;

    for (char *p = text; *p != '\0'; p++)
        if (*p == '\'')
            *p = '"';
    buf_init(&buf, (size_t)1 << 20);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_str(&out, "MessageId", message_id);
    json_add_str(&out, "ReplyId", reply_id);
    json_add_str(&out, "Payload", text);
    json_end_object(&out);
    answer =
        door_room_ask("EC2WindowsMessageDeliveryService.SendReply", buf_str(&buf), &guest->session);
    buf_deinit(&buf);
    return answer;
}

void door_room_reply(const struct door_guest *guest, const char *message_id, const char *payload)
{
    char id[NAMES_UUID_SIZE];

    names_uuid_new(id);
    door_asker_must_be(door_room_reply_as(guest, message_id, id, payload), "");
}
