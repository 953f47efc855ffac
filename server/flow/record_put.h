/*
 * record_put: what a delivery says, as rows. The writing half of the record room, run inside its
 * transaction on the writer.
 *
 * Every row only moves forward, by GitHub's clock, so that deliveries in any order, twice, or again years
 * later end the same (W3, W4).
 */
#ifndef SLIPWAY_SERVER_FLOW_RECORD_PUT_H
#define SLIPWAY_SERVER_FLOW_RECORD_PUT_H

#include <stdbool.h>

#include "lib/base/timestamp.h"

struct db;
struct delivery;
struct err;
struct event;
struct repository;

/* It says of that repository what is known: whose id it is, and what GitHub calls it. */
bool record_put_names_stand(const struct event *event, const struct repository *repository);

/* `repository` NULL: an event of an owner or an App, not of a repository. `names_stand`: of this event, and of each that is
 * written since `repository` was read. */
int record_put(struct db *db, const struct delivery *delivery, const struct event *event,
               const struct repository *repository, bool names_stand, time_ms now, struct err *err);

#endif
