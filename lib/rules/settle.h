/*
 * settle: what may a person decide about an attempt that failed or is unknown, and what decides it without one?
 * (design.md M5, M6; migrate.md 4, 7)
 *
 * An unknown ends by itself in one direction only: the probe proves that nothing is pending and nobody holds the
 * database, and its supervisor is dead. All else is a person's word, with a reason. Pure.
 */
#ifndef SLIPWAY_LIB_RULES_SETTLE_H
#define SLIPWAY_LIB_RULES_SETTLE_H

#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/base/timestamp.h"
#include "lib/model/attempt.h"
#include "lib/model/probe.h"

#define SETTLE_PROBE_LIFE_MS 600000  /* a clean probe is good for so long to mark succeeded */
#define SETTLE_RETRY_AFTER_MS 120000 /* after a backend or lock holder was last seen */

/* A permit is good for ten seconds of its host's clock; so long nobody decides that it was not used. The rest is room
 * for clocks that are put right by less than what is told as a jump (F9). */
#define SETTLE_PERMIT_LIFE_MS 40000

#define SETTLE_ACTS(X)                                                                             \
    X(SETTLE_SUCCEEDED, "mark succeeded")                                                          \
    X(SETTLE_FAILED, "mark failed")                                                                \
    X(SETTLE_RETRY, "retry")                                                                       \
    X(SETTLE_ABANDON, "abandon")

#define SETTLE_ENUM(symbol, text) symbol,
enum settle_act { SETTLE_ACTS(SETTLE_ENUM) SETTLE_ACTS_COUNT };
const char *settle_act_text(enum settle_act act);

struct settle_facts {
    const struct attempt *attempt; /* the unsettled one of the database; NULL = there is none */
    const struct probe *probe;     /* the newest that was answered, NULL */
    time_ms holder_seen_at; /* when a probe of it last saw a backend or lock holder; 0 = none did */
    time_ms permitted_at;   /* and nothing was heard of a start; 0 = there is no such permit */
    time_ms quiet_since;    /* its supervisor was gone, or was last heard: only a probe asked later
                               says that nobody is there any more */
    bool is_alive;          /* its host says now that it runs */
    bool is_over;  /* its deployment has ended or is being cancelled: nothing of it follows */
    bool unprobed; /* who decides looked himself, and takes it upon himself */
    time_ms now;
};

/* May this be decided now? NULL: yes; else why not, for people, in the arena or constant. */
const char *settle_refusal(struct arena *arena, const struct settle_facts *facts,
                           enum settle_act act);

/* May a fence be advanced now, that stands since then? The store may have forgotten a permit that was given before. */
const char *settle_fence_refusal(struct arena *arena, time_ms fenced_at, time_ms now);

/* From when on another attempt may begin there after somebody was seen in the database, however the attempt was settled
 * about which the probe was. */
time_ms settle_clear_at(time_ms holder_seen_at);

/* Does this probe prove that the attempt succeeded? */
bool settle_is_proved(const struct attempt *attempt, const struct probe *probe);

/* Nothing pending, and nobody there. */
bool settle_is_clean(const struct probe *probe);

#endif
