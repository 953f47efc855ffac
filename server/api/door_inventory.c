/* door_inventory: see door_inventory.h. */
#include "server/api/door_inventory.h"

#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/store/store_host.h"
#include "lib/store/store_journal.h"
#include "server/api/api.h"
#include "server/api/api_events.h"
#include "server/api/door_access.h"
#include "server/api/door_page.h"
#include "server/api/door_shape.h"
#include "server/flow/snapshot.h"

#define ANSWER_MAX ((size_t)1 << 20)
#define FILTERS_MAX 50
#define VALUES_MAX 100
#define SCAN 200      /* hosts that are read at once ... */
#define SCAN_MAX 2000 /* ... and looked at for one page, which may then be shorter than asked */
#define PAGE_USUAL 10

struct filter {
    const char *key;
    const char **values;
    size_t n;
    bool old_list; /* of InstanceInformationFilterList */
};

struct listing {
    struct door_call *call;
    struct filter *filters;
    size_t n_filters;
    int64_t max;
    const char *arguments; /* what a token is bound to */
    const char *position;  /* id of the last host that was looked at */
};

/* Words of a host -------------------------------------------------------------------------------- */

/* "amazon-ssm-agent 3.3.484.0": what stands behind the last blank, "" if nothing does. */
static const char *version_of(const char *text)
{
    const char *blank = text != NULL ? strrchr(text, ' ') : NULL;

    return blank != NULL ? blank + 1 : "";
}

static const char *name_of(struct arena *arena, const char *text)
{
    const char *blank = text != NULL ? strrchr(text, ' ') : NULL;

    return blank != NULL  ? arena_strn(arena, text, (size_t)(blank - text))
           : text != NULL ? text
                          : "";
}

static const char *ping_of(const struct host *host, time_ms now)
{
    return host_has_pinged(host, now) ? "Online" : "ConnectionLost";
}

static const char *type_of(const struct host *host)
{
    return host->platform_type != NULL ? host->platform_type : "Linux";
}

/* Filters ---------------------------------------------------------------------------------------- */

static bool is_key(const char *key, bool old_list)
{
    static const char *const keys[] = {"InstanceIds",       "AgentVersion", "PingStatus",
                                       "ActivationIds",     "IamRole",      "ResourceType",
                                       "AssociationStatus", "SourceIds",    "SourceTypes"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    if (old_list)
        return strcmp(key, "PlatformTypes") == 0;
    return strcmp(key, "PlatformType") == 0 || strcmp(key, "PlatformTypes") == 0 ||
           strcmp(key, "tag-key") == 0 || str_starts(key, "tag:");
}

static bool has(const struct filter *f, const char *value)
{
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->values[i], value) == 0)
            return true;
    return false;
}

static bool has_tag(const struct filter *f, const struct config_pairs *tags)
{
    for (size_t i = 0; i < tags->n; i++) {
        if (strcmp(f->key, "tag-key") == 0 && has(f, tags->items[i].key))
            return true;
        if (str_starts(f->key, "tag:") && strcmp(f->key + 4, tags->items[i].key) == 0 &&
            has(f, tags->items[i].value))
            return true;
    }
    return false;
}

static bool fits(const struct filter *f, const struct host *host, const struct config_pairs *tags,
                 time_ms now)
{
    if (strcmp(f->key, "InstanceIds") == 0)
        return has(f, host->id);
    if (strcmp(f->key, "AgentVersion") == 0)
        return has(f, version_of(host->agent));
    if (strcmp(f->key, "PingStatus") == 0)
        return has(f, ping_of(host, now));
    if (str_starts(f->key, "PlatformType"))
        return has(f, type_of(host));
    if (strcmp(f->key, "ActivationIds") == 0)
        return has(f, host->activation_id);
    if (strcmp(f->key, "ResourceType") == 0)
        return has(f, "ManagedInstance");
    if (str_starts(f->key, "tag"))
        return has_tag(f, tags);
    return false; /* roles, associations and sources: nothing of ours has one */
}

/* NULL, or the text of an error; `*ret_code` its code. */
static const char *read_filters(struct listing *l, struct door_shape *s, const char *list_name,
                                bool old_list, const char **ret_code)
{
    static const struct door_shape_rule key_rule = {.required = true, .min = 1};
    static const struct door_shape_rule value_rule = {.min = 1};
    struct arena *arena = l->call->request->arena;
    const struct cJSON *list = door_shape_list(s, l->call->json, "", list_name, false, FILTERS_MAX);

    for (const struct cJSON *i = json_first(list); i != NULL && l->n_filters < FILTERS_MAX;
         i = json_next(i)) {
        struct filter *f = &l->filters[l->n_filters];
        const struct cJSON *values;

        f->old_list = old_list;
        f->key = door_shape_text(s, i, "filters.member.", old_list ? "key" : "Key", &key_rule);
        values = door_shape_list(s, i, "filters.member.", old_list ? "valueSet" : "Values", true,
                                 VALUES_MAX);
        door_shape_texts(s, values, "filters.member.values", &value_rule, &f->values, &f->n);
        if (f->key == NULL)
            continue;
        if (!is_key(f->key, old_list)) {
            *ret_code = "InvalidFilterKey";
            return arena_printf(arena, "%.100s is no filter key here", f->key);
        }
        l->n_filters++;
    }
    return NULL;
}

static const char *mixed_tags(const struct listing *l)
{
    size_t n_tags = 0;

    for (size_t i = 0; i < l->n_filters; i++)
        n_tags += str_starts(l->filters[i].key, "tag");
    return n_tags > 0 && n_tags < l->n_filters ? "filters by tag do not mix with others" : NULL;
}

static const char *arguments_of(const struct listing *l)
{
    struct buf arguments;

    door_page_begin(&arguments);
    for (size_t i = 0; i < l->n_filters; i++) {
        door_page_add(&arguments, 'f', l->filters[i].key);
        for (size_t k = 0; k < l->filters[i].n; k++)
            door_page_add(&arguments, 'v', l->filters[i].values[k]);
    }
    return door_page_end(l->call, &arguments);
}

/* The page --------------------------------------------------------------------------------------- */

static void add_host(struct json_out *out, struct arena *arena, const struct host *h, time_ms now)
{
    json_begin_object(out, NULL);
    json_add_str(out, "InstanceId", h->id);
    json_add_str(out, "PingStatus", ping_of(h, now));
    door_call_add_time(out, "LastPingDateTime", h->seen_at);
    json_add_str(out, "AgentVersion", version_of(h->agent));
    json_add_bool(out, "IsLatestVersion", true);
    json_add_str(out, "PlatformType", type_of(h));
    json_add_str(out, "PlatformName", name_of(arena, h->platform));
    json_add_str(out, "PlatformVersion", version_of(h->platform));
    json_add_str(out, "ActivationId", h->activation_id);
    json_add_str(out, "IamRole", "");
    door_call_add_time(out, "RegistrationDate", h->registered_at);
    json_add_str(out, "ResourceType", "ManagedInstance");
    json_add_str(out, "Name", h->name);
    json_add_str(out, "IPAddress", h->ip_address != NULL ? h->ip_address : "");
    json_add_str(out, "ComputerName", h->computer_name != NULL ? h->computer_name : "");
    json_end_object(out);
}

static bool wanted(const struct listing *l, const struct host *host,
                   const struct config_pairs *tags)
{
    for (size_t i = 0; i < l->n_filters; i++)
        if (!fits(&l->filters[i], host, tags, l->call->now))
            return false;
    return true;
}

/* Up to `max` hosts into `out`; the position moves with what was looked at. */
static int add_page(struct listing *l, struct db *db, const struct door_access_map *map,
                    struct json_out *out, bool *ret_more, struct err *err)
{
    struct arena *arena = l->call->request->arena;
    size_t looked = 0;
    int64_t found = 0;

    for (;;) {
        struct host *hosts;
        size_t n;
        int rc = store_host_page(db, arena, l->position, SCAN, &hosts, &n, err);

        for (size_t i = 0; i < n && rc == 0; i++) {
            struct config_pairs tags = {0};
            struct access_host facts;

            if (found == l->max || looked == SCAN_MAX) {
                *ret_more = true;
                return 0;
            }
            rc = store_host_tags(db, arena, hosts[i].id, &tags, err);
            facts = door_access_host(map, arena, &hosts[i], &tags);
            l->position = hosts[i].id;
            looked++;
            if (rc == 0 && access_refuses_host(arena, &l->call->key, &facts) == NULL &&
                wanted(l, &hosts[i], &tags)) {
                add_host(out, arena, &hosts[i], l->call->now);
                found++;
            }
        }
        if (rc < 0 || n < SCAN) {
            *ret_more = false;
            return rc;
        }
    }
}

static enum request_next answer(struct listing *l, struct reply *reply)
{
    struct api *api = l->call->request->api;
    struct door_access_map *map = NULL;
    const struct snapshot *snapshot;
    struct err err = ERR_INIT;
    struct json_out out;
    struct buf buf;
    struct db *db;
    bool more = false;
    int rc = db_pool_take(api->readers, &db, &err);

    if (rc < 0)
        return door_call_fault(l->call, reply, err.text);
    snapshot = snapshots_take(api->snapshots);
    buf_init(&buf, ANSWER_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_begin_array(&out, "InstanceInformationList");
    rc = door_access_map_make(db, l->call->request->arena, snapshot->config, l->call->now, &map,
                              &err);
    if (rc == 0)
        rc = add_page(l, db, map, &out, &more, &err);
    json_end_array(&out);
    if (more)
        json_add_str(&out, "NextToken", door_page_token(l->call, l->arguments, l->position));
    json_end_object(&out);
    snapshots_give(snapshot);
    db_pool_give(api->readers, db);
    if (rc < 0) {
        buf_deinit(&buf);
        return door_call_fault(l->call, reply, err.text);
    }
    return door_call_answer_buf(l->call, reply, &buf);
}

enum request_next door_inventory_describe(struct door_call *call, struct reply *reply)
{
    struct arena *arena = call->request->arena;
    struct listing l = {.call = call};
    const char *code = "InvalidInstanceInformationFilterValue";
    const char *wrong;
    struct door_shape s;

    l.filters = arena_array(arena, FILTERS_MAX, sizeof(*l.filters));
    door_shape_init(&s, call);
    l.max = door_shape_int(&s, call->json, "MaxResults", 5, 50, PAGE_USUAL);
    wrong = read_filters(&l, &s, "Filters", false, &code);
    if (wrong == NULL && l.n_filters > 0 &&
        json_count(json_array(call->json, "InstanceInformationFilterList")) > 0)
        wrong = "Filters and InstanceInformationFilterList exclude each other";
    if (wrong == NULL && l.n_filters == 0)
        wrong = read_filters(&l, &s, "InstanceInformationFilterList", true, &code);
    if (!door_shape_is_well(&s))
        return door_shape_refuse(&s, reply);
    if (wrong == NULL)
        wrong = mixed_tags(&l);
    if (wrong != NULL)
        return door_call_refuse(call, reply, code, wrong);
    l.arguments = arguments_of(&l);
    if (!door_page_position(call, l.arguments, &l.position))
        return door_call_refuse(call, reply, "InvalidNextToken",
                                "NextToken is not one of this list");
    return answer(&l, reply);
}

/* Taking one out --------------------------------------------------------------------------------- */

static int write_deregistered(struct db *db, struct door_call *call, struct err *err)
{
    const struct host *host = call->own;
    const struct journal_entry entry = {
        .at = call->now,
        .actor = door_call_actor(call),
        .way = "door",
        .act = "host.deregister",
        .subject = host->id,
    };
    int rc = store_host_move(db, host->id, host->state, HOST_DEREGISTERED, err);

    return rc < 0 ? rc : store_journal_add(db, &entry, err);
}

static enum request_next deregistered(struct door_call *call, struct reply *reply)
{
    api_events_publish(call->request->api->events, API_EVENTS_HOSTS);
    return door_call_done_and_ring(call, reply);
}

/* The host, if the key reaches it; ERR_NOT_FOUND otherwise. */
static int find_host(struct door_call *call, const char *id, struct host *ret_host, struct err *err)
{
    struct api *api = call->request->api;
    struct arena *arena = call->request->arena;
    const struct snapshot *snapshot;
    struct door_access_map *map;
    struct config_pairs tags = {0};
    struct access_host facts;
    struct db *db;
    int rc = db_pool_take(api->readers, &db, err);

    if (rc < 0)
        return rc;
    snapshot = snapshots_take(api->snapshots);
    rc = store_host_by_id(db, arena, id, ret_host, err);
    if (rc == 0)
        rc = store_host_tags(db, arena, id, &tags, err);
    if (rc == 0)
        rc = door_access_map_make(db, arena, snapshot->config, call->now, &map, err);
    if (rc == 0) {
        facts = door_access_host(map, arena, ret_host, &tags);
        if (ret_host->state == HOST_DEREGISTERED || ret_host->by_ssm ||
            access_refuses_host(arena, &call->key, &facts) != NULL)
            rc = err_set(err, ERR_NOT_FOUND, "no such host");
    }
    snapshots_give(snapshot);
    db_pool_give(api->readers, db);
    return rc;
}

enum request_next door_inventory_deregister(struct door_call *call, struct reply *reply)
{
    struct arena *arena = call->request->arena;
    struct host *host = arena_alloc(arena, sizeof(*host));
    struct err err = ERR_INIT;
    struct door_shape s;
    const char *id;
    int rc;

    door_shape_init(&s, call);
    id = door_shape_text(&s, call->json, "", "InstanceId", &door_shape_instance);
    if (!door_shape_is_well(&s))
        return door_shape_refuse(&s, reply);
    if (!call->key.manages_hosts)
        return door_call_refuse(call, reply, "AccessDeniedException",
                                arena_printf(arena, "key %s does not manage hosts",
                                             call->key.name));
    rc = find_host(call, id, host, &err);
    if (rc == ERR_NOT_FOUND)
        return door_call_refuse(call, reply, "InvalidInstanceId",
                                arena_printf(arena, "no host %s", id));
    if (rc < 0)
        return door_call_fault(call, reply, err.text);
    call->own = host;
    return door_call_write(call, reply, write_deregistered, deregistered);
}
