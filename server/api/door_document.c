/* door_document: see door_document.h. */
#include "server/api/door_document.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/store/store_command.h"
#include "lib/store/store_door_document.h"
#include "lib/store/store_journal.h"
#include "server/api/api.h"
#include "server/api/door_library.h"
#include "server/api/door_page.h"
#include "server/api/door_shape.h"
#include "server/flow/snapshot.h"

#define ANSWER_MAX ((size_t)2 << 20)
#define PAGE_USUAL 50
#define FILTERS_MAX 5

/* JSON alone: YAML has no reader here that keeps what AWS' would. */
static const char *const formats[] = {"JSON", NULL};
static const char *const types[] = {"Command", NULL};
static const struct door_shape_rule content_rule = {.required = true, .min = 1};
static const struct door_shape_rule format_rule = {.words = formats};
static const struct door_shape_rule type_rule = {.words = types};
static const struct door_shape_rule name_rule = {
    .required = true,
    .fits = door_shape_is_document_name,
    .pattern = "^[a-zA-Z0-9_\\-.]{3,128}$",
};
static const struct door_shape_rule version_name_rule = {
    .fits = door_shape_is_document_name,
    .pattern = "^[a-zA-Z0-9_\\-.]{3,128}$",
};
static const struct door_shape_rule target_type_rule = {.max = 200};

/* One call on its way; `entry` is what was there, or is now. */
struct work {
    const char *name;
    const char *version;
    const char *version_name;
    const char *text;
    char digest[DIGEST_HEX_SIZE];
    struct door_library_entry entry;
};

static enum request_next told(struct door_call *call, struct reply *reply, int rc,
                              const struct err *err)
{
    if (rc == ERR_NOT_FOUND)
        return door_call_refuse(call, reply, "InvalidDocument", err->text);
    if (rc == ERR_CONFLICT)
        return door_call_refuse(call, reply, "InvalidDocumentVersion", err->text);
    return door_call_fault(call, reply, err->text);
}

static bool refuses_managing(struct door_call *call, struct reply *reply)
{
    if (call->key.manages_documents)
        return false;
    (void)door_call_refuse(call, reply, "AccessDeniedException",
                           arena_printf(call->request->arena, "key %s does not manage documents",
                                        call->key.name));
    return true;
}

static int find(struct door_call *call, struct work *w, struct err *err)
{
    struct api *api = call->request->api;
    const struct snapshot *snapshot;
    struct db *db;
    int rc = db_pool_take(api->readers, &db, err);

    if (rc < 0)
        return rc;
    snapshot = snapshots_take(api->snapshots);
    rc = door_library_find(db, call->request->arena, snapshot->config, w->name, w->version,
                           w->version_name, &w->entry, err);
    /* What lies in the configuration goes with it. */
    if (rc == 0) {
        w->entry.name = arena_str(call->request->arena, w->entry.name);
        w->entry.text = arena_str(call->request->arena, w->entry.text);
    }
    snapshots_give(snapshot);
    db_pool_give(api->readers, db);
    return rc;
}

static bool is_reserved(struct door_call *call, const char *name)
{
    const struct snapshot *snapshot = snapshots_take(call->request->api->snapshots);
    bool reserved = door_library_is_reserved(snapshot->config, name);

    snapshots_give(snapshot);
    return reserved;
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

static void add_number(struct json_out *out, struct door_call *call, const char *key, int64_t value)
{
    json_add_str(out, key, arena_printf(call->request->arena, "%lld", (long long)value));
}

static void add_description(struct json_out *out, struct door_call *call, const char *key,
                            const struct door_library_entry *e)
{
    json_begin_object(out, key);
    json_add_str(out, "Hash", e->digest);
    json_add_str(out, "HashType", "Sha256");
    json_add_str(out, "Name", e->name);
    if (e->version_name != NULL)
        json_add_str(out, "VersionName", e->version_name);
    json_add_str(out, "Owner", e->owner);
    door_call_add_time(out, "CreatedDate", e->created_at);
    json_add_str(out, "Status", "Active");
    add_number(out, call, "DocumentVersion", e->version);
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
    add_number(out, call, "LatestVersion", e->latest_version);
    add_number(out, call, "DefaultVersion", e->default_version);
    json_add_str(out, "DocumentFormat", "JSON");
    if (e->target_type != NULL)
        json_add_str(out, "TargetType", e->target_type);
    json_begin_array(out, "Tags");
    json_end_array(out);
    json_end_object(out);
}

static enum request_next answer_description(struct door_call *call, struct reply *reply,
                                            const char *key)
{
    const struct work *w = call->own;
    struct json_out out;
    struct buf buf;

    buf_init(&buf, ANSWER_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    add_description(&out, call, key, &w->entry);
    json_end_object(&out);
    return door_call_answer_buf(call, reply, &buf);
}

static enum request_next described(struct door_call *call, struct reply *reply)
{
    return answer_description(call, reply, "DocumentDescription");
}

/* Making and changing ---------------------------------------------------------------------------- */

static int journal(struct db *db, struct door_call *call, const char *act, struct err *err)
{
    const struct work *w = call->own;
    const struct journal_entry entry = {
        .at = call->now,
        .actor = door_call_actor(call),
        .way = "door",
        .act = act,
        .subject = w->entry.name,
        .detail = arena_printf(call->request->arena, "{\"version\":%lld,\"digest\":\"%s\"}",
                               (long long)w->entry.version, w->entry.digest),
    };

    return store_journal_add(db, &entry, err);
}

/* NULL, or the code for what is wrong with the content. */
static const char *read_content(struct door_call *call, struct work *w, struct err *err)
{
    enum content_flaw flaw;

    if (content_parse(call->request->arena, w->text, strlen(w->text), &w->entry.content, &flaw,
                      err) == 0) {
        digest_sha256_hex(w->text, strlen(w->text), w->digest);
        w->entry.digest = w->digest;
        w->entry.text = w->text;
        return NULL;
    }
    return flaw == CONTENT_FLAW_SIZE     ? "MaxDocumentSizeExceeded"
           : flaw == CONTENT_FLAW_SCHEMA ? "InvalidDocumentSchemaVersion"
                                         : "InvalidDocumentContent";
}

static int keep_content(struct db *db, const struct work *w, struct err *err)
{
    return store_command_document(db, w->digest, w->entry.name, "1", w->text, err);
}

static int write_created(struct db *db, struct door_call *call, struct err *err)
{
    struct work *w = call->own;
    const struct door_document d = {.name = w->entry.name,
                                    .target_type = w->entry.target_type,
                                    .created_at = call->now,
                                    .created_by = door_call_actor(call)};
    const struct door_document_version v = {.digest = w->digest,
                                            .version_name = w->entry.version_name,
                                            .created_at = call->now};
    int64_t n;
    int rc = store_door_document_count(db, &n, err);

    if (rc == 0 && n >= STORE_DOOR_DOCUMENT_MAX)
        return door_call_refusal(call, err, ERR_BUSY, "DocumentLimitExceeded",
                                 "there are 500 documents");
    if (rc == 0)
        rc = keep_content(db, w, err);
    if (rc == 0)
        rc = store_door_document_create(db, &d, &v, err);
    if (rc == ERR_CONFLICT)
        return door_call_refusal(call, err, rc, "DocumentAlreadyExists",
                                 "a document of that name is there");
    return rc < 0 ? rc : journal(db, call, "document.create", err);
}

static struct work *read_work(struct door_shape *s, struct door_call *call)
{
    struct work *w = arena_alloc(call->request->arena, sizeof(*w));

    w->text = door_shape_text(s, call->json, "", "Content", &content_rule);
    w->entry.version_name = door_shape_text(s, call->json, "", "VersionName", &version_name_rule);
    w->entry.target_type = door_shape_text(s, call->json, "", "TargetType", &target_type_rule);
    (void)door_shape_text(s, call->json, "", "DocumentFormat", &format_rule);
    (void)door_shape_text(s, call->json, "", "DocumentType", &type_rule);
    call->own = w;
    return w;
}

enum request_next door_document_create(struct door_call *call, struct reply *reply)
{
    struct err err = ERR_INIT;
    struct door_shape s;
    const char *code;
    struct work *w;

    door_shape_init(&s, call);
    w = read_work(&s, call);
    w->name = door_shape_text(&s, call->json, "", "Name", &name_rule);
    if (!door_shape_is_well(&s))
        return door_shape_refuse(&s, reply);
    if (refuses_managing(call, reply))
        return REQUEST_DONE;
    if (is_reserved(call, w->name))
        return door_call_refuse(
            call, reply, "DocumentAlreadyExists",
            "names beginning with aws, amazon, amzn or slipway, and those of the "
            "configuration, are taken");
    code = read_content(call, w, &err);
    if (code != NULL)
        return door_call_refuse(call, reply, code, err.text);
    w->entry.name = w->name;
    w->entry.owner = "Slipway";
    w->entry.version = w->entry.latest_version = w->entry.default_version = 1;
    w->entry.created_at = call->now;
    return door_call_write(call, reply, write_created, described);
}

static int write_updated(struct db *db, struct door_call *call, struct err *err)
{
    struct work *w = call->own;
    const struct door_document_version v = {.digest = w->digest,
                                            .version_name = w->entry.version_name,
                                            .created_at = call->now};
    int64_t same = 0;
    int rc = store_door_document_version_of(db, w->entry.name, w->digest, &same, err);

    if (rc == 0 && same != 0)
        return door_call_refusal(call, err, ERR_CONFLICT, "DuplicateDocumentContent",
                                 "a version of it has this content");
    if (rc == 0 && v.version_name != NULL)
        rc = store_door_document_version_named(db, w->entry.name, v.version_name, &same, err);
    if (rc == 0 && same != 0)
        return door_call_refusal(call, err, ERR_CONFLICT, "DuplicateDocumentVersionName",
                                 "a version of it has this name");
    if (rc == 0)
        rc = keep_content(db, w, err);
    if (rc == 0)
        rc = store_door_document_update(db, w->entry.name, w->entry.latest_version, &v,
                                        door_call_actor(call), err);
    if (rc == ERR_CONFLICT)
        return door_call_refusal(call, err, rc, "InvalidDocumentVersion",
                                 "another version came in between");
    if (rc == 0)
        w->entry.version = ++w->entry.latest_version;
    return rc < 0 ? rc : journal(db, call, "document.update", err);
}

/* The document that a caller may change; false: the reply says why not. */
static bool find_own(struct door_call *call, struct reply *reply, struct work *w)
{
    struct err err = ERR_INIT;
    int rc = find(call, w, &err);

    if (rc < 0) {
        (void)told(call, reply, rc, &err);
        return false;
    }
    if (w->entry.origin == ACCESS_MADE)
        return true;
    (void)door_call_refuse(call, reply, "InvalidDocumentOperation",
                           "it is shipped, or stands in the configuration: not to be changed here");
    return false;
}

enum request_next door_document_update(struct door_call *call, struct reply *reply)
{
    const char *version_name, *target_type, *based_on, *code;
    struct err err = ERR_INIT;
    struct door_shape s;
    struct work *w;

    door_shape_init(&s, call);
    w = read_work(&s, call);
    w->name = door_shape_text(&s, call->json, "", "Name", &name_rule);
    based_on = door_shape_text(&s, call->json, "", "DocumentVersion", &door_shape_version);
    if (!door_shape_is_well(&s))
        return door_shape_refuse(&s, reply);
    if (refuses_managing(call, reply))
        return REQUEST_DONE;
    version_name = w->entry.version_name;
    target_type = w->entry.target_type;
    w->version = "$LATEST";
    if (!find_own(call, reply, w))
        return REQUEST_DONE;
    if (based_on != NULL && based_on[0] != '$' &&
        strcmp(based_on,
               arena_printf(call->request->arena, "%lld", (long long)w->entry.latest_version)) != 0)
        return door_call_refuse(call, reply, "InvalidDocumentVersion",
                                "DocumentVersion is not the latest one");
    if (w->entry.latest_version >= STORE_DOOR_DOCUMENT_VERSIONS_MAX)
        return door_call_refuse(call, reply, "DocumentVersionLimitExceeded",
                                "it has 1000 versions");
    code = read_content(call, w, &err);
    if (code != NULL)
        return door_call_refuse(call, reply, code, err.text);
    w->entry.version_name = version_name;
    w->entry.target_type = target_type != NULL ? target_type : w->entry.target_type;
    w->entry.created_at = call->now;
    return door_call_write(call, reply, write_updated, described);
}

static int write_default(struct db *db, struct door_call *call, struct err *err)
{
    const struct work *w = call->own;
    int rc = store_door_document_default(db, w->entry.name, w->entry.version, err);

    return rc < 0 ? rc : journal(db, call, "document.default", err);
}

static enum request_next default_set(struct door_call *call, struct reply *reply)
{
    const struct work *w = call->own;
    struct json_out out;
    struct buf buf;

    buf_init(&buf, ANSWER_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_begin_object(&out, "Description");
    json_add_str(&out, "Name", w->entry.name);
    add_number(&out, call, "DefaultVersion", w->entry.version);
    if (w->entry.version_name != NULL)
        json_add_str(&out, "DefaultVersionName", w->entry.version_name);
    json_end_object(&out);
    json_end_object(&out);
    return door_call_answer_buf(call, reply, &buf);
}

static bool is_number(const char *text)
{
    int64_t number;

    return *text != '0' && *text != '-' && str_parse_int64(text, &number) == 0;
}

enum request_next door_document_default(struct door_call *call, struct reply *reply)
{
    static const struct door_shape_rule number = {.required = true,
                                                  .fits = is_number,
                                                  .pattern = "(^[1-9][0-9]*$)"};
    struct work *w = arena_alloc(call->request->arena, sizeof(*w));
    struct door_shape s;

    door_shape_init(&s, call);
    w->name = door_shape_text(&s, call->json, "", "Name", &name_rule);
    w->version = door_shape_text(&s, call->json, "", "DocumentVersion", &number);
    call->own = w;
    if (!door_shape_is_well(&s))
        return door_shape_refuse(&s, reply);
    if (refuses_managing(call, reply) || !find_own(call, reply, w))
        return REQUEST_DONE;
    return door_call_write(call, reply, write_default, default_set);
}

static int write_deleted(struct db *db, struct door_call *call, struct err *err)
{
    const struct work *w = call->own;
    int rc = store_door_document_delete(db, w->entry.name, err);

    if (rc == ERR_CONFLICT)
        return door_call_refusal(call, err, rc, "InvalidDocument", "no such document");
    return rc < 0 ? rc : journal(db, call, "document.delete", err);
}

enum request_next door_document_delete(struct door_call *call, struct reply *reply)
{
    struct work *w = arena_alloc(call->request->arena, sizeof(*w));
    struct door_shape s;

    door_shape_init(&s, call);
    w->name = door_shape_text(&s, call->json, "", "Name", &name_rule);
    call->own = w;
    if (!door_shape_is_well(&s))
        return door_shape_refuse(&s, reply);
    if (refuses_managing(call, reply) || !find_own(call, reply, w))
        return REQUEST_DONE;
    return door_call_write(call, reply, write_deleted, door_call_done);
}

/* Looking ---------------------------------------------------------------------------------------- */

/* The document that is asked for; NULL: the reply says why not. */
static struct work *look(struct door_call *call, struct reply *reply)
{
    struct work *w = arena_alloc(call->request->arena, sizeof(*w));
    struct err err = ERR_INIT;
    struct door_shape s;
    int rc;

    door_shape_init(&s, call);
    w->name = door_shape_text(&s, call->json, "", "Name", &door_shape_document);
    w->version = door_shape_text(&s, call->json, "", "DocumentVersion", &door_shape_version);
    w->version_name = door_shape_text(&s, call->json, "", "VersionName", &version_name_rule);
    (void)door_shape_text(&s, call->json, "", "DocumentFormat", &format_rule);
    call->own = w;
    if (!door_shape_is_well(&s)) {
        (void)door_shape_refuse(&s, reply);
        return NULL;
    }
    rc = find(call, w, &err);
    if (rc < 0)
        (void)told(call, reply, rc, &err);
    return rc < 0 ? NULL : w;
}

enum request_next door_document_get(struct door_call *call, struct reply *reply)
{
    const struct work *w = look(call, reply);
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
    add_number(&out, call, "DocumentVersion", w->entry.version);
    json_add_str(&out, "Status", "Active");
    json_add_str(&out, "Content", w->entry.text);
    json_add_str(&out, "DocumentType", "Command");
    json_add_str(&out, "DocumentFormat", "JSON");
    json_end_object(&out);
    return door_call_answer_buf(call, reply, &buf);
}

enum request_next door_document_describe(struct door_call *call, struct reply *reply)
{
    return look(call, reply) == NULL ? REQUEST_DONE : answer_description(call, reply, "Document");
}

struct filter {
    const char *key;
    const char **values;
    size_t n;
};

static bool fits(const struct filter *f, const struct door_library_entry *e)
{
    for (size_t i = 0; i < f->n; i++) {
        const char *v = f->values[i];

        if (strcmp(f->key, "Name") == 0 && str_starts(e->name, v))
            return true;
        if (strcmp(f->key, "Owner") == 0 &&
            (strcmp(v, "All") == 0 || (strcmp(v, "Amazon") == 0) == (strcmp(e->owner, v) == 0)) &&
            (strcmp(v, "Amazon") == 0 || strcmp(v, "All") == 0 || strcmp(e->owner, "Amazon") != 0))
            return true;
        if (strcmp(f->key, "DocumentType") == 0 && strcmp(v, "Command") == 0)
            return true;
        if (str_starts(f->key, "PlatformType") && content_runs_on(&e->content, v))
            return true;
    }
    return false;
}

/* NULL, or what is wrong. */
static const char *read_filters(struct door_shape *s, struct filter *filters, size_t *ret_n,
                                const char **ret_arguments)
{
    static const char *const keys[] = {"Name", "Owner", "DocumentType", "PlatformTypes", NULL};
    static const struct door_shape_rule any = {.required = true, .min = 1};
    struct door_call *call = s->call;
    struct arena *arena = call->request->arena;
    const struct cJSON *list = door_shape_list(s, call->json, "", "Filters", false, FILTERS_MAX);

    *ret_n = 0;
    *ret_arguments = "";
    for (const struct cJSON *i = json_first(list); i != NULL && *ret_n < FILTERS_MAX;
         i = json_next(i)) {
        struct filter *f = &filters[*ret_n];
        bool known = false;

        f->key = door_shape_text(s, i, "filters.member.", "Key", &any);
        door_shape_texts(s, door_shape_list(s, i, "filters.member.", "Values", true, 50),
                         "filters.member.values", &any, &f->values, &f->n);
        for (size_t k = 0; keys[k] != NULL; k++)
            known = known || str_eq(keys[k], f->key);
        if (f->key != NULL && !known)
            return arena_printf(arena, "%.100s is no filter of documents here", f->key);
        *ret_arguments =
            arena_printf(arena, "%s\n%s", *ret_arguments, f->key != NULL ? f->key : "");
        for (size_t k = 0; k < f->n; k++)
            *ret_arguments = arena_printf(arena, "%s\t%s", *ret_arguments, f->values[k]);
        (*ret_n)++;
    }
    return NULL;
}

static void add_identifier(struct json_out *out, struct door_call *call,
                           const struct door_library_entry *e)
{
    json_begin_object(out, NULL);
    json_add_str(out, "Name", e->name);
    door_call_add_time(out, "CreatedDate", e->created_at);
    json_add_str(out, "Owner", e->owner);
    add_platforms(out, e->content.platforms);
    add_number(out, call, "DocumentVersion", e->default_version);
    json_add_str(out, "DocumentType", "Command");
    json_add_str(out, "SchemaVersion", e->content.schema_version);
    json_add_str(out, "DocumentFormat", "JSON");
    json_begin_array(out, "Tags");
    json_end_array(out);
    json_end_object(out);
}

enum request_next door_document_list(struct door_call *call, struct reply *reply)
{
    struct api *api = call->request->api;
    struct door_library_entry *items = NULL;
    struct filter filters[FILTERS_MAX];
    const char *wrong, *arguments, *position;
    const struct snapshot *snapshot;
    struct err err = ERR_INIT;
    struct door_shape s;
    struct json_out out;
    struct buf buf;
    struct db *db;
    size_t n = 0, n_filters;
    int64_t max;
    int rc;

    door_shape_init(&s, call);
    max = door_shape_int(&s, call->json, "MaxResults", 1, 50, PAGE_USUAL);
    wrong = read_filters(&s, filters, &n_filters, &arguments);
    if (!door_shape_is_well(&s))
        return door_shape_refuse(&s, reply);
    if (wrong != NULL)
        return door_call_refuse(call, reply, "InvalidFilterKey", wrong);
    if (!door_page_position(call, arguments, &position))
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

        for (size_t k = 0; k < n_filters; k++)
            wanted = wanted && fits(&filters[k], &items[i]);
        if (wanted)
            add_identifier(&out, call, &items[i]);
    }
    json_end_array(&out);
    if (rc == 0 && n == (size_t)max)
        json_add_str(&out, "NextToken", door_page_token(call, arguments, items[n - 1].name));
    json_end_object(&out);
    snapshots_give(snapshot);
    db_pool_give(api->readers, db);
    if (rc == 0)
        return door_call_answer_buf(call, reply, &buf);
    buf_deinit(&buf);
    return door_call_fault(call, reply, err.text);
}
