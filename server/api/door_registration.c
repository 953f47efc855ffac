/* door_registration: see door_registration.h. */
#include "server/api/door_registration.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/names.h"
#include "lib/base/sign.h"
#include "lib/base/str.h"
#include "lib/store/store_activation.h"
#include "lib/store/store_command.h"
#include "lib/store/store_journal.h"
#include "server/api/api.h"
#include "server/api/api_events.h"
#include "server/api/door.h"

#define SPKI_MAX 1024
#define NAMES_TRIED 10000

struct registration {
    const char *fingerprint;
    const char *spki;
    struct host host;
    bool known; /* it was registered before: its first answer was lost */
};

static int journal(struct db *db, const struct door_call *call, const char *act, const char *id,
                   const char *detail, struct err *err)
{
    const struct journal_entry entry = {
        .at = call->now,
        .actor = arena_printf(call->request->arena, "host:%s", id),
        .way = "door",
        .act = act,
        .subject = id,
        .detail = detail,
    };

    return store_journal_add(db, &entry, err);
}

/* An activation for one name is an administrator's word that this machine is that host now. Who drained the host said
 * it of the name: the new machine is drained until he takes it back. */
static int replace_older(struct db *db, const struct door_call *call, const char *name,
                         time_ms *ret_drained_at, struct err *err)
{
    struct host older;
    int rc = store_host_by_name(db, call->request->arena, name, &older, err);

    if (rc == ERR_NOT_FOUND)
        return 0;
    if (rc == 0)
        rc = store_host_move(db, older.id, older.state, HOST_DEREGISTERED, err);
    /* What it was handed may run: nobody can say any more how it ends. */
    if (rc == 0)
        rc = store_command_doubt(db, older.id, "another machine took the name of its host over",
                                 err);
    if (rc == 0)
        *ret_drained_at = older.drained_at;
    return rc < 0 ? rc : journal(db, call, "host.replaced", older.id, NULL, err);
}

/* PREFIX1, PREFIX2 ...: the first that is free, from the count of this activation on. */
static int choose_name(struct db *db, const struct door_call *call, const char **ret_name,
                       time_ms *ret_drained_at, struct err *err)
{
    struct arena *arena = call->request->arena;
    const struct activation *a = &call->activation;

    if (a->name != NULL) {
        *ret_name = a->name;
        return replace_older(db, call, a->name, ret_drained_at, err);
    }
    for (int i = 1; i <= NAMES_TRIED; i++) {
        const char *name =
            arena_printf(arena, "%s%lld", a->prefix, (long long)a->registrations + i);
        struct host other;
        int rc = store_host_by_name(db, arena, name, &other, err);

        if (rc == ERR_NOT_FOUND) {
            *ret_name = name;
            return 0;
        }
        if (rc < 0)
            return rc;
    }
    return err_set(err, ERR_CONFLICT, "no name %s1, %s2 ... is free", a->prefix, a->prefix);
}

static int add_host(struct db *db, struct door_call *call, struct registration *r, struct err *err)
{
    struct arena *arena = call->request->arena;
    unsigned char random[9];
    char hex[19];
    int rc = choose_name(db, call, &r->host.name, &r->host.drained_at, err);

    if (rc < 0)
        return rc;
    digest_random(random, sizeof(random));
    digest_hex(random, sizeof(random), hex);
    snprintf(r->host.id, sizeof(r->host.id), "mi-%.17s", hex);
    r->host.state = HOST_REGISTERED;
    r->host.activation_id = call->activation.id;
    r->host.registered_at = call->now;
    rc = store_host_register(db, &r->host, r->fingerprint, r->spki, err);
    if (rc < 0)
        return rc;
    return journal(db, call, "host.register", r->host.id,
                   arena_printf(arena, "{\"name\":\"%s\",\"activation\":\"%s\"}", r->host.name,
                                call->activation.id),
                   err);
}

/* On the writer's thread. */
static int write_registration(struct db *db, struct door_call *call, struct err *err)
{
    struct registration *r = call->own;
    struct arena *arena = call->request->arena;
    int rc = store_host_by_registration(db, arena, call->activation.id, r->fingerprint, r->spki,
                                        &r->host, err);

    r->known = rc == 0;
    if (rc != ERR_NOT_FOUND)
        return rc;
    /* The count as it is now: others may have registered since the code was looked at. */
    rc = store_activation_by_id(db, arena, call->activation.id, &call->activation, err);
    if (rc == 0)
        rc = store_activation_count(db, call->activation.id, call->now, err);
    if (rc == ERR_CONFLICT)
        return door_call_refusal(call, err, ERR_CONFLICT, "RegistrationLimitExceeded",
                                 "the activation was used as often as it allows");
    if (rc == 0)
        rc = add_host(db, call, r, err);
    if (rc == ERR_CONFLICT)
        call->refusal = "InstanceAlreadyRegistered";
    return rc;
}

/* With what slipway-agent compares and says; other agents ignore the member. The key that it pins it
 * has from the administrator, not from here. */
static enum request_next registered(struct door_call *call, struct reply *reply)
{
    const struct registration *r = call->own;
    const struct api *api = call->request->api;
    struct arena *arena = call->request->arena;

    log_notice("host.registered", "host=%s id=%s activation=%s again=%d peer=%s", LOG(r->host.name),
               r->host.id, call->activation.id, r->known, LOG(call->request->peer.address));
    api_events_publish(api->events, API_EVENTS_HOSTS);
    api->ring_flow(api->flow);
    return door_call_answer(
        call, reply,
        arena_printf(arena,
                     "{\"InstanceId\":\"%s\",\"Slipway\":{\"StoreId\":\"%s\",\"HostName\":\"%s\"}}",
                     r->host.id, api->store_id, r->host.name));
}

enum request_next door_registration_add(struct door_call *call, struct reply *reply)
{
    struct registration *r = arena_alloc(call->request->arena, sizeof(*r));
    const char *spki = json_str(call->json, "PublicKey");
    const char *type = json_str(call->json, "PublicKeyType");
    struct err err = ERR_INIT;

    r->fingerprint = json_str(call->json, "Fingerprint");
    r->spki = spki;
    if (!names_is_uuid(r->fingerprint))
        return door_call_refuse(call, reply, "ValidationException", "Fingerprint must be a UUID");
    if (spki == NULL || strlen(spki) > SPKI_MAX || !str_eq(type, "Rsa") ||
        sign_rsa_check_spki(spki, &err) < 0)
        return door_call_refuse(call, reply, "InvalidPublicKey",
                                err.text[0] != '\0' ? err.text : "an RSA key is expected");
    call->own = r;
    return door_call_write(call, reply, write_registration, registered);
}
