/* door_activation: see door_activation.h. */
#include "server/api/door_activation.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/store/store_activation.h"
#include "lib/store/store_journal.h"
#include "server/api/api.h"
#include "server/api/door_access.h"
#include "server/api/door_page.h"
#include "server/api/door_shape.h"
#include "server/flow/snapshot.h"

#define ANSWER_MAX ((size_t)1 << 20)
#define PAGE_MAX                                                                                   \
    (ANSWER_MAX / 2) /* a page of so many bytes is over; fifty tags are a quarter of it */
#define CODE_PREFIX "act_"
#define USUAL_LIFE_MS ((int64_t)24 * 60 * 60 * 1000)
#define LIFE_MAX_MS (30 * USUAL_LIFE_MS)
#define USUAL_PREFIX "node-"
#define TAGS_MAX 50
#define FILTERS_MAX 10
#define SCAN_MAX 1000
#define PAGE_USUAL 50

static const struct door_shape_rule some_text = {.max = 256};
static const struct door_shape_rule role_text = {.required = true, .min = 1, .max = 64};

static enum request_next not_managing(struct door_call *call, struct reply *reply)
{
    return door_call_refuse(call, reply, "AccessDeniedException",
                            arena_printf(call->request->arena, "key %s does not manage hosts",
                                         call->key.name));
}

/* Creating --------------------------------------------------------------------------------------- */

struct creation {
    struct activation activation;
    struct activation_words words;
    struct config_pairs tags;
    char id[NAMES_UUID_SIZE];
    char code[sizeof(CODE_PREFIX) + 43];
    char code_digest[DIGEST_HEX_SIZE];
};

static void read_tags(struct door_shape *s, struct creation *c)
{
    static const struct door_shape_rule key_rule = {.required = true, .min = 1, .max = 128};
    static const struct door_shape_rule value_rule = {.required = true, .max = 256};
    struct arena *arena = s->call->request->arena;
    const struct cJSON *list = door_shape_list(s, s->call->json, "", "Tags", false, TAGS_MAX);

    c->tags.items = arena_array(arena, json_count(list), sizeof(*c->tags.items));
    for (const struct cJSON *i = json_first(list); i != NULL; i = json_next(i)) {
        const char *key = door_shape_text(s, i, "tags.member.", "Key", &key_rule);
        const char *value = door_shape_text(s, i, "tags.member.", "Value", &value_rule);

        if (key != NULL && value != NULL)
            c->tags.items[c->tags.n++] = (struct config_pair){.key = key, .value = value};
    }
}

static struct creation *creation_read(struct door_shape *s)
{
    struct door_call *call = s->call;
    struct creation *c = arena_alloc(call->request->arena, sizeof(*c));
    struct activation *a = &c->activation;

    c->words.iam_role = door_shape_text(s, call->json, "", "IamRole", &role_text);
    c->words.description = door_shape_text(s, call->json, "", "Description", &some_text);
    c->words.default_name = door_shape_text(s, call->json, "", "DefaultInstanceName", &some_text);
    a->limit = door_shape_int(s, call->json, "RegistrationLimit", 1, 1000, 1);
    a->expires_at = door_shape_time(s, call->json, "ExpirationDate");
    read_tags(s, c);
    a->created_at = call->now;
    a->created_by = door_call_actor(call);
    if (a->expires_at == 0)
        a->expires_at = call->now + USUAL_LIFE_MS;
    if (a->limit > 1 || c->words.default_name == NULL)
        a->prefix = c->words.default_name != NULL ? c->words.default_name : USUAL_PREFIX;
    else
        a->name = c->words.default_name;
    return c;
}

/* May it make a host of that name? NULL, or why not. */
static const char *refuses_name(struct door_call *call, struct db *db,
                                const struct door_access_map *map, const struct creation *c)
{
    struct arena *arena = call->request->arena;
    struct host host = {.name = c->activation.name};
    struct access_host facts;
    struct err err = ERR_INIT;
    struct host taken;

    if (host.name != NULL && store_host_by_name(db, arena, host.name, &taken, &err) == 0)
        return arena_printf(arena, "the name %s has host %s; deregister it first", taken.name,
                            taken.id);
    facts = host.name != NULL ? door_access_host(map, arena, &host, &c->tags)
                              : door_access_prefix(map, arena, c->activation.prefix, &c->tags);
    facts.id = "to be registered";
    return access_refuses_host(arena, &call->key, &facts);
}

static const char *judge(struct door_call *call, const struct creation *c, const char **ret_code)
{
    struct api *api = call->request->api;
    const struct snapshot *snapshot;
    struct door_access_map *map;
    struct err err = ERR_INIT;
    const char *why;
    struct db *db;

    *ret_code = "InvalidParameters";
    if (c->activation.expires_at <= call->now || c->activation.expires_at - call->now > LIFE_MAX_MS)
        return "ExpirationDate must lie within the next 30 days";
    if (c->words.default_name != NULL && !names_is_word(c->words.default_name))
        return "DefaultInstanceName must be letters, digits, dots, dashes, underscores; at most 64";
    *ret_code = "InternalServerError";
    if (db_pool_take(api->readers, &db, &err) < 0)
        return "try again later";
    snapshot = snapshots_take(api->snapshots);
    if (door_access_map_make(db, call->request->arena, snapshot->config, call->now, &map, &err) ==
        0) {
        *ret_code = "AccessDeniedException";
        why = refuses_name(call, db, map, c);
    } else {
        why = "try again later";
    }
    snapshots_give(snapshot);
    db_pool_give(api->readers, db);
    return why;
}

static int write_activation(struct db *db, struct door_call *call, struct err *err)
{
    const struct creation *c = call->own;
    const struct journal_entry entry = {
        .at = call->now,
        .actor = c->activation.created_by,
        .way = "door",
        .act = "activation.create",
        .subject = c->id,
        .detail =
            arena_printf(call->request->arena, "{\"limit\":%lld}", (long long)c->activation.limit),
    };
    int rc = store_activation_put(db, &c->activation, &c->tags, err);

    if (rc == 0)
        rc = store_activation_say(db, c->id, &c->words, err);
    return rc < 0 ? rc : store_journal_add(db, &entry, err);
}

static enum request_next created(struct door_call *call, struct reply *reply)
{
    const struct creation *c = call->own;

    return door_call_answer(call, reply,
                            arena_printf(call->request->arena,
                                         "{\"ActivationId\":\"%s\",\"ActivationCode\":\"%s\"}",
                                         c->id, c->code));
}

enum request_next door_activation_create(struct door_call *call, struct reply *reply)
{
    struct creation *c;
    const char *code;
    const char *why;
    struct door_shape s;

    door_shape_init(&s, call);
    c = creation_read(&s);
    if (!door_shape_is_well(&s))
        return door_shape_refuse(&s, reply);
    if (!call->key.manages_hosts)
        return not_managing(call, reply);
    why = judge(call, c, &code);
    if (why != NULL)
        return door_call_refuse(call, reply, code, why);
    names_uuid_new(c->id);
    names_token_new(CODE_PREFIX, c->code);
    digest_sha256_hex(c->code, strlen(c->code), c->code_digest);
    c->activation.id = c->id;
    c->activation.code_digest = c->code_digest;
    call->own = c;
    return door_call_write(call, reply, write_activation, created);
}

/* Describing ------------------------------------------------------------------------------------- */

struct filter {
    const char *key;
    const char **values;
    size_t n;
};

struct listing {
    struct door_call *call;
    struct filter filters[FILTERS_MAX];
    size_t n_filters;
    int64_t max;
    const char *arguments;
    const char *position;
};

static const char *read_filters(struct listing *l, struct door_shape *s)
{
    static const char *const keys[] = {"ActivationIds", "DefaultInstanceName", "IamRole", NULL};
    static const struct door_shape_rule any = {.required = true};
    struct arena *arena = l->call->request->arena;
    const struct cJSON *list = door_shape_list(s, l->call->json, "", "Filters", false, FILTERS_MAX);
    const char *odd = NULL;
    struct buf arguments;

    door_page_begin(&arguments);
    for (const struct cJSON *i = json_first(list); i != NULL && l->n_filters < FILTERS_MAX;
         i = json_next(i)) {
        struct filter *f = &l->filters[l->n_filters++];
        bool known = false;

        f->key = door_shape_text(s, i, "filters.member.", "FilterKey", &any);
        door_shape_texts(s, door_shape_list(s, i, "filters.member.", "FilterValues", false, 50),
                         "filters.member.filterValues", &any, &f->values, &f->n);
        for (size_t k = 0; keys[k] != NULL; k++)
            known = known || str_eq(keys[k], f->key);
        if (f->key != NULL && !known && odd == NULL)
            odd = arena_printf(arena, "%.100s is no filter of activations", f->key);
        door_page_add(&arguments, 'f', f->key);
        for (size_t k = 0; k < f->n; k++)
            door_page_add(&arguments, 'v', f->values[k]);
    }
    l->arguments = door_page_end(l->call, &arguments);
    return odd;
}

static bool wanted(const struct listing *l, const struct activation_said *a)
{
    for (size_t i = 0; i < l->n_filters; i++) {
        const struct filter *f = &l->filters[i];
        const char *value = strcmp(f->key, "ActivationIds") == 0 ? a->activation.id
                            : strcmp(f->key, "IamRole") == 0     ? a->words.iam_role
                                                                 : a->words.default_name;
        bool found = false;

        for (size_t k = 0; k < f->n; k++)
            found = found || str_eq(f->values[k], value);
        if (!found)
            return false;
    }
    return true;
}

static int add_activation(struct json_out *out, struct door_call *call, struct db *db,
                          const struct activation_said *said, struct err *err)
{
    const struct activation *a = &said->activation;
    struct config_pairs tags = {0};
    int rc = store_activation_tags(db, call->request->arena, a->id, &tags, err);

    json_begin_object(out, NULL);
    json_add_str(out, "ActivationId", a->id);
    if (said->words.description != NULL)
        json_add_str(out, "Description", said->words.description);
    if (said->words.default_name != NULL)
        json_add_str(out, "DefaultInstanceName", said->words.default_name);
    json_add_str(out, "IamRole", said->words.iam_role);
    json_add_int(out, "RegistrationLimit", a->limit);
    json_add_int(out, "RegistrationsCount", a->registrations);
    door_call_add_time(out, "ExpirationDate", a->expires_at);
    json_add_bool(out, "Expired", a->expires_at <= call->now);
    door_call_add_time(out, "CreatedDate", a->created_at);
    json_begin_array(out, "Tags");
    for (size_t i = 0; i < tags.n; i++) {
        json_begin_object(out, NULL);
        json_add_str(out, "Key", tags.items[i].key);
        json_add_str(out, "Value", tags.items[i].value);
        json_end_object(out);
    }
    json_end_array(out);
    json_end_object(out);
    return rc;
}

static int add_page(struct listing *l, struct db *db, struct json_out *out, bool *ret_more,
                    struct err *err)
{
    struct door_call *call = l->call;
    struct activation_said *items;
    int64_t found = 0;
    size_t n;
    int rc = store_activation_of(db, call->request->arena, door_call_actor(call), l->position,
                                 SCAN_MAX, &items, &n, err);

    *ret_more = n == SCAN_MAX;
    for (size_t i = 0; i < n && rc == 0; i++) {
        if (found == l->max || out->buf->len >= PAGE_MAX) {
            *ret_more = true;
            break;
        }
        l->position = items[i].activation.id;
        if (!wanted(l, &items[i]))
            continue;
        rc = add_activation(out, call, db, &items[i], err);
        found++;
    }
    return rc;
}

enum request_next door_activation_describe(struct door_call *call, struct reply *reply)
{
    struct db_pool *readers = call->request->api->readers;
    struct listing l = {.call = call};
    struct err err = ERR_INIT;
    const char *wrong;
    struct door_shape s;
    struct json_out out;
    struct buf buf;
    struct db *db;
    bool more = false;
    int rc;

    door_shape_init(&s, call);
    l.max = door_shape_int(&s, call->json, "MaxResults", 1, 50, PAGE_USUAL);
    wrong = read_filters(&l, &s);
    if (!door_shape_is_well(&s))
        return door_shape_refuse(&s, reply);
    if (!call->key.manages_hosts)
        return not_managing(call, reply);
    if (wrong != NULL)
        return door_call_refuse(call, reply, "InvalidFilter", wrong);
    if (!door_page_position(call, l.arguments, &l.position))
        return door_call_refuse(call, reply, "InvalidNextToken",
                                "NextToken is not one of this list");
    if (db_pool_take(readers, &db, &err) < 0)
        return door_call_fault(call, reply, err.text);
    buf_init(&buf, ANSWER_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_begin_array(&out, "ActivationList");
    rc = add_page(&l, db, &out, &more, &err);
    json_end_array(&out);
    if (more)
        json_add_str(&out, "NextToken", door_page_token(call, l.arguments, l.position));
    json_end_object(&out);
    db_pool_give(readers, db);
    if (rc < 0) {
        buf_deinit(&buf);
        return door_call_fault(call, reply, err.text);
    }
    return door_call_answer_buf(call, reply, &buf);
}

/* Deleting --------------------------------------------------------------------------------------- */

static int write_deleted(struct db *db, struct door_call *call, struct err *err)
{
    const char *id = call->own;
    const struct journal_entry entry = {
        .at = call->now,
        .actor = door_call_actor(call),
        .way = "door",
        .act = "activation.delete",
        .subject = id,
    };
    struct activation a;
    int rc = store_activation_by_id(db, call->request->arena, id, &a, err);

    if (rc == ERR_NOT_FOUND ||
        (rc == 0 && (a.deleted_at != 0 || strcmp(a.created_by, entry.actor) != 0)))
        return door_call_refusal(call, err, ERR_NOT_FOUND, "InvalidActivation",
                                 "no such activation");
    if (rc == 0)
        rc = store_activation_delete(db, id, call->now, err);
    return rc < 0 ? rc : store_journal_add(db, &entry, err);
}

enum request_next door_activation_delete(struct door_call *call, struct reply *reply)
{
    static const struct door_shape_rule any = {.required = true};
    struct door_shape s;
    const char *id;

    door_shape_init(&s, call);
    id = door_shape_text(&s, call->json, "", "ActivationId", &any);
    if (!door_shape_is_well(&s))
        return door_shape_refuse(&s, reply);
    if (!call->key.manages_hosts)
        return not_managing(call, reply);
    if (!names_is_uuid(id))
        return door_call_refuse(call, reply, "InvalidActivationId", "ActivationId is a UUID");
    call->own = (void *)(uintptr_t)id;
    return door_call_write(call, reply, write_deleted, door_call_done);
}
