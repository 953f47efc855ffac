/*
 * door_access: access keys of AWS callers at the door, and what a caller's key reaches.
 *
 * A secret is derived from the server's own key and the access key's id, so none is stored and a
 * stolen store gives nobody one. What a key may do is lib/rules/access; here are its facts: the
 * environments a host belongs to, by the configuration, and the holds that bind them.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_ACCESS_H
#define SLIPWAY_SERVER_API_DOOR_ACCESS_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/model/access_key.h"
#include "lib/model/host.h"
#include "lib/rules/access.h"

#define DOOR_ACCESS_SECRET_SIZE 41

struct arena;
struct db;
struct secret;

/* A new id, which no key has. */
void door_access_id_new(char out[ACCESS_KEY_ID_SIZE]);
bool door_access_is_id(const char *text);
/* The secret that belongs to it; secret_wipe() it. */
void door_access_secret(const struct secret *key, const char *id,
                        char out[DOOR_ACCESS_SECRET_SIZE]);

/* The caller's key was used: noted at most each hour, without waiting. */
struct door_call;
void door_access_used(struct door_call *call);

/* Where hosts belong, and what is held, as of now: read once for all hosts of a call. */
struct door_access_map;
int door_access_map_make(struct db *db, struct arena *arena, const struct config *config,
                         time_ms now, struct door_access_map **ret_map, struct err *err);

/* What the rule asks of a host. Texts lie in the arena; `tags` is kept. */
struct access_host door_access_host(const struct door_access_map *map, struct arena *arena,
                                    const struct host *host, const struct config_pairs *tags);
/* The same for all hosts that an activation with that prefix could make. */
struct access_host door_access_prefix(const struct door_access_map *map, struct arena *arena,
                                      const char *prefix, const struct config_pairs *tags);

#endif
