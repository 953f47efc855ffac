#include "server/api/api_host.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/store/store_activation.h"
#include "lib/store/store_host.h"
#include "lib/store/store_journal.h"
#include "lib/store/store_repository.h"
#include "server/api/api.h"
#include "server/api/api_body.h"
#include "server/api/api_late.h"
#include "server/api/api_view.h"
#include "server/api/api_write.h"
#include "server/api/policy.h"
#include "server/api/reply.h"
#include "server/flow/catch_up.h"
#include "server/flow/outlook.h"
#include "server/flow/signer.h"

#define LIST_MAX ((size_t)8 << 20)
#define CODE_PREFIX "act_" /* so that no code begins with a dash on a command line */
#define USUAL_LIFE_MS ((int64_t)24 * 60 * 60 * 1000)
#define TAGS_MAX 50
#define LIMIT_MAX 1000

/* Hosts ----------------------------------------------------------------------------------------- */

static void add_tags(struct json_out *out, const struct config_pairs *tags)
{
    json_begin_object(out, "tags");
    for (size_t i = 0; i < tags->n; i++)
        json_add_str(out, tags->items[i].key, tags->items[i].value);
    json_end_object(out);
}

/* Hosts of all environments that miss what is live there; as many as there are outlooks. */
struct missing {
    const struct config_environment *environment;
    const struct outlook *outlook;
};

struct listing {
    struct api_view view;
    struct json_out out;
    struct missing *missing;
    size_t n_missing, cap;
};

/* Found by tags alone, and silent for too long: nothing waits for it any more (P7). */
static bool is_gone(const struct config *config, const struct host *host,
                    const struct config_pairs *tags, time_ms now)
{
    bool found = false;

    if (now < host_gone_at(host, config->gone_after_ms))
        return false;
    for (size_t r = 0; r < config->n_repos; r++)
        for (size_t k = 0; k < config->repos[r].n_environments; k++) {
            const struct config_environment *e = &config->repos[r].environments[k];
            if (config_environment_finds(e, host->name, NULL))
                return false; /* a name in the configuration never goes by itself */
            found = found || config_environment_finds(e, host->name, tags);
        }
    return found;
}

static const char *state_of(const struct config *config, const struct host *host,
                            const struct config_pairs *tags, time_ms now)
{
    if (host->state != HOST_REGISTERED)
        return host_states[host->state].text;
    if (host->drained_at != 0)
        return "drained";
    if (host_is_online(host, now))
        return "online";
    return is_gone(config, host, tags, now) ? "gone" : "silent";
}

static int load_missing(struct listing *l, struct err *err)
{
    struct api_view *view = &l->view;
    struct arena *arena = view->request->arena;
    int rc = 0;

    for (size_t r = 0; r < view->config->n_repos && rc == 0; r++) {
        const struct config_repo *repo = &view->config->repos[r];
        struct repository stored;
        struct err own = ERR_INIT;
        if (!api_view_shows(view, repo) ||
            store_repository_by_name(view->db, arena, repo->name, &stored, &own) < 0)
            continue; /* not to be seen, or never fetched */
        for (size_t k = 0; k < repo->n_environments && rc == 0; k++) {
            struct outlook *o = arena_alloc(arena, sizeof(*o));
            rc = outlook_make(view->db, view->snapshot, &stored, &repo->environments[k], view->now,
                              arena, o, err);
            if (rc == 0 && o->n_late > 0)
                *ARENA_PUSH(arena, l->missing, l->n_missing, l->cap) =
                    (struct missing){&repo->environments[k], o};
        }
    }
    return rc;
}

static void add_misses(struct listing *l, const struct host *host)
{
    json_begin_array(&l->out, "misses");
    for (size_t i = 0; i < l->n_missing; i++) {
        const struct missing *m = &l->missing[i];
        for (size_t k = 0; k < m->outlook->n_late; k++) {
            const struct catch_up_host *late = &m->outlook->late[k];
            if (strcmp(late->host->id, host->id) != 0)
                continue;
            json_begin_object(&l->out, NULL);
            json_add_str(&l->out, "repository", m->environment->repo->name);
            json_add_str(&l->out, "environment", m->environment->name);
            json_add_int(&l->out, "release", m->outlook->live.release_number);
            json_add_str(&l->out, "state", late_keys[late->why]);
            json_add_str(&l->out, "text", api_late_text(&l->view, m->outlook, late));
            json_end_object(&l->out);
        }
    }
    json_end_array(&l->out);
}

static int add_host(struct listing *l, const struct host *host, struct err *err)
{
    struct api_view *view = &l->view;
    struct json_out *out = &l->out;
    struct config_pairs tags = {0};
    int rc = store_host_tags(view->db, view->request->arena, host->id, &tags, err);

    json_begin_object(out, NULL);
    json_add_str(out, "id", host->id);
    json_add_str(out, "name", host->name);
    json_add_str(out, "transport", host->by_ssm ? "ssm" : "agent");
    json_add_str(out, "state", state_of(view->config, host, &tags, view->now));
    json_add_time(out, "seen_at", host->seen_at);
    json_add_bool(out, "drained", host->drained_at != 0); /* also of a barred one */
    json_add_str(out, "agent", host->agent);
    json_add_str(out, "platform", host->platform);
    add_tags(out, &tags);
    json_add_time(out, "registered_at", host->registered_at);
    json_add_str(out, "doubt", host->doubt);
    json_add_bool(out, "suspended", host->suspended_at != 0);
    add_misses(l, host);
    json_end_object(out);
    return rc;
}

enum request_next api_host_list(struct request *request, struct reply *reply)
{
    struct err err = ERR_INIT;
    struct host *hosts = NULL;
    struct listing l = {.n_missing = 0};
    struct buf buf;
    size_t n = 0;
    int rc = api_view_open(&l.view, request, &err);

    if (rc == 0)
        rc = store_host_list(l.view.db, request->arena, &hosts, &n, &err);
    if (rc == 0)
        rc = load_missing(&l, &err);
    buf_init(&buf, LIST_MAX);
    json_out_init(&l.out, &buf);
    json_begin_object(&l.out, NULL);
    json_begin_array(&l.out, "hosts");
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = add_host(&l, &hosts[i], &err);
    json_end_array(&l.out);
    json_end_object(&l.out);
    api_view_close(&l.view);
    if (rc < 0) {
        buf_deinit(&buf);
        reply_error(request, reply, &err);
    } else {
        reply_json_buf(request, reply, 200, &buf);
    }
    return REQUEST_DONE;
}

/* Activations ----------------------------------------------------------------------------------- */

static void add_activation(struct json_out *out, const struct activation *a)
{
    json_begin_object(out, NULL);
    json_add_str(out, "id", a->id);
    json_add_str(out, "name", a->name);
    json_add_str(out, "prefix", a->prefix);
    json_add_int(out, "limit", a->limit);
    json_add_int(out, "registrations", a->registrations);
    json_add_time(out, "created_at", a->created_at);
    json_add_str(out, "created_by", a->created_by);
    json_add_time(out, "expires_at", a->expires_at);
    json_end_object(out);
}

static int add_activations(struct api_view *view, struct json_out *out, struct err *err)
{
    struct activation *items = NULL;
    size_t n = 0;
    int rc = store_activation_list(view->db, view->request->arena, &items, &n, err);

    json_begin_array(out, "activations");
    for (size_t i = 0; i < n; i++)
        if (items[i].deleted_at == 0)
            add_activation(out, &items[i]);
    json_end_array(out);
    return rc;
}

enum request_next api_host_activations(struct request *request, struct reply *reply)
{
    return api_view_answer(request, reply, LIST_MAX, add_activations);
}

/* Making one ------------------------------------------------------------------------------------ */

struct making {
    struct request *request;
    struct activation activation;
    struct config_pairs tags;
    time_ms now;
};

static int read_tags(struct request *request, const struct cJSON *body, struct config_pairs *tags,
                     struct err *err)
{
    const struct cJSON *object = json_object(body, "tags");

    if (object == NULL)
        return json_get(body, "tags") != NULL
                   ? err_set(err, ERR_INVALID, "tags: expected an object of texts")
                   : 0;
    if (json_count(object) > TAGS_MAX)
        return err_set(err, ERR_INVALID, "tags: at most %d", TAGS_MAX);
    tags->items = arena_array(request->arena, json_count(object), sizeof(*tags->items));
    for (const struct cJSON *item = json_first(object); item != NULL; item = json_next(item)) {
        const char *key = json_key(item);
        const char *value;
        int rc = api_body_text(request, object, key, 256, &value, err);

        if (rc < 0)
            return rc;
        if (!names_is_word(key) || value == NULL)
            return err_set(err, ERR_INVALID, "tags: %.64s: expected a word and a text", key);
        tags->items[tags->n++] =
            (struct config_pair){.key = arena_str(request->arena, key), .value = value};
    }
    return 0;
}

static int read_limit(const struct cJSON *body, int64_t *ret_limit, struct err *err)
{
    *ret_limit = 1;
    if (json_get(body, "limit") == NULL)
        return 0;
    if (!json_int(body, "limit", ret_limit) || *ret_limit < 1 || *ret_limit > LIMIT_MAX)
        return err_set(err, ERR_INVALID, "limit: expected 1 to %d", LIMIT_MAX);
    return 0;
}

static int check_names(const struct activation *a, struct err *err)
{
    if ((a->name == NULL) == (a->prefix == NULL))
        return err_set(err, ERR_INVALID, "expected one of name and prefix");
    if (!names_is_word(a->name != NULL ? a->name : a->prefix))
        return err_set(err, ERR_INVALID,
                       "%s: expected letters, digits, dot, dash, underscore; at most "
                       "64",
                       a->name != NULL ? "name" : "prefix");
    if (a->name != NULL && a->limit != 1)
        return err_set(err, ERR_INVALID, "limit: a name is for one host; use prefix for several");
    return 0;
}

static int read_activation(struct making *making, struct err *err)
{
    static const char *const keys[] = {"name", "prefix", "tags", "limit", "for"};
    struct request *request = making->request;
    struct activation *a = &making->activation;
    struct cJSON *body = NULL;
    int64_t lives_ms = 0;
    int rc = api_body_read(request, keys, 5, &body, err);

    if (rc == 0)
        rc = api_body_text(request, body, "name", 64, &a->name, err);
    if (rc == 0)
        rc = api_body_text(request, body, "prefix", 64, &a->prefix, err);
    if (rc == 0)
        rc = read_tags(request, body, &making->tags, err);
    if (rc == 0)
        rc = read_limit(body, &a->limit, err);
    if (rc == 0)
        rc = api_body_duration(body, "for", USUAL_LIFE_MS, &lives_ms, err);
    if (rc == 0)
        rc = check_names(a, err);
    json_free(body);
    a->created_at = making->now;
    a->created_by = request->actor.name;
    a->expires_at = making->now + lives_ms;
    return rc;
}

static int write_activation(struct db *db, void *arg, struct err *err)
{
    const struct making *making = arg;
    const struct request *request = making->request;
    const struct activation *a = &making->activation;
    const struct journal_entry entry = {
        .at = making->now,
        .actor = request->actor.name,
        .way = request->actor.way,
        .act = "activation.create",
        .subject = a->id,
        .detail = arena_printf(request->arena, "{\"%s\":\"%s\",\"limit\":%lld}",
                               a->name != NULL ? "name" : "prefix",
                               a->name != NULL ? a->name : a->prefix, (long long)a->limit),
    };
    int rc = policy_confirm(db, request, err);

    if (rc == 0)
        rc = store_activation_put(db, a, &making->tags, err);
    return rc == 0 ? store_journal_add(db, &entry, err) : rc;
}

/* Where agents reach us: as configured, else where we listen. */
static const char *agents_url(const struct request *request, const struct config *config)
{
    if (config->agents_url != NULL)
        return arena_str(request->arena, config->agents_url);
    return arena_printf(request->arena, "http://%s", config->listen_agents);
}

static void answer(struct request *request, struct reply *reply, const struct making *making,
                   const char *url, const char *code)
{
    const struct api *api = request->api;
    const struct activation *a = &making->activation;
    bool dry = api_write_is_dry(request); /* then there is no such code */
    struct json_out out;
    struct buf buf;

    buf_init(&buf, LIST_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_str(&out, "id", a->id);
    json_add_str(&out, "code", dry ? NULL : code);
    json_add_str(
        &out, "command",
        dry ? NULL
            : arena_printf(
                  request->arena,
                  "slipway-agent --register --url %s --id %s --code %s --key %s --store %s", url,
                  a->id, code, signer_text(api->signer), api->store_id));
    json_add_time(&out, "expires_at", a->expires_at);
    json_add_str(&out, "key", signer_text(api->signer));
    json_add_str(&out, "store", api->store_id);
    json_end_object(&out);
    reply_json_buf(request, reply, 201, &buf);
}

enum request_next api_host_activate(struct request *request, struct reply *reply)
{
    struct making making = {.request = request, .now = clock_now(request->api->clock)};
    char code[sizeof(CODE_PREFIX) + 43];
    char digest[DIGEST_HEX_SIZE];
    char id[NAMES_UUID_SIZE];
    struct err err = ERR_INIT;
    const char *url = NULL;
    struct api_view view;
    int rc = api_view_open(&view, request, &err);

    if (rc == 0)
        url = agents_url(request, view.config);
    api_view_close(&view);
    if (rc == 0)
        rc = read_activation(&making, &err);
    if (rc == 0) {
        names_uuid_new(id);
        names_token_new(CODE_PREFIX, code);
        digest_sha256_hex(code, strlen(code), digest);
        making.activation.id = id;
        making.activation.code_digest = digest;
        rc = api_write_do(request, write_activation, &making, &err);
    }
    if (rc < 0)
        reply_error(request, reply, &err);
    else
        answer(request, reply, &making, url, code);
    return REQUEST_DONE;
}
