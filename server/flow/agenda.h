/*
 * agenda: when each environment, each deployment that runs and each source is to be judged again.
 *
 * Three lines: environments (schedule), runs (dispatch), sources (reconcile). An entry has the instant that its last
 * judgement named, or it was touched since, because a fact that it stands on may be another. A room takes those that
 * are due, one after the other: by their instants first, so that what is promised a time is never behind what only
 * heard some news; then those that were touched, in that order. So a start costs the same among ten environments
 * and among thousands, and where nothing is due nothing is looked at.
 *
 * Remembered in memory alone: after a restart, and with every other configuration, everything is touched. The flow's
 * thread owns it.
 */
#ifndef SLIPWAY_SERVER_FLOW_AGENDA_H
#define SLIPWAY_SERVER_FLOW_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/timestamp.h"

struct config_environment;
struct config_repo;
struct door_watch;
struct look;
struct snapshot;

enum agenda_line { AGENDA_ENVIRONMENTS, AGENDA_RUNS, AGENDA_SOURCES, AGENDA_LINES };

struct agenda_entry {
    enum agenda_line line;
    const struct config_repo *repo;               /* of a run: NULL if it left the configuration */
    const struct config_environment *environment; /* NULL of a source */
    int64_t deployment_id;                        /* of a run */
    time_ms next;                                 /* VERDICT_NEVER = when it is touched */
    size_t place;                                 /* in the heap, from 1; 0 = it is not there */
    bool touched;
    bool in_hand; /* taken and not put back: what touches it then is judged once it is back */
    bool waits_for_signs; /* agenda_wait_for_signs */
    bool is_stale;        /* of a source: it was not seen for too long, and that was noticed */
    unsigned turns;       /* in a row without coming to rest */
};

struct agenda;

/* The agenda for that configuration: the one before, or a new one in which everything is touched. */
void agenda_open(struct agenda **agenda, const struct snapshot *snapshot);
/* Is it that agenda? NULL is of none. */
bool agenda_is_of(const struct agenda *agenda, const struct snapshot *snapshot);
void agenda_free(struct agenda *agenda);
/* True once: what runs is to be found in the store. */
bool agenda_is_new(struct agenda *agenda);

/* The run of that deployment; a new one is touched. */
struct agenda_entry *agenda_run(struct agenda *agenda, int64_t deployment_id,
                                const struct config_repo *repo,
                                const struct config_environment *environment);
/* A new one, which was judged before it had its id: due at `next`. */
void agenda_run_at(struct agenda *agenda, int64_t deployment_id, const struct config_repo *repo,
                   const struct config_environment *environment, time_ms next);
/* It has come to its end. */
void agenda_drop(struct agenda *agenda, struct agenda_entry *run);

/* A fact that it stands on may be another. */
void agenda_touch(struct agenda *agenda, struct agenda_entry *entry);
/* It waits for a host that is silent or lacks something, or follows an attempt: any bell may be the answer. */
void agenda_wait_for_signs(struct agenda *agenda, struct agenda_entry *entry, bool waits);
void agenda_touch_waiting(struct agenda *agenda);
/* Those that need it, directly or over others. */
void agenda_touch_needing(struct agenda *agenda, const struct config_environment *environment);
/* A repository: its environments, its runs, its source. NULL = every one. */
void agenda_touch_repository(struct agenda *agenda, const struct config_repo *repo);
void agenda_touch_environments(struct agenda *agenda, const struct config_repo *repo);
/* One environment, and what runs there. */
void agenda_touch_environment(struct agenda *agenda, const struct config_environment *environment);
struct agenda_entry *agenda_source(struct agenda *agenda, const struct config_repo *repo);
void agenda_touch_runs(struct agenda *agenda, const struct config_repo *repo);
/* By id; false = it is followed no more. */
bool agenda_touch_run(struct agenda *agenda, int64_t deployment_id);

/* Commands of AWS callers that are followed. */
struct door_watch *agenda_commands(struct agenda *agenda);

/* The next instant at which one of them may change by time alone; VERDICT_NEVER = none. What an event touched is not counted. */
time_ms agenda_next(const struct agenda *agenda, enum agenda_line line);

/* The next one of the line that is due, taken out of it; NULL = none, and the look comes back when one is. What is
 * taken is put back by agenda_put. */
struct agenda_entry *agenda_take(struct look *look, enum agenda_line line);
/* It was judged: due again at `next`; at once if something was moved. */
void agenda_put(struct look *look, struct agenda_entry *entry, time_ms next, bool moved);
/* Is one due now? If none is, the look comes back when one will be. */
bool agenda_has_due(struct look *look, enum agenda_line line);

#endif
