/*
 * door_bell: who waits for a command, by host.
 *
 * One waits for a host at most: a newer poll of the same host sends the older one home, so that
 * nothing is handed to a connection that its host has given up. Any thread.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_BELL_H
#define SLIPWAY_SERVER_API_DOOR_BELL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct door_bell;
struct door_gift;
struct request;

#define DOOR_BELL_GIFTS 4 /* in one answer: each may have half a megabyte */

/* Belongs to its request, whose `end` must call door_bell_leave(). */
struct door_bell_waiter {
    struct request *request;
    char host_id[21];
    bool takes;             /* commands; else it only asks whether one is to end */
    atomic_bool superseded; /* another poll of this host came */
    atomic_bool rung;       /* there is something for this host */
    struct door_bell_waiter *next;
    struct door_gift *gifts, **gifts_end; /* what it was handed; under the bell's lock */
    size_t n_gifts;
};

struct door_bell *door_bell_new(void);
void door_bell_free(struct door_bell *bell); /* nobody waits any more; accepts NULL */

/* From here on a ring resumes the request, until it leaves. Look for work after this, not before. */
void door_bell_wait(struct door_bell *bell, struct door_bell_waiter *waiter);
void door_bell_leave(struct door_bell *bell, struct door_bell_waiter *waiter);

void door_bell_ring(struct door_bell *bell, const char *host_id);

/* Could it be handed a command now? */
bool door_bell_waits(struct door_bell *bell, const char *host_id);
/* A command that was offered to it, which is committed: the request is resumed and answers. False: it waits no more,
 * and the gift stays the caller's. */
bool door_bell_hand(struct door_bell *bell, const char *host_id, struct door_gift *gift);
bool door_bell_was_handed(struct door_bell *bell, const struct door_bell_waiter *waiter);
/* It is about to answer, with what it was handed, which is the caller's now; NULL = nothing. From here on it is handed
 * nothing more. */
struct door_gift *door_bell_take(struct door_bell *bell, struct door_bell_waiter *waiter);

#endif
