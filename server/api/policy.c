#include "server/api/policy.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/model/config.h"
#include "lib/rules/rights.h"
#include "server/api/api.h"
#include "server/api/asker.h"
#include "server/api/tries.h"
#include "server/api/reply.h"
#include "server/api/routes.h"
#include "server/flow/roster.h"
#include "server/flow/snapshot.h"

void policy_request_id(char ret_id[REQUEST_ID_SIZE])
{
    unsigned char bytes[(REQUEST_ID_SIZE - 1) / 2];

    digest_random(bytes, sizeof(bytes));
    digest_hex(bytes, sizeof(bytes), ret_id);
}

/* The peer's address ---------------------------------------------------------------------------- */

static bool same_address(const char *a, const char *b)
{
    unsigned char x[16];
    unsigned char y[16];

    if (inet_pton(AF_INET, a, x) == 1)
        return inet_pton(AF_INET, b, y) == 1 && memcmp(x, y, 4) == 0;
    return inet_pton(AF_INET6, a, x) == 1 && inet_pton(AF_INET6, b, y) == 1 &&
           memcmp(x, y, 16) == 0;
}

static bool listed(const struct config_list *list, const char *address)
{
    for (size_t i = 0; i < list->n; i++) {
        if (same_address(list->items[i], address))
            return true;
    }
    return false;
}

static bool is_address(const char *text)
{
    unsigned char bytes[16];

    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* The last address in the list that no trusted proxy wrote for itself. */
static void believe_forwarded(struct peer *peer, const struct config_list *proxies, char *forwarded)
{
    while (listed(proxies, peer->address)) {
        char *comma = strrchr(forwarded, ',');
        char *last = comma != NULL ? comma + 1 : forwarded;

        last += strspn(last, " \t");
        last[strcspn(last, " \t")] = '\0';
        if (!is_address(last))
            return;
        (void)snprintf(peer->address, sizeof(peer->address), "%s", last);
        if (comma == NULL)
            return;
        *comma = '\0';
    }
}

void policy_peer(struct request *request)
{
    const char *forwarded = request_header(request, "X-Forwarded-For");
    const struct snapshot *snapshot;

    if (forwarded == NULL || request->listener == LISTENER_CLI)
        return;
    snapshot = snapshots_take(request->api->snapshots);
    if (snapshot == NULL) /* a delivery that came while the server starts: nobody is believed yet */
        return;
    believe_forwarded(&request->peer, &snapshot->config->trusted_proxies,
                      arena_str(request->arena, forwarded));
    snapshots_give(snapshot);
}

/* Rights ---------------------------------------------------------------------------------------- */

static unsigned rights_at(const struct request *request, const struct rights_place *place)
{
    return request->actor.asker != NULL ? rights_of(request->actor.asker, place) : 0;
}

static unsigned rights_at_top(const struct request *request, const struct config *config)
{
    char owner[RIGHTS_OWNER_SIZE];
    struct rights_place place = rights_place_top(config, owner);

    return rights_at(request, &place);
}

unsigned policy_rights_in_repo(const struct request *request, const struct config_repo *repo)
{
    char owner[RIGHTS_OWNER_SIZE];
    struct rights_place place = rights_place_repo(repo, owner);

    return rights_at(request, &place);
}

unsigned policy_rights_in_environment(const struct request *request,
                                      const struct config_environment *environment)
{
    char owner[RIGHTS_OWNER_SIZE];
    struct rights_place place = rights_place_environment(environment, owner);

    return rights_at(request, &place);
}

/* Who has the right there, as a list for people: added to `names`, each once. */
static const char *add_names(struct arena *arena, const char *names,
                             const struct config_rights *rights, enum right right)
{
    const struct config_list *who = &rights->who[right - 1];

    for (size_t i = 0; i < who->n; i++) {
        const char *listed = arena_printf(arena, ", %s,", names);

        if (strstr(listed, arena_printf(arena, " %s,", who->items[i])) == NULL)
            names =
                arena_printf(arena, "%s%s%s", names, names[0] != '\0' ? ", " : "", who->items[i]);
    }
    return names;
}

const char *policy_names(const struct request *request,
                         const struct config_environment *environment, enum right right)
{
    return add_names(request->arena, "", &environment->rights, right);
}

static const char *denial(const struct request *request, const char *where, const char *right,
                          const char *names)
{
    return arena_printf(request->arena, "%s may not do this%s%s: it takes the right %s, %s%s",
                        request->actor.name, where[0] != '\0' ? " in " : "", where, right,
                        names[0] != '\0' ? "which is given to " : "",
                        names[0] != '\0' ? names : "which is given to nobody");
}

/* The same asker, were he in each team of which GitHub has not said so yet. */
static struct request if_teams_were_his(const struct request *request)
{
    struct request known = *request;
    struct rights_asker *asker;
    struct rights_team *teams;

    if (request->actor.asker == NULL || request->actor.asker->n_teams == 0 ||
        request->api->roster == NULL)
        return known;
    asker = arena_array(request->arena, 1, sizeof(*asker));
    *asker = *request->actor.asker;
    teams = arena_array(request->arena, asker->n_teams, sizeof(*teams));
    for (size_t i = 0; i < asker->n_teams; i++) {
        teams[i] = asker->teams[i];
        if (teams[i].member == RIGHTS_NOT_KNOWN)
            teams[i].member = RIGHTS_INSIDE;
    }
    asker->teams = teams;
    known.actor.asker = asker;
    return known;
}

static const char *not_known_yet(const struct request *request)
{
    char trouble[256];

    roster_trouble(request->api->roster, trouble, sizeof(trouble));
    if (trouble[0] != '\0')
        return arena_printf(request->arena,
                            "whether %s is in a team that may do this is not known: %s",
                            request->actor.login, trouble);
    return arena_printf(
        request->arena,
        "GitHub is being asked whether %s is in a team that may do this; ask again in "
        "a second",
        request->actor.login);
}

int policy_require(const struct request *request, const struct config_environment *environment,
                   enum right right, struct err *err)
{
    struct arena *arena = request->arena;

    struct request known = if_teams_were_his(request);

    if ((policy_rights_in_environment(request, environment) & RIGHT_BIT(right)) != 0)
        return 0;
    if ((policy_rights_in_environment(&known, environment) & RIGHT_BIT(right)) != 0)
        return err_set(err, ERR_BUSY, "%s", not_known_yet(request));
    return err_set(
        err, ERR_DENIED, "%s",
        denial(request, arena_printf(arena, "%s of %s", environment->name, environment->repo->name),
               right_name(right), policy_names(request, environment, right)));
}

static unsigned rights_of_repo(const struct request *request, const struct config_repo *repo,
                               bool environments)
{
    unsigned bits = policy_rights_in_repo(request, repo);

    for (size_t i = 0; environments && i < repo->n_environments; i++)
        bits |= policy_rights_in_environment(request, &repo->environments[i]);
    return bits;
}

static unsigned rights_in_scope(const struct request *request, const struct config *config)
{
    unsigned bits = rights_at_top(request, config);
    const struct config_repo *repo = NULL;

    switch (request->route->scope) {
    case ROUTE_TOP:
        break;
    case ROUTE_REPOSITORY:
    case ROUTE_ENVIRONMENT:
        repo = config_repo(config, arena_printf(request->arena, "%s/%s", request->segments[0],
                                                request->segments[1]));
        /* An unknown one is answered by the handler, to those who may look at the top. */
        if (repo != NULL)
            bits = rights_of_repo(request, repo, request->route->scope == ROUTE_ENVIRONMENT);
        break;
    case ROUTE_ANYWHERE:
    case ROUTE_ANY_ENVIRONMENT:
        for (size_t i = 0; i < config->n_repos; i++)
            bits |= rights_of_repo(request, &config->repos[i],
                                   request->route->scope == ROUTE_ANY_ENVIRONMENT);
        break;
    }
    return bits;
}

static bool route_allows(const struct request *request)
{
    const struct route *route = request->route;

    return policy_allows(&request->actor, route->right) ||
           (route->or_right != RIGHT_NONE && policy_allows(&request->actor, route->or_right));
}

static const char *names_of_repo(const struct request *request, const char *names,
                                 const struct config_repo *repo)
{
    enum right right = request->route->right, other = request->route->or_right;

    names = add_names(request->arena, names, &repo->rights, right);
    for (size_t i = 0; i < repo->n_environments; i++)
        names = add_names(request->arena, names, &repo->environments[i].rights, right);
    if (other == RIGHT_NONE)
        return names;
    names = add_names(request->arena, names, &repo->rights, other);
    for (size_t i = 0; i < repo->n_environments; i++)
        names = add_names(request->arena, names, &repo->environments[i].rights, other);
    return names;
}

static const char *right_text(const struct request *request)
{
    const struct route *route = request->route;

    return route->or_right == RIGHT_NONE
               ? right_name(route->right)
               : arena_printf(request->arena, "%s or %s", right_name(route->right),
                              right_name(route->or_right));
}

static const char *why_not(const struct request *request)
{
    const struct snapshot *snapshot;
    const struct config *config;
    const char *repo_name = "", *names = "", *why;

    if (request->route == NULL || request->route->right == RIGHT_NONE)
        return NULL;
    snapshot = snapshots_take(request->api->snapshots);
    config = snapshot->config;
    if (request->route->scope == ROUTE_REPOSITORY || request->route->scope == ROUTE_ENVIRONMENT)
        repo_name =
            arena_printf(request->arena, "%s/%s", request->segments[0], request->segments[1]);
    else
        names = add_names(request->arena, names, &config->rights, request->route->right);
    for (size_t i = 0; i < config->n_repos; i++) {
        if (request->route->scope == ROUTE_TOP ||
            (repo_name[0] != '\0' && !str_eq(repo_name, config->repos[i].name)))
            continue;
        names = names_of_repo(request, names, &config->repos[i]);
    }
    why = denial(request, repo_name, right_text(request), names);
    snapshots_give(snapshot);
    return why;
}

static const char *seconds_to_wait(const struct request *request)
{
    int64_t wait =
        tries_wait(request->api->tries, request->peer.address, clock_mono(request->api->clock));

    return arena_printf(request->arena, "%" PRId64, wait / 1000 + 1);
}

static void judge(struct request *request)
{
    const struct snapshot *snapshot = snapshots_take(request->api->snapshots);

    request->actor.rights = rights_in_scope(request, snapshot->config);
    snapshots_give(snapshot);
}

/* May he, once GitHub has answered? */
static bool would_be_allowed(const struct request *request)
{
    struct request known = if_teams_were_his(request);

    if (known.actor.asker == request->actor.asker)
        return false;
    judge(&known);
    return policy_allows(&known.actor, request->route->right);
}

const char *policy_detail(const struct request *request, int status)
{
    switch (status) {
    case 401:
        return request->listener == LISTENER_WEB || request->listener == LISTENER_CLI
                   ? "this takes a token that is valid: Authorization: Bearer TOKEN (slipway token add)"
                   : NULL;
    case 403:
        return why_not(request);
    case 503:
        return request->route != NULL && would_be_allowed(request) ? not_known_yet(request) : NULL;
    case 429:
        return arena_printf(request->arena,
                            "too many tokens from %s were none; no token is looked at for %s s",
                            request->peer.address, seconds_to_wait(request));
    default:
        return NULL;
    }
}

/* The one question ------------------------------------------------------------------------------ */

int policy_confirm(struct db *db, const struct request *request, struct err *err)
{
    struct request again = *request;
    int rc = asker_again(db, &again, err);

    if (rc < 0)
        return rc;
    judge(&again);
    return route_allows(&again) ? 0 : err_set(err, ERR_DENIED, "%s", why_not(&again));
}

/* Another site's page can make a browser send this: what changes something must show what that page cannot
 * know, whatever rights there are without it (threats.md 4, rule 9; T43). */
static bool is_forgeable(const struct request *request)
{
    return request->listener == LISTENER_WEB && request->actor.token == NULL &&
           !str_eq(request->route->method, "GET");
}

/* Who it is, then what it may do where the route acts. */
static int admit_person(struct request *request, struct reply *reply)
{
    int status = asker_know(request);

    if (status == 0) {
        judge(request);
        if (route_allows(request) && !is_forgeable(request))
            return 0;
        status = request->listener == LISTENER_WEB && request->actor.token == NULL ? 401
                 : would_be_allowed(request)                                       ? 503
                                                                                   : 403;
    }
    if (status == 401)
        reply_header(reply, "WWW-Authenticate", "Bearer realm=\"slipway\"");
    if (status == 429)
        reply_header(reply, "Retry-After", seconds_to_wait(request));
    return status;
}

int policy_admit(struct request *request, struct reply *reply)
{
    switch (request->listener) {
    case LISTENER_WEBHOOKS:
        (void)snprintf(request->actor.name, sizeof(request->actor.name), "github");
        request->actor.way = "webhook";
        return 0;
    case LISTENER_AGENTS:
        request->actor.way = "door";
        return 0;
    default:
        return admit_person(request, reply);
    }
}
