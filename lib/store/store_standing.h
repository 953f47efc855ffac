/*
 * store_standing: is there anything at all of what people ask for and stop, anywhere?
 *
 * Most of these tables are empty most of the time. Who judges many environments on one snapshot asks this once, and
 * then only for what there is.
 */
#ifndef SLIPWAY_LIB_STORE_STORE_STANDING_H
#define SLIPWAY_LIB_STORE_STORE_STANDING_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/store/db.h"

struct standing {
    int64_t newest_barrier; /* ids; 0 = there never was one */
    int64_t newest_hold;
    int64_t newest_freeze;
    bool barriers; /* open ones, here and below */
    bool holds;
    bool freezes;
    bool wishes;
    bool rollbacks;
    bool taken_back; /* there ever was a rollback */
    bool baselines;  /* something was declared to be live */
    bool running;    /* a command may run on some host */
};

int store_standing_read(struct db *db, struct standing *ret_standing, struct err *err);

/* ... and of what the rooms of the flow wait for. */
struct standing_work {
    bool replies; /* of hosts, not collected yet, and so on */
    bool deliveries;
    bool door_commands;
    bool attempts;
    bool probes;
};

int store_standing_work(struct db *db, struct standing_work *ret_work, struct err *err);

#endif
