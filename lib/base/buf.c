/* buf: see buf.h. Grows by doubling; the maximum is checked before memory is asked for. */
#include "lib/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf){.max = max};
}

void buf_deinit(struct buf *buf)
{
    if (buf == NULL)
        return;
    free(buf->data);
    *buf = (struct buf){.max = buf->max};
}

void buf_reset(struct buf *buf)
{
    buf->len = 0;
    buf->overflow = false;
    if (buf->data != NULL)
        buf->data[0] = '\0';
}

static void buf_reserve(struct buf *buf, size_t more)
{
    size_t cap = buf->cap == 0 ? 256 : buf->cap;

    while (cap < buf->len + more + 1)
        cap *= 2;
    if (cap == buf->cap)
        return;
    buf->data = realloc(buf->data, cap);
    if (buf->data == NULL)
        abort();
    buf->cap = cap;
}

void buf_expect(struct buf *buf, size_t n)
{
    if (!buf->overflow)
        buf_reserve(buf, n < buf->max - buf->len ? n : buf->max - buf->len);
}

void buf_add(struct buf *buf, const void *bytes, size_t n)
{
    if (buf->overflow || n > buf->max - buf->len) {
        buf->overflow = true;
        return;
    }
    buf_reserve(buf, n);
    if (n > 0)
        memcpy(buf->data + buf->len, bytes, n);
    buf->len += n;
    buf->data[buf->len] = '\0';
}

char *buf_put(struct buf *buf, size_t n)
{
    char *at;

    if (buf->overflow || n > buf->max - buf->len)
        return NULL;
    buf_reserve(buf, n);
    at = buf->data + buf->len;
    buf->len += n;
    buf->data[buf->len] = '\0';
    return at;
}

void buf_adds(struct buf *buf, const char *s)
{
    buf_add(buf, s, strlen(s));
}

void buf_addc(struct buf *buf, char c)
{
    buf_add(buf, &c, 1);
}

void buf_addf(struct buf *buf, const char *fmt, ...)
{
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n < 0 || buf->overflow || (size_t)n > buf->max - buf->len) {
        buf->overflow = true;
        return;
    }
    buf_reserve(buf, (size_t)n);
    va_start(args, fmt);
    vsnprintf(buf->data + buf->len, (size_t)n + 1, fmt, args);
    va_end(args);
    buf->len += (size_t)n;
}

const char *buf_str(const struct buf *buf)
{
    return buf->data == NULL ? "" : buf->data;
}

char *buf_detach(struct buf *buf, size_t *ret_len)
{
    char *data = buf->data;

    if (ret_len != NULL)
        *ret_len = buf->len;
    *buf = (struct buf){.max = buf->max};
    return data;
}
