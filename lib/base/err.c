/* err: see err.h. Texts are formatted aside first: an argument may be the old text itself. */
#include "lib/base/err.h"

#include <stdio.h>
#include <string.h>

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
    char text[sizeof(err->text)];
    va_list args;

    if (err == NULL)
        return code;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    err->code = code;
    memcpy(err->text, text, strlen(text) + 1);
    return code;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
    char text[sizeof(err->text)];
    va_list args;
    int n;

    if (err == NULL)
        return ERR_INTERNAL;
    va_start(args, fmt);
    n = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (n >= 0 && (size_t)n < sizeof(text) - 1)
        snprintf(text + n, sizeof(text) - (size_t)n, ": %s", err->text);
    memcpy(err->text, text, strlen(text) + 1);
    return err->code;
}

const char *err_code_name(int code)
{
    switch (code) {
    case 0:
        return "ok";
    case ERR_INVALID:
        return "invalid";
    case ERR_NOT_FOUND:
        return "not found";
    case ERR_CONFLICT:
        return "conflict";
    case ERR_DENIED:
        return "denied";
    case ERR_BUSY:
        return "busy";
    case ERR_UNREACHABLE:
        return "unreachable";
    case ERR_TIMEOUT:
        return "timeout";
    case ERR_UNKNOWN:
        return "unknown";
    default:
        return "internal";
    }
}
