/*
 * store_set_back: the clock was set back, and times that lie ahead of it now would be believed until it has come there
 * again: a dead host would be alive, a permit still good, a probe fresh (F9).
 */
#ifndef SLIPWAY_LIB_STORE_STORE_SET_BACK_H
#define SLIPWAY_LIB_STORE_STORE_SET_BACK_H

#include "lib/base/timestamp.h"
#include "lib/store/db.h"

/* The clock says `now`, and said `by` more before. What is open and was heard, permitted, gone or probed later than
 * that moves by as much: together, so that what came after something else still does. Of what is settled, and of
 * fences, a time ahead becomes `now`. Writer. */
int store_set_back(struct db *db, time_ms now, int64_t by, struct err *err);

#endif
