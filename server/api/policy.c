#include "server/api/policy.h"

#include <arpa/inet.h>
#include <grp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/model/config.h"
#include "lib/store/db.h"
#include "lib/store/store_token.h"
#include "lib/store/writer.h"
#include "server/api/api.h"
#include "server/api/reply.h"
#include "server/api/routes.h"
#include "server/flow/snapshot.h"

#define USED_EVERY_MS (60 * 60 * 1000) /* a token's last use is known to the hour */

#define ALL_RIGHTS                                                                                 \
    (RIGHT_BIT(RIGHT_VIEW) | RIGHT_BIT(RIGHT_APPROVE_CONTENT) | RIGHT_BIT(RIGHT_APPROVE_CODE) |    \
     RIGHT_BIT(RIGHT_OPERATE) | RIGHT_BIT(RIGHT_HOTFIX) | RIGHT_BIT(RIGHT_ADMIN))

_Static_assert((int)CONFIG_RIGHTS + 1 == (int)RIGHT_COUNT &&
                   (int)CONFIG_ADMIN + 1 == (int)RIGHT_ADMIN,
               "the rights of the configuration and ours are one list");

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
    believe_forwarded(&request->peer, &snapshot->config->trusted_proxies,
                      arena_str(request->arena, forwarded));
    snapshots_give(snapshot);
}

/* Rights ---------------------------------------------------------------------------------------- */

static bool in_group(const struct peer *peer, const char *name)
{
    struct group group;
    struct group *found = NULL;
    char memory[16384];

    if (peer->n_groups == 0 || getgrnam_r(name, &group, memory, sizeof(memory), &found) != 0 ||
        found == NULL)
        return false;
    for (size_t i = 0; i < peer->n_groups; i++) {
        if (peer->groups[i] == found->gr_gid)
            return true;
    }
    return false;
}

/* Logins and teams need a signed-in person; nobody is one yet. */
static bool is_meant(const struct request *request, const char *who, enum right right)
{
    if (strcmp(who, "anyone") == 0)
        return right == RIGHT_VIEW && request->listener == LISTENER_WEB;
    if (str_starts(who, "token:"))
        return str_eq(request->actor.token, who + strlen("token:"));
    if (str_starts(who, "group:"))
        return in_group(&request->peer, who + strlen("group:"));
    return false;
}

unsigned policy_rights(const struct request *request, const struct config_rights *rights)
{
    unsigned bits = request->actor.own;

    for (int right = 0; right < CONFIG_RIGHTS; right++) {
        const struct config_list *who = &rights->who[right];

        for (size_t i = 0; i < who->n; i++) {
            if (is_meant(request, who->items[i], (enum right)(right + 1)))
                bits |= RIGHT_BIT(right + 1);
        }
    }
    return bits != 0 ? bits | RIGHT_BIT(RIGHT_VIEW) : 0;
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

static const char *denial(const struct request *request, const char *where, enum right right,
                          const char *names)
{
    return arena_printf(request->arena, "%s may not do this%s%s: it takes the right %s, %s%s",
                        request->actor.name, where[0] != '\0' ? " in " : "", where,
                        right_name(right), names[0] != '\0' ? "which is given to " : "",
                        names[0] != '\0' ? names : "which is given to nobody");
}

int policy_require(const struct request *request, const struct config_environment *environment,
                   enum right right, struct err *err)
{
    struct arena *arena = request->arena;

    if ((policy_rights(request, &environment->rights) & RIGHT_BIT(right)) != 0)
        return 0;
    return err_set(
        err, ERR_DENIED, "%s",
        denial(request, arena_printf(arena, "%s of %s", environment->name, environment->repo->name),
               right, add_names(arena, "", &environment->rights, right)));
}

static unsigned rights_of_repo(const struct request *request, const struct config_repo *repo,
                               bool environments)
{
    unsigned bits = policy_rights(request, &repo->rights);

    for (size_t i = 0; environments && i < repo->n_environments; i++)
        bits |= policy_rights(request, &repo->environments[i].rights);
    return bits;
}

static unsigned rights_in_scope(const struct request *request, const struct config *config)
{
    unsigned bits = policy_rights(request, &config->rights);
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

static const char *names_of_repo(const struct request *request, const char *names,
                                 const struct config_repo *repo)
{
    enum right right = request->route->right;

    names = add_names(request->arena, names, &repo->rights, right);
    for (size_t i = 0; i < repo->n_environments; i++)
        names = add_names(request->arena, names, &repo->environments[i].rights, right);
    return names;
}

const char *policy_why_not(const struct request *request)
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
    why = denial(request, repo_name, request->route->right, names);
    snapshots_give(snapshot);
    return why;
}

/* Who it is ------------------------------------------------------------------------------------- */

static unsigned rights_from_list(const char *list)
{
    unsigned bits = 0;
    char copy[128];
    char *rest = NULL;

    (void)snprintf(copy, sizeof(copy), "%s", list);
    for (char *word = strtok_r(copy, ",", &rest); word != NULL; word = strtok_r(NULL, ",", &rest)) {
        int right = right_from_name(word);

        if (right > 0)
            bits |= RIGHT_BIT(right);
    }
    return bits;
}

static void name_actor(struct actor *actor, const char *kind, const char *name)
{
    (void)snprintf(actor->name, sizeof(actor->name), "%s:%s", kind, name);
}

struct use {
    int64_t token;
    time_ms at;
};

static int write_use(struct db *db, void *arg, struct err *err)
{
    const struct use *use = arg;

    return store_token_used(db, use->token, use->at, err);
}

static void use_is_written(void *arg, int rc, const struct err *err)
{
    if (rc < 0)
        log_warning("policy.token-use", "err=%s", LOG(err->text));
    free(arg);
}

/* When a token was used last, for those who tidy up. If the writer is busy the next use will do. */
static void note_use(struct api *api, int64_t token, time_ms now)
{
    struct use *use = malloc(sizeof(*use));

    if (use == NULL)
        abort();
    *use = (struct use){.token = token, .at = now};
    if (writer_post(api->writer, write_use, use, use_is_written, NULL) < 0)
        free(use);
}

/* Look a token up by its digest: nothing is compared with the secret itself, so time tells nothing. */
static int know_token(struct request *request, const char *token)
{
    struct actor *actor = &request->actor;
    char digest[DIGEST_HEX_SIZE];
    struct token found = {0};
    struct err err = ERR_INIT;
    struct db *db;
    time_ms now = clock_now(request->api->clock);
    int rc;

    digest_sha256_hex(token, strlen(token), digest);
    rc = db_pool_take(request->api->readers, &db, &err);
    if (rc == 0) {
        rc = store_token_by_digest(db, request->arena, digest, &found, &err);
        db_pool_give(request->api->readers, db);
    }
    if (rc < 0 && rc != ERR_NOT_FOUND) {
        log_error("policy.token", "request=%s err=%s", request->id, LOG(err.text));
        return 503;
    }
    if (rc < 0 || found.revoked_at != 0 || (found.expires_at != 0 && now >= found.expires_at))
        return 401;
    name_actor(actor, "token", found.name);
    actor->token = found.name;
    actor->token_digest = arena_str(request->arena, digest);
    actor->own = rights_from_list(found.rights);
    if (now - found.used_at >= USED_EVERY_MS)
        note_use(request->api, found.id, now);
    return 0;
}

int policy_confirm(struct db *db, const struct request *request, struct err *err)
{
    struct token found;
    struct err ignored = ERR_INIT;

    if (request->actor.token_digest == NULL)
        return 0;
    if (store_token_by_digest(db, request->arena, request->actor.token_digest, &found, &ignored) <
        0)
        return err_set(err, ERR_DENIED, "token %s was ended a moment ago", request->actor.token);
    return 0;
}

static int know_by_header(struct request *request)
{
    static const char scheme[] = "Bearer ";
    const char *authorization = request_header(request, "Authorization");

    (void)snprintf(request->actor.name, sizeof(request->actor.name), "anyone");
    request->actor.way = "api";
    if (authorization == NULL)
        return 0;
    if (strncasecmp(authorization, scheme, strlen(scheme)) != 0)
        return 401;
    return know_token(request, authorization + strlen(scheme));
}

static void know_by_uid(struct request *request)
{
    struct actor *actor = &request->actor;
    char uid[24];

    (void)snprintf(uid, sizeof(uid), "%lld", (long long)request->peer.uid);
    name_actor(actor, "uid", uid);
    actor->way = "cli";
    if (request->peer.uid == 0 || request->peer.uid == (int64_t)request->api->uid)
        actor->own = ALL_RIGHTS;
}

/* Who it is, then what it may do where the route acts. */
static int admit_person(struct request *request, struct reply *reply)
{
    const struct snapshot *snapshot;
    int status = 0;

    if (request->listener == LISTENER_CLI)
        know_by_uid(request);
    else
        status = know_by_header(request);
    if (status == 0) {
        snapshot = snapshots_take(request->api->snapshots);
        request->actor.rights = rights_in_scope(request, snapshot->config);
        snapshots_give(snapshot);
        if (policy_allows(&request->actor, request->route->right))
            return 0;
        status = request->listener == LISTENER_WEB && request->actor.token == NULL ? 401 : 403;
    }
    if (status == 401)
        reply_header(reply, "WWW-Authenticate", "Bearer realm=\"slipway\"");
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
