#include "server/api/api_signing_key.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/sign.h"
#include "lib/ssm/announcement.h"
#include "lib/store/db.h"
#include "lib/store/store_journal.h"
#include "lib/store/store_signing_key.h"
#include "server/api/api.h"
#include "server/api/api_act.h"
#include "server/api/api_body.h"
#include "server/api/api_write.h"
#include "server/api/policy.h"
#include "server/api/reply.h"
#include "server/flow/signer.h"

#define LIST_MAX (1024 * 1024)
#define NAMES_SHOWN 10
#define USUAL_LIFE_MS INT64_C(2592000000) /* 30 days */
#define LIFE_MIN_MS INT64_C(3600000)

struct turning {
    struct request *request;
    const char *reason;
    int64_t lives_ms;
    bool anyway;
    time_ms now;
    struct signing_key *keys;
    size_t n;
    struct signing_key next; /* that is announced, or takes over */
    const char **strangers;
    size_t n_strangers;
};

static const struct signing_key *newest(const struct turning *t)
{
    return &t->keys[t->n - 1];
}

/* All keys, and who does not know of the newest. */
static int load(struct turning *t, struct db *db, struct err *err)
{
    int rc = store_signing_key_list(db, t->request->arena, &t->keys, &t->n, err);

    if (rc == 0 && t->n == 0)
        rc = err_set(err, ERR_INTERNAL, "the store knows no signing key");
    return rc < 0 ? rc
                  : store_signing_key_strangers(db, t->request->arena, newest(t)->key,
                                                &t->strangers, &t->n_strangers, err);
}

static int load_now(struct turning *t, struct err *err)
{
    struct db *db;
    int rc = db_pool_take(t->request->api->readers, &db, err);

    if (rc == 0) {
        rc = load(t, db, err);
        db_pool_give(t->request->api->readers, db);
    }
    return rc;
}

/* Showing ---------------------------------------------------------------------------------------- */

static void add_key(struct json_out *out, const struct signing_key *k, const char *in_force)
{
    json_begin_object(out, NULL);
    json_add_int(out, "number", k->number);
    json_add_str(out, "key", k->key);
    json_add_bool(out, "in_force", strcmp(k->key, in_force) == 0);
    json_add_time(out, "announced_at", k->announced_at);
    json_add_time(out, "until", k->until);
    json_add_time(out, "in_force_at", k->in_force_at);
    json_end_object(out);
}

static enum request_next answer(struct turning *t, struct reply *reply, int status)
{
    struct announcement_signed announced[ANNOUNCEMENTS_MAX];
    struct api *api = t->request->api;
    size_t n = 0;
    struct json_out out;
    struct buf buf;

    buf_init(&buf, LIST_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_str(&out, "store", api->store_id);
    json_begin_array(&out, "keys");
    for (size_t i = 0; i < t->n; i++) {
        add_key(&out, &t->keys[i], signer_text(api->signer));
        if (t->keys[i].announcement != NULL && n < ANNOUNCEMENTS_MAX)
            announced[n++] =
                (struct announcement_signed){t->keys[i].announcement, t->keys[i].signature};
    }
    json_end_array(&out);
    json_begin_array(&out, "strangers");
    for (size_t i = 0; i < t->n_strangers; i++)
        json_add_str(&out, NULL, t->strangers[i]);
    json_end_array(&out);
    if (n > 0)
        announcement_add_list(&out, "Announcements", announced, n);
    json_end_object(&out);
    reply_json_buf(t->request, reply, status, &buf);
    return REQUEST_DONE;
}

enum request_next api_signing_key_get(struct request *request, struct reply *reply)
{
    struct turning t = {.request = request};
    struct err err = ERR_INIT;

    if (load_now(&t, &err) < 0) {
        reply_error(request, reply, &err);
        return REQUEST_DONE;
    }
    return answer(&t, reply, 200);
}

/* Acts ------------------------------------------------------------------------------------------- */

static int read_body(struct turning *t, bool announces, struct err *err)
{
    static const char *const announce_keys[] = {"reason", "for"};
    static const char *const turn_keys[] = {"reason", "anyway"};
    struct cJSON *body = NULL;
    int rc = api_body_read(t->request, announces ? announce_keys : turn_keys, 2, &body, err);

    if (rc == 0)
        rc = api_body_text(t->request, body, "reason", API_ACT_REASON_MAX, &t->reason, err);
    if (rc == 0 && announces)
        rc = api_body_duration(body, "for", USUAL_LIFE_MS, &t->lives_ms, err);
    if (rc == 0 && !announces)
        rc = api_body_flag(body, "anyway", &t->anyway, err);
    json_free(body);
    if (rc == 0 && t->reason == NULL)
        rc = err_set(err, ERR_INVALID, "reason: say why; it is kept in the journal");
    if (rc == 0 && announces && t->lives_ms < LIFE_MIN_MS)
        rc = err_set(err, ERR_INVALID, "for: an hour or more, in which each host must be heard");
    return rc;
}

static int write_journal(struct db *db, const struct turning *t, const char *act,
                         const char *detail, struct err *err)
{
    const struct journal_entry entry = {.at = t->now,
                                        .actor = t->request->actor.name,
                                        .way = t->request->actor.way,
                                        .act = act,
                                        .subject = t->next.key,
                                        .detail = detail,
                                        .reason = t->reason};

    return store_journal_add(db, &entry, err);
}

static enum request_next act(struct turning *t, struct reply *reply, bool announces,
                             int (*go)(struct turning *t, struct err *err))
{
    struct err err = ERR_INIT;
    int rc;

    t->now = clock_now(t->request->api->clock);
    rc = read_body(t, announces, &err);
    if (rc == 0)
        rc = load_now(t, &err);
    if (rc == 0)
        rc = go(t, &err);
    if (rc == 0)
        rc = load_now(t, &err);
    if (rc < 0) {
        reply_error(t->request, reply, &err);
        return REQUEST_DONE;
    }
    return answer(t, reply, 200);
}

/* Announcing ------------------------------------------------------------------------------------- */

static int write_announce(struct db *db, void *arg, struct err *err)
{
    struct turning *t = arg;
    int rc = policy_confirm(db, t->request, err);

    if (rc == 0)
        rc = store_signing_key_put(db, &t->next, err);
    if (rc == ERR_CONFLICT)
        return err_set(err, rc, "somebody announced a key just now. Look: slipway signing-key");
    return rc < 0 ? rc
                  : write_journal(db, t, "signing-key.announce",
                                  arena_printf(t->request->arena, "{\"number\":%lld}",
                                               (long long)t->next.number),
                                  err);
}

/* A trial makes no file. */
static const char *some_key(struct turning *t)
{
    char *text = arena_alloc(t->request->arena, DIGEST_BASE64_SIZE(SIGN_PUBLIC_SIZE));
    struct sign_key *key = sign_key_new();
    unsigned char raw[SIGN_PUBLIC_SIZE];

    sign_key_public(key, raw);
    sign_key_free(key);
    digest_base64url(raw, sizeof(raw), text);
    return text;
}

/* The file first: what is announced must not be lost. One that was made and not announced is taken the next time. */
static int announce(struct turning *t, struct err *err)
{
    struct api *api = t->request->api;
    struct announcement a = {.store_id = api->store_id, .number = newest(t)->number + 1};
    struct announcement_signed s;
    int rc = 0;

    if (newest(t)->in_force_at == 0)
        return err_set(
            err, ERR_CONFLICT,
            "key number %lld is announced and not in force yet. Next: slipway signing-key "
            "turn",
            (long long)newest(t)->number);
    if (t->n > ANNOUNCEMENTS_MAX)
        return err_set(err, ERR_CONFLICT, "%d turn-overs are the most that hosts follow",
                       ANNOUNCEMENTS_MAX);
    if (api_write_is_dry(t->request))
        t->next.key = some_key(t);
    else
        rc = signer_prepare(api->signer, a.number, true, &t->next.key, err);
    if (rc < 0)
        return rc;
    a.until = t->now + t->lives_ms;
    (void)digest_unbase64url(newest(t)->key, strlen(newest(t)->key), a.key, sizeof(a.key));
    (void)digest_unbase64url(t->next.key, strlen(t->next.key), a.next_key, sizeof(a.next_key));
    announcement_make(t->request->arena, &a, signer_key(api->signer), &s);
    t->next.number = a.number;
    t->next.announcement = s.text;
    t->next.signature = s.signature;
    t->next.announced_at = t->now;
    t->next.until = a.until;
    return api_write_do(t->request, write_announce, t, err);
}

enum request_next api_signing_key_announce(struct request *request, struct reply *reply)
{
    struct turning t = {.request = request};

    return act(&t, reply, true, announce);
}

/* Turning over ----------------------------------------------------------------------------------- */

/* "web-1, web-2 and 3 more" */
static const char *names(const struct turning *t)
{
    struct arena *arena = t->request->arena;
    const char *text = "";

    for (size_t i = 0; i < t->n_strangers && i < NAMES_SHOWN; i++)
        text = arena_printf(arena, "%s%s%s", text, i > 0 ? ", " : "", t->strangers[i]);
    return t->n_strangers <= NAMES_SHOWN
               ? text
               : arena_printf(arena, "%s and %zu more", text, t->n_strangers - NAMES_SHOWN);
}

static int write_turn(struct db *db, void *arg, struct err *err)
{
    struct turning *t = arg;
    int rc = policy_confirm(db, t->request, err);

    if (rc == 0)
        rc = load(t, db, err);
    if (rc < 0)
        return rc;
    if (t->n_strangers > 0 && !t->anyway)
        return err_set(
            err, ERR_CONFLICT,
            "%s did not say that they know of the next key, and would run nothing. Each "
            "host asks about every five minutes; deregister those that are gone, or turn "
            "over --anyway: who is heard before the announcement ends follows",
            names(t));
    rc = store_signing_key_turn(db, t->next.number, t->now, err);
    if (rc == ERR_CONFLICT)
        return err_set(err, rc, "somebody turned over just now. Look: slipway signing-key");
    return rc < 0 ? rc
                  : write_journal(db, t, "signing-key.turn",
                                  arena_printf(t->request->arena,
                                               "{\"number\":%lld,\"strangers\":%zu}",
                                               (long long)t->next.number, t->n_strangers),
                                  err);
}

/* Ready before it is written, so that nothing can fail behind it; killed in between, the next start reads what was
 * written. */
static int turn(struct turning *t, struct err *err)
{
    struct api *api = t->request->api;
    const char *text;
    int rc;

    t->next = *newest(t);
    if (t->next.in_force_at != 0)
        return err_set(err, ERR_CONFLICT,
                       "no other key is announced. First: slipway signing-key announce -m WHY");
    rc = signer_prepare(api->signer, t->next.number, false, &text, err);
    if (rc == 0 && strcmp(text, t->next.key) != 0)
        rc = err_set(err, ERR_CONFLICT, "the file of key number %lld holds another key",
                     (long long)t->next.number);
    if (rc == 0)
        rc = api_write_do(t->request, write_turn, t, err);
    if (rc < 0 || api_write_is_dry(t->request))
        return rc;
    signer_turn(api->signer, t->next.number);
    log_notice("signing-key.turned", "number=%lld strangers=%zu", (long long)t->next.number,
               t->n_strangers);
    return 0;
}

enum request_next api_signing_key_turn(struct request *request, struct reply *reply)
{
    struct turning t = {.request = request};

    return act(&t, reply, false, turn);
}
