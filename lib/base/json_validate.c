/*
 * The strict pass before cJSON (json.h). One loop over the bytes, no recursion: the stack of open
 * containers is an array of the allowed depth. Keys of open objects are kept unescaped in one hash set
 * keyed by (object, key), so that duplicates are found in linear time.
 */
#include "lib/base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/digest.h"
#include "lib/base/str.h"

#define DEPTH_DEFAULT 64
#define NODES_DEFAULT 1000000
#define NUMBER_MAX 400 /* characters */

/* Where a key stands: offsets into `keys`, and the object it belongs to. */
struct key_slot {
    uint64_t hash;
    uint32_t object;  /* number of the object, from 1; 0 = free */
    uint32_t len;
    size_t offset;
};

struct pass {
    const char *p;
    size_t n;
    size_t i;
    struct err *err;
    size_t max_nodes;
    size_t nodes;
    struct buf text;          /* unescaped keys, one behind the other */
    struct key_slot *slots;   /* open addressing, power of two */
    size_t n_slots;
    size_t n_keys;
    uint32_t n_objects;
    uint64_t seed;
};

static int bad(struct pass *s, const char *what)
{
    return err_set(s->err, ERR_INVALID, "%s at byte %zu", what, s->i);
}

static int count_node(struct pass *s)
{
    return ++s->nodes > s->max_nodes ? bad(s, "too many values") : 0;
}

/* FNV-1a, begun with a random seed: colliding keys cannot be made outside. */
static uint64_t hash_of(const struct pass *s, const char *key, size_t len, uint32_t object)
{
    uint64_t h = s->seed ^ (UINT64_C(0x9e3779b97f4a7c15) * object);

    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)key[i]) * UINT64_C(0x100000001b3);
    return h ^ h >> 29;
}

static struct key_slot *slot_find(const struct pass *s, const struct key_slot *wanted)
{
    size_t at = (size_t)wanted->hash & (s->n_slots - 1);

    for (;; at = (at + 1) & (s->n_slots - 1)) {
        struct key_slot *slot = &s->slots[at];
        if (slot->object == 0 ||
            (slot->hash == wanted->hash && slot->object == wanted->object && slot->len == wanted->len &&
             memcmp(s->text.data + slot->offset, s->text.data + wanted->offset, wanted->len) == 0))
            return slot;
    }
}

static void slots_grow(struct pass *s)
{
    struct key_slot *old = s->slots;
    size_t n = s->n_slots;

    s->n_slots = n == 0 ? 64 : n * 2;
    s->slots = calloc(s->n_slots, sizeof(*s->slots));
    if (s->slots == NULL)
        abort();
    for (size_t i = 0; i < n; i++)
        if (old[i].object != 0)
            *slot_find(s, &old[i]) = old[i];
    free(old);
}

/* The key text[offset..] of that object; -1 if it has it already. */
static int key_add(struct pass *s, size_t offset, uint32_t object)
{
    struct key_slot wanted = {
        .object = object, .len = (uint32_t)(s->text.len - offset), .offset = offset};
    struct key_slot *slot;

    if (s->n_keys * 2 >= s->n_slots)
        slots_grow(s);
    wanted.hash = hash_of(s, s->text.data + offset, wanted.len, object);
    slot = slot_find(s, &wanted);
    if (slot->object != 0)
        return bad(s, "duplicate key");
    *slot = wanted;
    s->n_keys++;
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
            uint32_t code;
            size_t len = c < 0x80 ? 1 : str_utf8_at(s->p + s->i, s->n - s->i, &code);
            if (len == 0)
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
        s->i++;
        if (s->i < s->n && (s->p[s->i] == '+' || s->p[s->i] == '-'))
            s->i++;
        if (take_digits(s) == 0)
            return bad(s, "broken number");
    }
    len = s->i - from;
    if (len > NUMBER_MAX)
        return bad(s, "number too long");
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
    while (s->i < s->n && (s->p[s->i] == ' ' || s->p[s->i] == '\t' || s->p[s->i] == '\n' ||
                           s->p[s->i] == '\r'))
        s->i++;
}

static int take_key(struct pass *s, uint32_t object)
{
    size_t offset = s->text.len;
    int rc;

    if (s->i >= s->n || s->p[s->i] != '"')
        return bad(s, "a key is expected");
    if ((rc = count_node(s)) < 0 || (rc = take_string(s, &s->text)) < 0)
        return rc;
    if (s->text.data == NULL)
        buf_add(&s->text, "", 0);
    if ((rc = key_add(s, offset, object)) < 0)
        return rc;
    skip_blanks(s);
    if (s->i >= s->n || s->p[s->i] != ':')
        return bad(s, "':' is expected");
    s->i++;
    skip_blanks(s);
    return 0;
}

/* An open container: object number, or 0 for an array. */
static int run(struct pass *s, uint32_t *open, size_t max_depth)
{
    size_t depth = 0;
    int rc = 0;

    for (;;) {
        skip_blanks(s);
        if (s->i >= s->n)
            return bad(s, "text ends too early");
        if ((rc = count_node(s)) < 0)
            return rc;
        if (s->p[s->i] == '{' || s->p[s->i] == '[') {
            bool object = s->p[s->i] == '{';
            if (depth == max_depth)
                return bad(s, "nested too deeply");
            open[depth++] = object ? ++s->n_objects : 0;
            s->i++;
            skip_blanks(s);
            if (s->i < s->n && s->p[s->i] == (object ? '}' : ']')) {
                s->i++;
                depth--;
            } else {
                if (object && (rc = take_key(s, open[depth - 1])) < 0)
                    return rc;
                continue;
            }
        } else if (s->p[s->i] == '"') {
            rc = take_string(s, NULL);
        } else if (s->p[s->i] == 't' || s->p[s->i] == 'f' || s->p[s->i] == 'n') {
            rc = take_word(s, s->p[s->i] == 't' ? "true" : s->p[s->i] == 'f' ? "false" : "null");
        } else {
            rc = take_number(s);
        }
        if (rc < 0)
            return rc;
        /* A value has ended: close what ends with it, or go on behind a comma. */
        for (;;) {
            skip_blanks(s);
            if (depth == 0)
                return s->i == s->n ? 0 : bad(s, "more text behind the value");
            if (s->i >= s->n)
                return bad(s, "text ends too early");
            if (s->p[s->i] == (open[depth - 1] != 0 ? '}' : ']')) {
                s->i++;
                depth--;
                continue;
            }
            if (s->p[s->i] != ',')
                return bad(s, "',' is expected");
            s->i++;
            skip_blanks(s);
            if (open[depth - 1] != 0 && (rc = take_key(s, open[depth - 1])) < 0)
                return rc;
            break;
        }
    }
}

int json_validate(const char *bytes, size_t len, const struct json_limits *limits, struct err *err)
{
    size_t depth = limits != NULL && limits->depth != 0 ? limits->depth : DEPTH_DEFAULT;
    struct pass s = {.p = bytes, .n = len, .err = err};
    uint32_t *open = calloc(depth, sizeof(*open));
    int rc;

    if (open == NULL)
        abort();
    s.max_nodes = limits != NULL && limits->nodes != 0 ? limits->nodes : NODES_DEFAULT;
    buf_init(&s.text, len + 1);
    digest_random(&s.seed, sizeof(s.seed));
    rc = run(&s, open, depth);
    buf_deinit(&s.text);
    free(s.slots);
    free(open);
    return rc;
}
