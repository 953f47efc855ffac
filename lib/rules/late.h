/*
 * late: does a host of an environment miss what is live there, and does it get it now (P7)?
 *
 * It misses it if the last thing that changed what it runs is not that release, well. It gets it when it came since it
 * last had its turn: registered, heard after a silence, put back by a person. So a host that a person left out, or
 * that failed, is not tried again behind his back; and one that fails each time it comes is left alone after
 * LATE_TRIES, until a person puts it back or something else is live. Pure.
 */
#ifndef SLIPWAY_LIB_RULES_LATE_H
#define SLIPWAY_LIB_RULES_LATE_H

#include <stdbool.h>

#include "lib/base/timestamp.h"
#include "lib/model/host.h"

#define LATE_TRIES 3

struct late_facts {
    const struct host *host; /* one that a deployment would use */
    const char *live_sha;
    time_ms declared_at; /* what is live was declared then; 0 = a deployment brought it */
    /* What changed last what it runs: */
    bool has_last;
    const char *last_sha;
    bool last_well; /* all its jobs there ended well */
    time_ms last_cut_at;
    time_ms
        turn_at; /* cut of the newest deployment in which it had its turn or was left out; 0 = none */
    bool busy;   /* it may still run something of this track */
    int n_failed; /* catch-ups to `live_sha` that failed in a row since a person put it back */
};

#define LATE_ANSWERS(X)                                                                            \
    X(LATE_HAS_IT, "has-it")                                                                       \
    X(LATE_NOW, "now")       /* it gets it now, if the gate agrees */                              \
    X(LATE_SILENT, "silent") /* when it is heard again */                                          \
    X(LATE_BUSY, "busy")     /* when what it may still run of this track has ended (I11) */        \
    X(LATE_BARRED, "barred") /* when a person accepts its journal */                               \
    X(LATE_HAD_TURN,                                                                               \
      "had-turn") /* it failed or was left out: with the next deployment, or when it comes anew */ \
    X(LATE_GIVEN_UP, "given-up") /* it failed LATE_TRIES times */

#define LATE_ENUM(symbol, text) symbol,
enum late { LATE_ANSWERS(LATE_ENUM) LATE_ANSWERS_COUNT };
/* Keys of texts in messages.tsv, `late.KEY`. */
extern const char *const late_keys[LATE_ANSWERS_COUNT];

/* Can that be anything but LATE_HAS_IT for one that was in the snapshot of what is live, cut at `live_cut_at`? */
bool late_is_possible(const struct host *host, time_ms live_cut_at);

enum late late_judge(const struct late_facts *facts, time_ms now);

#endif
