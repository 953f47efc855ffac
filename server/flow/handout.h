/*
 * handout: commands of one job that are released together, and handed at once to the hosts that wait for one.
 *
 * A job over ten thousand hosts lets go ten thousand commands in one moment. Each as a job of the writer, told to its
 * host, which then asks the store what there is, is three transactions' work for one fact. So those that need no new
 * signature go in parts: one job of the writer for each part, a compare-and-set for each command, one line of the
 * journal for all. Whose host waits at the door in that moment, of that the same write says that it was offered, and
 * after the commit the door answers; for the others the bell is rung. A host that went meanwhile is put back.
 */
#ifndef SLIPWAY_SERVER_FLOW_HANDOUT_H
#define SLIPWAY_SERVER_FLOW_HANDOUT_H

#include <stddef.h>

struct bulk;
struct bulk_item;
struct deployment;
struct invocation;
struct job;

/* The part that is being filled. */
struct handout {
    struct bulk *bulk;
    struct bulk_item *item;
    const struct deployment *deployment;
    struct handout_part *part; /* NULL = none is open */
};

/* Release this command of a running job, or of one that is started earlier in the same bulk. */
void handout_add(struct handout *handout, const struct job *job,
                 const struct invocation *invocation);
/* Nothing more comes. */
void handout_post(struct handout *handout);

#endif
