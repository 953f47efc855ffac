/*
 * door_offering: hands out what waits for the hosts that poll, to many of them in one transaction.
 *
 * A deployment over ten thousand hosts rings ten thousand polls at once. Each alone would be a job of the writer with a
 * savepoint of its own, and more of them than its queue takes. So a poll joins the open batch; the first one of a batch
 * posts its job, and whoever comes until that job runs goes with it, up to a number that keeps the transaction short.
 * That something was offered is committed before it leaves. Joined on http threads, run on the writer's.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_OFFERING_H
#define SLIPWAY_SERVER_API_DOOR_OFFERING_H

#include <stdatomic.h>
#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/store/store_cancel.h"
#include "lib/store/store_offer.h"

struct api;
struct door_offering;
struct request;

/* Of one poll; belongs to its request, which is held until `done`. What is offered lies in the request's arena. */
struct door_offering_place {
    struct request *request;
    char host_id[21];
    bool room; /* the host takes commands; else it only asks whether one is to end */

    atomic_bool done; /* set before the request is resumed; the rest is good from then on */
    int rc;           /* below 0: nothing was offered */
    time_ms at;
    struct offer *offers;
    size_t n;
    struct cancel_offer *cancels;
    size_t n_cancels;
    struct door_offering_place *next;
};

struct door_offering *door_offering_new(void);
void door_offering_free(
    struct door_offering *offering); /* no job of it waits any more; accepts NULL */

/* The request waits, and is resumed when it is committed. Below 0: it could not be posted, and nobody resumes it. */
int door_offering_join(struct door_offering *offering, struct api *api,
                       struct door_offering_place *place, struct err *err);

#endif
