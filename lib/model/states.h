/*
 * states: how a noun's states, their texts and their legal moves are written down, once each.
 *
 * A noun lists its states as an X-macro; this file turns the list into an enum, a table of texts and
 * a check of moves. The CHECK constraints in migrations/ agree by test (test_states).
 */
#ifndef SLIPWAY_LIB_MODEL_STATES_H
#define SLIPWAY_LIB_MODEL_STATES_H

#include <stdbool.h>
#include <stddef.h>

/* One list entry: X(SYMBOL, "text", moves) where moves is a bit set of the states it may go to. */
#define STATES_ENUM(symbol, text, moves) symbol,

/* The texts of one noun, in the order of its enum, and where each may go. */
struct state_entry {
    const char *text;
    unsigned moves; /* bit i = may become state i */
};
#define STATES_ENTRY(symbol, text, moves) {text, moves},

#define STATES_BIT(symbol) (1u << (symbol))

/* The index of `text`, or -1: a text that the noun does not know. */
int states_find(const struct state_entry *entries, size_t n, const char *text);

/* May `from` become `to`? A state may never become itself: that would be no move. */
static inline bool states_allows(const struct state_entry *entries, int from, int to)
{
    return from != to && (entries[from].moves & STATES_BIT(to)) != 0;
}

#endif
