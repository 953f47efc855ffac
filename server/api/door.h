/*
 * door: the agents' listener, AWS Systems Manager's own wire at POST / (ssm-wire.md 1, 2, 9, 10).
 *
 * X-Amz-Target names the operation; one table says which there are and by what proof each is
 * opened; one verifier holds the request against that proof before anything else looks at the body
 * (T34). Host ids come from the key that signed, never from what a body claims (T36).
 *
 *      door.c              table and dispatch
 *      door_verify.c       who is it: session credentials, the host's own key, an activation code
 *      door_credentials.c  short-lived credentials, which nobody has to store
 *      door_call.c         one call: its answer, its errors, the wait for a commit
 *      door_registration.c a machine with an activation code becomes a host
 *      door_host.c         role token, keys, health
 *      door_observe.c      what a host says of its journal and its open commands
 *      door_poll.c         GetMessages: hand out commands, or wait for the bell
 *      door_bell.c         who waits, by host
 *      door_offering.c     what they are given, to many of them in one transaction
 *      door_start.c        the permit
 *      door_reply.c        acknowledgements, replies, output
 *
 * Handlers run on http threads; door_ring(), door_waits() and door_hand() on any.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_H
#define SLIPWAY_SERVER_API_DOOR_H

#include <stdbool.h>
#include <stdint.h>

#include "server/api/request.h"

struct door;
struct offer;
struct secret;

struct door_options {
    const struct secret *credential_key; /* at least 32 bytes; outlives the door */
    int64_t
        hold_ms; /* how long a poll without work is held; 0 = 15 s: agents give up at 20 s; below 0
                      * not at all */
};

struct door *door_new(const struct door_options *options);
/* After http_server_stop(). Accepts NULL. */
void door_free(struct door *door);

/* There is something for that host: whoever polls for it looks again. Any thread, after the commit. */
void door_ring(struct door *door, const char *host_id);
/* Does its host wait for a command now? And: this one, whose offer is committed, is its; false: it waits no more. Any
 * thread. */
bool door_waits(struct door *door, const char *host_id);
bool door_hand(struct door *door, const struct offer *offer);

/* For the parts of the door. */
struct door_bell;
struct door_bell *door_own_bell(struct door *door);
struct door_offering;
struct door_offering *door_own_offering(struct door *door);
struct door_form_keep;
struct door_form_keep *door_own_forms(struct door *door);
const struct secret *door_credential_key(const struct door *door);
int64_t door_hold_ms(const struct door *door);

enum request_next door_post(struct request *request, struct reply *reply);

#endif
