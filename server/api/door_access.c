/* door_access: see door_access.h. */
#include "server/api/door_access.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/digest.h"
#include "lib/base/log.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/store/store_access_key.h"
#include "lib/store/store_hold.h"
#include "lib/store/writer.h"
#include "server/api/api.h"
#include "server/api/door_call.h"

#define USED_EVERY_MS ((int64_t)60 * 60 * 1000)

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

void door_access_id_new(char out[ACCESS_KEY_ID_SIZE])
{
    unsigned char raw[16];

    digest_random(raw, sizeof(raw));
    memcpy(out, "AKIA", 4);
    for (size_t i = 0; i < sizeof(raw); i++)
        out[4 + i] = letters[raw[i] & 31];
    out[ACCESS_KEY_ID_SIZE - 1] = '\0';
}

bool door_access_is_id(const char *text)
{
    return strlen(text) == ACCESS_KEY_ID_SIZE - 1 && str_starts(text, "AKIA") &&
           strspn(text, letters) == ACCESS_KEY_ID_SIZE - 1;
}

void door_access_secret(const struct secret *key, const char *id, char out[DOOR_ACCESS_SECRET_SIZE])
{
    static const char purpose[] = "secret of an access key";
    struct digest_hmac *hmac = digest_hmac_new(secret_bytes(key), secret_len(key));
    unsigned char raw[DIGEST_SIZE];

    digest_hmac_add(hmac, purpose, sizeof(purpose)); /* with its NUL: nothing else has this MAC */
    digest_hmac_add(hmac, id, strlen(id));
    digest_hmac_final(hmac, raw);
    digest_hmac_free(hmac);
    digest_base64(raw, 30, out); /* 40 characters, as AWS' */
    secret_wipe(raw, sizeof(raw));
}

struct use {
    char id[ACCESS_KEY_ID_SIZE];
    time_ms at;
};

static int write_used(struct db *db, void *arg, struct err *err)
{
    const struct use *use = arg;

    return store_access_key_used(db, use->id, use->at, err);
}

static void used_done(void *arg, int rc, const struct err *err)
{
    if (rc < 0)
        log_warning("key.not-noted", "err=%s", LOG(err->text));
    free(arg);
}

void door_access_used(struct door_call *call)
{
    struct err err = ERR_INIT;
    struct use *use;

    if (call->now - call->key.used_at < USED_EVERY_MS)
        return;
    use = calloc(1, sizeof(*use));
    if (use == NULL)
        abort();
    memcpy(use->id, call->key.id, sizeof(use->id));
    use->at = call->now;
    if (writer_post(call->request->api->writer, write_used, use, used_done, &err) < 0)
        free(use);
}

/* Where hosts belong ---------------------------------------------------------------------------- */

struct door_access_map {
    const struct config *config;
    const struct hold *holds;
    size_t n_holds;
};

int door_access_map_make(struct db *db, struct arena *arena, const struct config *config,
                         time_ms now, struct door_access_map **ret_map, struct err *err)
{
    struct door_access_map *map = arena_alloc(arena, sizeof(*map));
    struct hold *holds = NULL;
    int rc = store_hold_list(db, arena, now, &holds, &map->n_holds, err);

    map->config = config;
    map->holds = holds;
    if (rc == 0)
        *ret_map = map;
    return rc;
}

static const char *hold_of(const struct door_access_map *map, const char *repository,
                           const char *environment)
{
    for (size_t i = 0; i < map->n_holds; i++) {
        const struct hold *h = &map->holds[i];

        if (str_eq(h->repository, repository) &&
            (h->environment == NULL || strcmp(h->environment, environment) == 0))
            return h->reason;
    }
    return NULL;
}

/* Could a host of such a name and with these tags be one of the environment's? */
static bool is_in(const struct config_environment *e, const char *name, bool prefix,
                  const struct config_pairs *tags)
{
    for (size_t i = 0; prefix && i < e->n_roles; i++)
        for (size_t k = 0; k < e->roles[i].hosts.n; k++)
            if (str_starts(e->roles[i].hosts.items[k], name))
                return true;
    return config_environment_finds(e, name, tags);
}

static struct access_host facts_of(const struct door_access_map *map, struct arena *arena,
                                   const char *name, bool prefix, const struct config_pairs *tags)
{
    struct access_host facts = {.id = "", .name = name, .tags = tags};
    struct access_environment *found = NULL;
    size_t cap = 0;

    for (size_t r = 0; r < map->config->n_repos; r++) {
        const struct config_repo *repo = &map->config->repos[r];

        for (size_t k = 0; k < repo->n_environments; k++) {
            const struct config_environment *e = &repo->environments[k];
            if (!is_in(e, name, prefix, tags))
                continue;
            *ARENA_PUSH(arena, found, facts.n_environments, cap) =
                (struct access_environment){.repository = repo->name,
                                            .name = e->name,
                                            .hold = hold_of(map, repo->name, e->name)};
        }
    }
    facts.environments = found;
    return facts;
}

struct access_host door_access_host(const struct door_access_map *map, struct arena *arena,
                                    const struct host *host, const struct config_pairs *tags)
{
    struct access_host facts = facts_of(map, arena, host->name, false, tags);

    facts.id = host->id;
    return facts;
}

struct access_host door_access_prefix(const struct door_access_map *map, struct arena *arena,
                                      const char *prefix, const struct config_pairs *tags)
{
    return facts_of(map, arena, prefix, true, tags);
}
