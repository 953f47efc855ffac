#include "lib/ssm/envelope.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/names.h"

const char *envelope_text(struct arena *arena, const struct envelope *e)
{
    struct json_out o;
    struct buf buf;
    const char *text;

    buf_init(&buf, ENVELOPE_MAX);
    json_out_init(&o, &buf);
    json_begin_object(&o, NULL);
    json_add_int(&o, "Protocol", ENVELOPE_PROTOCOL);
    json_add_str(&o, "StoreId", e->store_id);
    json_add_str(&o, "CommandId", e->command_id);
    json_add_str(&o, "Host", e->host_id);
    json_add_str(&o, "HostName", e->host);
    json_add_str(&o, "Repository", e->repository);
    json_add_str(&o, "Environment", e->environment);
    json_add_int(&o, "Release", e->release);
    json_add_str(&o, "Database", e->database);
    json_add_int(&o, "Epoch", e->epoch);
    json_add_str(&o, "Document", e->document);
    json_add_str(&o, "DocumentDigest", e->document_digest);
    json_begin_object(&o, "Parameters");
    for (size_t i = 0; i < e->parameters.n; i++)
        json_add_str(&o, e->parameters.items[i].key, e->parameters.items[i].value);
    json_end_object(&o);
    json_add_int(&o, "StartBy", e->start_by);
    json_end_object(&o);
    text = arena_strn(arena, buf_str(&buf), buf.len);
    buf_deinit(&buf);
    return text;
}

const char *envelope_sign(struct arena *arena, const struct sign_key *key, const char *text)
{
    unsigned char raw[SIGN_SIGNATURE_SIZE];
    char base64[DIGEST_BASE64_SIZE(SIGN_SIGNATURE_SIZE)];

    sign_make(key, text, strlen(text), raw);
    digest_base64(raw, sizeof(raw), base64);
    return arena_str(arena, base64);
}

static bool is_parameter(const char *name)
{
    size_t n = strlen(name);

    return n >= 1 && n <= 32 && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == n;
}

/* Values are handed to scripts as environment: one line, bounded. */
static bool is_value(const char *value)
{
    return value != NULL && strlen(value) <= 1024 && strpbrk(value, "\n\r") == NULL;
}

static int take_parameters(struct arena *arena, const struct cJSON *json, struct config_pairs *pairs)
{
    size_t n = json_count(json);

    if (json == NULL || n > 32)
        return ERR_INVALID;
    pairs->items = arena_array(arena, n, sizeof(*pairs->items));
    for (const struct cJSON *p = json_first(json); p != NULL; p = json_next(p)) {
        if (!is_parameter(json_key(p)) || !is_value(json_string_value(p)))
            return ERR_INVALID;
        pairs->items[pairs->n++] = (struct config_pair){arena_str(arena, json_key(p)),
                                                        arena_str(arena, json_string_value(p))};
    }
    return 0;
}

static int take(struct arena *arena, const struct cJSON *json, struct envelope *e, struct err *err)
{
    int64_t protocol = 0;

    if (!json_int(json, "Protocol", &protocol) || protocol != ENVELOPE_PROTOCOL)
        return err_set(err, ERR_INVALID, "envelope of protocol %lld; this speaks %d", (long long)protocol,
                       ENVELOPE_PROTOCOL);
    e->store_id = arena_str(arena, json_str(json, "StoreId"));
    e->command_id = arena_str(arena, json_str(json, "CommandId"));
    e->host_id = arena_str(arena, json_str(json, "Host"));
    e->host = arena_str(arena, json_str(json, "HostName"));
    e->repository = arena_str(arena, json_str(json, "Repository"));
    e->environment = arena_str(arena, json_str(json, "Environment"));
    e->database = arena_str(arena, json_str(json, "Database"));
    e->document = arena_str(arena, json_str(json, "Document"));
    e->document_digest = arena_str(arena, json_str(json, "DocumentDigest"));
    if (json_count(json) != 14 || !names_is_uuid(e->store_id) || !names_is_uuid(e->command_id) ||
        !names_is_host_id(e->host_id) || !names_is_word(e->host) || !names_is_repo(e->repository) ||
        !names_is_word(e->environment) || !names_is_document(e->document) ||
        !names_is_hex(e->document_digest, 64) || !json_int(json, "Release", &e->release) ||
        !json_int(json, "Epoch", &e->epoch) || !json_int(json, "StartBy", &e->start_by) ||
        (e->database != NULL) != (e->epoch > 0) || (e->database != NULL && strlen(e->database) > 400) ||
        take_parameters(arena, json_object(json, "Parameters"), &e->parameters) < 0)
        return err_set(err, ERR_INVALID, "envelope: a member is missing or has another form");
    return 0;
}

int envelope_open(struct arena *arena, const unsigned char public_key[SIGN_PUBLIC_SIZE], const char *text,
                  const char *signature, struct envelope *ret_envelope, struct err *err)
{
    unsigned char raw[SIGN_SIGNATURE_SIZE];
    struct envelope e = {.release = 0};
    struct cJSON *json = NULL;
    int rc;

    if (strlen(text) > ENVELOPE_MAX ||
        digest_unbase64(signature, strlen(signature), raw, sizeof(raw)) != SIGN_SIGNATURE_SIZE)
        return err_set(err, ERR_INVALID, "envelope or signature has another form");
    if (sign_verify(public_key, text, strlen(text), raw) < 0)
        return err_set(err, ERR_DENIED, "not signed by the server this host trusts");
    rc = json_parse(text, strlen(text), NULL, &json, err);
    if (rc == 0)
        rc = take(arena, json, &e, err);
    json_free(json);
    if (rc == 0)
        *ret_envelope = e;
    return rc;
}
