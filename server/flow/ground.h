/*
 * ground: what is the same for all environments that are judged on one snapshot of the store.
 *
 * What stands at all (lib/store/store_standing), freezes, repositories and hosts are read when the first one needs
 * them, and not again. It lives as long as the snapshot; outside of one it serves a single question.
 */
#ifndef SLIPWAY_SERVER_FLOW_GROUND_H
#define SLIPWAY_SERVER_FLOW_GROUND_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"
#include "lib/model/host.h"
#include "lib/model/repository.h"
#include "lib/store/store_freeze.h"
#include "lib/store/store_standing.h"

struct arena;
struct db;

struct ground {
    struct db *db;
    struct arena *arena; /* of what is found: it lives longer than any one judgement */
    time_ms now;
    bool knows_standing, knows_freezes;
    struct standing standing;
    struct freeze *freezes;
    size_t n_freezes;
    const struct repository **repositories;
    size_t n_repositories, cap_repositories;
    struct host **hosts;
    size_t n_hosts, cap_hosts;
};

void ground_init(struct ground *ground, struct db *db, struct arena *arena, time_ms now);

int ground_standing(struct ground *ground, const struct standing **ret_standing, struct err *err);
/* Those that people added and that are not over, by their beginning. */
int ground_freezes(struct ground *ground, const struct freeze **ret_items, size_t *ret_n,
                   struct err *err);
int ground_repository(struct ground *ground, const char *name, const struct repository **ret,
                      struct err *err);
/* ERR_NOT_FOUND. Without its tags. */
int ground_host(struct ground *ground, const char *name, const struct host **ret_host,
                struct err *err);

#endif
