/* str: see str.h. UTF-8 after RFC 3629, section 4; escape sequences after ECMA-48, 5.4 and 5.6. */
#include "lib/base/str.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"

bool str_starts(const char *s, const char *prefix)
{
    return s != NULL && strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
    size_t n = s == NULL ? 0 : strlen(s);
    size_t k = strlen(suffix);

    return s != NULL && n >= k && strcmp(s + n - k, suffix) == 0;
}

#define NEAREST_MAX 48

/* Edits (insert, delete, replace, swap of neighbours) between two short words. */
static size_t edits(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    size_t row[3][NEAREST_MAX + 1];

    if (n > NEAREST_MAX || m > NEAREST_MAX)
        return NEAREST_MAX;
    for (size_t j = 0; j <= m; j++)
        row[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *now = row[i % 3], *before = row[(i - 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = before[j - 1] + (a[i - 1] != b[j - 1]);
            if (before[j] + 1 < best)
                best = before[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                row[(i - 2) % 3][j - 2] + 1 < best)
                best = row[(i - 2) % 3][j - 2] + 1;
            now[j] = best;
        }
    }
    return row[n % 3][m];
}

const char *str_nearest(const char *word, const char *const *words, size_t n)
{
    size_t limit = strlen(word) <= 3 ? 1 : 2;
    const char *nearest = NULL;

    for (size_t i = 0; i < n; i++) {
        size_t d = edits(word, words[i]);
        if (d <= limit) {
            nearest = words[i];
            if (d == 0)
                break;
            limit = d - 1;
        }
    }
    return nearest;
}

int str_parse_int64(const char *text, int64_t *ret_value)
{
    char *end;
    long long value;

    if (text == NULL || text[strspn(text, "-")] < '0' || text[strspn(text, "-")] > '9')
        return ERR_INVALID;
    errno = 0;
    value = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0')
        return ERR_INVALID;
    *ret_value = value;
    return 0;
}

size_t str_utf8_at(const char *p, size_t n, uint32_t *ret_code)
{
    const unsigned char *s = (const unsigned char *)p;
    uint32_t code;
    size_t len;

    if (n == 0)
        return 0;
    if (s[0] < 0x80) {
        *ret_code = s[0];
        return 1;
    }
    len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || n < len)
        return 0;
    code = s[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (s[i] & 0x3f);
    }
    if ((len == 3 && (code < 0x800 || (code >= 0xd800 && code <= 0xdfff))) ||
        (len == 4 && (code < 0x10000 || code > 0x10ffff)))
        return 0;
    *ret_code = code;
    return len;
}

bool str_is_utf8(const char *bytes, size_t n)
{
    uint32_t code;

    for (size_t i = 0; i < n;) {
        size_t len = str_utf8_at(bytes + i, n - i, &code);
        if (len == 0)
            return false;
        i += len;
    }
    return true;
}

/* Control characters, line and paragraph separators, zero width, bidi marks and overrides, tags. */
static bool is_unseen(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {{0, 0x1f},        {0x7f, 0x9f},     {0xad, 0xad},      {0x61c, 0x61c},
                  {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},  {0x2060, 0x206f},
                  {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f}};

    for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

/* From i on: bytes first..last, then one byte up to `~` that ends the sequence, if it is there. */
static size_t sequence_end(const char *p, size_t n, size_t i, char first, char last)
{
    while (i < n && p[i] >= first && p[i] <= last)
        i++;
    return i < n && p[i] > last && p[i] <= '~' ? i + 1 : i;
}

/*
 * Bytes of an escape sequence that begins at p with ESC: `ESC [ ... m`, `ESC ] ... BEL`, `ESC ( B`.
 * A broken one ends before the byte that breaks it, so that no character is cut and no line is
 * eaten.
 */
static size_t escape_length(const char *p, size_t n)
{
    size_t i = 2;

    if (n < 2)
        return 1;
    if (p[1] == '[')
        return sequence_end(p, n, 2, ' ', '?');
    if (p[1] == '\0' || strchr("]P^_X", p[1]) == NULL)
        return sequence_end(p, n, 1, ' ', '/');
    while (i < n && p[i] != '\a' && p[i] != 0x1b && p[i] != '\n')
        i++;
    if (i + 1 < n && p[i] == 0x1b && p[i + 1] == '\\')
        return i + 2;
    return i < n && p[i] == '\a' ? i + 1 : i;
}

char *str_clean(struct arena *arena, const char *bytes, size_t n, size_t max)
{
    char *out;
    size_t used = 0;

    if (max > n * 3)
        max = n * 3;
    out = arena_alloc(arena, max + 1);
    for (size_t i = 0; i < n;) {
        uint32_t code = 0xfffd;
        size_t len = str_utf8_at(bytes + i, n - i, &code);
        const char *p = bytes + i;
        size_t put = len;
        if (len == 1 && code == 0x1b) {
            i += escape_length(p, n - i);
            continue;
        }
        if (len == 0) {
            p = "\xef\xbf\xbd";
            put = 3;
            len = 1;
        }
        i += len;
        if (is_unseen(code))
            continue;
        if (used + put > max)
            break;
        memcpy(out + used, p, put);
        used += put;
    }
    return out;
}

bool str_list_has(const char *list, const char *word)
{
    size_t n = strlen(word);

    for (const char *p = list; p != NULL && *p != '\0';) {
        size_t len = strcspn(p, ",");
        if (len == n && strncmp(p, word, n) == 0)
            return true;
        p += len + (p[len] == ',');
    }
    return false;
}
