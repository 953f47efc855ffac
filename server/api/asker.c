#include "server/api/asker.h"

#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/rules/rights.h"
#include "lib/store/db.h"
#include "lib/store/store_token.h"
#include "lib/store/writer.h"
#include "server/api/api.h"
#include "server/api/tries.h"
#include "server/flow/people.h"
#include "server/flow/snapshot.h"

#define USED_EVERY_MS (60 * 60 * 1000) /* a token's last use is known to the hour */

static struct rights_asker *asker_new(struct request *request)
{
    struct rights_asker *asker = arena_array(request->arena, 1, sizeof(*asker));

    *asker = (struct rights_asker){.anyone = request->listener == LISTENER_WEB, .limit = RIGHT_ALL};
    request->actor.asker = asker;
    return asker;
}

/* Tokens ---------------------------------------------------------------------------------------- */

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
        log_warning("asker.token-use", "err=%s", LOG(err->text));
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

/* What the token says about who shows it. */
static int take_token(struct db *db, struct request *request, const struct token *token,
                      struct err *err)
{
    struct rights_asker *asker = asker_new(request);
    struct actor *actor = &request->actor;
    unsigned bits = right_list_bits(token->rights);
    const struct snapshot *snapshot;
    int rc;

    actor->token = token->name;
    /* An act names the token that it was done with: a person's tokens are told apart, and one that has its name anew. */
    actor->way =
        arena_printf(request->arena, "api:token:%" PRId64 ":%.64s", token->id, token->name);
    asker->scope = token->scope;
    if (token->github_id == 0) {
        (void)snprintf(actor->name, sizeof(actor->name), "token:%.64s", token->name);
        asker->token = token->name;
        asker->own = bits;
        return 0;
    }
    actor->github_id = token->github_id;
    actor->login = token->login;
    asker->limit = bits;
    (void)snprintf(actor->name, sizeof(actor->name), "github:%" PRId64 ":%.100s", token->github_id,
                   token->login);
    snapshot = snapshots_take(request->api->snapshots);
    rc = people_facts(db, request->arena, snapshot->config, request->api->roster, token->github_id,
                      asker, err);
    snapshots_give(snapshot);
    return rc;
}

static int find_token(struct db *db, struct request *request, struct token *ret_token,
                      struct err *err)
{
    time_ms now = clock_now(request->api->clock);
    int rc = store_token_by_digest(db, request->arena, request->actor.token_digest, ret_token, err);

    if (rc == 0 && ret_token->expires_at != 0 && now >= ret_token->expires_at)
        rc = err_set(err, ERR_NOT_FOUND, "no such token");
    return rc < 0 ? rc : take_token(db, request, ret_token, err);
}

/* Past ten that were none, a token is not even looked at for a while (T45). */
static bool guesses(struct request *request)
{
    return tries_wait(request->api->tries, request->peer.address, clock_mono(request->api->clock)) >
           0;
}

static int know_token(struct request *request, const char *token)
{
    char digest[DIGEST_HEX_SIZE];
    struct token found = {0};
    struct err err = ERR_INIT;
    struct db *db;
    time_ms now = clock_now(request->api->clock);
    int rc;

    if (guesses(request))
        return 429;
    digest_sha256_hex(token, strlen(token), digest);
    request->actor.token_digest = arena_str(request->arena, digest);
    rc = db_pool_take(request->api->readers, &db, &err);
    if (rc == 0) {
        rc = find_token(db, request, &found, &err);
        db_pool_give(request->api->readers, db);
    }
    if (rc < 0 && rc != ERR_NOT_FOUND) {
        log_error("asker.token", "request=%s err=%s", request->id, LOG(err.text));
        return 503;
    }
    if (rc < 0) {
        tries_failed(request->api->tries, request->peer.address, clock_mono(request->api->clock));
        return 401;
    }
    if (now - found.used_at >= USED_EVERY_MS)
        note_use(request->api, found.id, now);
    return 0;
}

int asker_again(struct db *db, struct request *request, struct err *err)
{
    struct token found;
    struct err own = ERR_INIT;
    int rc;

    if (request->actor.token_digest == NULL)
        return 0;
    rc = find_token(db, request, &found, &own);
    if (rc == ERR_NOT_FOUND)
        return err_set(err, ERR_DENIED, "token %s was ended a moment ago", request->actor.token);
    return rc < 0 ? err_set(err, rc, "%s", own.text) : 0;
}

static int know_by_header(struct request *request)
{
    static const char scheme[] = "Bearer ";
    const char *authorization = request_header(request, "Authorization");

    (void)asker_new(request);
    (void)snprintf(request->actor.name, sizeof(request->actor.name), "anyone");
    request->actor.way = "api";
    if (authorization == NULL)
        return 0;
    if (strncasecmp(authorization, scheme, strlen(scheme)) != 0)
        return 401;
    return know_token(request, authorization + strlen(scheme));
}

/* The cli socket -------------------------------------------------------------------------------- */

/* By name, since the configuration knows them so; a number without a name is meant by nobody. */
static void know_groups(struct request *request, struct rights_asker *asker)
{
    const char **names = arena_array(request->arena, request->peer.n_groups + 1, sizeof(*names));

    for (size_t i = 0; i < request->peer.n_groups; i++) {
        struct group group;
        struct group *found = NULL;
        char memory[16384];

        if (getgrgid_r(request->peer.groups[i], &group, memory, sizeof(memory), &found) == 0 &&
            found != NULL)
            names[asker->n_groups++] = arena_str(request->arena, found->gr_name);
    }
    asker->groups = names;
}

static void know_by_uid(struct request *request)
{
    struct rights_asker *asker = asker_new(request);
    struct actor *actor = &request->actor;

    (void)snprintf(actor->name, sizeof(actor->name), "uid:%" PRId64, request->peer.uid);
    actor->way = "cli";
    actor->house = request->peer.uid == 0 || request->peer.uid == (int64_t)request->api->uid;
    if (actor->house)
        asker->own = RIGHT_ALL;
    else
        know_groups(request, asker);
}

int asker_know(struct request *request)
{
    if (request->listener != LISTENER_CLI)
        return know_by_header(request);
    know_by_uid(request);
    return 0;
}
