/*
 * door_watch: which commands of AWS callers are to be looked at, and when.
 *
 * Hundreds may be open, and a bell concerns one of them. One is due when the instant came that its last judgement named,
 * when something was said of it (a line of the journal, a reply, an acknowledgement), and always while it waits behind
 * a deployment or a hold of its host. The rest costs nothing. In memory, of the agenda: with another configuration, after
 * a restart and once an hour all are looked at. The flow's thread owns it.
 */
#ifndef SLIPWAY_SERVER_FLOW_DOOR_WATCH_H
#define SLIPWAY_SERVER_FLOW_DOOR_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/timestamp.h"

struct door_watch;

struct door_watch *door_watch_new(void); /* all are due */
void door_watch_free(struct door_watch *watch);

/* Something was said of it; one that is not known becomes so. */
void door_watch_touch(struct door_watch *watch, const char *command_id);
void door_watch_touch_all(struct door_watch *watch);

/* True once after that: the open ones are to be found in the store, and nothing is known. */
bool door_watch_take_all(struct door_watch *watch);
/* The due ones in the order of their ids, begun with `*at` 0: the next one, or NULL. They must not change meanwhile. */
const char *door_watch_due(const struct door_watch *watch, time_ms now, size_t *at);

/* It was judged: due again then, and `always` at each look until then. */
void door_watch_put(struct door_watch *watch, const char *command_id, time_ms next, bool always);
/* It has ended. */
void door_watch_drop(struct door_watch *watch, const char *command_id);
/* When the next one is due by its time. */
time_ms door_watch_soonest(const struct door_watch *watch);

#endif
