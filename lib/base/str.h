/*
 * str: small things about texts: compare, look, number, clean for a terminal or a log line.
 * Pure; any thread.
 */
#ifndef SLIPWAY_LIB_BASE_STR_H
#define SLIPWAY_LIB_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct arena;

/* Bytes that belong to somebody else; not NUL-terminated. */
struct span {
    const char *p;
    size_t n;
};

/* NULL equals only NULL. */
static inline bool str_eq(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);

/* The one of `words` that was probably meant (at most two edits, one for short words), or NULL. */
const char *str_nearest(const char *word, const char *const *words, size_t n);

/* The whole text is a decimal number that fits: digits, perhaps a '-' before them; no blanks, no
 * '+'. ERR_INVALID, also for NULL. */
int str_parse_int64(const char *text, int64_t *ret_value);

bool str_is_utf8(const char *bytes, size_t n);

/*
 * Foreign text made safe for one line of a terminal or log: invalid UTF-8 becomes U+FFFD; control
 * characters, escape sequences, bidi controls and line ends are dropped; cut to `max` bytes at a
 * character's border (T42).
 */
char *str_clean(struct arena *arena, const char *bytes, size_t n, size_t max);

/* The length of the valid UTF-8 sequence at p (1-4), or 0; its code point. */
size_t str_utf8_at(const char *p, size_t n, uint32_t *ret_code);

/* Is `word` in that comma list? NULL and "" have nothing in them. */
bool str_list_has(const char *list, const char *word);

#endif
