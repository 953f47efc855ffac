/*
 * bulk: the moves that a look decided, posted to the writer together.
 *
 * Each is a job of its own: its compare-and-set and its journal line stand or fall alone, so a move on stale facts
 * is undone alone and its entry judged again. What they share are the commits, which the writer cuts so that none
 * lasts longer than some milliseconds. Between two posts the reading is one snapshot of the store.
 */
#ifndef SLIPWAY_SERVER_FLOW_BULK_H
#define SLIPWAY_SERVER_FLOW_BULK_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/timestamp.h"

struct agenda_entry;
struct db;
struct look;

/* One entry of the agenda that is judged in this look. */
struct bulk_item {
    struct agenda_entry *entry;
    time_ms next; /* when it is judged again, unless something moved */
    bool moved;   /* something of it was written, or its facts were stale */
};

struct bulk_move;

struct bulk {
    struct look *look;
    struct arena arena;  /* of everything that was judged: it lives until the post */
    struct arena *whole; /* the look's own, while it is lent */
    struct bulk_item **items;
    size_t n_items, cap_items;
    struct bulk_move *moves;
    size_t n, cap;
    unsigned topics; /* of what was written */
    int rc;          /* the first that failed otherwise than by a conflict */
    struct err err;
};

/* From here on the look reads one snapshot, into the bulk's arena. */
int bulk_begin(struct bulk *bulk, struct look *look, struct err *err);
/* Always after it, also when something failed. */
void bulk_end(struct bulk *bulk);

/* `entry` NULL: it stands on no agenda. */
struct bulk_item *bulk_item(struct bulk *bulk, struct agenda_entry *entry);
/* Judge it again at `at`, at the latest. */
void bulk_again(struct bulk_item *item, time_ms at);

/* A move of the item; runs on the writer's thread. `arg` lives in the arena. `done` = after its commit, on the flow's
 * thread, NULL = nothing; later moves are still written then, so it takes nothing from the arena. */
void bulk_add(struct bulk *bulk, struct bulk_item *item,
              int (*fn)(struct db *db, void *arg, struct err *err), void *arg, unsigned topics,
              void (*done)(struct look *look, void *arg));

/* Post all moves, wait for their commits, and put the entries back on the agenda. */
int bulk_post(struct bulk *bulk, struct err *err);

#endif
