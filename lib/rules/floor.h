/*
 * floor: does what a host remembers of a database prove that the store has forgotten? (migrate.md G5; docs/decisions/0135)
 *
 * The server stores and signs each epoch before a host can see it. So an epoch that a host has seen under a command which
 * the store does not know was given by a store that knew more: this one was restored from a backup, or a second copy of it
 * commands. That stays true however late, often or out of order it is said; a record number is no such proof, for it rises
 * with what a host does by itself. Pure.
 */
#ifndef SLIPWAY_LIB_RULES_FLOOR_H
#define SLIPWAY_LIB_RULES_FLOOR_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/arena.h"

/* The highest epoch that a host has seen of a database, and whose it was. */
struct floor_word {
    const char *database;
    int64_t epoch;
    const char *command_id;
};

/* What the store knows. */
struct floor_facts {
    bool knows_database;
    bool knows_command; /* an attempt of it stands in the ledger */
    int64_t epoch;      /* the highest that it gave */
    int64_t
        looked_epoch; /* up to here a person said that what was forgotten is over: the fence was advanced */
    bool is_fenced;
    int64_t fence_epoch; /* the highest that was told since it stands */
};

enum floor_verdict {
    FLOOR_KNOWN,     /* it proves nothing, or a person has looked since */
    FLOOR_FORGOTTEN, /* the database is to stand */
    FLOOR_STANDS,    /* the same, and it was told before */
};

enum floor_verdict floor_judge(const struct floor_facts *facts, const struct floor_word *word);

/* A store that forgot so many migrations is none: who says more lies, and may not use the numbers up for all others. */
#define FLOOR_AHEAD_MAX (INT64_C(1) << 20)

/* What of a host's epoch the database's next one has to be above: at most so far ahead of what the store gave. */
int64_t floor_believed(const struct floor_facts *facts, int64_t epoch);

/*
 * A host declined a command of epoch `epoch`, for it has seen `floor`: does that word alone prove it? Not where the store has
 * given that epoch since: then a late order met a later one. Whose it was is told by floor_word.
 */
bool floor_is_ahead(const struct floor_facts *facts, int64_t epoch, int64_t floor);

/* Why it stands, for people: who has seen what. In the arena. */
const char *floor_why(struct arena *arena, const struct floor_facts *facts,
                      const struct floor_word *word, const char *host);

#endif
