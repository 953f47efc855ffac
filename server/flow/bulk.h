/*
 * bulk: the moves that a look decided, posted to the writer together.
 *
 * Each is a job of its own: its compare-and-set and its journal line stand or fall alone, so a move on stale facts
 * is undone alone and its entry judged again. What they share are the commits, which the writer cuts so that none
 * lasts longer than some milliseconds. Between two posts the reading is one snapshot of the store: of many items the
 * first ones are written while the next ones are judged on it, and nobody sees the difference but the clock. Nor do
 * they where a bulk is written while the next one is judged (bulk_line.h): whose entry is in hand is not judged.
 *
 * What a move was decided on lies in the arena of its part. While that is under way it is the writer's alone.
 */
#ifndef SLIPWAY_SERVER_FLOW_BULK_H
#define SLIPWAY_SERVER_FLOW_BULK_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/timestamp.h"
#include "server/flow/flow.h"

struct agenda_entry;
struct db;

/* One entry of the agenda that is judged in this look. */
struct bulk_item {
    struct agenda_entry *entry;
    time_ms next; /* when it is judged again, unless something moved */
    bool moved;   /* something of it was written, or its facts were stale */
    bool rests;   /* it moved, and `next` holds all the same */
    bool stale;
};

struct bulk_part;

struct bulk {
    struct look
        *look; /* its own: what is judged and written of it sees the look that it began in */
    struct look own;
    struct bulk *next;  /* of those that are under way */
    struct arena arena; /* of the items, and of what all judgements share: never the writer's */
    struct bulk_item **items;
    size_t n_items, cap_items;
    struct bulk_part **parts; /* the last one is being filled */
    size_t n_parts, cap_parts;
    size_t n_awaited;   /* parts whose end is known */
    size_t n_under_way; /* moves */
    bool is_reading;    /* the flow reads on its snapshot */
    unsigned topics;    /* of what was written */
    int rc;             /* the first that failed otherwise than by a conflict */
    struct err err;
};

/* From here on the flow reads one snapshot; what is judged lies in the arena of a part. */
int bulk_begin(struct bulk *bulk, struct look *look, struct err *err);
/* Always after it, also when something failed. */
void bulk_end(struct bulk *bulk);

/* `entry` NULL: it stands on no agenda. */
struct bulk_item *bulk_item(struct bulk *bulk, struct agenda_entry *entry);
/* Judge it again at `at`, at the latest. */
void bulk_again(struct bulk_item *item, time_ms at);
/* It was moved, and what comes of that is known: nothing before `at`. */
void bulk_rest(struct bulk_item *item, time_ms at);

/* A move of the item; runs on the writer's thread. `arg` lives in the look's arena of now, or in the bulk's. `done` = after
 * its commit, on the flow's thread, NULL = nothing; later moves are still written then. */
void bulk_add(struct bulk *bulk, struct bulk_item *item,
              int (*fn)(struct db *db, void *arg, struct err *err), void *arg, unsigned topics,
              void (*done)(struct look *look, void *arg));

/* The same for one that may be run again after it was undone (writer.h): what it changes beside the store is the same
 * then. Neighbours of that kind share a savepoint. */
void bulk_add_again(struct bulk *bulk, struct bulk_item *item,
                    int (*fn)(struct db *db, void *arg, struct err *err), void *arg,
                    unsigned topics, void (*done)(struct look *look, void *arg));

/* An item is judged to its end: what there is may be written by now. */
void bulk_turn(struct bulk *bulk);

/* Post all moves, wait for their commits, and put the entries back on the agenda; what came of it is told to `look`. */
int bulk_post(struct bulk *bulk, struct look *look, struct err *err);

/* The same in steps. Post all moves, but for a part that is larger than the writer takes at once. */
void bulk_send(struct bulk *bulk);
/* Wait for their commits until that time of the machine's clock; false = they are not known then. */
bool bulk_await_until(struct bulk *bulk, time_ms until);
/* Wait for the rest, and put the entries back. */
int bulk_take(struct bulk *bulk, struct look *look, struct err *err);

#endif
