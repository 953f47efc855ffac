/*
 * json_tree: see json_tree.h.
 *
 * The strict pass has seen that all of it is right (RFC 8259), so nothing is asked twice here: a text is unescaped where it
 * stands, where it becomes no longer, and its closing quote becomes its NUL. A payload of GitHub's has some two thousand
 * keys, texts and numbers; to copy each was most of what reading one cost. The tree is the one that cJSON makes
 * itself: fuzz_json compares them.
 */
#include "lib/base/json_tree.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "lib/base/arena.h"
#include "lib/base/digest.h"

#define NUMBER_MAX 63 /* characters, as the strict pass has it */
#define DIGITS_MAX 15 /* so many are exact in a double */

struct building {
    char *p, *end; /* where it is, and the NUL */
    struct arena *arena;
    struct cJSON **open; /* containers, the outermost first */
    size_t n_open, cap_open;
};

static void skip_blanks(struct building *b)
{
    while (*b->p == ' ' || *b->p == '\t' || *b->p == '\n' || *b->p == '\r')
        b->p++;
}

/* Texts ----------------------------------------------------------------------------------------- */

static uint32_t hex4(const char *p)
{
    unsigned char b[2] = {0};

    (void)digest_unhex(p, 4, b, 2);
    return (uint32_t)b[0] << 8 | b[1];
}

static char *put_code(char *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = (char)c;
        return to;
    }
    if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
    } else {
        if (c < 0x10000) {
            *to++ = (char)(0xe0 | c >> 12);
        } else {
            *to++ = (char)(0xf0 | c >> 18);
            *to++ = (char)(0x80 | (c >> 12 & 63));
        }
        *to++ = (char)(0x80 | (c >> 6 & 63));
    }
    *to++ = (char)(0x80 | (c & 63));
    return to;
}

/* Behind the "\u" of the first half, or of the only one. */
static char *put_unicode(char *to, const char **p)
{
    uint32_t code = hex4(*p);

    *p += 4;
    if (code >= 0xd800 && code <= 0xdbff) {
        code = 0x10000 + ((code - 0xd800) << 10) + (hex4(*p + 2) - 0xdc00);
        *p += 6;
    }
    return put_code(to, code);
}

/* At the first backslash: the rest of the text, and its NUL. Where it ends in the input. */
static char *unescape(char *at)
{
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    const char *p = at;
    char *to = at;

    while (*p != '"') {
        if (*p != '\\') {
            *to++ = *p++;
        } else if (p[1] == 'u') {
            p += 2;
            to = put_unicode(to, &p);
        } else {
            *to++ = into[strchr(from, p[1]) - from];
            p += 2;
        }
    }
    *to = '\0';
    return at + (p - at);
}

/* At the opening quote. */
static char *take_text(struct building *b)
{
    char *text = b->p + 1, *end = memchr(text, '"', (size_t)(b->end - text));
    char *escape = memchr(text, '\\', (size_t)(end - text));

    if (escape != NULL)
        end = unescape(escape);
    else
        *end = '\0';
    b->p = end + 1;
    return text;
}

/* Values ---------------------------------------------------------------------------------------- */

static void take_double(struct building *b, struct cJSON *item)
{
    char text[NUMBER_MAX + 1];
    size_t len = 0;

    while (len < NUMBER_MAX && b->p[len] != '\0' && strchr("0123456789+-.eE", b->p[len]) != NULL)
        len++;
    memcpy(text, b->p, len);
    text[len] = '\0';
    item->valuedouble = strtod(text, NULL);
    b->p += len;
}

static void take_number(struct building *b, struct cJSON *item)
{
    const char *p = b->p;
    bool minus = *p == '-';
    uint64_t whole = 0;
    size_t n = 0;

    p += minus ? 1 : 0;
    for (; p[n] >= '0' && p[n] <= '9' && n <= DIGITS_MAX; n++)
        whole = whole * 10 + (uint64_t)(p[n] - '0');
    if (n > DIGITS_MAX || p[n] == '.' || p[n] == 'e' || p[n] == 'E') {
        take_double(b, item);
    } else {
        item->valuedouble = minus ? -(double)whole : (double)whole;
        b->p += n + (minus ? 1 : 0);
    }
    item->type = cJSON_Number;
    item->valueint = item->valuedouble >= INT_MAX           ? INT_MAX
                     : item->valuedouble <= (double)INT_MIN ? INT_MIN
                                                            : (int)item->valuedouble;
}

/* The last one of the container that is open; the first one's `prev` is the last, as cJSON has it. */
static struct cJSON *add_item(struct building *b, char *key)
{
    struct cJSON *container = b->open[b->n_open - 1], *item;

    item = arena_alloc(b->arena, sizeof(*item));
    item->string = key;
    if (container->child == NULL) {
        container->child = item;
    } else {
        item->prev = container->child->prev;
        item->prev->next = item;
    }
    container->child->prev = item;
    return item;
}

static char *take_key(struct building *b)
{
    char *key;

    if (b->open[b->n_open - 1]->type != cJSON_Object)
        return NULL;
    skip_blanks(b);
    key = take_text(b);
    skip_blanks(b);
    b->p++; /* the colon */
    return key;
}

/* Of a container that is not empty only the bracket: true. */
static bool take_value(struct building *b, struct cJSON *item)
{
    switch (*b->p) {
    case '"':
        item->type = cJSON_String;
        item->valuestring = take_text(b);
        return false;
    case 't':
        item->type = cJSON_True;
        item->valueint = 1;
        b->p += 4;
        return false;
    case 'f':
        item->type = cJSON_False;
        b->p += 5;
        return false;
    case 'n':
        item->type = cJSON_NULL;
        b->p += 4;
        return false;
    case '{':
    case '[':
        break;
    default:
        take_number(b, item);
        return false;
    }
    item->type = *b->p++ == '{' ? cJSON_Object : cJSON_Array;
    skip_blanks(b);
    if (*b->p != '}' && *b->p != ']')
        return true;
    b->p++;
    return false;
}

/* Behind a value: close what ends with it, then a comma. False: that was the outermost value. */
static bool take_end(struct building *b)
{
    while (b->n_open > 0) {
        skip_blanks(b);
        if (*b->p++ == ',')
            return true;
        b->n_open--;
    }
    return false;
}

void json_tree(char *text, size_t len, struct arena *arena, struct cJSON *ret_root)
{
    struct building b = {.p = text, .end = text + len, .arena = arena};
    struct cJSON *item = ret_root;

    *ret_root = (struct cJSON){.next = NULL};
    for (;;) {
        skip_blanks(&b);
        if (take_value(&b, item))
            *ARENA_PUSH(arena, b.open, b.n_open, b.cap_open) = item;
        else if (!take_end(&b))
            return;
        item = add_item(&b, take_key(&b));
    }
}
