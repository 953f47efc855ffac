/* aws_keys: see aws_keys.h. */
#include "lib/ssm/aws_keys.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"

#define SECRET_MAX 200 /* lib/ssm/sigv4.c has room for 256 with what it puts in front */
#define TOKEN_MAX 8192
#define NAME_MAX_BYTES 256

void aws_keys_deinit(struct aws_keys *keys)
{
    if (keys == NULL)
        return;
    secret_free(keys->secret);
    secret_free(keys->token);
    *keys = (struct aws_keys){.ends_at = 0};
}

/* Printable ASCII without blanks: it becomes a part of a header. */
static bool is_word(struct span text, size_t max)
{
    if (text.n == 0 || text.n > max)
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] <= 0x20 || text.p[i] > 0x7e)
            return false;
    return true;
}

static struct span span_of(const char *text)
{
    return (struct span){.p = text, .n = text != NULL ? strlen(text) : 0};
}

/* The id stands in the scope of the signature, between slashes and commas. */
static bool is_id(struct span id)
{
    return is_word(id, AWS_KEYS_ID_SIZE - 1) && memchr(id.p, '/', id.n) == NULL &&
           memchr(id.p, ',', id.n) == NULL;
}

static int make(struct span id, struct span secret, struct span token, time_ms ends_at,
                struct aws_keys *ret_keys, struct err *err)
{
    if (!is_id(id))
        return err_set(err, ERR_INVALID, "the access key id is none");
    if (!is_word(secret, SECRET_MAX))
        return err_set(err, ERR_INVALID, "the secret of access key %.*s is none", (int)id.n, id.p);
    if (token.n > 0 && !is_word(token, TOKEN_MAX))
        return err_set(err, ERR_INVALID, "the session token of access key %.*s is none", (int)id.n,
                       id.p);
    *ret_keys = (struct aws_keys){.secret = secret_new(secret.p, secret.n),
                                  .token = token.n > 0 ? secret_new(token.p, token.n) : NULL,
                                  .ends_at = ends_at};
    (void)snprintf(ret_keys->id, sizeof(ret_keys->id), "%.*s", (int)id.n, id.p);
    return 0;
}

int aws_keys_make(const char *id, const char *secret, const char *token, time_ms ends_at,
                  struct aws_keys *ret_keys, struct err *err)
{
    return make(span_of(id), span_of(secret), span_of(token), ends_at, ret_keys, err);
}

/* Shared files --------------------------------------------------------------------------------- */

/* What a profile has: spans of the file. */
struct profile {
    bool found;
    struct span id, secret, token;
    const char *other; /* another way to keys, which is not built; NULL = none */
};

static struct span trim(struct span s)
{
    while (s.n > 0 && strchr(" \t\r\v\f", s.p[0]) != NULL && s.p[0] != '\0')
        s.p++, s.n--;
    while (s.n > 0 && strchr(" \t\r\v\f", s.p[s.n - 1]) != NULL && s.p[s.n - 1] != '\0')
        s.n--;
    return s;
}

static bool span_is(struct span s, const char *text)
{
    return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

/* Is "[...]" this profile's? In the config file all but `default` say "profile" in front. */
static bool is_section(struct span line, enum aws_keys_file file, const char *wanted)
{
    const char *end = memchr(line.p, ']', line.n);
    struct span name = {.p = line.p + 1, .n = end != NULL ? (size_t)(end - line.p) - 1 : 0};

    if (end == NULL)
        return false;
    name = trim(name);
    if (file == AWS_KEYS_CONFIG && name.n > 8 && memcmp(name.p, "profile", 7) == 0 &&
        (name.p[7] == ' ' || name.p[7] == '\t'))
        name = trim((struct span){.p = name.p + 7, .n = name.n - 7});
    else if (file == AWS_KEYS_CONFIG && !span_is(name, "default"))
        return false;
    return span_is(name, wanted);
}

static void take_setting(struct span line, struct profile *p)
{
    static const char *const others[] = {
        "role_arn",      "credential_process",      "sso_session",
        "sso_start_url", "web_identity_token_file", "credential_source",
        "login_session"};
    const char *equals = memchr(line.p, '=', line.n);
    struct span key, value;

    if (equals == NULL)
        return;
    key = trim((struct span){.p = line.p, .n = (size_t)(equals - line.p)});
    value = trim((struct span){.p = equals + 1, .n = line.n - (size_t)(equals + 1 - line.p)});
    if (span_is(key, "aws_access_key_id"))
        p->id = value;
    else if (span_is(key, "aws_secret_access_key"))
        p->secret = value;
    else if (span_is(key, "aws_session_token"))
        p->token = value;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]) && p->other == NULL; i++)
        p->other = span_is(key, others[i]) ? others[i] : NULL;
}

static void read_profile(const char *bytes, size_t len, enum aws_keys_file file, const char *wanted,
                         struct profile *p)
{
    bool inside = false;

    for (const char *at = bytes, *end = bytes + len; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        struct span whole = {.p = at, .n = (size_t)((stop != NULL ? stop : end) - at)};
        struct span line = trim(whole);

        at = stop != NULL ? stop + 1 : end;
        if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';')
            continue;
        if (line.p[0] == '[') {
            inside = is_section(line, file, wanted);
            p->found = p->found || inside;
        } else if (inside &&
                   line.p == whole.p) { /* a line that is set in belongs to the one above */
            take_setting(line, p);
        }
    }
}

int aws_keys_from_file(const char *bytes, size_t len, enum aws_keys_file file, const char *profile,
                       struct aws_keys *ret_keys, struct err *err)
{
    struct profile p = {.found = false};

    if (len > AWS_KEYS_FILE_MAX)
        return err_set(err, ERR_INVALID, "it has more than %zu bytes", AWS_KEYS_FILE_MAX);
    if (strlen(profile) > NAME_MAX_BYTES)
        return err_set(err, ERR_INVALID, "the name of the profile is too long");
    if (len > 0)
        read_profile(bytes, len, file, profile, &p);
    if (!p.found)
        return err_set(err, ERR_NOT_FOUND, "it has no profile %.100s", profile);
    if (p.other != NULL)
        return err_set(err, ERR_DENIED,
                       "profile %.100s comes to its keys by %s, which is not built: give it "
                       "aws_access_key_id and aws_secret_access_key, or the machine a role",
                       profile, p.other);
    if (p.id.n == 0 && p.secret.n == 0)
        return err_set(err, ERR_NOT_FOUND, "profile %.100s has no aws_access_key_id", profile);
    if (make(p.id, p.secret, p.token, 0, ret_keys, err) < 0)
        return err_wrap(err, "profile %.100s", profile);
    return 0;
}

/* Answers -------------------------------------------------------------------------------------- */

int aws_keys_from_answer(const char *bytes, size_t len, struct aws_keys *ret_keys, struct err *err)
{
    const struct json_limits limits = {.depth = 4, .nodes = 64};
    struct cJSON *json = NULL;
    const char *code, *id, *secret, *token, *text;
    char *own; /* read in place, so that no copy of the secrets stays behind */
    time_ms ends_at = 0;
    int rc;

    if (len > AWS_KEYS_ANSWER_MAX)
        return err_set(err, ERR_INVALID, "the answer is too long");
    own = malloc(len + 1);
    if (own == NULL)
        abort();
    memcpy(own, bytes, len);
    own[len] = '\0';
    rc = json_parse_here(own, len, &limits, &json, err);
    if (rc < 0)
        goto out;
    code = json_str(json, "Code");
    id = json_str(json, "AccessKeyId");
    secret = json_str(json, "SecretAccessKey");
    token = json_str(json, "Token");
    text = json_str(json, "Expiration");
    if (code != NULL && !str_eq(code, "Success"))
        rc = err_set(err, ERR_INVALID, "the answer says %.60s", code);
    else if (text != NULL && (timestamp_parse_rfc3339(text, &ends_at) < 0 || ends_at <= 0))
        rc = err_set(err, ERR_INVALID, "the answer's Expiration is no date");
    else
        rc = aws_keys_make(id, secret, token, ends_at, ret_keys, err);
out:
    json_free(json);
    secret_wipe(own, len);
    free(own);
    return rc;
}
