/* content_reference: see content_reference.h. */
#include "lib/ssm/content_reference.h"

#include <ctype.h>
#include <string.h>

/* Blanks inside the braces are free; agents read them as `\s`. */
#define BLANKS " \t\r\n\f\v"

static bool take(const char *at, struct content_reference *r)
{
    const char *p = at;

    if (p[0] != '{' || p[1] != '{')
        return false;
    p += 2;
    p += strspn(p, BLANKS);
    r->begin = at;
    r->name = p;
    while (isalnum((unsigned char)*p))
        p++;
    r->len = (size_t)(p - r->name);
    p += strspn(p, BLANKS);
    r->end = p + 2;
    return r->len > 0 && p[0] == '}' && p[1] == '}';
}

bool content_reference_next(const char *text, struct content_reference *ret_reference)
{
    for (const char *p = strstr(text, "{{"); p != NULL; p = strstr(p + 1, "{{"))
        if (take(p, ret_reference))
            return true;
    return false;
}

bool content_reference_whole(const char *text, struct content_reference *ret_reference)
{
    return take(text, ret_reference) && *ret_reference->end == '\0';
}
