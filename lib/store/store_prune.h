/*
 * store_prune: what is kept for a time only: bodies of deliveries, output of commands, and what agents said of them.
 *
 * They lie in the order in which they came, so what is too old is found from the oldest end on, a page at a
 * time; history is never scanned. The rows about them stay.
 */
#ifndef SLIPWAY_LIB_STORE_STORE_PRUNE_H
#define SLIPWAY_LIB_STORE_STORE_PRUNE_H

#include "lib/store/db.h"

#define STORE_PRUNE_PAGE 50 /* rows of one look, and of one transaction */

struct store_prune_page {
    int64_t ids[STORE_PRUNE_PAGE]; /* too old, and nothing needs them */
    size_t n;
    time_ms before;
    int64_t last; /* where the next look goes on */
    bool is_last; /* nothing behind it is old enough, or there is nothing */
};

/* Bodies that came before `before`, from behind `after` on; one that still waits to be read is kept.
 * One that came again later is as old as its last repeat. */
int store_prune_find_bodies(struct db *db, time_ms before, int64_t after,
                            struct store_prune_page *ret_page, struct err *err);
/* Output of commands that were asked for before `before`; of one that has not ended it is kept. */
int store_prune_find_output(struct db *db, time_ms before, int64_t after,
                            struct store_prune_page *ret_page, struct err *err);
/* Replies of agents that came before `before`; one that was not collected, or changed nothing and so is evidence
 * (`note`), is kept. */
int store_prune_find_replies(struct db *db, time_ms before, int64_t after,
                             struct store_prune_page *ret_page, struct err *err);

/* Take them out; what has become needed meanwhile stays. Writer. */
int store_prune_bodies(struct db *db, const struct store_prune_page *page, struct err *err);
int store_prune_output(struct db *db, const struct store_prune_page *page, struct err *err);
int store_prune_replies(struct db *db, const struct store_prune_page *page, struct err *err);

#endif
