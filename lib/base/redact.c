/* redact: see redact.h. */
#include "lib/base/redact.h"

#include <regex.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define STARS "***"
#define STARS_LEN 3

struct redact {
    regex_t patterns[REDACT_PATTERNS_MAX];
    size_t n;
};

static int add_pattern(struct redact *r, const char *text, size_t len, int number, struct err *err)
{
    char pattern[REDACT_PATTERN_MAX + 1], why[128];
    int code;

    if (len > REDACT_PATTERN_MAX || r->n == REDACT_PATTERNS_MAX)
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

int redact_parse(const char *text, struct redact **ret_redact, struct err *err)
{
    struct redact *r = calloc(1, sizeof(*r));
    int number = 0, rc = 0;

    if (r == NULL)
        abort();
    for (const char *line = text; *line != '\0' && rc == 0;) {
        size_t len = strcspn(line, "\n"), n = len;

        number++;
        while (n > 0 && (line[n - 1] == '\r' || line[n - 1] == ' '))
            n--;
        if (n > 0 && line[0] != '#')
            rc = add_pattern(r, line, n, number, err);
        line += len + (line[len] == '\n');
    }
    if (rc < 0)
        redact_free(r);
    else
        *ret_redact = r;
    return rc;
}

void redact_free(struct redact *redact)
{
    if (redact == NULL)
        return;
    for (size_t i = 0; i < redact->n; i++)
        regfree(&redact->patterns[i]);
    free(redact);
}

/* `is_whole` false: more of the line comes, so what matches up to its end may be longer, and waits. */
static size_t hide(const regex_t *pattern, char *bytes, size_t n, bool is_whole)
{
    size_t at = 0;

    while (at < n) {
        regmatch_t match = {.rm_so = (regoff_t)at, .rm_eo = (regoff_t)n};
        size_t from, len, stars;

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
        stars = len < STARS_LEN ? len : STARS_LEN;
        memcpy(bytes + from, STARS, stars);
        memmove(bytes + from + stars, bytes + from + len, n - from - len);
        n -= len - stars;
        at = from + stars;
    }
    return n;
}

static size_t hide_all(const struct redact *redact, char *bytes, size_t n, bool is_whole)
{
    for (size_t i = 0; redact != NULL && i < redact->n; i++)
        n = hide(&redact->patterns[i], bytes, n, is_whole);
    return n;
}

size_t redact_bytes(const struct redact *redact, char *bytes, size_t n)
{
    return hide_all(redact, bytes, n, true);
}

/* A line, or as much as there is room for. */
static void pass_on(struct redact_stream *s, const struct redact *redact, bool is_whole,
                    redact_pass *pass, void *arg)
{
    size_t keep;

    s->len = hide_all(redact, s->line, s->len, is_whole);
    keep = is_whole ? 0 : s->len < REDACT_OVERLAP ? s->len : REDACT_OVERLAP;
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
        if (is_whole || s->len == sizeof(s->line))
            pass_on(s, redact, is_whole, pass, arg);
    }
}

void redact_stream_end(struct redact_stream *s, const struct redact *redact, redact_pass *pass,
                       void *arg)
{
    if (s->len > 0)
        pass_on(s, redact, true, pass, arg);
}
