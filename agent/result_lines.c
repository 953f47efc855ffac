/* result_lines: see result_lines.h. */
#include "agent/result_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/names.h"
#include "lib/base/redact.h"
#include "lib/base/str.h"
#include "lib/ssm/message_reply.h"

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

static void add_line(struct arena *arena, struct result_lines *r, const char *line, size_t len)
{
    const char *equals = memchr(line, '=', len);
    size_t key_len = equals != NULL ? (size_t)(equals - line) : 0;
    const char *key = arena_strn(arena, line, key_len);
    char *value;

    if (len == 0)
        return;
    /* A NUL would end the key early. */
    if (equals == NULL || strlen(key) != key_len || !names_is_word(key) ||
        r->n == MESSAGE_REPLY_RESULTS_MAX) {
        r->n_odd++;
        return;
    }
    value = value_of(arena, r, key, equals + 1, len - key_len - 1);
    if (r->bytes + key_len + strlen(value) > RESULT_LINES_BYTES_MAX) {
        r->n_odd++;
        return;
    }
    r->bytes += key_len + strlen(value);
    *ARENA_PUSH(arena, r->lines, r->n, r->cap) = (struct result_line){.key = key, .value = value};
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

int result_lines_read(struct arena *arena, struct result_lines *lines, const char *path,
                      struct err *err)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    char *text;
    struct stat st;
    ssize_t got;
    int rc = 0;

    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        rc = err_set(err, ERR_INVALID, "SLIPWAY_RESULT is not a regular file any more");
        goto out;
    }
    text = arena_alloc(arena, RESULT_LINES_BYTES_MAX);
    got = pread(fd, text, RESULT_LINES_BYTES_MAX, 0);
    if (got < 0) {
        rc = err_set(err, ERR_INTERNAL, "reading SLIPWAY_RESULT: %s", strerror(errno));
        goto out;
    }
    if (st.st_size > got) { /* the line that is cut, and what follows */
        const char *end = memrchr(text, '\n', (size_t)got);

        got = end != NULL ? end - text + 1 : 0;
        lines->n_odd++;
    }
    result_lines_add(arena, lines, text, (size_t)got);
out:
    if (fd >= 0)
        close(fd);
    return rc;
}

bool result_lines_say(const struct result_lines *lines, const char *key, const char *value)
{
    for (size_t i = lines->n; i > 0; i--) {
        if (str_eq(lines->lines[i - 1].key, key))
            return str_eq(lines->lines[i - 1].value, value);
    }
    return false;
}
