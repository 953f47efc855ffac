/*
 * scenario_world: what a story's facts are put into: a store, the configuration in force, a clock that
 * stands until the story moves it, and the flow's own rooms to act in it.
 *
 * A host that is online and a source that is seen stay so while time goes on, as they would: each step of
 * the clock hears from them again. One thread, but for the store's writer.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_SCENARIO_WORLD_H
#define SLIPWAY_TESTS_SUPPORT_SCENARIO_WORLD_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/timestamp.h"
#include "lib/model/config.h"
#include "lib/model/repository.h"
#include "lib/store/store.h"
#include "server/flow/flow.h"
#include "server/flow/outlook.h"
#include "server/flow/snapshot.h"

struct signer;
struct writer;
struct zone;

struct scenario_clock {
    struct clock clock; /* first: the flow reads it */
    time_ms now;
};

struct scenario_names { /* a set */
    const char **items;
    size_t n;
    size_t cap;
};

struct scenario_world {
    const char *folder; /* of the scenario */
    struct arena arena; /* lives as long as the world */
    bool is_open;       /* the story's first `at` opens it */
    char room[128];     /* the store's folder, removed at the end */
    struct scenario_clock clock;
    const struct zone *zone; /* of the story's times */
    const char *zone_name;
    time_ms asked_at; /* of `expect ENV at WHEN` */
    struct store store;
    struct writer *writer;
    struct db *db; /* read-only */
    struct signer *signer;
    struct snapshots snapshots;
    const struct snapshot *snapshot; /* the one in force */
    struct flow flow;
    bool timed;                   /* only what is due is judged, as when nothing rang */
    time_ms next;                 /* when the flow would wake, as the last look said */
    const char *repository;       /* that the story speaks of; NULL: several, none was named */
    struct scenario_names online; /* hosts that are heard */
    struct scenario_names seen;   /* repositories whose source is */
};

void scenario_world_init(struct scenario_world *world, const char *folder);
void scenario_world_deinit(struct scenario_world *world);

/* Read config.yml and open the store. The time must have been set. */
int scenario_world_open(struct scenario_world *world, struct err *err);
/* Put another configuration of the folder in force, as SIGHUP does. */
int scenario_world_reload(struct scenario_world *world, const char *file, struct err *err);
/* Make the time `now`: later than before. */
int scenario_world_move(struct scenario_world *world, time_ms now, struct err *err);

/* The repository of the story, in the configuration and in the store. ERR_INVALID: none was named. */
int scenario_world_repository(struct scenario_world *world, const struct config_repo **ret_config,
                              struct repository *ret_row, struct err *err);
/* The open deployment of an environment. ERR_INVALID: there is none. */
int scenario_world_deployment(struct scenario_world *world,
                              const struct config_environment *environment,
                              struct deployment *ret_deployment, struct err *err);

/* What the server would say at `now`. Its texts live in `arena`. */
int scenario_world_outlook(struct scenario_world *world,
                           const struct config_environment *environment, time_ms now,
                           struct arena *arena, struct outlook *ret_outlook, struct err *err);

/* One look of the rooms that decide; until nothing moves any more. */
int scenario_world_look(struct scenario_world *world, bool *ret_moved, struct err *err);
int scenario_world_settle(struct scenario_world *world, struct err *err);

bool scenario_names_have(const struct scenario_names *names, const char *name);
void scenario_names_add(struct scenario_world *world, struct scenario_names *names,
                        const char *name);
void scenario_names_drop(struct scenario_names *names, const char *name);

#endif
