/* redact: see redact.h. */
#include "lib/base/redact.h"

#include <assert.h>
#include <regex.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/digest.h"
#include "lib/base/secret.h"

#define STARS_LEN (sizeof(REDACT_STARS) - 1)
#define VALUES_MAX 96 /* forms of secrets; a secret has eight at most */

/* One form of a secret. */
struct value {
    unsigned char *bytes;
    size_t n;
};

struct redact {
    regex_t patterns[REDACT_TEXTS_MAX * REDACT_PATTERNS_MAX];
    size_t n;
    struct value values[VALUES_MAX];
    size_t n_values;
};

/* Making ----------------------------------------------------------------------------------------- */

struct redact *redact_new(void)
{
    struct redact *r = calloc(1, sizeof(*r));

    if (r == NULL)
        abort();
    return r;
}

void redact_free(struct redact *redact)
{
    if (redact == NULL)
        return;
    for (size_t i = 0; i < redact->n; i++)
        regfree(&redact->patterns[i]);
    for (size_t i = 0; i < redact->n_values; i++) {
        secret_wipe(redact->values[i].bytes, redact->values[i].n);
        free(redact->values[i].bytes);
    }
    free(redact);
}

static int add_pattern(struct redact *r, const char *text, size_t len, size_t last, int number,
                       struct err *err)
{
    char pattern[REDACT_PATTERN_MAX + 1], why[128];
    int code;

    if (len > REDACT_PATTERN_MAX || r->n == last)
        return err_set(err, ERR_INVALID, "line %d: at most %d patterns of %d bytes", number,
                       REDACT_PATTERNS_MAX, REDACT_PATTERN_MAX);
    memcpy(pattern, text, len);
    pattern[len] = '\0';
    code = regcomp(&r->patterns[r->n], pattern, REG_EXTENDED | REG_NEWLINE);
    if (code != 0) {
        (void)regerror(code, &r->patterns[r->n], why, sizeof(why));
        return err_set(err, ERR_INVALID, "line %d: \"%.60s\" is no pattern: %s", number, pattern,
                       why);
    }
    r->n++;
    if (regexec(&r->patterns[r->n - 1], "", 0, NULL, 0) == 0)
        return err_set(err, ERR_INVALID, "line %d: \"%.60s\" matches nothing at all, everywhere",
                       number, pattern);
    return 0;
}

int redact_add(struct redact *redact, const char *text, struct err *err)
{
    size_t last = redact->n + REDACT_PATTERNS_MAX;
    int number = 0, rc = 0;

    assert(last <= sizeof(redact->patterns) / sizeof(redact->patterns[0]));
    for (const char *line = text; *line != '\0' && rc == 0;) {
        size_t len = strcspn(line, "\n"), n = len;

        number++;
        while (n > 0 && (line[n - 1] == '\r' || line[n - 1] == ' '))
            n--;
        if (n > 0 && line[0] != '#')
            rc = add_pattern(redact, line, n, last, number, err);
        line += len + (line[len] == '\n');
    }
    return rc;
}

int redact_parse(const char *text, struct redact **ret_redact, struct err *err)
{
    struct redact *r = redact_new();
    int rc = redact_add(r, text, err);

    if (rc < 0)
        redact_free(r);
    else
        *ret_redact = r;
    return rc;
}

void redact_add_value(struct redact *r, const void *bytes, size_t n)
{
    struct value *v = &r->values[r->n_values];

    if (n < REDACT_SECRET_MIN || n > REDACT_OVERLAP || r->n_values == VALUES_MAX)
        return;
    for (size_t i = 0; i < r->n_values; i++)
        if (r->values[i].n == n && memcmp(r->values[i].bytes, bytes, n) == 0)
            return;
    v->bytes = malloc(n);
    if (v->bytes == NULL)
        abort();
    memcpy(v->bytes, bytes, n);
    v->n = n;
    r->n_values++;
}

/* The letters that these bytes alone decide, where `before` (0..2) others of a group of three stand in front of them. */
static void add_base64(struct redact *r, const unsigned char *bytes, size_t n, size_t before)
{
    size_t from = before == 0 ? 0 : before + 1, to = (before + n) * 8 / 6;
    unsigned char *padded = calloc(1, before + n);
    char *text = malloc(DIGEST_BASE64_SIZE(before + n));

    if (padded == NULL || text == NULL)
        abort();
    memcpy(padded + before, bytes, n);
    digest_base64(padded, before + n, text);
    redact_add_value(r, text + from, to - from);
    for (char *at = text; *at != '\0'; at++) /* the other alphabet */
        *at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
    redact_add_value(r, text + from, to - from);
    secret_wipe(padded, before + n);
    secret_wipe(text, strlen(text));
    free(padded);
    free(text);
}

/* Everything but the unreserved letters is written as %XX. */
static void add_url(struct redact *r, const unsigned char *bytes, size_t n)
{
    static const char hex[] = "0123456789ABCDEF";
    char *text = malloc(3 * n + 1);
    size_t len = 0;

    if (text == NULL)
        abort();
    for (size_t i = 0; i < n; i++) {
        bool plain = (bytes[i] >= '0' && bytes[i] <= '9') || (bytes[i] >= 'A' && bytes[i] <= 'Z') ||
                     (bytes[i] >= 'a' && bytes[i] <= 'z') ||
                     (bytes[i] != '\0' && strchr("-._~", bytes[i]) != NULL);
        if (plain) {
            text[len++] = (char)bytes[i];
        } else {
            text[len++] = '%';
            text[len++] = hex[bytes[i] >> 4];
            text[len++] = hex[bytes[i] & 15];
        }
    }
    redact_add_value(r, text, len);
    secret_wipe(text, len);
    free(text);
}

void redact_add_secret(struct redact *redact, const void *bytes, size_t n)
{
    if (n < REDACT_SECRET_MIN)
        return;
    redact_add_value(redact, bytes, n);
    add_url(redact, bytes, n);
    for (size_t before = 0; before < 3; before++)
        add_base64(redact, bytes, n, before);
}

/* Hiding ----------------------------------------------------------------------------------------- */

/* Stars instead of `len` bytes at `from`; how many bytes there are then. */
static size_t put_stars(char *bytes, size_t n, size_t from, size_t len)
{
    size_t stars = len < STARS_LEN ? len : STARS_LEN;

    memcpy(bytes + from, REDACT_STARS, stars);
    memmove(bytes + from + stars, bytes + from + len, n - from - len);
    return n - (len - stars);
}

static size_t hide_value(const struct value *v, char *bytes, size_t n)
{
    char *found;
    size_t at = 0;

    while ((found = memmem(bytes + at, n - at, v->bytes, v->n)) != NULL) {
        at = (size_t)(found - bytes);
        n = put_stars(bytes, n, at, v->n);
        at += STARS_LEN;
    }
    return n;
}

/* `is_whole` false: more of the line comes, so what matches up to its end may be longer, and waits. */
static size_t hide(const regex_t *pattern, char *bytes, size_t n, bool is_whole)
{
    size_t at = 0;

    while (at < n) {
        regmatch_t match = {.rm_so = (regoff_t)at, .rm_eo = (regoff_t)n};
        size_t from, len;

        if (regexec(pattern, bytes, 1, &match, REG_STARTEND | (at > 0 ? REG_NOTBOL : 0)) != 0)
            break;
        from = (size_t)match.rm_so;
        len = (size_t)(match.rm_eo - match.rm_so);
        if (!is_whole && from + len == n && len <= REDACT_OVERLAP)
            break;
        if (len == 0) { /* an anchor or such: nothing to hide there */
            at = from + 1;
            continue;
        }
        n = put_stars(bytes, n, from, len);
        at = from + (len < STARS_LEN ? len : STARS_LEN);
    }
    return n;
}

static size_t hide_all(const struct redact *redact, char *bytes, size_t n, bool is_whole)
{
    for (size_t i = 0; redact != NULL && i < redact->n_values; i++)
        n = hide_value(&redact->values[i], bytes, n);
    for (size_t i = 0; redact != NULL && i < redact->n; i++)
        n = hide(&redact->patterns[i], bytes, n, is_whole);
    return n;
}

size_t redact_bytes(const struct redact *redact, char *bytes, size_t n)
{
    return hide_all(redact, bytes, n, true);
}

/* How many bytes at the end may be the beginning of a value. */
static size_t begun_value(const struct redact *redact, const char *bytes, size_t n)
{
    size_t most = 0;

    for (size_t i = 0; i < redact->n_values; i++) {
        const struct value *v = &redact->values[i];
        for (size_t k = v->n - 1 < n ? v->n - 1 : n; k > most; k--)
            if (memcmp(bytes + n - k, v->bytes, k) == 0)
                most = k;
    }
    return most;
}

/* A line, or as much as there is room for. */
static void pass_on(struct redact_stream *s, const struct redact *redact, bool is_whole,
                    redact_pass *pass, void *arg)
{
    size_t keep;

    s->len = hide_all(redact, s->line, s->len, is_whole);
    keep = is_whole                  ? 0
           : redact->n == 0          ? begun_value(redact, s->line, s->len)
           : s->len < REDACT_OVERLAP ? s->len
                                     : REDACT_OVERLAP;
    if (s->len > keep)
        pass(arg, s->line, s->len - keep);
    memmove(s->line, s->line + s->len - keep, keep);
    s->len = keep;
}

void redact_stream_add(struct redact_stream *s, const struct redact *redact, const char *bytes,
                       size_t n, redact_pass *pass, void *arg)
{
    while (n > 0) {
        const char *end = memchr(bytes, '\n', n);
        size_t part = end != NULL ? (size_t)(end - bytes) + 1 : n;
        size_t room = sizeof(s->line) - s->len;
        bool is_whole = end != NULL && part <= room;

        part = part < room ? part : room;
        memcpy(s->line + s->len, bytes, part);
        s->len += part;
        bytes += part;
        n -= part;
        if (is_whole || s->len == sizeof(s->line) || redact->n == 0)
            pass_on(s, redact, is_whole, pass, arg);
    }
}

void redact_stream_end(struct redact_stream *s, const struct redact *redact, redact_pass *pass,
                       void *arg)
{
    if (s->len > 0)
        pass_on(s, redact, true, pass, arg);
}
