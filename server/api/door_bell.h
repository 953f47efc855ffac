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

struct door_bell;
struct request;

/* Belongs to its request, whose `end` must call door_bell_leave(). */
struct door_bell_waiter {
    struct request *request;
    char host_id[21];
    atomic_bool superseded; /* another poll of this host came */
    atomic_bool rung;       /* there is something for this host */
    struct door_bell_waiter *next;
};

struct door_bell *door_bell_new(void);
void door_bell_free(struct door_bell *bell); /* nobody waits any more; accepts NULL */

/* From here on a ring resumes the request, until it leaves. Look for work after this, not before. */
void door_bell_wait(struct door_bell *bell, struct door_bell_waiter *waiter);
void door_bell_leave(struct door_bell *bell, struct door_bell_waiter *waiter);

void door_bell_ring(struct door_bell *bell, const char *host_id);

#endif
