/*
 * chain: how far the journal's chain was read, and whether it holds (A5, I10).
 *
 * Whoever asks costs what was written since somebody asked last: a row is hashed once, and of what was found whole the
 * number and hash of the last row are remembered. A row that is changed after it was read is found when all of them are
 * read again: the upkeep does that soon after the start and each night, `slipway audit --verify` at once. What did not hold
 * once is told as long as the process lives. Any thread.
 */
#ifndef SLIPWAY_SERVER_API_CHAIN_H
#define SLIPWAY_SERVER_API_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

struct chain;
struct db;
struct db_pool;

struct chain_word {
    int64_t whole; /* rows that hold, from the first on */
    int64_t bad;   /* the first that does not; 0 = none was found */
    bool more;     /* rows behind them were not read yet */
};

struct chain *chain_new(void);
void chain_free(struct chain *chain); /* accepts NULL */

/* Reads what is new, at most some ten thousand rows of it. */
int chain_look(struct chain *chain, struct db_pool *readers, struct chain_word *ret_word,
               struct err *err);

/* Every row from the first on, with a pause between a few; it ends when `pause` says true. `*ret_bad` as above. */
int chain_read_again(struct chain *chain, struct db *db, bool (*pause)(void *arg), void *arg,
                     int64_t *ret_bad, struct err *err);

#endif
