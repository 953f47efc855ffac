/* door_send: see door_send.h. */
#include "server/api/door_send.h"

#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/rules/rate.h"
#include "lib/ssm/content_shell.h"
#include "lib/ssm/content_steps.h"
#include "lib/store/store_access_key.h"
#include "lib/store/store_command.h"
#include "lib/store/store_door_command.h"
#include "lib/store/store_journal.h"
#include "server/api/api.h"
#include "server/api/door_access.h"
#include "server/api/door_echo.h"
#include "server/api/door_library.h"
#include "server/api/door_targets.h"
#include "server/flow/snapshot.h"

#define ANSWER_MAX ((size_t)2 << 20)
#define SLICE 200 /* rows of one transaction */
#define USUAL_CONCURRENCY "50"
#define USUAL_ERRORS "0"
#define USUAL_TIMEOUT_S 3600

struct sending {
    struct door_command command;
    struct door_targets targets;
    const char *document;
    const char *version;
    const char *hash, *hash_type;
    const struct cJSON *parameters;
    struct door_library_entry entry;
    struct door_targets_host *hosts;
    size_t n_hosts;
    size_t n_written;
};

/* A refusal: NULL code = none. */
struct refusal {
    const char *code;
    const char *text;
};
static const struct refusal fine;

static struct refusal refuse(const char *code, const char *text)
{
    return (struct refusal){.code = code, .text = text};
}

/* Reading ---------------------------------------------------------------------------------------- */

static bool is_concurrency(const char *text)
{
    size_t value;

    return rate_resolve(text, 100, 0, &value) && value > 0;
}

static bool is_errors(const char *text)
{
    size_t value;

    return rate_resolve(text, 100, 0, &value);
}

/* A map of lists of texts; what they must be is the document's (7). */
static const struct cJSON *read_parameters(struct door_shape *s)
{
    static const struct door_shape_rule any = {.required = false};
    const struct cJSON *map = door_shape_object(s, s->call->json, "Parameters");
    const char **items;
    size_t n;

    for (const struct cJSON *i = json_first(map); i != NULL; i = json_next(i))
        if (!json_is_null(i))
            door_shape_texts(s,
                             door_shape_list(s, map, "parameters.", json_key(i), false, SIZE_MAX),
                             "parameters", &any, &items, &n);
    return map;
}

static struct sending *read_sending(struct door_shape *s)
{
    static const char *const hash_types[] = {"Sha256", "Sha1", NULL};
    static const struct door_shape_rule hash = {.max = 256}, hash_type = {.words = hash_types},
                                        comment = {.max = 100};
    static const struct door_shape_rule concurrency = {
        .min = 1,
        .max = 7,
        .fits = is_concurrency,
        .pattern = "^([1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)$"};
    static const struct door_shape_rule errors = {
        .min = 1,
        .max = 7,
        .fits = is_errors,
        .pattern = "^([1-9][0-9]*|[0]|[1-9][0-9]%|[0-9]%|100%)$"};
    struct door_call *call = s->call;
    const struct cJSON *json = call->json;
    struct sending *send = arena_alloc(call->request->arena, sizeof(*send));
    struct door_command *c = &send->command;

    send->document = door_shape_text(s, json, "", "DocumentName", &door_shape_document);
    send->version = door_shape_text(s, json, "", "DocumentVersion", &door_shape_version);
    send->hash = door_shape_text(s, json, "", "DocumentHash", &hash);
    send->hash_type = door_shape_text(s, json, "", "DocumentHashType", &hash_type);
    door_targets_read(s, &send->targets);
    c->timeout_s = door_shape_int(s, json, "TimeoutSeconds", 30, 2592000, USUAL_TIMEOUT_S);
    c->comment = door_shape_text(s, json, "", "Comment", &comment);
    send->parameters = read_parameters(s);
    c->max_concurrency = door_shape_text(s, json, "", "MaxConcurrency", &concurrency);
    c->max_errors = door_shape_text(s, json, "", "MaxErrors", &errors);
    c->echo = door_echo_read(s);
    if (c->comment == NULL)
        c->comment = "";
    if (c->max_concurrency == NULL)
        c->max_concurrency = USUAL_CONCURRENCY;
    if (c->max_errors == NULL)
        c->max_errors = USUAL_ERRORS;
    call->own = send;
    return send;
}

/* Checks, in the order of ssm-wire.md 3.1 ------------------------------------------------------- */

/* What the key may not, about the document. An unknown one that it lists is the next check's. */
static struct refusal check_document_access(struct door_call *call, struct sending *send,
                                            bool known)
{
    struct arena *arena = call->request->arena;
    const char *bare = door_library_bare_name(send->document);
    const struct access_document unknown = {.name = bare,
                                            .origin = ACCESS_CONFIGURED,
                                            .migrates = door_library_migrates(bare)};
    const struct access_document facts = known ? door_library_facts(&send->entry) : unknown;
    const char *why = access_refuses_document(arena, &call->key, &facts);

    return why == NULL ? fine : refuse("AccessDeniedException", why);
}

static struct refusal check_host_access(struct door_call *call, const struct door_access_map *map,
                                        const struct sending *send)
{
    struct arena *arena = call->request->arena;

    for (size_t i = 0; i < send->n_hosts; i++) {
        const struct door_targets_host *h = &send->hosts[i];
        struct access_host facts;
        const char *why;

        if (h->host.name[0] == '\0')
            continue; /* unknown: told below */
        facts = door_access_host(map, arena, &h->host, &h->tags);
        why = access_refuses_host(arena, &call->key, &facts);
        if (why == NULL)
            why = access_held(arena, &facts);
        if (why != NULL)
            return refuse("AccessDeniedException", why);
    }
    return fine;
}

static struct refusal check_hash(const struct sending *send)
{
    char sha1[DIGEST_SHA1_HEX_SIZE];
    const char *written = send->entry.source != NULL ? send->entry.source : send->entry.text;
    const char *digest = send->entry.hash;

    if (send->hash == NULL)
        return fine;
    if (str_eq(send->hash_type, "Sha1")) {
        digest_sha1_hex(written, strlen(written), sha1);
        digest = sha1;
    }
    return strcasecmp(send->hash, digest) == 0
               ? fine
               : refuse("InvalidDocument", "the document's content has another hash");
}

static struct refusal check_parameters(struct door_call *call, struct sending *send)
{
    struct arena *arena = call->request->arena;
    struct door_command *c = &send->command;
    struct cJSON *json = NULL;
    struct err err = ERR_INIT;
    const char *why;

    if (content_parameters(arena, &send->entry.content, send->parameters, &c->parameters, &err) < 0)
        return refuse("InvalidParameters", arena_str(arena, err.text));
    if (!call->key.shell &&
        (why = content_shell_refuse(arena, send->entry.text, c->parameters)) != NULL)
        return refuse("AccessDeniedException",
                      arena_printf(arena, "key %s may not run %s so (shell: false): %s",
                                   call->key.name, send->entry.name, why));
    if (strlen(send->entry.text) + strlen(c->parameters) > CONTENT_MAX)
        return refuse("MaxDocumentSizeExceeded", "the document and its parameters have over 64 KB");
    if (json_parse(c->parameters, strlen(c->parameters), NULL, &json, &err) < 0)
        return refuse("InvalidParameters", arena_str(arena, err.text));
    c->execution_s = content_timeout_s(&send->entry.content, json);
    json_free(json);
    return fine;
}

static struct refusal check_ids(struct door_call *call, const struct sending *send)
{
    struct arena *arena = call->request->arena;
    const char *bad = "";

    for (size_t i = 0; i < send->targets.n_ids; i++) {
        const struct host *h = &send->hosts[i].host;

        if (h->state != HOST_REGISTERED || !host_has_pinged(h, call->now))
            bad = arena_printf(arena, "%s%s%s", bad, *bad != '\0' ? ", " : "", h->id);
    }
    if (*bad == '\0')
        return fine;
    return refuse("InvalidInstanceId",
                  arena_printf(arena, "Instances [[%s]] not in a valid state for account %s", bad,
                               call->request->api->store_id));
}

/* Why a host cannot run it, NULL = it can. */
static const char *cannot_run(struct arena *arena, const struct sending *send,
                              const struct host *host)
{
    if (!content_runs_on(&send->entry.content, host->platform_type))
        return "the document does not run on its platform";
    if (host->protocol == 0)
        return NULL;
    if (host->protocol < HOST_PROTOCOL_DOOR)
        return "its slipway-agent is too old for commands of AWS clients; upgrade it";
    return content_steps_refuse(arena, &send->entry.content);
}

static struct refusal check_platforms(struct door_call *call, const struct sending *send)
{
    const char *why = NULL;

    for (size_t i = 0; i < send->targets.n_ids; i++) {
        const struct host *h = &send->hosts[i].host;
        const char *reason = cannot_run(call->request->arena, send, h);

        if (reason == NULL)
            return fine;
        if (why == NULL)
            why = arena_printf(call->request->arena, "host %s (%s): %s", h->name, h->id, reason);
    }
    return why == NULL ? fine : refuse("UnsupportedPlatformType", why);
}

static struct refusal check_echo(struct door_call *call)
{
    const char *text, *code = door_echo_refuse(call, &text);

    return code == NULL ? fine : refuse(code, text);
}

static struct refusal check_all(struct door_call *call, struct sending *send, struct db *db,
                                const struct snapshot *snapshot)
{
    struct arena *arena = call->request->arena;
    struct door_access_map *map;
    struct err err = ERR_INIT, document_err = ERR_INIT;
    struct refusal r;
    int found = door_library_find(db, arena, snapshot->config, send->document, send->version, NULL,
                                  &send->entry, &document_err);
    int rc = found == ERR_NOT_FOUND || found == ERR_CONFLICT ? 0 : found;

    if (rc < 0)
        return refuse("InternalServerError", arena_str(arena, document_err.text));
    rc = door_access_map_make(db, arena, snapshot->config, call->now, &map, &err);
    if (rc == 0)
        rc = door_targets_find(db, arena, &send->targets, &send->hosts, &send->n_hosts, &err);
    if (rc < 0)
        return refuse("InternalServerError", arena_str(arena, err.text));
    if ((r = check_document_access(call, send, found == 0)).code != NULL ||
        (r = check_host_access(call, map, send)).code != NULL)
        return r;
    if (send->targets.n_ids == 0 && send->targets.n_entries == 0)
        return refuse("InvalidInstanceId", "InstanceIds or Targets must name hosts");
    if (door_targets_twice(&send->targets) != NULL)
        return refuse("DuplicateInstanceId", arena_printf(arena, "%s stands there twice",
                                                          door_targets_twice(&send->targets)));
    if (found < 0)
        return refuse(found == ERR_NOT_FOUND ? "InvalidDocument" : "InvalidDocumentVersion",
                      arena_str(arena, document_err.text));
    if ((r = check_hash(send)).code != NULL || (r = check_parameters(call, send)).code != NULL ||
        (r = check_ids(call, send)).code != NULL || (r = check_platforms(call, send)).code != NULL)
        return r;
    return check_echo(call);
}

/* Writing ---------------------------------------------------------------------------------------- */

static void fill_command(struct door_call *call, struct sending *send)
{
    struct arena *arena = call->request->arena;
    struct door_command *c = &send->command;
    size_t value = 0;

    names_uuid_at(call->now, c->id);
    c->key_name = call->key.name;
    c->key_id = call->key.id;
    c->document_name = arena_str(arena, send->entry.name);
    c->document_version = arena_printf(arena, "%lld", (long long)send->entry.version);
    c->document_digest = send->entry.digest;
    send->entry.text = arena_str(arena, send->entry.text);
    c->instance_ids = door_echo_ids(call);
    c->targets = door_echo_targets(call);
    (void)rate_resolve(c->max_concurrency, send->n_hosts, 1, &value);
    c->concurrency = (int64_t)value;
    (void)rate_resolve(c->max_errors, send->n_hosts, 0, &value);
    c->budget = (int64_t)value;
    c->requested_at = call->now;
    c->expires_at = call->now + (c->timeout_s + c->execution_s) * 1000;
    c->n_targets = (int64_t)send->n_hosts;
    c->status = INVOCATION_PENDING;
    c->details = "Pending";
}

static int write_journal(struct db *db, struct door_call *call, struct err *err)
{
    const struct sending *send = call->own;
    const struct door_command *c = &send->command;
    const struct journal_entry entry = {
        .at = call->now,
        .actor = door_call_actor(call),
        .way = "door",
        .act = "command.send",
        .subject = c->id,
        .detail = arena_printf(call->request->arena,
                               "{\"document\":\"%s\",\"version\":\"%s\",\"digest\":\"%s\","
                               "\"targets\":%zu,\"first\":\"%s\"}",
                               c->document_name, c->document_version, c->document_digest,
                               send->n_hosts, send->n_hosts > 0 ? send->hosts[0].host.name : ""),
        .reason = *c->comment != '\0' ? c->comment : NULL,
    };

    return store_journal_add(db, &entry, err);
}

/* The key is asked again inside the transaction that acts (threats.md 4, rule 9). */
static int confirm_key(struct db *db, struct door_call *call, struct err *err)
{
    struct access_key key;
    int rc = store_access_key_by_id(db, call->request->arena, call->key.id, &key, err);

    if (rc == 0 && key.ended_at != 0)
        return door_call_refusal(call, err, ERR_DENIED, "UnrecognizedClientException",
                                 "The security token included in the request is invalid");
    return rc;
}

static int write_slice(struct db *db, struct door_call *call, struct err *err)
{
    struct sending *send = call->own;
    const struct door_command *c = &send->command;
    size_t end = send->n_written + SLICE < send->n_hosts ? send->n_written + SLICE : send->n_hosts;
    size_t i = send->n_written;
    int rc = 0;

    if (i == 0) {
        rc = confirm_key(db, call, err);
        if (rc == 0)
            rc = store_command_document(db, c->document_digest, c->document_name,
                                        c->document_version, send->entry.text, err);
        if (rc == 0)
            rc = store_door_command_put(db, c, err);
        if (rc == 0)
            rc = write_journal(db, call, err);
    } else {
        rc = store_door_command_goes_on(db, c->id, err);
    }
    for (; i < end && rc == 0; i++) {
        const struct host *host = &send->hosts[i].host;
        const char *why = cannot_run(call->request->arena, send, host);
        struct door_target t = {.status = why == NULL ? INVOCATION_PENDING : INVOCATION_FAILED,
                                .details = why == NULL ? "Pending" : "InvalidPlatform"};

        memcpy(t.host_id, host->id, sizeof(t.host_id));
        rc = store_door_command_target(db, c, &t, why, call->now, err);
    }
    if (rc == 0 && i == send->n_hosts)
        rc = store_door_command_written(db, c->id, call->now, err);
    if (rc == 0)
        send->n_written = i;
    return rc;
}

static enum request_next slice_written(struct door_call *call, struct reply *reply)
{
    struct sending *send = call->own;
    struct api *api = call->request->api;
    struct json_out out;
    struct buf buf;

    if (send->n_written < send->n_hosts)
        return door_call_write(call, reply, write_slice, slice_written);
    log_notice("command.sent", "command=%s key=%s document=%s targets=%zu", send->command.id,
               LOG(call->key.name), LOG(send->command.document_name), send->n_hosts);
    api->ring_flow(api->flow);
    buf_init(&buf, ANSWER_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    door_send_add(&out, call, "Command", &send->command);
    json_end_object(&out);
    return door_call_answer_buf(call, reply, &buf);
}

enum request_next door_send_command(struct door_call *call, struct reply *reply)
{
    struct api *api = call->request->api;
    const struct snapshot *snapshot;
    struct err err = ERR_INIT;
    struct refusal refusal;
    struct door_shape s;
    struct sending *send;
    struct db *db;

    door_shape_init(&s, call);
    send = read_sending(&s);
    if (!door_shape_is_well(&s))
        return door_shape_refuse(&s, reply);
    if (db_pool_take(api->readers, &db, &err) < 0)
        return door_call_fault(call, reply, err.text);
    snapshot = snapshots_take(api->snapshots);
    refusal = check_all(call, send, db, snapshot);
    if (refusal.code == NULL)
        fill_command(call, send);
    snapshots_give(snapshot);
    db_pool_give(api->readers, db);
    if (refusal.code == NULL)
        return door_call_write(call, reply, write_slice, slice_written);
    if (strcmp(refusal.code, "InternalServerError") == 0)
        return door_call_fault(call, reply, refusal.text);
    return door_call_refuse(call, reply, refusal.code, refusal.text);
}

/* The command as the wire has it ---------------------------------------------------------------- */

/* {"a":"x","b":["y"]} with every value a list. */
static void add_parameters(struct json_out *out, const char *text)
{
    struct cJSON *json = NULL;
    struct err err = ERR_INIT;

    json_begin_object(out, "Parameters");
    if (json_parse(text, strlen(text), NULL, &json, &err) == 0) {
        for (const struct cJSON *i = json_first(json); i != NULL; i = json_next(i)) {
            json_begin_array(out, json_key(i));
            if (json_string_value(i) != NULL)
                json_add_str(out, NULL, json_string_value(i));
            for (const struct cJSON *k = json_is_array(i) ? json_first(i) : NULL; k != NULL;
                 k = json_next(k))
                json_add_str(out, NULL, json_string_value(k));
            json_end_array(out);
        }
        json_free(json);
    }
    json_end_object(out);
}

void door_send_add(struct json_out *out, struct door_call *call, const char *key,
                   const struct door_command *c)
{
    json_begin_object(out, key);
    json_add_str(out, "CommandId", c->id);
    json_add_str(out, "DocumentName", c->document_name);
    json_add_str(out, "DocumentVersion", door_echo_version(call->request->arena, c));
    json_add_str(out, "Comment", c->comment);
    door_call_add_time(out, "ExpiresAfter", c->expires_at);
    add_parameters(out, c->parameters);
    json_add_raw(out, "InstanceIds", c->instance_ids);
    json_add_raw(out, "Targets", c->targets);
    door_call_add_time(out, "RequestedDateTime", c->requested_at);
    json_add_str(out, "Status", invocation_statuses[c->status].text);
    json_add_str(out, "StatusDetails", c->details);
    json_add_str(out, "MaxConcurrency", c->max_concurrency);
    json_add_str(out, "MaxErrors", c->max_errors);
    json_add_int(out, "TargetCount", c->n_targets);
    json_add_int(out, "CompletedCount", c->n_completed);
    json_add_int(out, "ErrorCount", c->n_errors);
    json_add_int(out, "DeliveryTimedOutCount", c->n_undelivered);
    json_add_int(out, "TimeoutSeconds", c->timeout_s);
    door_echo_add(out, c->echo, door_echo_of_command);
    json_begin_array(out, "TriggeredAlarms");
    json_end_array(out);
    json_end_object(out);
}
