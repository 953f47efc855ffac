/*
 * agenda: when each environment, and each deployment that runs, is to be judged again.
 *
 * Whatever may have changed a fact rings the doorbell, and then everything is judged. When only the time has come
 * that a verdict named, or a move of the flow's own was made, nothing else can have changed: then only what is
 * due is judged, and what stands on the move (the environment itself, those that need it). So a start costs the
 * same among ten environments and among thousands. Remembered in memory alone: after a restart, and with every
 * other configuration, everything is due. The flow's thread owns it.
 */
#ifndef SLIPWAY_SERVER_FLOW_AGENDA_H
#define SLIPWAY_SERVER_FLOW_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/timestamp.h"

struct config_environment;
struct look;
struct snapshot;

struct agenda_entry {
    time_ms next;
    bool touched; /* whatever the time is */
};

struct agenda;

/* The agenda for that configuration: the one before, or a new one in which everything is due. */
void agenda_open(struct agenda **agenda, const struct snapshot *snapshot);
void agenda_free(struct agenda *agenda);

/* Of an environment, by its place in the configuration. */
struct agenda_entry *agenda_environment(struct agenda *agenda, size_t repo, size_t environment);
/* Of a deployment that runs; due if it is new. */
struct agenda_entry *agenda_deployment(struct agenda *agenda, int64_t deployment_id);

/* Something about it changed: it is due, and so is what needs it. NULL = everything is. */
void agenda_touch(struct agenda *agenda, const struct config_environment *environment);

/* Is it to be judged in this look? If not, the look comes back when it is due. */
bool agenda_is_due(struct look *look, const struct agenda_entry *entry);

/* Between these two the entry is judged: what the look learns of moves and times in between is kept for it. */
struct agenda_judging {
    struct look *look;
    struct agenda_entry *entry;
    time_ms next;
    bool moved;
};
struct agenda_judging agenda_begin(struct look *look, struct agenda_entry *entry);
/* True: something was moved. */
bool agenda_end(const struct agenda_judging *judging);

#endif
