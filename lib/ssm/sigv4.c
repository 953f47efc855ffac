/* sigv4: see sigv4.h. Source: AWS's reference of Signature Version 4; RFC 8017 for the RSA form. */
#include "lib/ssm/sigv4.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/secret.h"
#include "lib/base/sign.h"
#include "lib/base/str.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define AUTHORIZATION_MAX 8192
#define CANONICAL_MAX (64 * 1024)
#define PARAMETERS_MAX 64
#define SCOPE_PART_MAX 128
#define SECRET_MAX 256

void sigv4_date(time_ms now, char out[SIGV4_DATE_SIZE])
{
    char iso[TIMESTAMP_SIZE];

    timestamp_format(now, iso);
    snprintf(out, SIGV4_DATE_SIZE, "%.4s%.2s%.2sT%.2s%.2s%.2sZ", iso, iso + 5, iso + 8, iso + 11,
             iso + 14, iso + 17);
}

/* yyyymmddThhmmssZ */
static int parse_date(const char *text, time_ms *ret_time)
{
    char iso[TIMESTAMP_SIZE];

    if (strlen(text) != SIGV4_DATE_SIZE - 1 || text[8] != 'T' || text[15] != 'Z')
        return ERR_INVALID;
    snprintf(iso, sizeof(iso), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", text, text + 4, text + 6, text + 9,
             text + 11, text + 13);
    return timestamp_parse_rfc3339(iso, ret_time);
}

/* Reading the header ------------------------------------------------------------------------- */

/* Value of `name=` up to the next comma. The value may hold '=' and '/': base64. NULL = absent, or
 * there twice. */
static char *field(struct arena *arena, const char *text, const char *name)
{
    const char *found = NULL;
    size_t n = strlen(name);

    for (const char *p = text; p != NULL; p = strchr(p, ',')) {
        p += strspn(p, ", ");
        if (strncmp(p, name, n) != 0 || p[n] != '=')
            continue;
        if (found != NULL)
            return NULL;
        found = p + n + 1;
    }
    return found != NULL ? arena_strn(arena, found, strcspn(found, ", ")) : NULL;
}

/* KEY/DATE/REGION/SERVICE/aws4_request */
static int take_scope(char *credential, struct sigv4_authorization *auth)
{
    char *parts[5];
    size_t n = 0;

    for (char *p = credential; p != NULL; n++) {
        char *slash = strchr(p, '/');

        if (n == 5)
            return ERR_INVALID;
        parts[n] = p;
        if (slash != NULL)
            *slash++ = '\0';
        p = slash;
    }
    if (n != 5 || strcmp(parts[4], "aws4_request") != 0)
        return ERR_INVALID;
    for (size_t i = 0; i < 4; i++) {
        if (*parts[i] == '\0' || strlen(parts[i]) > SCOPE_PART_MAX)
            return ERR_INVALID;
    }
    if (strlen(parts[1]) != 8 || strspn(parts[1], "0123456789") != 8)
        return ERR_INVALID;
    auth->key_id = parts[0];
    auth->date = parts[1];
    auth->region = parts[2];
    auth->service = parts[3];
    return 0;
}

/* "a;b;c": lower case, each once. */
static int take_signed(struct arena *arena, char *list, struct sigv4_authorization *auth)
{
    char *save = NULL;

    auth->signed_list = arena_str(arena, list);
    for (char *p = strtok_r(list, ";", &save); p != NULL; p = strtok_r(NULL, ";", &save)) {
        if (auth->n_signed == SIGV4_HEADERS_MAX)
            return ERR_INVALID;
        for (const char *c = p; *c != '\0'; c++) {
            if ((*c < 'a' || *c > 'z') && (*c < '0' || *c > '9') && *c != '-' && *c != '_')
                return ERR_INVALID;
        }
        for (size_t i = 0; i < auth->n_signed; i++) {
            if (strcmp(auth->signed_headers[i], p) == 0)
                return ERR_INVALID;
        }
        auth->signed_headers[auth->n_signed++] = p;
    }
    return auth->n_signed > 0 ? 0 : ERR_INVALID;
}

int sigv4_parse(struct arena *arena, const char *authorization,
                struct sigv4_authorization *ret_auth, struct err *err)
{
    struct sigv4_authorization auth = {.n_signed = 0};
    size_t n = strlen(ALGORITHM);
    char *credential;
    char *list;

    if (strlen(authorization) > AUTHORIZATION_MAX || strncmp(authorization, ALGORITHM, n) != 0 ||
        authorization[n] != ' ')
        return err_set(err, ERR_INVALID, "Authorization must begin with " ALGORITHM);
    credential = field(arena, authorization + n, "Credential");
    list = field(arena, authorization + n, "SignedHeaders");
    auth.signature = field(arena, authorization + n, "Signature");
    if (credential == NULL || list == NULL || auth.signature == NULL)
        return err_set(err, ERR_INVALID,
                       "Authorization needs Credential, SignedHeaders and Signature, once each");
    if (take_scope(credential, &auth) < 0)
        return err_set(err, ERR_INVALID, "Credential must be KEY/DATE/REGION/SERVICE/aws4_request");
    if (take_signed(arena, list, &auth) < 0)
        return err_set(err, ERR_INVALID,
                       "SignedHeaders must be 1 to %d names in lower case, each once",
                       SIGV4_HEADERS_MAX);
    *ret_auth = auth;
    return 0;
}

/* The canonical request ---------------------------------------------------------------------- */

static const char *header_of(const struct sigv4_request *r, const char *name)
{
    for (size_t i = 0; i < r->n_headers; i++) {
        if (strcmp(r->headers[i].name, name) == 0)
            return r->headers[i].value;
    }
    return NULL;
}

/* Trimmed, inner runs of blanks made one. */
static void add_value(struct buf *buf, const char *value)
{
    bool blank = false;
    bool some = false;

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

static void add_header(struct buf *buf, const struct sigv4_request *r, const char *name)
{
    bool some = false;

    buf_addf(buf, "%s:", name);
    for (size_t i = 0; i < r->n_headers; i++) {
        if (strcmp(r->headers[i].name, name) != 0)
            continue;
        if (some)
            buf_addc(buf, ',');
        add_value(buf, r->headers[i].value);
        some = true;
    }
    buf_addc(buf, '\n');
}

struct parameter {
    struct span name;
    struct span value;
};

static int span_compare(struct span a, struct span b)
{
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static int by_name_then_value(const void *a, const void *b)
{
    const struct parameter *x = a;
    const struct parameter *y = b;
    int order = span_compare(x->name, y->name);

    return order != 0 ? order : span_compare(x->value, y->value);
}

static int add_query(struct buf *buf, const char *query)
{
    struct parameter parameters[PARAMETERS_MAX];
    size_t n = 0;

    for (const char *p = query; *p != '\0'; p += strspn(p, "&")) {
        size_t len = strcspn(p, "&");
        const char *equals = memchr(p, '=', len);
        size_t name_len = equals != NULL ? (size_t)(equals - p) : len;

        if (n == PARAMETERS_MAX)
            return ERR_INVALID;
        parameters[n].name = (struct span){.p = p, .n = name_len};
        parameters[n].value = equals != NULL
                                  ? (struct span){.p = equals + 1, .n = len - name_len - 1}
                                  : (struct span){.p = p + len, .n = 0};
        n++;
        p += len;
    }
    qsort(parameters, n, sizeof(parameters[0]), by_name_then_value);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_addc(buf, '&');
        buf_add(buf, parameters[i].name.p, parameters[i].name.n);
        buf_addc(buf, '=');
        buf_add(buf, parameters[i].value.p, parameters[i].value.n);
    }
    return 0;
}

char *sigv4_canonical(struct arena *arena, const struct sigv4_request *r,
                      const struct sigv4_authorization *auth)
{
    const char *sent = header_of(r, "x-amz-content-sha256");
    char hash[DIGEST_HEX_SIZE];
    char *text = NULL;
    struct buf buf;
    int rc;

    buf_init(&buf, CANONICAL_MAX);
    buf_addf(&buf, "%s\n%s\n", r->method, r->path);
    rc = add_query(&buf, r->query);
    buf_addc(&buf, '\n');
    for (size_t i = 0; i < auth->n_signed; i++)
        add_header(&buf, r, auth->signed_headers[i]);
    digest_sha256_hex(r->body, r->body_len, hash);
    buf_addf(&buf, "\n%s\n%s", auth->signed_list, sent != NULL ? sent : hash);
    if (rc == 0 && !buf.overflow)
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

/* The signature ------------------------------------------------------------------------------ */

void sigv4_signature(const char *secret, const struct sigv4_authorization *auth,
                     const char *string_to_sign, char out[SIGV4_HEX_SIZE])
{
    const char *const chain[] = {auth->date, auth->region, auth->service, "aws4_request",
                                 string_to_sign};
    unsigned char key[DIGEST_SIZE];
    unsigned char next[DIGEST_SIZE];
    char first[SECRET_MAX];

    snprintf(first, sizeof(first), "AWS4%s", secret);
    digest_hmac_sha256(first, strlen(first), chain[0], strlen(chain[0]), key);
    for (size_t i = 1; i < sizeof(chain) / sizeof(chain[0]); i++) {
        digest_hmac_sha256(key, sizeof(key), chain[i], strlen(chain[i]), next);
        memcpy(key, next, sizeof(key));
    }
    digest_hex(key, sizeof(key), out);
    secret_wipe(first, sizeof(first));
    secret_wipe(key, sizeof(key));
    secret_wipe(next, sizeof(next));
}

bool sigv4_signature_is(const char *secret, const struct sigv4_authorization *auth,
                        const char *string_to_sign)
{
    char expected[SIGV4_HEX_SIZE];

    sigv4_signature(secret, auth, string_to_sign, expected);
    return strlen(auth->signature) == SIGV4_HEX_SIZE - 1 &&
           digest_equal(expected, auth->signature, SIGV4_HEX_SIZE - 1);
}

bool sigv4_rsa_signature_is(const char *spki, const struct sigv4_authorization *auth,
                            const char *string_to_sign)
{
    return sign_rsa_pss_verify(spki, string_to_sign, strlen(string_to_sign), auth->signature) == 0;
}

/* Verifying ---------------------------------------------------------------------------------- */

static bool is_signed(const struct sigv4_authorization *auth, const char *name)
{
    for (size_t i = 0; i < auth->n_signed; i++) {
        if (strcmp(auth->signed_headers[i], name) == 0)
            return true;
    }
    return false;
}

static int check_headers(const struct sigv4_request *r, const struct sigv4_authorization *auth,
                         struct err *err)
{
    static const char *const required[] = {"host", "x-amz-date", "x-amz-target"};

    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
        if (!is_signed(auth, required[i]))
            return err_set(err, ERR_DENIED, "the header %s must be signed", required[i]);
    }
    if (header_of(r, "x-amz-security-token") != NULL && !is_signed(auth, "x-amz-security-token"))
        return err_set(err, ERR_DENIED, "the header x-amz-security-token must be signed");
    for (size_t i = 0; i < auth->n_signed; i++) {
        if (header_of(r, auth->signed_headers[i]) == NULL)
            return err_set(err, ERR_DENIED, "the signed header %s is missing",
                           auth->signed_headers[i]);
    }
    return 0;
}

static int check_date(const char *date, const struct sigv4_authorization *auth, time_ms now,
                      struct err *err)
{
    time_ms at;

    if (parse_date(date, &at) < 0)
        return err_set(err, ERR_DENIED, "X-Amz-Date is no date: %.32s", date);
    if (strncmp(date, auth->date, 8) != 0)
        return err_set(err, ERR_DENIED,
                       "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of "
                       "date from HTTP: '%s' != '%.8s'",
                       auth->date, date);
    if (at < now - SIGV4_WINDOW_MS || at > now + SIGV4_WINDOW_MS) {
        char here[SIGV4_DATE_SIZE];

        sigv4_date(now, here);
        return err_set(err, ERR_TIMEOUT, "Signature %s: %s is not within 5 min. of %s",
                       at < now ? "expired" : "not yet current", date, here);
    }
    return 0;
}

int sigv4_check(struct arena *arena, const struct sigv4_request *r,
                const struct sigv4_authorization *auth, const char *service, time_ms now,
                const char **ret_string_to_sign, struct err *err)
{
    const char *sent = header_of(r, "x-amz-content-sha256");
    const char *date = header_of(r, "x-amz-date");
    char hash[DIGEST_HEX_SIZE];
    const char *canonical;
    int rc = check_headers(r, auth, err);

    if (rc == 0)
        rc = check_date(date, auth, now, err);
    if (rc < 0)
        return rc;
    if (strcmp(auth->service, service) != 0)
        return err_set(err, ERR_DENIED, "Credential should be scoped to correct service: '%s'",
                       service);
    digest_sha256_hex(r->body, r->body_len, hash);
    if (sent != NULL && strcmp(sent, hash) != 0)
        return err_set(err, ERR_DENIED, "x-amz-content-sha256 is not the digest of the body");
    canonical = sigv4_canonical(arena, r, auth);
    if (canonical == NULL)
        return err_set(err, ERR_DENIED, "the request is too long to be verified");
    *ret_string_to_sign = sigv4_string_to_sign(arena, auth, date, canonical);
    return 0;
}

/* Signing ------------------------------------------------------------------------------------ */

static char *make_signature(struct arena *arena, const struct sigv4_signer *signer,
                            const struct sigv4_authorization *auth, const char *text)
{
    char hex[SIGV4_HEX_SIZE];
    char *made;
    char *kept;

    if (signer->rsa == NULL) {
        sigv4_signature(signer->secret, auth, text, hex);
        return arena_str(arena, hex);
    }
    made = sign_rsa_pss(signer->rsa, text, strlen(text));
    kept = arena_str(arena, made);
    free(made);
    return kept;
}

char *sigv4_authorize(struct arena *arena, const struct sigv4_signer *signer,
                      const struct sigv4_request *r, struct err *err)
{
    struct sigv4_authorization auth = {.key_id = signer->key_id,
                                       .region = signer->region,
                                       .service = signer->service};
    const char *date = header_of(r, "x-amz-date");
    const char *canonical;
    const char *text;

    if (date == NULL || strlen(date) != SIGV4_DATE_SIZE - 1 || r->n_headers > SIGV4_HEADERS_MAX) {
        (void)err_set(err, ERR_INVALID, "cannot sign: no x-amz-date, or more than %d headers",
                      SIGV4_HEADERS_MAX);
        return NULL;
    }
    auth.date = arena_strn(arena, date, 8);
    auth.signed_list = "";
    for (size_t i = 0; i < r->n_headers; i++) {
        auth.signed_headers[auth.n_signed++] = r->headers[i].name;
        auth.signed_list =
            arena_printf(arena, "%s%s%s", auth.signed_list, i > 0 ? ";" : "", r->headers[i].name);
    }
    canonical = sigv4_canonical(arena, r, &auth);
    if (canonical == NULL) {
        (void)err_set(err, ERR_INVALID, "cannot sign: the request is too long");
        return NULL;
    }
    text = sigv4_string_to_sign(arena, &auth, date, canonical);
    return arena_printf(arena,
                        ALGORITHM " Credential=%s/%s/%s/%s/aws4_request, SignedHeaders=%s, "
                                  "Signature=%s",
                        auth.key_id, auth.date, auth.region, auth.service, auth.signed_list,
                        make_signature(arena, signer, &auth, text));
}
