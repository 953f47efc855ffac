/* door_catalog: see door_catalog.h. */
#include "server/api/door_catalog.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "server/api/api.h"
#include "server/api/door_page.h"
#include "server/api/door_shape.h"
#include "server/flow/snapshot.h"

#define ANSWER_MAX ((size_t)2 << 20)
#define PAGE_USUAL 50
#define FILTERS_MAX 5

static const char *format_of(const struct door_library_entry *e)
{
    return e->source != NULL ? "YAML" : "JSON";
}

int door_catalog_find(struct door_call *call, const char *name, const char *version,
                      const char *version_name, struct door_library_entry *ret_entry,
                      struct err *err)
{
    struct api *api = call->request->api;
    const struct snapshot *snapshot;
    struct db *db;
    int rc = db_pool_take(api->readers, &db, err);

    if (rc < 0)
        return rc;
    snapshot = snapshots_take(api->snapshots);
    rc = door_library_find(db, call->request->arena, snapshot->config, name, version, version_name,
                           ret_entry, err);
    /* What lies in the configuration goes with it. */
    if (rc == 0) {
        ret_entry->name = arena_str(call->request->arena, ret_entry->name);
        ret_entry->text = arena_str(call->request->arena, ret_entry->text);
    }
    snapshots_give(snapshot);
    db_pool_give(api->readers, db);
    return rc;
}

enum request_next door_catalog_refuse(struct door_call *call, struct reply *reply, int rc,
                                      const struct err *err)
{
    if (rc == ERR_NOT_FOUND)
        return door_call_refuse(call, reply, "InvalidDocument", err->text);
    if (rc == ERR_CONFLICT)
        return door_call_refuse(call, reply, "InvalidDocumentVersion", err->text);
    return door_call_fault(call, reply, err->text);
}

/* Shapes ----------------------------------------------------------------------------------------- */

static void add_platforms(struct json_out *out, unsigned platforms)
{
    json_begin_array(out, "PlatformTypes");
    if (platforms & CONTENT_LINUX)
        json_add_str(out, NULL, "Linux");
    if (platforms & CONTENT_MACOS)
        json_add_str(out, NULL, "MacOS");
    if (platforms & CONTENT_WINDOWS)
        json_add_str(out, NULL, "Windows");
    json_end_array(out);
}

static void add_default(struct json_out *out, const struct content_parameter *p)
{
    struct json_out list;
    struct buf buf;

    if (p->values == NULL)
        return;
    if (!p->is_list) {
        json_add_str(out, "DefaultValue", p->values[0]);
        return;
    }
    buf_init(&buf, CONTENT_MAX * 2);
    json_out_init(&list, &buf);
    json_begin_array(&list, NULL);
    for (size_t i = 0; i < p->n_values; i++)
        json_add_str(&list, NULL, p->values[i]);
    json_end_array(&list);
    json_add_str(out, "DefaultValue", buf_str(&buf));
    buf_deinit(&buf);
}

void door_catalog_add_number(struct json_out *out, struct door_call *call, const char *key,
                             int64_t value)
{
    json_add_str(out, key, arena_printf(call->request->arena, "%lld", (long long)value));
}

static void add_description(struct json_out *out, struct door_call *call, const char *key,
                            const struct door_library_entry *e)
{
    json_begin_object(out, key);
    json_add_str(out, "Hash", e->hash);
    json_add_str(out, "HashType", "Sha256");
    json_add_str(out, "Name", e->name);
    if (e->version_name != NULL)
        json_add_str(out, "VersionName", e->version_name);
    json_add_str(out, "Owner", e->owner);
    door_call_add_time(out, "CreatedDate", e->created_at);
    json_add_str(out, "Status", "Active");
    door_catalog_add_number(out, call, "DocumentVersion", e->version);
    json_add_str(out, "Description", e->content.description);
    json_begin_array(out, "Parameters");
    for (size_t i = 0; i < e->content.n_parameters; i++) {
        const struct content_parameter *p = &e->content.parameters[i];

        json_begin_object(out, NULL);
        json_add_str(out, "Name", p->name);
        json_add_str(out, "Type", p->is_list ? "StringList" : "String");
        if (p->description != NULL)
            json_add_str(out, "Description", p->description);
        add_default(out, p);
        json_end_object(out);
    }
    json_end_array(out);
    add_platforms(out, e->content.platforms);
    json_add_str(out, "DocumentType", "Command");
    json_add_str(out, "SchemaVersion", e->content.schema_version);
    door_catalog_add_number(out, call, "LatestVersion", e->latest_version);
    door_catalog_add_number(out, call, "DefaultVersion", e->default_version);
    json_add_str(out, "DocumentFormat", format_of(e));
    if (e->target_type != NULL)
        json_add_str(out, "TargetType", e->target_type);
    json_begin_array(out, "Tags");
    json_end_array(out);
    json_end_object(out);
}

enum request_next door_catalog_answer(struct door_call *call, struct reply *reply, const char *key,
                                      const struct door_library_entry *entry)
{
    struct json_out out;
    struct buf buf;

    buf_init(&buf, ANSWER_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    add_description(&out, call, key, entry);
    json_end_object(&out);
    return door_call_answer_buf(call, reply, &buf);
}

/* Looking ---------------------------------------------------------------------------------------- */

/* One look-up. */
struct wanted {
    const char *format; /* JSON or YAML, NULL = it does not matter */
    struct door_library_entry entry;
};

/* The document that is asked for; NULL: the reply says why not. */
static struct wanted *look(struct door_call *call, struct reply *reply)
{
    static const struct door_shape_rule version_name_rule = {.fits = door_shape_is_document_name,
                                                             .pattern =
                                                                 "^[a-zA-Z0-9_\\-.]{3,128}$"};
    static const char *const formats[] = {"JSON", "YAML", NULL};
    static const struct door_shape_rule format_rule = {.words = formats};
    struct wanted *w = arena_alloc(call->request->arena, sizeof(*w));
    const char *name, *version, *version_name;
    struct err err = ERR_INIT;
    struct door_shape s;
    int rc;

    door_shape_init(&s, call);
    name = door_shape_text(&s, call->json, "", "Name", &door_shape_document);
    version = door_shape_text(&s, call->json, "", "DocumentVersion", &door_shape_version);
    version_name = door_shape_text(&s, call->json, "", "VersionName", &version_name_rule);
    w->format = door_shape_text(&s, call->json, "", "DocumentFormat", &format_rule);
    if (!door_shape_is_well(&s)) {
        (void)door_shape_refuse(&s, reply);
        return NULL;
    }
    rc = door_catalog_find(call, name, version, version_name, &w->entry, &err);
    if (rc < 0)
        (void)door_catalog_refuse(call, reply, rc, &err);
    return rc < 0 ? NULL : w;
}

/* JSON unless YAML is asked for. A JSON text is YAML, too. */
enum request_next door_catalog_get(struct door_call *call, struct reply *reply)
{
    const struct wanted *w = look(call, reply);
    bool as_yaml = w != NULL && str_eq(w->format, "YAML");
    struct json_out out;
    struct buf buf;

    if (w == NULL)
        return REQUEST_DONE;
    buf_init(&buf, ANSWER_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_str(&out, "Name", w->entry.name);
    door_call_add_time(&out, "CreatedDate", w->entry.created_at);
    if (w->entry.version_name != NULL)
        json_add_str(&out, "VersionName", w->entry.version_name);
    door_catalog_add_number(&out, call, "DocumentVersion", w->entry.version);
    json_add_str(&out, "Status", "Active");
    json_add_str(&out, "Content",
                 as_yaml && w->entry.source != NULL ? w->entry.source : w->entry.text);
    json_add_str(&out, "DocumentType", "Command");
    json_add_str(&out, "DocumentFormat", as_yaml ? "YAML" : "JSON");
    json_end_object(&out);
    return door_call_answer_buf(call, reply, &buf);
}

enum request_next door_catalog_describe(struct door_call *call, struct reply *reply)
{
    const struct wanted *w = look(call, reply);

    return w == NULL ? REQUEST_DONE : door_catalog_answer(call, reply, "Document", &w->entry);
}

struct filter {
    const char *key;
    const char **values;
    size_t n;
};

static bool is_owned(const struct door_library_entry *e, const char *by)
{
    bool by_amazon = strcmp(e->owner, "Amazon") == 0;

    return strcmp(by, "All") == 0 || (strcmp(by, "Amazon") == 0) == by_amazon;
}

static bool is_platform(const char *text)
{
    return strcmp(text, "Linux") == 0 || strcmp(text, "MacOS") == 0 || strcmp(text, "Windows") == 0;
}

static bool fits(const struct filter *f, const struct door_library_entry *e)
{
    for (size_t i = 0; i < f->n; i++) {
        const char *v = f->values[i];

        if ((strcmp(f->key, "Name") == 0 && str_starts(e->name, v)) ||
            (strcmp(f->key, "Owner") == 0 && is_owned(e, v)) ||
            (strcmp(f->key, "DocumentType") == 0 && strcmp(v, "Command") == 0) ||
            (strcmp(f->key, "PlatformTypes") == 0 && is_platform(v) &&
             content_runs_on(&e->content, v)))
            return true;
    }
    return false;
}

/* The filters of a list, in the newer form or the older one, which is lower case and has one value each. */
struct filters {
    struct filter items[FILTERS_MAX];
    size_t n;
    const char *arguments;
};

static void read_filter(struct door_shape *s, const struct cJSON *item, bool older,
                        struct filter *f)
{
    static const struct door_shape_rule any = {.required = true, .min = 1};
    struct arena *arena = s->call->request->arena;

    if (!older) {
        f->key = door_shape_text(s, item, "filters.member.", "Key", &any);
        door_shape_texts(s, door_shape_list(s, item, "filters.member.", "Values", true, 50),
                         "filters.member.values", &any, &f->values, &f->n);
        return;
    }
    f->key = door_shape_text(s, item, "documentFilterList.member.", "key", &any);
    f->values = arena_array(arena, 1, sizeof(*f->values));
    f->values[0] = door_shape_text(s, item, "documentFilterList.member.", "value", &any);
    f->n = f->values[0] != NULL;
}

/* NULL, or what is wrong. */
static const char *read_filters(struct door_shape *s, struct filters *filters)
{
    static const char *const keys[] = {"Name", "Owner", "DocumentType", "PlatformTypes", NULL};
    struct door_call *call = s->call;
    const struct cJSON *newer = door_shape_list(s, call->json, "", "Filters", false, FILTERS_MAX);
    const struct cJSON *list =
        door_shape_list(s, call->json, "", "DocumentFilterList", false, FILTERS_MAX);
    bool older = json_count(list) > 0;
    const char *odd = NULL;
    struct buf arguments;

    if (older && json_count(newer) > 0)
        odd = "Filters and DocumentFilterList exclude each other";
    filters->n = 0;
    door_page_begin(&arguments);
    for (const struct cJSON *i = json_first(older ? list : newer);
         i != NULL && filters->n < FILTERS_MAX; i = json_next(i)) {
        struct filter *f = &filters->items[filters->n++];
        bool known = false;

        read_filter(s, i, older, f);
        for (size_t k = 0; keys[k] != NULL; k++)
            known = known || str_eq(keys[k], f->key);
        if (f->key != NULL && !known && odd == NULL)
            odd =
                arena_printf(call->request->arena, "%.100s is no filter of documents here", f->key);
        door_page_add(&arguments, 'f', f->key);
        for (size_t k = 0; k < f->n; k++)
            door_page_add(&arguments, 'v', f->values[k]);
    }
    filters->arguments = door_page_end(call, &arguments);
    return odd;
}

static void add_identifier(struct json_out *out, struct door_call *call,
                           const struct door_library_entry *e)
{
    json_begin_object(out, NULL);
    json_add_str(out, "Name", e->name);
    door_call_add_time(out, "CreatedDate", e->created_at);
    json_add_str(out, "Owner", e->owner);
    add_platforms(out, e->content.platforms);
    door_catalog_add_number(out, call, "DocumentVersion", e->default_version);
    json_add_str(out, "DocumentType", "Command");
    json_add_str(out, "SchemaVersion", e->content.schema_version);
    json_add_str(out, "DocumentFormat", format_of(e));
    json_begin_array(out, "Tags");
    json_end_array(out);
    json_end_object(out);
}

enum request_next door_catalog_list(struct door_call *call, struct reply *reply)
{
    struct api *api = call->request->api;
    struct door_library_entry *items = NULL;
    struct filters filters;
    const char *wrong, *position;
    const struct snapshot *snapshot;
    struct err err = ERR_INIT;
    struct door_shape s;
    struct json_out out;
    struct buf buf;
    struct db *db;
    size_t n = 0;
    int64_t max;
    int rc;

    door_shape_init(&s, call);
    max = door_shape_int(&s, call->json, "MaxResults", 1, 50, PAGE_USUAL);
    wrong = read_filters(&s, &filters);
    if (!door_shape_is_well(&s))
        return door_shape_refuse(&s, reply);
    if (wrong != NULL)
        return door_call_refuse(call, reply, "InvalidFilterKey", wrong);
    if (!door_page_position(call, filters.arguments, &position))
        return door_call_refuse(call, reply, "InvalidNextToken",
                                "NextToken is not one of this list");
    if (db_pool_take(api->readers, &db, &err) < 0)
        return door_call_fault(call, reply, err.text);
    snapshot = snapshots_take(api->snapshots);
    buf_init(&buf, ANSWER_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_begin_array(&out, "DocumentIdentifiers");
    rc = door_library_page(db, call->request->arena, snapshot->config, position, (size_t)max,
                           &items, &n, &err);
    for (size_t i = 0; i < n && rc == 0; i++) {
        bool wanted = true;

        for (size_t k = 0; k < filters.n; k++)
            wanted = wanted && fits(&filters.items[k], &items[i]);
        if (wanted)
            add_identifier(&out, call, &items[i]);
    }
    json_end_array(&out);
    if (rc == 0 && n == (size_t)max)
        json_add_str(&out, "NextToken",
                     door_page_token(call, filters.arguments, items[n - 1].name));
    json_end_object(&out);
    snapshots_give(snapshot);
    db_pool_give(api->readers, db);
    if (rc == 0)
        return door_call_answer_buf(call, reply, &buf);
    buf_deinit(&buf);
    return door_call_fault(call, reply, err.text);
}
