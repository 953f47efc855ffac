#include "lib/ssm/sigv4.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/sign.h"
#include "lib/base/str.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define AUTHORIZATION_MAX 8192
#define CANONICAL_MAX (256 * 1024)

void sigv4_date(time_ms now, char out[17])
{
    char iso[TIMESTAMP_SIZE];

    timestamp_format(now, iso);
    snprintf(out, 17, "%.4s%.2s%.2sT%.2s%.2s%.2sZ", iso, iso + 5, iso + 8, iso + 11, iso + 14, iso + 17);
}

/* "name=value" up to the next comma; the value may hold '=' (base64). */
static char *field(struct arena *arena, const char *text, const char *name)
{
    size_t n = strlen(name);

    for (const char *p = text; p != NULL; p = strchr(p, ',')) {
        p += strspn(p, ", ");
        if (strncmp(p, name, n) == 0 && p[n] == '=')
            return arena_strn(arena, p + n + 1, strcspn(p + n + 1, ", "));
    }
    return NULL;
}

static int take_scope(struct arena *arena, char *credential, struct sigv4_authorization *auth)
{
    char *parts[5];
    size_t n = 0;

    for (char *p = credential; p != NULL && n < 5; n++) {
        char *slash = strchr(p, '/');
        parts[n] = p;
        if (slash != NULL)
            *slash++ = '\0';
        p = slash;
        if (p != NULL && n == 4)
            return ERR_INVALID;
    }
    if (n != 5 || strcmp(parts[4], "aws4_request") != 0 || strlen(parts[1]) != 8)
        return ERR_INVALID;
    for (size_t i = 0; i < 4; i++)
        if (*parts[i] == '\0' || strlen(parts[i]) > 128)
            return ERR_INVALID;
    auth->key_id = parts[0];
    auth->date = parts[1];
    auth->region = parts[2];
    auth->service = parts[3];
    (void)arena;
    return 0;
}

int sigv4_parse(struct arena *arena, const char *authorization, struct sigv4_authorization *ret_auth,
                struct err *err)
{
    struct sigv4_authorization auth = {.n_signed = 0};
    size_t n = strlen(ALGORITHM);
    char *credential, *list, *signature, *save = NULL;

    if (strlen(authorization) > AUTHORIZATION_MAX || strncmp(authorization, ALGORITHM, n) != 0 ||
        authorization[n] != ' ')
        return err_set(err, ERR_INVALID, "Authorization must begin with " ALGORITHM);
    credential = field(arena, authorization + n, "Credential");
    list = field(arena, authorization + n, "SignedHeaders");
    signature = field(arena, authorization + n, "Signature");
    if (credential == NULL || list == NULL || signature == NULL)
        return err_set(err, ERR_INVALID, "Authorization needs Credential, SignedHeaders and Signature");
    if (take_scope(arena, credential, &auth) < 0)
        return err_set(err, ERR_INVALID, "Credential must be KEY/DATE/REGION/SERVICE/aws4_request");
    auth.signed_list = arena_str(arena, list);
    auth.signature = signature;
    for (char *name = strtok_r(list, ";", &save); name != NULL; name = strtok_r(NULL, ";", &save)) {
        if (auth.n_signed == SIGV4_HEADERS_MAX)
            return err_set(err, ERR_INVALID, "more than %d signed headers", SIGV4_HEADERS_MAX);
        auth.signed_headers[auth.n_signed++] = name;
    }
    if (auth.n_signed == 0)
        return err_set(err, ERR_INVALID, "SignedHeaders is empty");
    *ret_auth = auth;
    return 0;
}

static const char *header_of(const struct sigv4_request *r, const char *name)
{
    for (size_t i = 0; i < r->n_headers; i++)
        if (strcmp(r->headers[i].name, name) == 0)
            return r->headers[i].value;
    return NULL;
}

/* Trimmed, inner runs of blanks made one. */
static void add_value(struct buf *buf, const char *value)
{
    bool blank = false, some = false;

    for (; *value != '\0'; value++) {
        if (*value == ' ' || *value == '\t') {
            blank = some;
            continue;
        }
        if (blank)
            buf_addc(buf, ' ');
        buf_addc(buf, *value);
        blank = false;
        some = true;
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Parameters sorted; each has its '='. They are taken as encoded by the sender. */
static void add_query(struct arena *arena, struct buf *buf, const char *query)
{
    const char *items[64];
    size_t n = 0;
    char *copy = arena_str(arena, query), *save = NULL;

    for (char *p = strtok_r(copy, "&", &save); p != NULL && n < 64; p = strtok_r(NULL, "&", &save))
        items[n++] = strchr(p, '=') != NULL ? p : arena_printf(arena, "%s=", p);
    qsort(items, n, sizeof(*items), by_text);
    for (size_t i = 0; i < n; i++)
        buf_addf(buf, "%s%s", i > 0 ? "&" : "", items[i]);
}

char *sigv4_canonical(struct arena *arena, const struct sigv4_request *r,
                      const struct sigv4_authorization *auth)
{
    const char *sent = header_of(r, "x-amz-content-sha256");
    char hash[DIGEST_HEX_SIZE];
    struct buf buf;
    char *text;

    buf_init(&buf, CANONICAL_MAX);
    buf_addf(&buf, "%s\n%s\n", r->method, r->path);
    add_query(arena, &buf, r->query);
    buf_addc(&buf, '\n');
    for (size_t i = 0; i < auth->n_signed; i++) {
        const char *value = header_of(r, auth->signed_headers[i]);
        buf_addf(&buf, "%s:", auth->signed_headers[i]);
        add_value(&buf, value != NULL ? value : "");
        buf_addc(&buf, '\n');
    }
    digest_sha256_hex(r->body, r->body_len, hash);
    buf_addf(&buf, "\n%s\n%s", auth->signed_list, sent != NULL ? sent : hash);
    text = arena_strn(arena, buf_str(&buf), buf.len);
    buf_deinit(&buf);
    return text;
}

char *sigv4_string_to_sign(struct arena *arena, const struct sigv4_authorization *auth,
                           const char *amz_date, const char *canonical)
{
    char hash[DIGEST_HEX_SIZE];

    digest_sha256_hex(canonical, strlen(canonical), hash);
    return arena_printf(arena, ALGORITHM "\n%s\n%s/%s/%s/aws4_request\n%s", amz_date, auth->date,
                        auth->region, auth->service, hash);
}

void sigv4_signature(const char *secret, const struct sigv4_authorization *auth,
                     const char *string_to_sign, char out[65])
{
    unsigned char key[DIGEST_SIZE];
    char first[512];

    snprintf(first, sizeof(first), "AWS4%s", secret);
    digest_hmac_sha256(first, strlen(first), auth->date, strlen(auth->date), key);
    digest_hmac_sha256(key, sizeof(key), auth->region, strlen(auth->region), key);
    digest_hmac_sha256(key, sizeof(key), auth->service, strlen(auth->service), key);
    digest_hmac_sha256(key, sizeof(key), "aws4_request", 12, key);
    digest_hmac_sha256(key, sizeof(key), string_to_sign, strlen(string_to_sign), key);
    digest_hex(key, sizeof(key), out);
}

bool sigv4_signature_is(const char *secret, const struct sigv4_authorization *auth,
                        const char *string_to_sign)
{
    char expected[65];

    sigv4_signature(secret, auth, string_to_sign, expected);
    return strlen(auth->signature) == 64 && digest_equal(expected, auth->signature, 64);
}

/* yyyymmddThhmmssZ */
static int parse_amz_date(const char *text, time_ms *ret_time)
{
    char iso[32];

    if (strlen(text) != 16)
        return ERR_INVALID;
    snprintf(iso, sizeof(iso), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", text, text + 4, text + 6, text + 9,
             text + 11, text + 13);
    return text[8] == 'T' && text[15] == 'Z' ? timestamp_parse_rfc3339(iso, ret_time) : ERR_INVALID;
}

static bool is_signed(const struct sigv4_authorization *auth, const char *name)
{
    for (size_t i = 0; i < auth->n_signed; i++)
        if (strcmp(auth->signed_headers[i], name) == 0)
            return true;
    return false;
}

int sigv4_check(struct arena *arena, const struct sigv4_request *r,
                const struct sigv4_authorization *auth, const char *service, time_ms now,
                const char **ret_string_to_sign, struct err *err)
{
    static const char *const required[] = {"host", "x-amz-date", "x-amz-target", "x-amz-security-token"};
    const char *date = header_of(r, "x-amz-date");
    const char *sent = header_of(r, "x-amz-content-sha256");
    time_ms at;

    for (size_t i = 0; i < sizeof(required) / sizeof(*required); i++)
        if (!is_signed(auth, required[i]) && (i < 2 || header_of(r, required[i]) != NULL))
            return err_set(err, ERR_DENIED, "the header %s must be signed", required[i]);
    for (size_t i = 0; i < auth->n_signed; i++)
        if (header_of(r, auth->signed_headers[i]) == NULL)
            return err_set(err, ERR_DENIED, "the signed header %s is missing", auth->signed_headers[i]);
    if (date == NULL || parse_amz_date(date, &at) < 0)
        return err_set(err, ERR_DENIED, "X-Amz-Date is missing or not a date");
    if (strncmp(date, auth->date, 8) != 0)
        return err_set(err, ERR_DENIED, "the date of the credential is not that of X-Amz-Date");
    if (at < now - SIGV4_WINDOW_MS || at > now + SIGV4_WINDOW_MS)
        return err_set(err, ERR_DENIED, "Signature expired or not yet current: %s", date);
    if (strcmp(auth->service, service) != 0)
        return err_set(err, ERR_DENIED, "Credential should be scoped to correct service: '%s'", service);
    if (sent != NULL) {
        char hash[DIGEST_HEX_SIZE];
        digest_sha256_hex(r->body, r->body_len, hash);
        if (strcmp(sent, hash) != 0)
            return err_set(err, ERR_DENIED, "x-amz-content-sha256 is not the hash of the body");
    }
    *ret_string_to_sign = sigv4_string_to_sign(arena, auth, date, sigv4_canonical(arena, r, auth));
    return 0;
}

char *sigv4_authorize(struct arena *arena, const struct sigv4_request *r, const char *key_id,
                      const char *secret, const struct sign_rsa *rsa, const char *region,
                      const char *service, const char *amz_date)
{
    struct sigv4_authorization auth = {.key_id = key_id, .region = region, .service = service};
    char signature[65], *text, *rsa_signature = NULL;
    struct buf list;

    buf_init(&list, 4096);
    auth.date = arena_strn(arena, amz_date, 8);
    for (size_t i = 0; i < r->n_headers && i < SIGV4_HEADERS_MAX; i++) {
        auth.signed_headers[auth.n_signed++] = r->headers[i].name;
        buf_addf(&list, "%s%s", i > 0 ? ";" : "", r->headers[i].name);
    }
    auth.signed_list = arena_str(arena, buf_str(&list));
    buf_deinit(&list);
    text = sigv4_string_to_sign(arena, &auth, amz_date, sigv4_canonical(arena, r, &auth));
    if (rsa != NULL)
        rsa_signature = sign_rsa_pss(rsa, text, strlen(text));
    else
        sigv4_signature(secret, &auth, text, signature);
    text = arena_printf(arena, ALGORITHM " Credential=%s/%s/%s/%s/aws4_request, SignedHeaders=%s, Signature=%s",
                        key_id, auth.date, region, service, auth.signed_list,
                        rsa_signature != NULL ? rsa_signature : signature);
    free(rsa_signature);
    return text;
}
