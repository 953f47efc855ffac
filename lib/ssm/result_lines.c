/* result_lines: see result_lines.h. */
#include "lib/ssm/result_lines.h"

#include <string.h>

#include "lib/base/names.h"
#include "lib/base/redact.h"
#include "lib/base/str.h"
#include "lib/ssm/message_reply.h"

#define RULED_MAX 8 /* keys that the rules read */
#define LINES_MAX (MESSAGE_REPLY_RESULTS_MAX - RULED_MAX)
#define KEY_MAX 64 /* names_is_word */

/* Hidden before it is cut: the beginning of a secret is one, too. */
static char *value_of(struct arena *arena, const struct result_lines *r, const char *key,
                      const char *bytes, size_t len)
{
    char *value;

    if (r->redact == NULL || message_reply_is_ruled(key))
        return str_clean(arena, bytes, len, MESSAGE_REPLY_RESULT_MAX);
    value = str_clean(arena, bytes, len, 3 * len); /* each byte becomes U+FFFD at most */
    len = redact_bytes(r->redact, value, strlen(value));
    return str_clean(arena, value, len, MESSAGE_REPLY_RESULT_MAX);
}

static bool comes_again(const struct result_lines *r, size_t from, const char *key)
{
    for (size_t i = from; i < r->n; i++)
        if (str_eq(r->lines[i].key, key))
            return true;
    return false;
}

/* The rules read the last line of a key: one that has another behind it makes room. There is one, as they read fewer
 * keys than RULED_MAX. */
static void make_room(struct result_lines *r, const char *key)
{
    for (size_t i = 0; i < r->n; i++) {
        const char *other = r->lines[i].key;

        if (!message_reply_is_ruled(other) || !(str_eq(other, key) || comes_again(r, i + 1, other)))
            continue;
        memmove(&r->lines[i], &r->lines[i + 1], (r->n - i - 1) * sizeof(r->lines[0]));
        r->n--;
        r->n_ruled--;
        return;
    }
}

/* Is there room for one that nobody but people reads? Asked before anything of it is kept. */
static bool has_room(const struct result_lines *r, size_t len)
{
    size_t most = len < MESSAGE_REPLY_RESULT_MAX ? len : MESSAGE_REPLY_RESULT_MAX;

    return r->n - r->n_ruled < LINES_MAX && r->bytes + most <= RESULT_LINES_BYTES_MAX;
}

static void add_line(struct arena *arena, struct result_lines *r, const char *line, size_t len)
{
    const char *equals = memchr(line, '=', len);
    size_t key_len = equals != NULL ? (size_t)(equals - line) : 0;
    char key[KEY_MAX + 1] = "";
    char *value;
    bool ruled;

    if (len == 0)
        return;
    if (equals != NULL && key_len <= KEY_MAX)
        memcpy(key, line, key_len);
    ruled = message_reply_is_ruled(key);
    /* A NUL would end the key early. */
    if (equals == NULL || strlen(key) != key_len || !names_is_word(key) ||
        (!ruled && !has_room(r, len))) {
        r->n_odd++;
        return;
    }
    value = value_of(arena, r, key, equals + 1, len - key_len - 1);
    if (ruled && r->n_ruled == RULED_MAX)
        make_room(r, key);
    r->n_ruled += ruled;
    r->bytes += ruled ? 0 : key_len + strlen(value);
    *ARENA_PUSH(arena, r->lines, r->n, r->cap) =
        (struct result_line){.key = arena_strn(arena, key, key_len), .value = value};
}

void result_lines_add(struct arena *arena, struct result_lines *lines, const char *text, size_t len)
{
    while (len > 0) {
        const char *end = memchr(text, '\n', len);
        size_t n = end != NULL ? (size_t)(end - text) : len;

        add_line(arena, lines, text, n);
        n += end != NULL;
        text += n;
        len -= n;
    }
}

bool result_lines_say(const struct result_lines *lines, const char *key, const char *value)
{
    for (size_t i = lines->n; i > 0; i--) {
        if (str_eq(lines->lines[i - 1].key, key))
            return str_eq(lines->lines[i - 1].value, value);
    }
    return false;
}
