/* door_document: see door_document.h. */
#include "server/api/door_document.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/config/yaml_json.h"
#include "lib/ssm/content_types.h"
#include "lib/store/store_command.h"
#include "lib/store/store_door_document.h"
#include "lib/store/store_journal.h"
#include "server/api/api.h"
#include "server/api/door_catalog.h"
#include "server/api/door_shape.h"
#include "server/flow/snapshot.h"

#define ANSWER_MAX ((size_t)2 << 20)

static const char *const formats[] = {"JSON", "YAML", NULL};
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
    const char *text;   /* as given */
    const char *format; /* JSON, YAML; NULL = JSON */
    char digest[DIGEST_HEX_SIZE];
    struct door_library_entry entry;
};

static bool refuses_managing(struct door_call *call, struct reply *reply)
{
    if (call->key.manages_documents)
        return false;
    (void)door_call_refuse(call, reply, "AccessDeniedException",
                           arena_printf(call->request->arena, "key %s does not manage documents",
                                        call->key.name));
    return true;
}

static bool is_reserved(struct door_call *call, const char *name)
{
    const struct snapshot *snapshot = snapshots_take(call->request->api->snapshots);
    bool reserved = door_library_is_reserved(snapshot->config, name);

    snapshots_give(snapshot);
    return reserved;
}

static enum request_next described(struct door_call *call, struct reply *reply)
{
    const struct work *w = call->own;

    return door_catalog_answer(call, reply, "DocumentDescription", &w->entry);
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
    struct arena *arena = call->request->arena;
    enum content_flaw flaw;
    char hash[DIGEST_HEX_SIZE];

    w->entry.source = NULL;
    w->entry.text = w->text;
    if (json_count(json_get(call->json, "Attachments")) > 0 ||
        json_count(json_get(call->json, "Requires")) > 0) {
        (void)err_set(err, ERR_INVALID,
                      "Attachments and Requires are not kept here: what a document needs stands in "
                      "it, or on its hosts");
        return "InvalidDocumentContent";
    }
    if (strlen(w->text) > CONTENT_MAX) {
        (void)err_set(err, ERR_INVALID, "the document has over %zu bytes", CONTENT_MAX);
        return "MaxDocumentSizeExceeded";
    }
    if (str_eq(w->format, "YAML")) {
        w->entry.source = w->text;
        if (yaml_json(arena, w->text, strlen(w->text), 2 * CONTENT_MAX, &w->entry.text, err) < 0)
            return "InvalidDocumentContent";
    }
    if (content_parse(arena, w->entry.text, strlen(w->entry.text), &w->entry.content, &flaw, err) ==
        0) {
        if (content_types_check(w->entry.text, strlen(w->entry.text), err) < 0 ||
            content_check_patterns(&w->entry.content, err) < 0)
            return "InvalidDocumentContent";
        digest_sha256_hex(w->entry.text, strlen(w->entry.text), w->digest);
        digest_sha256_hex(w->text, strlen(w->text), hash);
        w->entry.digest = w->digest;
        w->entry.hash = arena_str(arena, hash);
        return NULL;
    }
    return flaw == CONTENT_FLAW_SIZE     ? "MaxDocumentSizeExceeded"
           : flaw == CONTENT_FLAW_SCHEMA ? "InvalidDocumentSchemaVersion"
                                         : "InvalidDocumentContent";
}

static int keep_content(struct db *db, const struct work *w, struct err *err)
{
    return store_command_document(db, w->digest, w->entry.name, "1", w->entry.text, err);
}

static int write_created(struct db *db, struct door_call *call, struct err *err)
{
    struct work *w = call->own;
    const struct door_document d = {.name = w->entry.name,
                                    .target_type = w->entry.target_type,
                                    .created_at = call->now,
                                    .created_by = door_call_actor(call)};
    const struct door_document_version v = {.digest = w->digest,
                                            .source = w->entry.source,
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
    w->format = door_shape_text(s, call->json, "", "DocumentFormat", &format_rule);
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
                                            .source = w->entry.source,
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
    int rc = door_catalog_find(call, w->name, w->version, w->version_name, &w->entry, &err);

    if (rc < 0) {
        (void)door_catalog_refuse(call, reply, rc, &err);
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
    door_catalog_add_number(&out, call, "DefaultVersion", w->entry.version);
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

/* All of it, as AWS does where no version is named. A history keeps what it ran: one version alone is not taken out. */
enum request_next door_document_delete(struct door_call *call, struct reply *reply)
{
    struct work *w = arena_alloc(call->request->arena, sizeof(*w));
    struct door_shape s;

    door_shape_init(&s, call);
    w->name = door_shape_text(&s, call->json, "", "Name", &name_rule);
    w->version = door_shape_text(&s, call->json, "", "DocumentVersion", &door_shape_version);
    w->version_name = door_shape_text(&s, call->json, "", "VersionName", &version_name_rule);
    call->own = w;
    if (!door_shape_is_well(&s))
        return door_shape_refuse(&s, reply);
    if (refuses_managing(call, reply) || !find_own(call, reply, w))
        return REQUEST_DONE;
    if (w->version != NULL || w->version_name != NULL)
        return door_call_refuse(
            call, reply, "InvalidDocumentOperation",
            "one version is not deleted alone here; without DocumentVersion and "
            "VersionName the whole document is");
    return door_call_write(call, reply, write_deleted, door_call_done);
}
