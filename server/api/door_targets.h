/*
 * door_targets: which hosts a SendCommand is for: InstanceIds and Targets (ssm-wire.md 3.1). Several entries of
 * Targets are ANDed, several values of one ORed. Reads on the http thread's connection; texts lie in the arena.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_TARGETS_H
#define SLIPWAY_SERVER_API_DOOR_TARGETS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/model/config.h"
#include "lib/model/host.h"
#include "server/api/door_shape.h"

#define DOOR_TARGETS_MAX 5

struct arena;
struct db;

struct door_targets_entry {
    const char *key;
    const char **values;
    size_t n;
};

struct door_targets {
    const char **ids; /* InstanceIds */
    size_t n_ids;
    struct door_targets_entry entries[DOOR_TARGETS_MAX];
    size_t n_entries;
};

/* Limits and grammars; what is broken is noted in `shape`. */
void door_targets_read(struct door_shape *shape, struct door_targets *ret_targets);

/* The first id that stands there twice, or NULL. */
const char *door_targets_twice(const struct door_targets *targets);

struct door_targets_host {
    struct host host; /* state deregistered, name "" = there is none with that id */
    struct config_pairs tags;
};

/* Explicit ids in their order, known or not; then those that Targets match and are not among them. */
int door_targets_find(struct db *db, struct arena *arena, const struct door_targets *targets,
                      struct door_targets_host **ret_items, size_t *ret_n, struct err *err);

#endif
