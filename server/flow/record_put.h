/*
 * record_put: what a delivery says, as rows. The writing half of the record room, run inside its
 * transaction on the writer.
 *
 * Every row only moves forward, by GitHub's clock, so that deliveries in any order, twice, or again years
 * later end the same (W3, W4).
 */
#ifndef SLIPWAY_SERVER_FLOW_RECORD_PUT_H
#define SLIPWAY_SERVER_FLOW_RECORD_PUT_H

#include "lib/base/timestamp.h"

struct db;
struct delivery;
struct err;
struct event;
struct repository;

/* `repository` NULL: an event of an owner or an App, not of a repository. */
int record_put(struct db *db, const struct delivery *delivery, const struct event *event,
               const struct repository *repository, time_ms now, struct err *err);

#endif
