/* envelope: see envelope.h. */
#include "lib/ssm/envelope.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/str.h"

#define REDACT "RedactDigest" /* only where something is to be hidden */
#define ATTEMPT "ATTEMPT"     /* parameter of a probe alone */
#define DATABASE_MAX 255
#define ROLES_MAX 1024
#define DOOR_NAME_MAX 128
#define START_BY_MAX INT64_C(253402300799999) /* the end of the year 9999 */

/* Grammars ----------------------------------------------------------------------------------- */

struct check {
    const char *member;
    const char *value;
    bool (*fits)(const char *s);
};

/* REPO/ENVIRONMENT/NAME, or a name of `databases:`. */
static bool is_database(const char *s)
{
    size_t n = strlen(s);

    if (n == 0 || n > DATABASE_MAX || s[0] == '-' || s[0] == '/')
        return false;
    return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-") == n;
}

/* "web" or "web,worker". */
static bool is_role_list(const char *s)
{
    char word[65];

    if (strlen(s) > ROLES_MAX)
        return false;
    for (;;) {
        size_t n = strcspn(s, ",");

        if (n >= sizeof(word))
            return false;
        memcpy(word, s, n);
        word[n] = '\0';
        if (!names_is_word(word))
            return false;
        if (s[n] == '\0')
            return true;
        s += n + 1;
    }
}

static bool is_previous(const char *s)
{
    return *s == '\0' || names_is_sha40(s);
}

static bool is_digest(const char *s)
{
    return names_is_hex(s, DIGEST_HEX_SIZE - 1);
}

/* NAME@VERSION of a document of the door (ssm-wire.md 3). */
static bool is_door_document(const char *s)
{
    const char *at = strchr(s, '@');
    size_t n = at == NULL ? 0 : (size_t)(at - s);
    size_t digits = at == NULL ? 0 : strlen(at + 1);

    return n >= 1 && n <= DOOR_NAME_MAX && digits >= 1 && digits <= 9 &&
           strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n &&
           strspn(at + 1, "0123456789") == digits;
}

/* The same for a command of the door. */
static const char *odd_door_member(const struct envelope *e)
{
    const struct check checks[] = {
        {"StoreId", e->store_id, names_is_uuid},
        {"CommandId", e->command_id, names_is_uuid},
        {"Host", e->host_id, names_is_machine_id},
        {"HostName", e->host, names_is_word},
        {"Document", e->document, is_door_document},
        {"DocumentDigest", e->document_digest, is_digest},
        {"ParametersDigest", e->parameters_digest, is_digest},
    };

    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        if (checks[i].value == NULL || !checks[i].fits(checks[i].value))
            return checks[i].member;
    }
    return NULL;
}

/* The member that breaks its grammar, or NULL. */
static const char *odd_member(const struct envelope *e)
{
    const struct check checks[] = {
        {"StoreId", e->store_id, names_is_uuid},
        {"CommandId", e->command_id, names_is_uuid},
        {"Host", e->host_id, names_is_machine_id},
        {"HostName", e->host, names_is_word},
        {"Repository", e->repository, names_is_repo},
        {"Environment", e->environment, names_is_word},
        {"Document", e->document, names_is_document},
        {"DocumentDigest", e->document_digest, is_digest},
        {"SHA", e->sha, names_is_sha40},
        {"PREVIOUS_SHA", e->previous_sha, is_previous},
        {"ROLE", e->roles, is_role_list},
    };

    if (e->redact_digest != NULL && !is_digest(e->redact_digest))
        return REDACT;
    if (e->attempt != NULL && !names_is_uuid(e->attempt))
        return ATTEMPT;
    if (e->start_by <= 0 || e->start_by > START_BY_MAX)
        return "StartBy";
    if (e->parameters_digest != NULL)
        return odd_door_member(e);
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        if (checks[i].value == NULL || !checks[i].fits(checks[i].value))
            return checks[i].member;
    }
    if (e->release < 0)
        return "Release";
    if (e->database != NULL && !is_database(e->database))
        return "Database";
    if (e->database != NULL ? e->epoch < 1 : e->epoch != 0)
        return "Epoch";
    return NULL;
}

/* Making ------------------------------------------------------------------------------------- */

static const char *release_text(struct arena *arena, int64_t release)
{
    return release > 0 ? arena_printf(arena, "r%lld", (long long)release) : "";
}

/* What a command of a job has beside. */
static void add_of_job(struct json_out *out, struct arena *arena, const struct envelope *e)
{
    json_add_str(out, "Repository", e->repository);
    json_add_str(out, "Environment", e->environment);
    json_add_int(out, "Release", e->release);
    json_add_str(out, "Database", e->database);
    json_add_int(out, "Epoch", e->epoch);
    json_begin_object(out, "Parameters");
    json_add_str(out, "SHA", e->sha);
    json_add_str(out, "PREVIOUS_SHA", e->previous_sha);
    json_add_str(out, "REPO", e->repository);
    json_add_str(out, "ENVIRONMENT", e->environment);
    json_add_str(out, "ROLE", e->roles);
    json_add_str(out, "HOST", e->host);
    json_add_str(out, "RELEASE", release_text(arena, e->release));
    if (e->attempt != NULL)
        json_add_str(out, ATTEMPT, e->attempt);
    json_end_object(out);
}

int envelope_make(struct arena *arena, const struct envelope *e, const char **ret_text,
                  struct err *err)
{
    const char *odd = odd_member(e);
    struct json_out out;
    struct buf buf;

    if (odd != NULL)
        return err_set(err, ERR_INVALID, "envelope of command %s: %s is odd",
                       e->command_id != NULL ? e->command_id : "?", odd);
    buf_init(&buf, ENVELOPE_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_int(&out, "Protocol", e->protocol != 0 ? e->protocol : ENVELOPE_PROTOCOL);
    json_add_str(&out, "StoreId", e->store_id);
    json_add_str(&out, "CommandId", e->command_id);
    json_add_str(&out, "Host", e->host_id);
    json_add_str(&out, "HostName", e->host);
    json_add_str(&out, "Document", e->document);
    json_add_str(&out, "DocumentDigest", e->document_digest);
    if (e->parameters_digest != NULL)
        json_add_str(&out, "ParametersDigest", e->parameters_digest);
    else
        add_of_job(&out, arena, e);
    if (e->redact_digest != NULL && e->protocol != ENVELOPE_PROTOCOL_OLDEST)
        json_add_str(&out, REDACT, e->redact_digest);
    json_add_int(&out, "StartBy", e->start_by);
    json_end_object(&out);
    if (buf.overflow) {
        buf_deinit(&buf);
        return err_set(err, ERR_INVALID, "envelope of command %s: over %d bytes", e->command_id,
                       ENVELOPE_MAX);
    }
    *ret_text = arena_strn(arena, buf_str(&buf), buf.len);
    buf_deinit(&buf);
    return 0;
}

void envelope_sign(const struct sign_key *key, const char *text, char out[ENVELOPE_SIGNATURE_SIZE])
{
    unsigned char signature[SIGN_SIGNATURE_SIZE];

    sign_make(key, text, strlen(text), signature);
    digest_base64(signature, sizeof(signature), out);
}

/* Reading ------------------------------------------------------------------------------------ */

static const char *const members[] = {
    "Protocol",   "StoreId",        "CommandId",  "Host",     "HostName",
    "Repository", "Environment",    "Release",    "Database", "Epoch",
    "Document",   "DocumentDigest", "Parameters", "StartBy",  NULL,
};
static const char *const door_members[] = {
    "Protocol", "StoreId",        "CommandId",        "Host",    "HostName",
    "Document", "DocumentDigest", "ParametersDigest", "StartBy", NULL,
};
static const char *const parameters[] = {
    "SHA", "PREVIOUS_SHA", "REPO", "ENVIRONMENT", "ROLE", "HOST", "RELEASE", NULL,
};
#define N_OF(list) (sizeof(list) / sizeof((list)[0]) - 1)

/* Exactly those keys: as many, and each there, and perhaps `may` (NULL: no other). Duplicates were refused by the
 * validating pass. */
static int check_keys(const struct cJSON *object, const char *const *keys, size_t n,
                      const char *may, const char *what, struct err *err)
{
    n += may != NULL && json_str(object, may) != NULL;
    for (const struct cJSON *item = json_first(object); item != NULL; item = json_next(item)) {
        bool known = str_eq(json_key(item), may);

        for (size_t i = 0; i < n && keys[i] != NULL; i++)
            known = known || str_eq(json_key(item), keys[i]);
        if (!known)
            return err_set(err, ERR_INVALID, "%s has an unknown member %.64s", what,
                           json_key(item));
    }
    if (json_count(object) != n)
        return err_set(err, ERR_INVALID, "%s has %zu members, %zu are expected", what,
                       json_count(object), n);
    return 0;
}

static const char *text_of(struct arena *arena, const struct cJSON *object, const char *key)
{
    return arena_str(arena, json_str(object, key));
}

/* The parameters that repeat a member must say the same. */
static int check_repeats(struct arena *arena, const struct cJSON *object, const struct envelope *e,
                         struct err *err)
{
    const struct {
        const char *key;
        const char *value;
    } repeats[] = {
        {"REPO", e->repository},
        {"ENVIRONMENT", e->environment},
        {"HOST", e->host},
        {"RELEASE", release_text(arena, e->release)},
    };

    for (size_t i = 0; i < sizeof(repeats) / sizeof(repeats[0]); i++) {
        if (!str_eq(json_str(object, repeats[i].key), repeats[i].value))
            return err_set(err, ERR_INVALID, "envelope: parameter %s is not the envelope's own",
                           repeats[i].key);
    }
    return 0;
}

static int take(struct arena *arena, const struct cJSON *json, struct envelope *e, struct err *err)
{
    const struct cJSON *values = json_object(json, "Parameters");
    const struct cJSON *database = json_get(json, "Database");
    int64_t protocol = 0;
    const char *odd;

    if (!json_int(json, "Protocol", &protocol) || !envelope_speaks(protocol))
        return err_set(err, ERR_INVALID, "envelope: protocol %lld, this one speaks %d and %d",
                       (long long)protocol, ENVELOPE_PROTOCOL_OLDEST, ENVELOPE_PROTOCOL);
    *e = (struct envelope){
        .parameters_digest = text_of(arena, json, "ParametersDigest"),
        .protocol = protocol,
        .store_id = text_of(arena, json, "StoreId"),
        .command_id = text_of(arena, json, "CommandId"),
        .host_id = text_of(arena, json, "Host"),
        .host = text_of(arena, json, "HostName"),
        .repository = text_of(arena, json, "Repository"),
        .environment = text_of(arena, json, "Environment"),
        .release = -1,
        .database = text_of(arena, json, "Database"),
        .epoch = -1,
        .document = text_of(arena, json, "Document"),
        .document_digest = text_of(arena, json, "DocumentDigest"),
        .redact_digest = text_of(arena, json, REDACT),
        .sha = text_of(arena, values, "SHA"),
        .previous_sha = text_of(arena, values, "PREVIOUS_SHA"),
        .roles = text_of(arena, values, "ROLE"),
        .attempt = text_of(arena, values, ATTEMPT),
    };
    (void)json_int(json, "StartBy", &e->start_by);
    if (e->parameters_digest != NULL) {
        e->repository = e->environment = e->sha = e->previous_sha = e->roles = "";
        e->release = e->epoch = 0;
        odd = odd_member(e);
        return odd == NULL ? 0 : err_set(err, ERR_INVALID, "envelope: %s is odd", odd);
    }
    (void)json_int(json, "Release", &e->release);
    (void)json_int(json, "Epoch", &e->epoch);
    odd = database != NULL && e->database == NULL ? "Database" : odd_member(e);
    if (odd != NULL)
        return err_set(err, ERR_INVALID, "envelope: %s is odd", odd);
    return check_repeats(arena, values, e, err);
}

/* Those of a job, or those of a command of the door, and nothing else. */
static int check_members(const struct cJSON *json, struct err *err)
{
    int rc;

    if (json_get(json, "ParametersDigest") != NULL)
        return check_keys(json, door_members, N_OF(door_members), REDACT, "envelope", err);
    rc = check_keys(json, members, N_OF(members), REDACT, "envelope", err);
    return rc < 0 ? rc
                  : check_keys(json_object(json, "Parameters"), parameters, N_OF(parameters),
                               ATTEMPT, "envelope: Parameters", err);
}

int envelope_parse(struct arena *arena, const char *text, size_t len, struct envelope *ret_envelope,
                   struct err *err)
{
    const struct json_limits limits = {.depth = 2, .nodes = 64};
    struct envelope envelope;
    struct cJSON *json = NULL;
    int rc;

    if (len > ENVELOPE_MAX)
        return err_set(err, ERR_INVALID, "envelope: %zu bytes, at most %d", len, ENVELOPE_MAX);
    rc = json_parse(text, len, &limits, &json, err);
    if (rc < 0)
        return err_wrap(err, "envelope");
    if (!json_is_object(json))
        rc = err_set(err, ERR_INVALID, "envelope: no object");
    if (rc == 0)
        rc = check_members(json, err);
    if (rc == 0)
        rc = take(arena, json, &envelope, err);
    json_free(json);
    if (rc == 0)
        *ret_envelope = envelope;
    return rc;
}

int envelope_open(struct arena *arena, const unsigned char public_key[SIGN_PUBLIC_SIZE],
                  const char *text, const char *signature, struct envelope *ret_envelope,
                  struct err *err)
{
    unsigned char raw[SIGN_SIGNATURE_SIZE];
    size_t len = strlen(text);

    if (digest_unbase64(signature, strlen(signature), raw, sizeof(raw)) != (int)sizeof(raw))
        return err_set(err, ERR_DENIED, "envelope: the signature is none");
    if (sign_verify(public_key, text, len, raw) < 0)
        return err_set(err, ERR_DENIED, "envelope: not signed by the key of this host's server");
    return envelope_parse(arena, text, len, ret_envelope, err);
}

void envelope_variables(struct arena *arena, const struct envelope *e,
                        struct envelope_variable out[ENVELOPE_VARIABLES])
{
    const struct envelope_variable variables[ENVELOPE_VARIABLES] = {
        {"SLIPWAY_SHA", e->sha},
        {"SLIPWAY_PREVIOUS_SHA", e->previous_sha},
        {"SLIPWAY_REPO", e->repository},
        {"SLIPWAY_ENVIRONMENT", e->environment},
        {"SLIPWAY_ROLE", e->roles},
        {"SLIPWAY_HOST", e->host},
        {"SLIPWAY_RELEASE", release_text(arena, e->release)},
    };

    memcpy(out, variables, sizeof(variables));
}
