#include "server/api/router.h"

#include <string.h>

#include "server/api/routes.h"

/* Names that people and machines may have: what GitHub allows in owners and repositories, and our
 * own numbers and file names. So a segment can hold neither an escape nor dots alone. */
static bool is_segment(const char *s, size_t len)
{
    size_t dots = 0;

    if (len == 0 || len > 128)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = s[i];

        if (c == '.')
            dots++;
        else if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                   c == '-' || c == '_'))
            return false;
    }
    return dots < len;
}

static bool matches(const char *pattern, const char *path, struct router_found *found)
{
    const char *p = path;

    found->n_segments = 0;
    while (*pattern != '\0') {
        size_t len;

        if (*pattern != '{') {
            if (*pattern++ != *p++)
                return false;
            continue;
        }
        len = strcspn(p, "/");
        if (!is_segment(p, len))
            return false;
        found->segments[found->n_segments].offset = (size_t)(p - path);
        found->segments[found->n_segments].len = len;
        found->n_segments++;
        p += len;
        pattern = strchr(pattern, '}') + 1;
    }
    return *p == '\0';
}

static void allow_add(struct router_found *found, const char *method)
{
    if (found->allow[0] != '\0')
        (void)strncat(found->allow, ", ", sizeof(found->allow) - strlen(found->allow) - 1);
    (void)strncat(found->allow, method, sizeof(found->allow) - strlen(found->allow) - 1);
}

enum router_match router_find(enum listener listener, const char *method, const char *path,
                              struct router_found *ret_found)
{
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    struct router_found found = {0};

    for (size_t i = 0; i < n_routes; i++) {
        if ((routes[i].listeners & ON(listener)) == 0 || !matches(routes[i].pattern, path, &found))
            continue;
        if (strcmp(routes[i].method, wanted) == 0) {
            found.route = &routes[i];
            found.allow[0] = '\0';
            *ret_found = found;
            return ROUTER_FOUND;
        }
        allow_add(&found, routes[i].method);
        if (strcmp(routes[i].method, "GET") == 0)
            allow_add(&found, "HEAD");
    }
    if (found.allow[0] == '\0')
        return ROUTER_NO_PATH;
    *ret_found = found;
    return ROUTER_NO_METHOD;
}
