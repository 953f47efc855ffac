#include "lib/rules/rules_ci.h"

#include <strings.h>

static bool is_meant(const struct commit_check *c, const char *name)
{
    const char *its = c->kind == COMMIT_CHECK_SUITE ? c->app : c->name;

    return its != NULL && strcasecmp(its, name) == 0;
}

bool rules_ci_is_green(const struct commit_check *checks, size_t n, const char *name,
                       const struct commit_check **ret_worst)
{
    const struct commit_check *worst = NULL;
    bool some = false;

    for (size_t i = 0; i < n; i++) {
        const struct commit_check *c = &checks[i];
        if (!is_meant(c, name))
            continue;
        some = true;
        if (c->state == COMMIT_CHECK_FAILED && (worst == NULL || worst->state != c->state))
            worst = c;
        else if (c->state == COMMIT_CHECK_PENDING && worst == NULL)
            worst = c;
    }
    *ret_worst = worst;
    return some && worst == NULL;
}
