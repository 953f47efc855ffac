/*
 * store_open: which rows of the longest tables are open, in the words of the conditions of their partial indexes.
 *
 * `t` is the prefix of the column, "d." or "". No IN: of three words or more in a list SQLite builds a table each time.
 */
#ifndef SLIPWAY_LIB_STORE_STORE_OPEN_H
#define SLIPWAY_LIB_STORE_STORE_OPEN_H

#define STORE_OPEN_DEPLOYMENT(t)                                                                   \
    "(" t "state = 'waiting' OR " t "state = 'deploying' OR " t "state = 'attention')"
#define STORE_OPEN_INVOCATION(t)                                                                   \
    "(" t "status = 'InProgress' OR " t "status = 'Cancelling' OR " t "status = 'Unknown')"

#endif
