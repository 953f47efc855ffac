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

#include <stdbool.h>
#include <stddef.h>

struct bulk;
struct bulk_item;
struct db;
struct deployment;
struct err;
struct invocation;
struct job;
struct look;

/* The part that is being filled. */
struct handout {
    struct bulk *bulk;
    struct bulk_item *item;
    const struct deployment *deployment;
    bool
        kept; /* whoever fills it writes the commands himself, as released: parts are kept for him */
    struct handout_part *part;         /* NULL = none is open */
    struct handout_part *first, *last; /* that are kept */
};

/* Release this command of a running job, or of one that is started earlier in the same bulk. */
void handout_add(struct handout *handout, const struct job *job,
                 const struct invocation *invocation);
/* Nothing more comes. */
void handout_post(struct handout *handout);

/* Does its host wait at the door at this moment, so that it has the command with the commit? On the writer's thread: its row
 * says then that it was offered. */
bool handout_waits(const struct look *look, const struct invocation *invocation);
/* The lines of what was kept, and once all is committed: who waits is handed his own, the others are rung for. */
int handout_write(struct db *db, const struct handout *handout, struct err *err);
void handout_tell(struct look *look, const struct handout *handout);

#endif
