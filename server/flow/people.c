#include "server/flow/people.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/rules/rights.h"
#include "lib/store/store_journal.h"
#include "lib/store/store_person.h"
#include "server/flow/roster.h"

int people_seen(struct db *db, const char *login, int64_t github_id, const char *by, time_ms now,
                struct err *err)
{
    enum store_person_news news;
    char detail[64];
    struct journal_entry line = {
        .at = now, .actor = "slipway", .way = "timer", .subject = login, .detail = detail};
    int rc = store_person_seen(db, login, github_id, by, now, &news, err);

    if (rc < 0 || news == STORE_PERSON_KNOWN)
        return rc;
    if (news == STORE_PERSON_STRANGER)
        log_warning("person.refused", "login=%s id=%" PRId64 " text=%s", LOG(login), github_id,
                    LOG("another account than the one that is known; slipway people ls"));
    line.act = news == STORE_PERSON_BOUND ? "person.bind" : "person.refuse";
    snprintf(detail, sizeof(detail), "{\"id\":%" PRId64 ",\"by\":\"%.16s\"}", github_id, by);
    return store_journal_add(db, &line, err);
}

#define TEAMS_MAX 64 /* more distinct ones than any configuration names; the rest is not known */

struct gathering {
    struct arena *arena;
    struct roster *roster;
    int64_t github_id;
    struct rights_team *teams;
    size_t n;
};

static void add_team(struct gathering *g, const char *name)
{
    for (size_t i = 0; i < g->n; i++)
        if (strcasecmp(g->teams[i].name, name) == 0)
            return;
    if (g->n < TEAMS_MAX)
        g->teams[g->n++] =
            (struct rights_team){name, roster_in_team(g->roster, g->github_id, name)};
}

static void add_teams(struct gathering *g, const struct rights_place *place)
{
    for (int right = 0; right < CONFIG_RIGHTS; right++)
        for (size_t i = 0; i < place->rights->who[right].n; i++) {
            const char *who = place->rights->who[right].items[i];
            if (!str_starts(who, "team:"))
                continue;
            who += strlen("team:");
            if (strchr(who, '/') != NULL)
                add_team(g, who);
            else if (place->owner != NULL)
                add_team(g, arena_printf(g->arena, "%s/%s", place->owner, who));
        }
}

int people_facts(struct db *db, struct arena *arena, const struct config *config,
                 struct roster *roster, int64_t github_id, struct rights_asker *asker,
                 struct err *err)
{
    struct gathering g = {.arena = arena, .roster = roster, .github_id = github_id};
    char owner[RIGHTS_OWNER_SIZE];
    struct rights_place place = rights_place_top(config, owner);

    g.teams = arena_array(arena, TEAMS_MAX, sizeof(*g.teams));
    add_teams(&g, &place);
    for (size_t i = 0; i < config->n_repos; i++) {
        place = rights_place_repo(&config->repos[i], owner);
        add_teams(&g, &place);
        for (size_t k = 0; k < config->repos[i].n_environments; k++) {
            place = rights_place_environment(&config->repos[i].environments[k], owner);
            add_teams(&g, &place);
        }
    }
    asker->teams = g.teams;
    asker->n_teams = g.n;
    return store_person_logins(db, arena, github_id, &asker->logins, &asker->n_logins, err);
}
