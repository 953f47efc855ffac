#include "lib/github/event_form.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"

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

static int decode_form(const char *bytes, size_t len, char *out, size_t *ret_len, struct err *err)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != '%') {
            out[n++] = bytes[i] == '+' ? ' ' : bytes[i];
            continue;
        }
        if (len - i < 3 || hex_value(bytes[i + 1]) < 0 || hex_value(bytes[i + 2]) < 0)
            return err_set(err, ERR_INVALID, "payload: broken escape at byte %zu", i);
        out[n++] = (char)(hex_value(bytes[i + 1]) * 16 + hex_value(bytes[i + 2]));
        i += 2;
    }
    *ret_len = n;
    return 0;
}

/* The one field `payload` of a url-encoded body. Two of them would be two events in one. */
int event_form_read(const char *body, size_t len, struct arena *arena, char **ret_json,
                    size_t *ret_len, struct err *err)
{
    static const char key[] = "payload=";
    const size_t key_len = sizeof(key) - 1;
    const char *found = NULL;
    size_t found_len = 0;
    char *decoded;
    int rc;

    for (size_t at = 0; at < len;) {
        const char *end = memchr(body + at, '&', len - at);
        size_t n = end != NULL ? (size_t)(end - (body + at)) : len - at;

        if (n >= key_len && memcmp(body + at, key, key_len) == 0) {
            if (found != NULL)
                return err_set(err, ERR_INVALID, "form: more than one field `payload`");
            found = body + at + key_len;
            found_len = n - key_len;
        }
        at += n + 1;
    }
    if (found == NULL)
        return err_set(err, ERR_INVALID, "form: no field `payload`");
    decoded = arena_alloc(arena, found_len + 1);
    rc = decode_form(found, found_len, decoded, ret_len, err);
    if (rc == 0)
        *ret_json = decoded;
    return rc;
}
