#include "lib/rules/rights.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/names.h"
#include "lib/base/str.h"

static bool take_owner(const char *repository, char owner[RIGHTS_OWNER_SIZE])
{
    size_t len = strcspn(repository, "/");

    if (len >= RIGHTS_OWNER_SIZE)
        return false;
    memcpy(owner, repository, len);
    owner[len] = '\0';
    return true;
}

struct rights_place rights_place_top(const struct config *config, char owner[RIGHTS_OWNER_SIZE])
{
    struct rights_place place = {.rights = &config->rights};
    char other[RIGHTS_OWNER_SIZE];

    for (size_t i = 0; i < config->n_repos; i++) {
        if (!take_owner(config->repos[i].name, i == 0 ? owner : other) ||
            (i > 0 && strcasecmp(owner, other) != 0))
            return place;
    }
    if (config->n_repos > 0)
        place.owner = owner;
    return place;
}

struct rights_place rights_place_repo(const struct config_repo *repo, char owner[RIGHTS_OWNER_SIZE])
{
    return (struct rights_place){.rights = &repo->rights,
                                 .repository = repo->name,
                                 .owner = take_owner(repo->name, owner) ? owner : NULL};
}

struct rights_place rights_place_environment(const struct config_environment *environment,
                                             char owner[RIGHTS_OWNER_SIZE])
{
    struct rights_place place = rights_place_repo(environment->repo, owner);

    place.rights = &environment->rights;
    place.environment = environment->name;
    return place;
}

static bool has(const char *const *names, size_t n, const char *name, bool either_case)
{
    for (size_t i = 0; i < n; i++)
        if ((either_case ? strcasecmp : strcmp)(names[i], name) == 0)
            return true;
    return false;
}

static bool in_team(const struct rights_asker *asker, const struct rights_place *place,
                    const char *team)
{
    char full[256];

    if (strchr(team, '/') == NULL) {
        if (place->owner == NULL)
            return false;
        (void)snprintf(full, sizeof(full), "%s/%s", place->owner, team);
        team = full;
    }
    for (size_t i = 0; i < asker->n_teams; i++)
        if (strcasecmp(asker->teams[i].name, team) == 0)
            return asker->teams[i].member == RIGHTS_INSIDE;
    return false;
}

static bool is_meant(const struct rights_asker *asker, const struct rights_place *place,
                     const char *who, enum right right)
{
    if (str_eq(who, "anyone"))
        return right == RIGHT_VIEW && asker->anyone;
    if (str_starts(who, "token:"))
        return str_eq(asker->token, who + strlen("token:"));
    if (str_starts(who, "group:"))
        return has(asker->groups, asker->n_groups, who + strlen("group:"), false);
    if (str_starts(who, "team:"))
        return in_team(asker, place, who + strlen("team:"));
    return has(asker->logins, asker->n_logins, who, true);
}

/* What of `scope` covers the place: all, only looking (the repository of an environment), nothing. */
static unsigned scope_limit(const char *scope, const struct rights_place *place)
{
    size_t len;

    if (scope == NULL)
        return RIGHT_ALL;
    if (place->repository == NULL)
        return 0;
    len = strlen(place->repository);
    if (strncasecmp(scope, place->repository, len) != 0 ||
        (scope[len] != '\0' && scope[len] != '/'))
        return 0;
    if (scope[len] == '\0')
        return RIGHT_ALL;
    if (place->environment == NULL)
        return RIGHT_BIT(RIGHT_VIEW);
    return str_eq(scope + len + 1, place->environment) ? RIGHT_ALL : 0;
}

static unsigned with_view(unsigned bits)
{
    return bits != 0 ? bits | RIGHT_BIT(RIGHT_VIEW) : 0;
}

unsigned rights_of(const struct rights_asker *asker, const struct rights_place *place)
{
    unsigned limit = with_view(asker->limit), scope = scope_limit(asker->scope, place);
    unsigned bits = asker->own;

    for (int right = RIGHT_VIEW; right < RIGHT_COUNT; right++) {
        const struct config_list *who = &place->rights->who[right - 1];

        for (size_t i = 0; i < who->n; i++)
            if (is_meant(asker, place, who->items[i], (enum right)right))
                bits |= RIGHT_BIT(right);
    }
    return with_view(with_view(bits) & limit) & scope;
}

bool rights_is_scope(const char *text)
{
    const char *slash = strchr(text, '/');
    const char *second = slash != NULL ? strchr(slash + 1, '/') : NULL;
    char repository[256];

    if (second == NULL)
        return names_is_repo(text);
    if ((size_t)(second - text) >= sizeof(repository))
        return false;
    memcpy(repository, text, (size_t)(second - text));
    repository[second - text] = '\0';
    return names_is_repo(repository) && names_is_word(second + 1);
}
