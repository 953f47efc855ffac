/*
 * year: a year of releases in memory: the rules as they are, with arrays where the server has a store.
 *
 * Merges, holds, freezes, silent hosts, lost sources, a server that is down, a clock that is set, deployments
 * that fail: all from one seed. An environment is judged when something about it changed and when its last
 * verdict said that it may change, and at no other time; so a verdict that changes earlier than it says is seen
 * as a start that comes late. At each merge the forecast is asked when the release will start, and whatever the outlook
 * promises beside is noted when it moves; both are held to it later. One thread, no clock, no file.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_YEAR_H
#define SLIPWAY_TESTS_SUPPORT_YEAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/timestamp.h"
#include "lib/model/config.h"

enum year_kind {
    YEAR_MERGE,
    YEAR_ASK,  /* a person asks for the newest release */
    YEAR_HOLD, /* until a time, or until it is lifted */
    YEAR_UNHOLD,
    YEAR_FREEZE, /* is added: from a time to a time */
    YEAR_THAW,   /* is removed */
    YEAR_HOST_OFF,
    YEAR_HOST_ON,
    YEAR_SOURCE_OFF,
    YEAR_SOURCE_ON,
    YEAR_DOWN,
    YEAR_UP,
    YEAR_CLOCK, /* is set by so many ms */
    YEAR_FAIL,  /* the deployment that runs will fail, or the next one */
    YEAR_KINDS  /* of an event that came to nothing */
};

struct year_event {
    time_ms at; /* as time goes, whatever the clock says */
    enum year_kind kind;
    size_t
        place; /* of the list of environments; of a merge or a source any one of its repository */
    time_ms from; /* of a freeze, by the clock */
    time_ms to;   /* of a freeze; of a hold, 0 = until it is lifted; of the clock: the ms */
};

struct year_start {
    size_t place;
    int64_t number;
    time_ms at; /* by the clock */
};

struct year_options {
    const struct config *config;
    time_ms from;
    time_ms to;
    int merges;
    int disturbances;
    bool outages; /* also a server that is down and a clock that is set */
    uint64_t seed;
};

struct year_report {
    struct year_event *events;
    size_t n_events;
    struct year_start *starts;
    size_t n_starts;
    time_ms *looks; /* each instant at which something was judged, by the clock */
    size_t n_looks;
    size_t n_promised; /* by the forecast, one for each release and environment */
    size_t n_undisturbed;
    size_t n_kept; /* started at the promised instant */
    size_t n_missed;
    size_t missed_by[32]; /* of each cause of the gate; behind them: down, clock, earlier */
    const char *wrong;    /* what must not be, NULL = nothing */
};

#define YEAR_TAKES_MS                                                                              \
    61007 /* each deployment: it never ends at an instant at which something else is due */

/* How many environments, and the one at `place`. */
size_t year_places(const struct config *config);
const struct config_environment *year_place(const struct config *config, size_t place);

/* Play it; everything lies in `arena`. */
void year_play(const struct year_options *options, struct arena *arena,
               struct year_report *ret_report);

#endif
