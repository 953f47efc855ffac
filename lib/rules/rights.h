/*
 * rights: what may this asker do at that place?
 *
 * The one answer for every way in (A4): command line, API, page, feed, comment, label. Whoever asks is
 * facts: the names by which the configuration may mean him, and each of these was proven before: a token
 * by its digest, a Unix group by the kernel, logins by the numeric id they are bound to, teams by what
 * GitHub said within the last minute.
 *
 * A right is given by name and by nothing else; an empty list means nobody. Logins and slugs of teams are
 * the same in either case, as they are at GitHub.
 */
#ifndef SLIPWAY_LIB_RULES_RIGHTS_H
#define SLIPWAY_LIB_RULES_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/model/config.h"
#include "lib/model/right.h"

enum rights_member {
    RIGHTS_OUTSIDE,
    RIGHTS_INSIDE,
    RIGHTS_NOT_KNOWN, /* GitHub was not asked yet, or did not answer: no right, but perhaps later */
};

struct rights_team {
    const char *name; /* ORG/SLUG */
    enum rights_member member;
};

struct rights_asker {
    bool anyone;               /* came where `anyone` is meant: the web listener */
    const char *token;         /* name of the token that was shown, NULL = none */
    const char *const *groups; /* Unix groups, on the cli socket */
    size_t n_groups;
    const char *const *logins; /* that are bound to his id at GitHub */
    size_t n_logins;
    const struct rights_team *teams; /* that the configuration names */
    size_t n_teams;
    unsigned own;   /* RIGHT_BITs it has by itself: of a token, of root */
    unsigned limit; /* RIGHT_BITs it can have at most */
    const char *
        scope; /* "owner/name" or "owner/name/environment": nothing outside it; NULL = everywhere */
};

/* Where the right is asked for, whose rights replace those of the place above (A4). */
struct rights_place {
    const struct config_rights *rights;
    const char *repository;  /* NULL = the top */
    const char *environment; /* NULL = the repository, or the top */
    const char
        *owner; /* whose teams `team:SLUG` means; NULL = nobody's: then it must be ORG/SLUG */
};

#define RIGHTS_OWNER_SIZE ((size_t)64)

/* At the top the owner is that of all repositories, if they have one. */
struct rights_place rights_place_top(const struct config *config, char owner[RIGHTS_OWNER_SIZE]);
struct rights_place rights_place_repo(const struct config_repo *repo,
                                      char owner[RIGHTS_OWNER_SIZE]);
struct rights_place rights_place_environment(const struct config_environment *environment,
                                             char owner[RIGHTS_OWNER_SIZE]);

/* RIGHT_BITs; view is among them whenever another is. */
unsigned rights_of(const struct rights_asker *asker, const struct rights_place *place);

/* "owner/name" or "owner/name/environment"? */
bool rights_is_scope(const char *text);

#endif
