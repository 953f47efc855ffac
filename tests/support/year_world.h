/*
 * year_world: the year's repositories and environments, its clock, and what disturbs them; the files of the year share it.
 *
 *      year_events     what will happen, from the seed
 *      year_facts      what the gate is told of an environment
 *      year_promise    what was promised, and what came of it
 *      year            moves, and time
 */
#ifndef SLIPWAY_TESTS_SUPPORT_YEAR_WORLD_H
#define SLIPWAY_TESTS_SUPPORT_YEAR_WORLD_H

#include "lib/calendar/interval.h"
#include "lib/calendar/zone.h"
#include "lib/rules/release_plan.h"
#include "server/flow/snapshot.h"
#include "tests/support/year.h"

#define DAY_MS INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)
#define STAYS (INT64_MAX / 4) /* seen now, whenever that is */
#define NEVER INT64_MAX
#define SHOWN_DAYS 40 /* windows and freezes that are held at a time */
#define FORESEEN_MS (14 * DAY_MS)
#define PERSON_MS (2 * HOUR_MS) /* until somebody ends what failed */
#define PLACES_MAX 16
#define FREEZES_MAX 64
#define ROUNDS_MAX 200

enum ended { NOT_YET, WELL, BADLY };
enum missed { MISSED_BY_CAUSE, MISSED_DOWN = CAUSE_COUNT, MISSED_CLOCK, MISSED_EARLIER };

struct promised {
    size_t place;
    int64_t number;
    time_ms made;  /* as time goes */
    size_t before; /* starts of its environment by then */
    time_ms at;    /* by the clock */
    int missed_by; /* -1 = not known yet */
    bool over;
};

struct trouble {      /* what the forecast could not know */
    time_ms from, to; /* as time goes; to NEVER = it goes on */
    size_t repo;
    enum year_kind kind;
};

struct place {
    const struct config_environment *e;
    const struct zone *zone;
    size_t repo;
    int64_t live;
    unsigned char *ended; /* enum ended, of each release */
    time_ms *ended_at;
    bool open;
    struct deployment d;
    time_ms ends; /* as time goes, of what deploys or waits for a person */
    bool fails;
    struct plan_occurrence *occurrences;
    size_t n_occurrences, first;
    bool *decided;
    struct plan_occurrence taken;
    bool held;
    struct gate_hold hold;
    int64_t wish, open_wish; /* release asked for, 0 = none */
    time_ms wished_at;
    time_ms silent_since; /* by the clock; 0 = it is heard */
    struct interval *windows, *freezes;
    size_t n_windows, n_freezes;
    time_ms shown_from, shown_to;
    bool limited, by_calendar;
    bool dirty;
    time_ms next; /* by the clock */
    int64_t promised_up_to;
    int64_t told_number; /* of what the outlook promised last, and when */
    time_ms told_at;
    struct year_start *starts; /* here */
    size_t n_starts, cap_starts;
};

struct repo {
    const struct config_repo *config;
    size_t first, n;  /* places */
    time_ms *seen_at; /* of each release, from 1 */
    int64_t newest;
    int merged; /* and not fetched yet */
    bool lost;
    time_ms lost_since;
};

struct year {
    const struct year_options *o;
    struct arena *arena;
    struct arena scratch;
    struct calendar *calendar;
    struct snapshot snapshot; /* of configuration and calendar: what a promise is made with */
    struct year_report *r;
    struct place places[PLACES_MAX];
    size_t n_places;
    struct repo repos[PLACES_MAX];
    size_t n_repos;
    struct interval added[FREEZES_MAX]; /* freezes of people */
    size_t added_place[FREEZES_MAX];
    size_t n_added;
    time_ms t;      /* as time goes */
    int64_t offset; /* of the clock */
    bool down;
    time_ms down_since, up_since; /* by the clock */
    time_ms skipped_from, skipped_to;
    uint64_t random;
    struct promised *promised;
    size_t n_promised, cap_promised, first_open;
    struct trouble *troubles;
    size_t n_troubles, cap_troubles, cap_starts, cap_looks, cap_events;
};

/* What the clock says. */
time_ms year_world_clock(const struct year *y);

/* What must not be: the first is told. `p` NULL: it is no environment's. */
void year_world_wrong(struct year *y, const char *what, const struct place *p);

/* Below `below`, from the seed. */
uint64_t year_world_any(struct year *y, uint64_t below);

/* Something about it changed: it is judged again. */
void year_world_touch(struct year *y, size_t repo);
void year_world_touch_all(struct year *y);

/* What no forecast could know happens now, and goes on until it ends. */
void year_world_trouble(struct year *y, size_t repo, enum year_kind kind, bool goes_on);
void year_world_trouble_ends(struct year *y, size_t repo, enum year_kind kind);

/* Repositories, environments and their occurrences, of the configuration. */
void year_world_set_up(struct year *y);

#endif
