/*
 * json_validate: the strict pass before cJSON (json.h; threats.md T09, 5.8).
 *
 * One loop over the bytes, no recursion: the stack of open containers is an array of the allowed
 * depth. Keys of open objects are kept unescaped on a stack; when an object closes and two of its
 * keys may be the same one, they are sorted and equal neighbours refused. Sorting has no bad input,
 * where a hash table would have colliding keys. Source: RFC 8259; RFC 3629 for UTF-8.
 */
#include "lib/base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/digest.h"
#include "lib/base/str.h"

#define DEPTH_DEFAULT 64
#define NODES_DEFAULT 1000000
#define FEW_KEYS 24
#define MARK_BITS 13 /* an object of GitHub's has up to a hundred keys: they seldom fall together */
/* Characters. cJSON 1.7.15 copies so many of a number and takes the rest for something else. */
#define NUMBER_MAX 63

/* A key of an object that is still open: where its unescaped bytes lie in `text`. */
struct key {
    uint64_t begins; /* its first bytes; most keys of one length differ there */
    size_t offset;
    size_t len;
    size_t at; /* byte of the input behind it, for the message */
};

/* An open array or object. Keys of an object lie on top of those of the objects around it. */
struct level {
    bool object;
    size_t first_key; /* in `keys` */
    size_t text_len;  /* of `text` when it began */
};

struct pass {
    const char *p;
    size_t n;
    size_t i;
    struct err *err;
    size_t max_nodes;
    size_t nodes;
    struct buf text;  /* unescaped keys of open objects, one behind the other */
    struct key *keys; /* a stack beside it */
    size_t n_keys;
    size_t cap_keys;
    struct level *levels;
    size_t depth;
    size_t max_depth;
};

static int bad(struct pass *s, const char *what)
{
    return err_set(s->err, ERR_INVALID, "%s at byte %zu", what, s->i);
}

static int count_node(struct pass *s)
{
    return ++s->nodes > s->max_nodes ? bad(s, "too many values") : 0;
}

static void key_push(struct pass *s, size_t offset)
{
    struct key *key;

    if (s->n_keys == s->cap_keys) {
        s->cap_keys = s->cap_keys == 0 ? 64 : s->cap_keys * 2;
        s->keys = realloc(s->keys, s->cap_keys * sizeof(*s->keys));
        if (s->keys == NULL)
            abort();
    }
    key = &s->keys[s->n_keys++];
    *key = (struct key){.offset = offset, .len = s->text.len - offset, .at = s->i};
    memcpy(&key->begins, s->text.data + offset,
           key->len < sizeof(key->begins) ? key->len : sizeof(key->begins));
}

/* Any total order will do; lengths first, since most keys differ there. */
static int key_order(const void *left, const void *right, void *text)
{
    const struct key *a = left, *b = right;
    const char *bytes = text;

    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    if (a->begins != b->begins)
        return a->begins < b->begins ? -1 : 1;
    return memcmp(bytes + a->offset, bytes + b->offset, a->len);
}

/* A number of MARK_BITS that equal keys have in common, and others seldom. */
static size_t mark_of(const struct key *key, const char *text)
{
    const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15); /* 2^64 through the golden ratio */
    uint64_t ends = 0;

    if (key->len > sizeof(ends))
        memcpy(&ends, text + key->offset + key->len - sizeof(ends), sizeof(ends));
    return (size_t)((key->begins * odd ^ ends ^ key->len << 3) * odd >> (64 - MARK_BITS));
}

/* No two of them have one mark: so there is nothing to sort for. */
static bool all_differ(const struct key *keys, size_t n, const char *text)
{
    uint64_t marked[((size_t)1 << MARK_BITS) / 64] = {0};

    if (n > FEW_KEYS * 8)
        return false;
    for (size_t i = 0; i < n; i++) {
        size_t mark = mark_of(&keys[i], text);
        uint64_t bit = UINT64_C(1) << mark % 64;

        if ((marked[mark / 64] & bit) != 0)
            return false;
        marked[mark / 64] |= bit;
    }
    return true;
}

/* By insertion: for few, and without the copies that the library makes. */
static void sort_few(struct key *keys, size_t n, char *text)
{
    for (size_t i = 1; i < n; i++) {
        struct key key = keys[i];
        size_t k = i;
        for (; k > 0 && key_order(&keys[k - 1], &key, text) > 0; k--)
            keys[k] = keys[k - 1];
        keys[k] = key;
    }
}

static int level_open(struct pass *s, bool object)
{
    if (s->depth == s->max_depth)
        return bad(s, "nested too deeply");
    s->levels[s->depth++] =
        (struct level){.object = object, .first_key = s->n_keys, .text_len = s->text.len};
    s->i++;
    return 0;
}

/* At the closing bracket: equal keys are neighbours once sorted. */
static int level_close(struct pass *s)
{
    const struct level *level = &s->levels[--s->depth];
    size_t n = s->n_keys - level->first_key;
    struct key *keys = n == 0 ? NULL : s->keys + level->first_key;

    s->i++;
    s->n_keys = level->first_key;
    s->text.len = level->text_len;
    if (n < 2 || all_differ(keys, n, s->text.data))
        return 0;
    if (n <= FEW_KEYS)
        sort_few(keys, n, s->text.data);
    else
        qsort_r(keys, n, sizeof(*keys), key_order, s->text.data);
    for (size_t k = 1; k < n; k++)
        if (key_order(&keys[k - 1], &keys[k], s->text.data) == 0) {
            s->i = keys[k].at > keys[k - 1].at ? keys[k].at : keys[k - 1].at;
            return bad(s, "duplicate key");
        }
    return 0;
}

static int hex4(struct pass *s, uint32_t *ret_code)
{
    unsigned char b[2];

    if (s->n - s->i < 4 || digest_unhex(s->p + s->i, 4, b, 2) < 0)
        return bad(s, "broken \\u escape");
    *ret_code = (uint32_t)b[0] << 8 | b[1];
    s->i += 4;
    return 0;
}

static void text_add_code(struct buf *text, uint32_t c)
{
    char b[4];
    size_t n = 0;

    if (c < 0x80) {
        b[n++] = (char)c;
    } else if (c < 0x800) {
        b[n++] = (char)(0xc0 | c >> 6);
        b[n++] = (char)(0x80 | (c & 63));
    } else if (c < 0x10000) {
        b[n++] = (char)(0xe0 | c >> 12);
        b[n++] = (char)(0x80 | (c >> 6 & 63));
        b[n++] = (char)(0x80 | (c & 63));
    } else {
        b[n++] = (char)(0xf0 | c >> 18);
        b[n++] = (char)(0x80 | (c >> 12 & 63));
        b[n++] = (char)(0x80 | (c >> 6 & 63));
        b[n++] = (char)(0x80 | (c & 63));
    }
    buf_add(text, b, n);
}

/* Behind a backslash. */
static int take_escape(struct pass *s, struct buf *text)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *at;
    uint32_t code, low;
    int rc;

    if (s->i >= s->n)
        return bad(s, "text ends inside an escape");
    if (s->p[s->i] != 'u') {
        at = s->p[s->i] == '\0' ? NULL : strchr(from, s->p[s->i]);
        if (at == NULL)
            return bad(s, "unknown escape");
        s->i++;
        if (text != NULL)
            buf_addc(text, to[at - from]);
        return 0;
    }
    s->i++;
    if ((rc = hex4(s, &code)) < 0)
        return rc;
    if (code == 0)
        return bad(s, "\\u0000 is not accepted");
    if (code >= 0xdc00 && code <= 0xdfff)
        return bad(s, "lone surrogate");
    if (code >= 0xd800 && code <= 0xdbff) {
        if (s->n - s->i < 6 || s->p[s->i] != '\\' || s->p[s->i + 1] != 'u')
            return bad(s, "lone surrogate");
        s->i += 2;
        if ((rc = hex4(s, &low)) < 0)
            return rc;
        if (low < 0xdc00 || low > 0xdfff)
            return bad(s, "lone surrogate");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    if (text != NULL)
        text_add_code(text, code);
    return 0;
}

/* A bit in each byte of the word that does not stand for itself. Source: the well-known test for a byte below
 * n; a false bit can stand only above a true one, so that zero is always right. */
static uint64_t special_bytes(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    uint64_t quotes = word ^ ones * '"', slashes = word ^ ones * '\\';

    return ((word - ones * 0x20) | word | (quotes - ones) | (slashes - ones)) & highs;
}

/* Bytes that stand for themselves: ASCII but quotes, backslashes and control characters. */
static size_t plain_length(const char *p, size_t n)
{
    size_t i = 0;
    uint64_t word;

    for (; n - i >= sizeof(word); i += sizeof(word)) {
        memcpy(&word, p + i, sizeof(word));
        if (special_bytes(word) != 0)
            break;
    }
    while (i < n && (unsigned char)p[i] >= 0x20 && (unsigned char)p[i] < 0x80 && p[i] != '"' &&
           p[i] != '\\')
        i++;
    return i;
}

/* At the opening quote. `text` gets the unescaped bytes, or is NULL. */
static int take_string(struct pass *s, struct buf *text)
{
    int rc;

    for (s->i++; s->i < s->n;) {
        unsigned char c = (unsigned char)s->p[s->i];
        if (c == '"') {
            s->i++;
            return 0;
        }
        if (c < 0x20)
            return bad(s, "control character in a string");
        if (c == '\\') {
            s->i++;
            if ((rc = take_escape(s, text)) < 0)
                return rc;
        } else {
            size_t len = plain_length(s->p + s->i, s->n - s->i);
            uint32_t code;
            if (len == 0 && (len = str_utf8_at(s->p + s->i, s->n - s->i, &code)) == 0)
                return bad(s, "not UTF-8");
            if (text != NULL)
                buf_add(text, s->p + s->i, len);
            s->i += len;
        }
    }
    return bad(s, "text ends inside a string");
}

static size_t take_digits(struct pass *s)
{
    size_t from = s->i;

    while (s->i < s->n && s->p[s->i] >= '0' && s->p[s->i] <= '9')
        s->i++;
    return s->i - from;
}

static int take_number(struct pass *s)
{
    char text[NUMBER_MAX + 1];
    size_t from = s->i, len;
    bool has_exponent = false;

    if (s->p[s->i] == '-')
        s->i++;
    if (s->i < s->n && s->p[s->i] == '0')
        s->i++;
    else if (take_digits(s) == 0)
        return bad(s, "a value is expected");
    if (s->i < s->n && s->p[s->i] == '.') {
        s->i++;
        if (take_digits(s) == 0)
            return bad(s, "broken number");
    }
    if (s->i < s->n && (s->p[s->i] == 'e' || s->p[s->i] == 'E')) {
        has_exponent = true;
        s->i++;
        if (s->i < s->n && (s->p[s->i] == '+' || s->p[s->i] == '-'))
            s->i++;
        if (take_digits(s) == 0)
            return bad(s, "broken number");
    }
    len = s->i - from;
    if (len > NUMBER_MAX)
        return bad(s, "number too long");
    if (!has_exponent)
        return 0; /* so few digits fit a double */
    memcpy(text, s->p + from, len);
    text[len] = '\0';
    return isfinite(strtod(text, NULL)) ? 0 : bad(s, "number too large");
}

static int take_word(struct pass *s, const char *word)
{
    size_t n = strlen(word);

    if (s->n - s->i < n || memcmp(s->p + s->i, word, n) != 0)
        return bad(s, "a value is expected");
    s->i += n;
    return 0;
}

static void skip_blanks(struct pass *s)
{
    while (s->i < s->n &&
           (s->p[s->i] == ' ' || s->p[s->i] == '\t' || s->p[s->i] == '\n' || s->p[s->i] == '\r'))
        s->i++;
}

static int take_key(struct pass *s)
{
    size_t offset = s->text.len;
    int rc;

    if (s->i >= s->n || s->p[s->i] != '"')
        return bad(s, "a key is expected");
    if ((rc = count_node(s)) < 0 || (rc = take_string(s, &s->text)) < 0)
        return rc;
    key_push(s, offset);
    skip_blanks(s);
    if (s->i >= s->n || s->p[s->i] != ':')
        return bad(s, "':' is expected");
    s->i++;
    return 0;
}

static bool stands_at(const struct pass *s, char c)
{
    return s->i < s->n && s->p[s->i] == c;
}

/*
 * The beginning of a value. A text, number or word is taken whole; of a container that is not empty
 * only the bracket, and the first key: then *ret_open is true and its first value comes next.
 */
static int take_value(struct pass *s, bool *ret_open)
{
    bool object;
    int rc;

    *ret_open = false;
    skip_blanks(s);
    if (s->i >= s->n)
        return bad(s, "text ends too early");
    if ((rc = count_node(s)) < 0)
        return rc;
    switch (s->p[s->i]) {
    case '"':
        return take_string(s, NULL);
    case 't':
        return take_word(s, "true");
    case 'f':
        return take_word(s, "false");
    case 'n':
        return take_word(s, "null");
    case '{':
    case '[':
        break;
    default:
        return take_number(s);
    }
    object = s->p[s->i] == '{';
    if ((rc = level_open(s, object)) < 0)
        return rc;
    skip_blanks(s);
    if (stands_at(s, object ? '}' : ']'))
        return level_close(s);
    *ret_open = true;
    return object ? take_key(s) : 0;
}

/* Behind a value: close what ends with it, then a comma, and in an object the next key. At the end
 * of the outermost value the whole text must be used up: then *ret_done is true. */
static int take_end(struct pass *s, bool *ret_done)
{
    int rc;

    for (;;) {
        bool object;
        skip_blanks(s);
        if (s->depth == 0) {
            *ret_done = true;
            return s->i == s->n ? 0 : bad(s, "more text behind the value");
        }
        object = s->levels[s->depth - 1].object;
        if (stands_at(s, ',')) {
            s->i++;
            skip_blanks(s);
            return object ? take_key(s) : 0;
        }
        if (!stands_at(s, object ? '}' : ']'))
            return bad(s, s->i >= s->n ? "text ends too early" : "',' is expected");
        if ((rc = level_close(s)) < 0)
            return rc;
    }
}

static int run(struct pass *s)
{
    bool open, done = false;
    int rc;

    while (!done)
        if ((rc = take_value(s, &open)) < 0 || (!open && (rc = take_end(s, &done)) < 0))
            return rc;
    return 0;
}

int json_validate(const char *bytes, size_t len, const struct json_limits *limits, struct err *err)
{
    struct pass s = {.p = bytes, .n = len, .err = err};
    int rc;

    s.max_depth = limits != NULL && limits->depth != 0 ? limits->depth : DEPTH_DEFAULT;
    s.max_nodes = limits != NULL && limits->nodes != 0 ? limits->nodes : NODES_DEFAULT;
    s.levels = calloc(s.max_depth, sizeof(*s.levels));
    if (s.levels == NULL)
        abort();
    buf_init(&s.text, len); /* unescaped is never longer */
    buf_add(&s.text, "", 0);
    rc = run(&s);
    buf_deinit(&s.text);
    free(s.keys);
    free(s.levels);
    return rc;
}
