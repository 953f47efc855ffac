#include "server/api/request.h"

#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "server/api/routes.h"

const char *listener_name(enum listener listener)
{
    static const char *const names[LISTENER_COUNT] = {"webhooks", "agents", "web", "cli"};

    return names[listener];
}

static bool header_is(const struct request_header *h, const char *name)
{
    return strncasecmp(h->name, name, h->name_len) == 0 && name[h->name_len] == '\0';
}

const char *request_header(const struct request *request, const char *name)
{
    for (size_t i = 0; i < request->n_headers; i++) {
        if (header_is(&request->headers[i], name))
            return request->headers[i].value;
    }
    return NULL;
}

size_t request_header_count(const struct request *request, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < request->n_headers; i++)
        n += header_is(&request->headers[i], name);
    return n;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Decoded copy of a query value, NULL if an escape is broken or means NUL. */
static const char *decode(struct arena *arena, const char *s, size_t len)
{
    char *text = arena_alloc(arena, len + 1);
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (s[i] == '%') {
            int value;

            if (len - i < 3 || hex_value(s[i + 1]) < 0 || hex_value(s[i + 2]) < 0)
                return NULL;
            value = hex_value(s[i + 1]) * 16 + hex_value(s[i + 2]);
            if (value == 0)
                return NULL;
            text[n++] = (char)value;
            i += 2;
        } else {
            text[n++] = s[i] == '+' ? ' ' : s[i];
        }
    }
    text[n] = '\0';
    return text;
}

const char *request_query(const struct request *request, const char *key)
{
    size_t key_len = strlen(key);
    const char *p = request->query;

    while (*p != '\0') {
        size_t len = strcspn(p, "&");

        if (len > key_len && strncmp(p, key, key_len) == 0 && p[key_len] == '=')
            return decode(request->arena, p + key_len + 1, len - key_len - 1);
        p += len;
        if (*p == '&')
            p++;
    }
    return NULL;
}

int request_query_int(const struct request *request, const char *key, int64_t min, int64_t max,
                      int64_t otherwise, int64_t *ret_value, struct err *err)
{
    const char *text = request_query(request, key);
    size_t len = text != NULL ? strlen(text) : 0;
    int64_t n = 0;

    if (text == NULL) {
        *ret_value = otherwise;
        return 0;
    }
    if (len == 0 || len > 16 || strspn(text, "0123456789") != len)
        return err_set(err, ERR_INVALID, "%s: expected a whole number", key);
    for (size_t i = 0; i < len; i++)
        n = n * 10 + (text[i] - '0');
    if (n < min || n > max)
        return err_set(err, ERR_INVALID, "%s: expected %lld to %lld, got %lld", key, (long long)min,
                       (long long)max, (long long)n);
    *ret_value = n;
    return 0;
}
