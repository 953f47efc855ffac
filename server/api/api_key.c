#include "server/api/api_key.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/store/store_access_key.h"
#include "lib/store/store_journal.h"
#include "server/api/api.h"
#include "server/api/api_body.h"
#include "server/api/api_view.h"
#include "server/api/api_write.h"
#include "server/api/door.h"
#include "server/api/door_access.h"
#include "server/api/policy.h"
#include "server/api/reply.h"

#define LIST_MAX ((size_t)1 << 20)
#define WORDS_MAX 50
#define WORD_MAX 256

/* One key, on its way into the store or out of it. */
struct change {
    struct request *request;
    struct access_key key;
    time_ms now;
};

static void add_list(struct json_out *out, const char *key, const struct config_list *list)
{
    json_begin_array(out, key);
    for (size_t i = 0; i < list->n; i++)
        json_add_str(out, NULL, list->items[i]);
    json_end_array(out);
}

/* What it may do, as members of the object that is open. */
static void add_grants(struct json_out *out, const struct access_key *k)
{
    json_add_str(out, "id", k->id);
    json_add_str(out, "name", k->name);
    add_list(out, "documents", &k->documents);
    json_begin_array(out, "tags");
    for (size_t i = 0; i < k->tags.n; i++) {
        json_begin_object(out, NULL);
        json_add_str(out, "key", k->tags.items[i].key);
        json_add_str(out, "value", k->tags.items[i].value);
        json_end_object(out);
    }
    json_end_array(out);
    json_add_bool(out, "any_host", k->any_host);
    add_list(out, "environments", &k->environments);
    json_add_bool(out, "shell", k->shell);
    json_begin_array(out, "manages");
    if (k->manages_documents)
        json_add_str(out, NULL, "documents");
    if (k->manages_hosts)
        json_add_str(out, NULL, "hosts");
    json_end_array(out);
    json_add_time(out, "expires_at", k->expires_at);
}

static int add_keys(struct api_view *view, struct json_out *out, struct err *err)
{
    struct access_key *keys = NULL;
    size_t n = 0;
    int rc = store_access_key_list(view->db, view->request->arena, &keys, &n, err);

    json_begin_array(out, "keys");
    for (size_t i = 0; i < n; i++) {
        json_begin_object(out, NULL);
        add_grants(out, &keys[i]);
        json_add_time(out, "created_at", keys[i].created_at);
        json_add_str(out, "created_by", keys[i].created_by);
        json_add_time(out, "used_at", keys[i].used_at);
        json_end_object(out);
    }
    json_end_array(out);
    return rc;
}

enum request_next api_key_list(struct request *request, struct reply *reply)
{
    return api_view_answer(request, reply, LIST_MAX, add_keys);
}

/* Making one ------------------------------------------------------------------------------------ */

static int read_words(const struct request *request, const struct cJSON *body, const char *key,
                      struct config_list *list, struct err *err)
{
    int rc = api_body_list(request, body, key, WORD_MAX, &list->items, &list->n, err);

    if (rc == 0 && list->n > WORDS_MAX)
        rc = err_set(err, ERR_INVALID, "%s: at most %d", key, WORDS_MAX);
    return rc;
}

/* "KEY=VALUE" each; one key may have several values. */
static int read_tags(const struct request *request, const struct cJSON *body,
                     struct config_pairs *tags, struct err *err)
{
    struct config_list words = {.n = 0};
    int rc = read_words(request, body, "tags", &words, err);

    tags->items = arena_array(request->arena, words.n, sizeof(*tags->items));
    for (size_t i = 0; i < words.n && rc == 0; i++) {
        const char *equals = strchr(words.items[i], '=');

        if (equals == NULL || equals == words.items[i])
            return err_set(err, ERR_INVALID, "tags: expected KEY=VALUE, not %s", words.items[i]);
        tags->items[tags->n].key =
            arena_strn(request->arena, words.items[i], (size_t)(equals - words.items[i]));
        tags->items[tags->n++].value = equals + 1;
    }
    return rc;
}

static int read_manages(const struct request *request, const struct cJSON *body,
                        struct access_key *k, struct err *err)
{
    struct config_list words = {.n = 0};
    int rc = read_words(request, body, "manages", &words, err);

    for (size_t i = 0; i < words.n && rc == 0; i++) {
        if (strcmp(words.items[i], "documents") == 0)
            k->manages_documents = true;
        else if (strcmp(words.items[i], "hosts") == 0)
            k->manages_hosts = true;
        else
            rc = err_set(err, ERR_INVALID, "manages: %s is none; there are documents, hosts",
                         words.items[i]);
    }
    return rc;
}

static int check(const struct access_key *k, struct err *err)
{
    if (k->name == NULL || !names_is_word(k->name))
        return err_set(err, ERR_INVALID,
                       "name: expected letters, digits, dot, dash, underscore; at most 64");
    if (k->any_host && k->tags.n > 0)
        return err_set(err, ERR_INVALID, "any_host and tags exclude each other");
    if (k->documents.n == 0 && !k->manages_documents && !k->manages_hosts)
        return err_set(err, ERR_INVALID, "documents: without one, the key may run nothing");
    if ((k->documents.n > 0 || k->manages_hosts) && k->tags.n == 0 && !k->any_host)
        return err_set(err, ERR_INVALID,
                       "tags: without one, the key reaches no host; any_host names all of them");
    return 0;
}

static int read_key(struct request *request, struct change *change, struct err *err)
{
    static const char *const keys[] = {"name",         "documents", "tags",    "any_host",
                                       "environments", "shell",     "manages", "for"};
    struct access_key *k = &change->key;
    struct cJSON *body = NULL;
    int64_t lives_ms = 0;
    int rc = api_body_read(request, keys, sizeof(keys) / sizeof(keys[0]), &body, err);

    if (rc == 0)
        rc = api_body_text(request, body, "name", 64, &k->name, err);
    if (rc == 0)
        rc = read_words(request, body, "documents", &k->documents, err);
    if (rc == 0)
        rc = read_words(request, body, "environments", &k->environments, err);
    if (rc == 0)
        rc = read_tags(request, body, &k->tags, err);
    if (rc == 0)
        rc = read_manages(request, body, k, err);
    if (rc == 0)
        rc = api_body_flag(body, "any_host", &k->any_host, err);
    if (rc == 0)
        rc = api_body_flag(body, "shell", &k->shell, err);
    if (rc == 0)
        rc = api_body_duration(body, "for", 0, &lives_ms, err);
    if (rc == 0)
        rc = check(k, err);
    json_free(body);
    k->created_at = change->now;
    k->created_by = request->actor.name;
    k->expires_at = lives_ms != 0 ? change->now + lives_ms : 0;
    return rc;
}

static int journal(struct db *db, const struct change *change, const char *act, const char *detail,
                   struct err *err)
{
    const struct journal_entry entry = {
        .at = change->now,
        .actor = change->request->actor.name,
        .way = change->request->actor.way,
        .act = act,
        .subject = change->key.name,
        .detail = detail,
    };

    return store_journal_add(db, &entry, err);
}

static int write_key(struct db *db, void *arg, struct err *err)
{
    struct change *change = arg;
    struct json_out out;
    struct buf buf;
    int rc = policy_confirm(db, change->request, err);

    if (rc == 0)
        rc = store_access_key_put(db, &change->key, err);
    if (rc == ERR_CONFLICT)
        return err_set(err, rc,
                       "the name %s is taken by a key; end that one first, or take another",
                       change->key.name);
    if (rc < 0)
        return rc;
    buf_init(&buf, LIST_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    add_grants(&out, &change->key);
    json_end_object(&out);
    rc = journal(db, change, "key.add", buf_str(&buf), err);
    buf_deinit(&buf);
    return rc;
}

enum request_next api_key_create(struct request *request, struct reply *reply)
{
    struct change change = {.request = request, .now = clock_now(request->api->clock)};
    char *secret = arena_alloc(request->arena, DOOR_ACCESS_SECRET_SIZE);
    char id[ACCESS_KEY_ID_SIZE];
    struct err err = ERR_INIT;
    struct json_out out;
    struct buf buf;
    int rc = read_key(request, &change, &err);

    if (rc == 0) {
        door_access_id_new(id);
        change.key.id = id;
        rc = api_write_do(request, write_key, &change, &err);
    }
    if (rc < 0) {
        reply_error(request, reply, &err);
        return REQUEST_DONE;
    }
    door_access_secret(door_credential_key(request->api->door), id, secret);
    buf_init(&buf, LIST_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    add_grants(&out, &change.key);
    json_add_str(&out, "secret", api_write_is_dry(request) ? NULL : secret);
    json_end_object(&out);
    reply_json_buf(request, reply, 201, &buf);
    secret_wipe(secret, DOOR_ACCESS_SECRET_SIZE);
    return REQUEST_DONE;
}

/* Ending one ------------------------------------------------------------------------------------ */

static int write_end(struct db *db, void *arg, struct err *err)
{
    struct change *change = arg;
    int rc = policy_confirm(db, change->request, err);

    if (rc == 0)
        rc = store_access_key_end(db, change->key.name, change->now, err);
    if (rc == ERR_CONFLICT)
        return err_set(err, ERR_NOT_FOUND, "no key %s is in use; slipway key ls lists them",
                       change->key.name);
    return rc < 0 ? rc : journal(db, change, "key.end", NULL, err);
}

enum request_next api_key_delete(struct request *request, struct reply *reply)
{
    struct change change = {.request = request,
                            .key = {.name = request->segments[0]},
                            .now = clock_now(request->api->clock)};
    struct api *api = request->api;
    struct err err = ERR_INIT;
    const char *json;

    if (api_write_do(request, write_end, &change, &err) < 0) {
        reply_error(request, reply, &err);
        return REQUEST_DONE;
    }
    api->ring_flow(api->flow); /* what it sent and nobody has yet is not handed out any more */
    /* A segment of the path needs no escaping (routes.c). */
    json = arena_printf(request->arena, "{\"name\":\"%s\"}", change.key.name);
    reply_json(reply, 200, json, strlen(json));
    return REQUEST_DONE;
}
