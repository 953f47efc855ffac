/* json: the readers over cJSON, and the writer (json.h). */
#include "lib/base/json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "lib/base/arena.h"
#include "lib/base/json_tree.h"
#include "lib/base/str.h"

/* What is given out is `root`; the rest of it lies in the text and in the arena. */
struct tree {
    struct arena arena;
    char *own; /* the text, freed with the tree; NULL = the caller's */
    struct cJSON root;
};

static struct cJSON *tree_of(char *text, size_t len, char *own)
{
    struct tree *tree = malloc(sizeof(*tree));

    if (tree == NULL)
        abort();
    arena_init(&tree->arena);
    tree->own = own;
    json_tree(text, len, &tree->arena, &tree->root);
    return &tree->root;
}

int json_parse(const char *bytes, size_t len, const struct json_limits *limits,
               struct cJSON **ret_json, struct err *err)
{
    int rc = json_validate(bytes, len, limits, err);
    char *text;

    if (rc < 0)
        return rc;
    text = malloc(len + 1);
    if (text == NULL)
        abort();
    memcpy(text, bytes, len);
    text[len] = '\0';
    *ret_json = tree_of(text, len, text);
    return 0;
}

int json_parse_here(char *text, size_t len, const struct json_limits *limits,
                    struct cJSON **ret_json, struct err *err)
{
    int rc = json_validate(text, len, limits, err);

    if (rc < 0)
        return rc;
    assert(text[len] == '\0');
    *ret_json = tree_of(text, len, NULL);
    return 0;
}

void json_free(struct cJSON *json)
{
    struct tree *tree;

    if (json == NULL)
        return;
    tree = (struct tree *)(void *)((char *)json - offsetof(struct tree, root));
    arena_deinit(&tree->arena);
    free(tree->own);
    free(tree);
}

const struct cJSON *json_get(const struct cJSON *object, const char *key)
{
    const struct cJSON *item =
        cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, key) : NULL;

    return item == NULL || cJSON_IsNull(item) ? NULL : item;
}

const struct cJSON *json_object(const struct cJSON *object, const char *key)
{
    const struct cJSON *item = json_get(object, key);

    return cJSON_IsObject(item) ? item : NULL;
}

const struct cJSON *json_array(const struct cJSON *object, const char *key)
{
    const struct cJSON *item = json_get(object, key);

    return cJSON_IsArray(item) ? item : NULL;
}

const char *json_string_value(const struct cJSON *item)
{
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

const char *json_str(const struct cJSON *object, const char *key)
{
    return json_string_value(json_get(object, key));
}

/* Never valueint: it stops at 2147483647 (threats.md 5.8). */
bool json_item_int(const struct cJSON *item, int64_t *ret_value)
{
    double d;

    if (!cJSON_IsNumber(item))
        return false;
    d = item->valuedouble;
    if (!(fabs(d) < 9007199254740992.0) || floor(d) != d)
        return false;
    *ret_value = (int64_t)d;
    return true;
}

bool json_same(const struct cJSON *a, const struct cJSON *b)
{
    return cJSON_Compare(a, b, true) != 0;
}

bool json_int(const struct cJSON *object, const char *key, int64_t *ret_value)
{
    return json_item_int(json_get(object, key), ret_value);
}

bool json_double(const struct cJSON *object, const char *key, double *ret_value)
{
    const struct cJSON *item = json_get(object, key);

    if (!cJSON_IsNumber(item))
        return false;
    *ret_value = cJSON_GetNumberValue(item);
    return true;
}

bool json_bool(const struct cJSON *object, const char *key, bool *ret_value)
{
    const struct cJSON *item = json_get(object, key);

    if (!cJSON_IsBool(item))
        return false;
    *ret_value = cJSON_IsTrue(item) != 0;
    return true;
}

bool json_item_bool(const struct cJSON *item, bool *ret_value)
{
    if (!cJSON_IsBool(item))
        return false;
    *ret_value = cJSON_IsTrue(item) != 0;
    return true;
}

bool json_null(const struct cJSON *object, const char *key)
{
    return cJSON_IsObject(object) && cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(object, key));
}

bool json_is_null(const struct cJSON *item)
{
    return cJSON_IsNull(item) != 0;
}

bool json_is_object(const struct cJSON *item)
{
    return cJSON_IsObject(item) != 0;
}

bool json_is_array(const struct cJSON *item)
{
    return cJSON_IsArray(item) != 0;
}

/* Into a buffer of our own, which grows. */
char *json_print(const struct cJSON *json)
{
    for (size_t size = (size_t)16 << 10;; size *= 2) {
        char *text = malloc(size);

        if (text == NULL)
            abort();
        if (cJSON_PrintPreallocated((struct cJSON *)(uintptr_t)json, text, (int)size, 0) != 0)
            return text;
        free(text);
        assert(size < (size_t)1 << 30); /* what was read fits */
    }
}

const struct cJSON *json_first(const struct cJSON *container)
{
    return cJSON_IsObject(container) || cJSON_IsArray(container) ? container->child : NULL;
}

const struct cJSON *json_next(const struct cJSON *item)
{
    return item == NULL ? NULL : item->next;
}

const char *json_key(const struct cJSON *item)
{
    return item == NULL ? NULL : item->string;
}

size_t json_count(const struct cJSON *container)
{
    size_t n = 0;

    for (const struct cJSON *item = json_first(container); item != NULL; item = item->next)
        n++;
    return n;
}

void json_out_init(struct json_out *out, struct buf *buf)
{
    *out = (struct json_out){.buf = buf};
}

/* Texts inside of texts have a quote at every other word: no format is read for each. */
static void add_escaped(struct buf *buf, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    const char backslash[] = {'\\', (char)c},
               code[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

    if (c == '"' || c == '\\')
        buf_add(buf, backslash, sizeof(backslash));
    else if (c == '\n')
        buf_adds(buf, "\\n");
    else
        buf_add(buf, code, sizeof(code));
}

/* Eight bytes of ASCII at once; a byte's highest bit tells of it. */
#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

static uint64_t equal(uint64_t word, unsigned char c)
{
    return ~((word ^ EACH(c)) + EACH(0x7f)) & EACH(0x80);
}

static uint64_t below_blank(uint64_t word)
{
    return ~(word + EACH(0x60)) & EACH(0x80);
}

static size_t first_of(uint64_t bits)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return (size_t)__builtin_ctzll(bits) / 8;
#else
    return (size_t)__builtin_clzll(bits) / 8;
#endif
}

/* How many bytes are marked. */
static size_t count_of(uint64_t bits)
{
    return (size_t)(((bits >> 7) * EACH(1)) >> 56);
}

static uint64_t word_at(const char *s)
{
    uint64_t word;

    memcpy(&word, s, sizeof(word));
    return word;
}

static uint64_t odd_of(uint64_t word)
{
    return equal(word, '"') | equal(word, '\\') | equal(word, 0x7f) | below_blank(word);
}

static bool is_two(unsigned char c) /* as escaped */
{
    return c == '"' || c == '\\' || c == '\n';
}

/* How long ASCII becomes between its quotes; 0 where it has something else. */
static size_t escaped_len(const char *s, size_t n)
{
    size_t len = n, i = 0;
    uint64_t other = 0;

    for (; i + sizeof(uint64_t) <= n; i += sizeof(uint64_t)) {
        uint64_t word = word_at(s + i), odd = odd_of(word),
                 two = odd & (equal(word, '"') | equal(word, '\\') | equal(word, '\n'));

        other |= word;
        len += count_of(two) + 5 * count_of(odd & ~two);
    }
    for (; i < n; i++) {
        unsigned char c = (unsigned char)s[i];

        other |= c;
        len += is_two(c) ? 1 : c < 0x20 || c == 0x7f ? 5 : 0;
    }
    return (other & EACH(0x80)) != 0 ? 0 : len;
}

static char *put_one(char *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";

    if (is_two(c)) {
        *out++ = '\\';
        *out++ = c == '\n' ? 'n' : (char)c;
    } else if (c < 0x20 || c == 0x7f) {
        memcpy(out, "\\u00", 4);
        out[4] = hex[c >> 4];
        out[5] = hex[c & 15];
        out += 6;
    } else {
        *out++ = (char)c;
    }
    return out;
}

/* Nearly all there is, and the longest of it are texts inside of texts: its length is known before, so nothing is asked
 * at each quote. False: the other way. */
static bool add_ascii(struct buf *buf, const char *s, size_t n)
{
    size_t len = escaped_len(s, n), i = 0;
    char *out = n > 0 && len == 0 ? NULL : buf_put(buf, len + 2);

    if (out == NULL)
        return false;
    *out++ = '"';
    while (i + sizeof(uint64_t) <= n) {
        uint64_t word = word_at(s + i), odd = odd_of(word);
        size_t plain = odd != 0 ? first_of(odd) : sizeof(word);

        memcpy(out, &word, sizeof(word)); /* what comes is at least as long */
        out += plain;
        i += plain;
        if (odd != 0)
            out = put_one(out, (unsigned char)s[i++]);
    }
    while (i < n)
        out = put_one(out, (unsigned char)s[i++]);
    *out = '"';
    return true;
}

static void add_string(struct buf *buf, const char *s, size_t n)
{
    size_t plain = 0; /* bytes before s[i] that go out as they are */

    if (add_ascii(buf, s, n))
        return;
    buf_addc(buf, '"');
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)s[i];
        uint32_t code;
        size_t len = c < 0x80 ? 1 : str_utf8_at(s + i, n - i, &code);
        if (len > 0 && c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) {
            i += len;
            plain += len;
            continue;
        }
        buf_add(buf, s + i - plain, plain);
        plain = 0;
        if (len == 0)
            buf_adds(buf, "\xef\xbf\xbd");
        else
            add_escaped(buf, c);
        i++;
    }
    buf_add(buf, s + n - plain, plain);
    buf_addc(buf, '"');
}

static void begin_value(struct json_out *out, const char *key)
{
    assert(out->depth == 0 || (key != NULL) == out->object[out->depth]);
    if (out->some[out->depth])
        buf_addc(out->buf, ',');
    out->some[out->depth] = true;
    if (key != NULL) {
        add_string(out->buf, key, strlen(key));
        buf_addc(out->buf, ':');
    }
}

static void begin_container(struct json_out *out, const char *key, char c)
{
    begin_value(out, key);
    buf_addc(out->buf, c);
    if (out->depth == JSON_OUT_DEPTH)
        abort(); /* in every build: it would write past the end */
    out->some[++out->depth] = false;
    out->object[out->depth] = c == '{';
}

static void end_container(struct json_out *out, char c)
{
    if (out->depth == 0)
        abort();
    assert(out->object[out->depth] == (c == '}'));
    out->depth--;
    buf_addc(out->buf, c);
}

void json_begin_object(struct json_out *out, const char *key)
{
    begin_container(out, key, '{');
}

void json_end_object(struct json_out *out)
{
    end_container(out, '}');
}

void json_begin_array(struct json_out *out, const char *key)
{
    begin_container(out, key, '[');
}

void json_end_array(struct json_out *out)
{
    end_container(out, ']');
}

void json_add_str(struct json_out *out, const char *key, const char *s)
{
    if (s == NULL)
        json_add_null(out, key);
    else
        json_add_strn(out, key, s, strlen(s));
}

void json_add_strn(struct json_out *out, const char *key, const char *s, size_t n)
{
    begin_value(out, key);
    add_string(out->buf, s, n);
}

void json_escape(struct buf *buf, const char *s, size_t n)
{
    size_t from = buf->len;

    add_string(buf, s, n);
    if (buf->overflow)
        return;
    buf->len -= 2; /* its quotes */
    memmove(buf->data + from, buf->data + from + 1, buf->len - from);
    buf->data[buf->len] = '\0';
}

void json_add_int(struct json_out *out, const char *key, int64_t value)
{
    begin_value(out, key);
    buf_addf(out->buf, "%" PRId64, value);
}

void json_add_double(struct json_out *out, const char *key, double value)
{
    begin_value(out, key);
    if (isfinite(value))
        buf_addf(out->buf, "%.15g", value);
    else
        buf_adds(out->buf, "null");
}

void json_add_bool(struct json_out *out, const char *key, bool value)
{
    begin_value(out, key);
    buf_adds(out->buf, value ? "true" : "false");
}

void json_add_null(struct json_out *out, const char *key)
{
    begin_value(out, key);
    buf_adds(out->buf, "null");
}

void json_add_time(struct json_out *out, const char *key, time_ms t)
{
    char text[TIMESTAMP_SIZE];

    if (t == 0) {
        json_add_null(out, key);
        return;
    }
    timestamp_format(t, text);
    json_add_str(out, key, text);
}

void json_add_raw(struct json_out *out, const char *key, const char *json)
{
    begin_value(out, key);
    buf_adds(out->buf, json);
}
