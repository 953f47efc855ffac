#include "lib/rules/lane.h"

#include <string.h>

/* One component, `*` and `?` inside it. Backtracks only to the last `*`: linear times stars. */
static bool component_matches(const char *p, size_t p_len, const char *s, size_t s_len)
{
    size_t pi = 0, si = 0, star = (size_t)-1, mark = 0;

    while (si < s_len) {
        if (pi < p_len && p[pi] == '*') {
            star = pi++;
            mark = si;
        } else if (pi < p_len && (p[pi] == '?' || p[pi] == s[si])) {
            pi++;
            si++;
        } else if (star != (size_t)-1) {
            pi = star + 1;
            si = ++mark;
        } else {
            return false;
        }
    }
    while (pi < p_len && p[pi] == '*')
        pi++;
    return pi == p_len;
}

bool lane_path_matches(const char *pattern, const char *path)
{
    const char *after_star = NULL; /* pattern behind the last `**`, to try again from */
    const char *retry = NULL;      /* the path component to try it from */

    for (;;) {
        size_t p_len = strcspn(pattern, "/");
        size_t s_len = strcspn(path, "/");
        if (p_len == 2 && strncmp(pattern, "**", 2) == 0) {
            if (pattern[2] == '\0')
                return *path != '\0';
            pattern += 3;
            after_star = pattern;
            retry = path;
            continue;
        }
        if (*path != '\0' && component_matches(pattern, p_len, path, s_len) &&
            (pattern[p_len] == '/') == (path[s_len] == '/')) {
            if (pattern[p_len] == '\0')
                return true;
            pattern += p_len + 1;
            path += s_len + 1;
            continue;
        }
        if (after_star == NULL || retry[strcspn(retry, "/")] == '\0')
            return false;
        retry += strcspn(retry, "/") + 1;
        path = retry;
        pattern = after_star;
    }
}

enum lane lane_of_paths(const char *const *patterns, size_t n_patterns, const char *const *paths,
                        size_t n_paths, bool truncated)
{
    if (n_paths == 0 || truncated)
        return LANE_CODE;
    for (size_t i = 0; i < n_paths; i++) {
        bool content = false;
        for (size_t k = 0; k < n_patterns && !content; k++)
            content = lane_path_matches(patterns[k], paths[i]);
        if (!content)
            return LANE_CODE;
    }
    return LANE_CONTENT;
}

enum lane lane_of_releases(const enum lane *lanes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (lanes[i] != LANE_CONTENT)
            return LANE_CODE;
    return n == 0 ? LANE_CODE : LANE_CONTENT;
}
